from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from live import Site

from yinji.errors import UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Role
from yinji.server.pages.statistics import span_of

EIGHT = timedelta(hours=8)


@pytest.fixture(scope="module", autouse=True)
def post(site: Site) -> None:
    author = site.accounts[Role.CREATOR]
    site.platform.publish(author, title="", text="由模型写成", declaration=Declaration(Declared.AI_GENERATED))


def test_api_page_and_table_tell_the_same_figures(site: Site) -> None:
    with site.client() as client:
        told = client.get("/v1/statistics", params={"range": 2}).json()
        assert client.get("/statistics.json?range=2").json() == told
        assert client.get("/statistics/report.json?range=2").json() == told
        rows = list(csv.DictReader(io.StringIO(client.get("/statistics.csv?range=2").text)))
    assert told["tiers"]["possible"] >= 1 and told["noticed"] >= 1
    assert [row["day"] for row in rows] == [day["day"] for day in told["days"]]
    assert sum(int(row["possible"]) for row in rows) == told["tiers"]["possible"]


@pytest.mark.parametrize("query", ["range=0", "range=x", "first=yesterday", "last=2026-13-01", "first=2020-01-01"])
def test_days_that_cannot_be_understood_are_answered_in_words(site: Site, query: str) -> None:
    with site.client() as client:
        answer = client.get(f"/statistics.json?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "statistics-span"


def test_days_end_today_in_the_zone_of_the_site() -> None:
    late = datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert span_of({}, EIGHT, late).last == date(2026, 11, 23)
    assert len(span_of({}, EIGHT, late).days) == 14
    assert span_of({"first": "2026-11-01", "last": "2026-11-30"}, EIGHT, late).days[0] == date(2026, 11, 1)
    with pytest.raises(UsageError):
        span_of({"range": "999999999999"}, EIGHT, late)
