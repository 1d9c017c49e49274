from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from starlette.requests import Request

from yinji.labels.declaration import Declared
from yinji.server import formatting, present
from yinji.server.declarations import choices, choices_above
from yinji.server.files import disposition
from yinji.server.intake import clean_name
from yinji.server.language import language_of
from yinji.texts import Text

ZONE = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zh", "en"),
    [
        (datetime(2026, 11, 22, 1, 12, tzinfo=UTC), "今天 09:12", "Today, 09:12"),
        (datetime(2026, 11, 21, 11, 30, tzinfo=UTC), "昨天 19:30", "Yesterday, 19:30"),
        (datetime(2026, 11, 20, 13, 20, tzinfo=UTC), "11 月 20 日 21:20", "20 November, 21:20"),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), "1 月 1 日 00:00", "1 January, 00:00"),
        (datetime(2025, 12, 31, 15, 0, tzinfo=UTC), "2025 年 12 月 31 日 23:00", "31 December 2025, 23:00"),
    ],
)
def test_when(at: datetime, zh: str, en: str) -> None:
    assert formatting.when(at, "zh-CN", ZONE, NOW) == zh
    assert formatting.when(at, "en", ZONE, NOW) == en


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4_100_000, "4.1 MB"), (48_200_000, "48 MB"), (999_600, "1.0 MB")],
)
def test_size(count: int, words: str) -> None:
    assert formatting.size(count) == words


@pytest.mark.parametrize(
    ("article", "zh", "en"),
    [
        ("Measures Art. 6(1)", "《标识办法》第六条第一项", "Labelling Measures, Art. 6 (1)"),
        ("Measures Art. 10", "《标识办法》第十条", "Labelling Measures, Art. 10"),
        ("Measures Art. 14", "《标识办法》第十四条", "Labelling Measures, Art. 14"),
        ("GB 45438 6.1", "GB 45438 6.1", "GB 45438 6.1"),
    ],
)
def test_clause(article: str, zh: str, en: str) -> None:
    assert present.clause(article) == Text(zh, en)


def verdict(tier: str, state: str) -> dict[str, object]:
    return {"state": state, "verdict": {"tier": tier}}


@pytest.mark.parametrize(
    ("tier", "state", "answer"),
    [
        ("confirmed", "labelled", "confirmed"),
        ("suspected", "malformed", "suspected"),
        ("none", "unlabelled", "unlabelled"),
        ("none", "malformed", "cannot_tell"),
        ("none", "unreadable", "cannot_tell"),
        ("none", "unsupported", "unsupported"),
        ("none", "labelled", "cannot_tell"),
    ],
)
def test_four_answers_stay_four(tier: str, state: str, answer: str) -> None:
    assert present.answer_of(verdict(tier, state)) == answer


def evidence(integrity: str, **detail: object) -> dict[str, object]:
    return {"evidence": [{"basis": "metadata_label", "integrity": integrity, "detail": detail}]}


@pytest.mark.parametrize(
    ("integrity", "moods", "chip"),
    [
        ("none", ["open", "open"], ""),
        ("intact", ["ok", "open"], "ok"),
        ("pinned", ["ok", "ok"], "ok"),
        ("broken", ["bad", "open"], "bad"),
        ("unverifiable", ["open", "open"], ""),
    ],
)
def test_intact_and_who_are_two_lines(integrity: str, moods: list[str], chip: str) -> None:
    assert [line.mood for line in present.signature_of(evidence(integrity))] == moods
    assert present.integrity_chip(evidence(integrity)) == chip


def test_signature_names_algorithm_and_registered_owner() -> None:
    signed = evidence("pinned", signatures=[{"algorithm": "SM3withSM2", "owner": "某公司"}])
    assert [line.extra for line in present.signature_of(signed)] == ["SM3withSM2", "某公司"]


def test_fields_explain_themselves() -> None:
    code = "001191110000MA0TE5T00Q10001"
    rows = present.fields_of(
        {"Label": "1", "ContentProducer": code, "ContentPropagator": code, "ReservedCode1": "x" * 200, "ProduceID": "a"}
    )
    assert [row.key for row in rows][:2] == ["Label", "ContentProducer"]
    by_name = {row.name: row for row in rows}
    assert by_name["label"].note == "field.label_1"
    assert (by_name["producer"].note, by_name["producer"].subject) == ("field.code_formed", "91110000MA0TE5T00Q")
    assert by_name["propagator"].note == "field.same_as_producer"
    assert by_name["reserved1"].long and not by_name["produce_id"].long
    odd = {row.name: row for row in present.fields_of({"Label": "9", "ContentProducer": "某公司"})}
    assert (odd["label"].note, odd["producer"].note) == ("field.label_other", "field.free_name")
    wrong = present.fields_of({"ContentProducer": code[:-10] + "X" + code[-9:]})
    assert wrong[1].note == "field.code_malformed"


def test_choices() -> None:
    assert [c.value for c in choices(locked=False)] == ["ai_generated", "ai_edited", "not_ai"]
    assert [c.value for c in choices(locked=True) if c.ruled_out] == ["not_ai"]
    assert [c.value for c in choices_above(Declared.NOT_AI)] == ["ai_generated", "ai_edited"]
    assert [c.value for c in choices_above(Declared.AI_EDITED)] == ["ai_generated"]
    assert choices_above(Declared.AI_GENERATED) == ()


@pytest.mark.parametrize(
    ("name", "clean"),
    [("../../etc/passwd", "passwd"), ("C:\\x\\街景.png", "街景.png"), ("a\x00\n\u202eb", "ab"), ("", "")],
)
def test_file_names(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_disposition_survives_any_name() -> None:
    header = disposition('a"b;\r\nc 街.png', inline=False)
    assert header == "attachment; filename=\"a_b___c _.png\"; filename*=UTF-8''a%22b%3B%0D%0Ac%20%E8%A1%97.png"


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "language"),
    [
        ("", "", "", "zh-CN"),
        ("", "", "en-US,en;q=0.9", "en"),
        ("", "", "fr,en;q=0.3,zh;q=0.8", "zh-CN"),
        ("", "", "en;q=0", "zh-CN"),
        ("", "", "en;q=x", "zh-CN"),
        ("", "en", "zh-CN", "en"),
        ("lang=zh", "en", "en", "zh-CN"),
        ("lang=xx", "en", "zh", "en"),
    ],
)
def test_language(query: str, cookie: str, accept: str, language: str) -> None:
    headers = [(b"accept-language", accept.encode())] + ([(b"cookie", f"lang={cookie}".encode())] if cookie else [])
    scope = {"type": "http", "query_string": query.encode(), "headers": headers}
    assert language_of(Request(scope)) == language
