from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from yinji.platform.cases.model import Case, Origin, State, Step, Why
from yinji.platform.model import Account, Role
from yinji.server import present_cases

NOW = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)


def found(basis: str = "trace", **where: Any) -> dict[str, Any]:
    return {"basis": basis, "zh": "一。", "en": "One.", "detector": "d", "version": "1", "where": where}


def test_boxes_are_drawn_in_percent_and_what_makes_no_sense_is_not() -> None:
    report = {
        "evidence": [
            found(box=[100, 50, 200, 100], size=[400, 200]),
            found("declaration"),
            found(box=[0.5, 0.25, 0.9, 0.5]),
            found(box=[1, 2, 3]),
            found(box=[10, 10, 5, 5], size=[0, 0]),
            found(box=[900, 10, 5, 5], size=[400, 200]),
            found(carrier="xmp", offset=7),
        ]
    }
    marks = [(m.number, m.left, m.top, m.width, m.height) for m in present_cases.marks(report)]
    assert marks == [(1, 25.0, 25.0, 50.0, 50.0), (2, 50.0, 25.0, 50.0, 50.0)]
    assert [(e.number, e.carrier, e.offset) for e in present_cases.evidence(report)][-1] == (6, "xmp", 7)


def test_times_are_drawn_in_percent_of_the_whole() -> None:
    report = {"evidence": [found(start=5, end=11, duration=20), found(start=0.0, end=2), found(start=1)]}
    spans = [(s.number, s.start, s.width, s.said) for s in present_cases.spans(report)]
    assert spans == [(1, 25.0, 30.0, "5.0–11.0 s"), (2, 0.0, 10.0, "0.0–2.0 s")]
    assert present_cases.spans({"evidence": [found(start=0, end=0)]}) == ()


@pytest.mark.parametrize(
    ("left", "words", "count", "late"),
    [
        (timedelta(hours=5, minutes=30), "review.left_hours", 5, False),
        (timedelta(minutes=59), "review.left_minutes", 59, True),
        (timedelta(minutes=-18), "review.late_minutes", 18, True),
        (timedelta(hours=-3), "review.late_hours", 3, True),
    ],
)
def test_the_clock_says_how_long_or_how_late(left: timedelta, words: str, count: int, late: bool) -> None:
    shown = present_cases.clock(case(NOW + left), NOW)
    assert shown is not None
    assert (shown.words, shown.count, shown.late) == (words, count, late)
    assert present_cases.clock(case(None), NOW) is None


@pytest.mark.parametrize(
    ("actor", "event", "who"),
    [
        ("me", "claimed", "you"),
        ("system", "opened", "system"),
        ("r", "decided", "reviewer"),
        ("", "claimed", "reviewer"),
        ("a", "appealed", "author"),
        ("x", "opened", "reader"),
    ],
)
def test_people_are_named_by_what_they_are(actor: str, event: str, who: str) -> None:
    viewer = Account("me", "me", "", Role.REVIEWER, NOW)
    step = present_cases.step(Step(NOW, actor, event, State.OPEN, {}), viewer, "a")
    assert (step["words"], step["who"]) == (f"case.step_{event}", f"case.actor_{who}")


def case(due: datetime | None) -> Case:
    return Case(
        id="1",
        item_id="2",
        author_id="a",
        title="",
        kind="image",
        media_type="image/png",
        tier="suspected",
        origin=Origin.REPORT,
        why=Why.UNLABELLED,
        state=State.OPEN,
        queue="unlabelled",
        reports=1,
        opened_at=NOW,
        due_at=due,
        claimed_by=None,
        claimed_until=None,
        answer_until=None,
        appeal_until=None,
        version="0.0",
    )
