"""Every operation of the API, called as its own description says, answers in the way that all of them promise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from live import Site, serve
from schemathesis import Case
from schemathesis.schemas import APIOperation

from yinji.platform.model import Role

EXAMPLES = 3


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: what is made up here would stand in the way of other tests."""
    with serve(tmp_path_factory.mktemp("schema")) as site:
        yield site


def test_every_operation_answers_as_described(own_site: Site) -> None:
    schema = schemathesis.openapi.from_url(f"{own_site.base}/v1/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:
        ends_the_session = (operation.method.upper(), operation.path) == ("DELETE", "/v1/session")
        token = own_site.token(Role.READER if ends_the_session else Role.ADMIN)
        call_often(operation, token)


def call_often(operation: APIOperation, token: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Case) -> None:
        answered(case, token)

    call()


def answered(case: Case, token: str) -> None:
    """Calls once; nothing may be our fault, and every refusal is a problem in both languages."""
    answer = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=30)
    where = f"{case.method} {case.formatted_path}: {answer.status_code} {answer.content[:500]!r}"
    assert answer.status_code < 500, where
    if answer.status_code >= 400 and answer.content:
        told = answer.json()
        assert told["status"] == answer.status_code and told["code"], where
        assert told["zh"] and told["en"], where
