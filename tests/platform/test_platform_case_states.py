"""The two state machines, cell by cell, and the data that routing and decisions rest on."""

from __future__ import annotations

import itertools

import pytest

from yinji.platform.cases import rules
from yinji.platform.cases.model import FIRST, ON_APPEAL, REPORTABLE, Origin, Outcome, State, Why
from yinji.platform.cases.states import BORN, ENDED, MOVES, UNDECIDED, WAITING, WORKED, Event, after
from yinji.platform.deciding import TIER_RANK
from yinji.platform.errors import Conflict
from yinji.platform.item_states import Cause, require_move
from yinji.regimes.base import Tier

EXPECTED = {
    "open": {
        "reported": "open",
        "requeued": "open",
        "claimed": "claimed",
        "answered": "closed",
        "decided": "decided",
    },
    "claimed": {
        "reported": "claimed",
        "claimed": "claimed",
        "released": "open",
        "skipped": "open",
        "expired": "open",
        "decided": "decided",
        "asked": "awaiting",
    },
    "awaiting": {"reported": "awaiting", "answered": "closed", "unanswered": "open", "appealed": "appealed"},
    "decided": {"appealed": "appealed", "overturned": "overturned", "closed": "closed"},
    "appealed": {"claimed": "judging"},
    "judging": {
        "claimed": "judging",
        "released": "appealed",
        "skipped": "appealed",
        "expired": "appealed",
        "upheld": "upheld",
        "overturned": "overturned",
    },
    "upheld": {},
    "overturned": {},
    "closed": {},
}
for state in ("open", "claimed", "awaiting", "decided", "appealed", "judging"):
    EXPECTED[state]["withdrawn"] = "closed"


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_state_with_every_event(state: State, event: Event) -> None:
    expected = EXPECTED[str(state)].get(str(event))
    if expected is not None:
        assert str(after(state, event)) == expected
        return
    with pytest.raises(Conflict) as caught:
        after(state, event)
    assert (caught.value.code, caught.value.http_status) == ("case-move", 409)


def test_every_state_can_be_reached_and_only_the_ended_ones_are_left_for_good() -> None:
    reached, fresh = set(BORN), set(BORN)
    while fresh:
        fresh = {to for (state, _), to in MOVES.items() if state in fresh} - reached
        reached |= fresh
    assert reached == set(State)
    assert {state for state in State if not EXPECTED[str(state)]} == ENDED
    assert not (WAITING & WORKED) and WAITING | WORKED | UNDECIDED | ENDED | {State.DECIDED} == set(State)


RISES = [(a, b) for a, b in itertools.product(Tier, Tier) if TIER_RANK[b] >= TIER_RANK[a]]
FALLS = [(a, b) for a, b in itertools.product(Tier, Tier) if TIER_RANK[b] <= TIER_RANK[a]]
ALLOWED = {
    Cause.DECLARED: RISES,
    Cause.RECHECKED: RISES,
    Cause.REVIEWED: list(itertools.product(Tier, Tier)),
    Cause.APPEALED: FALLS,
    Cause.CORRECTED: FALLS,
}


@pytest.mark.parametrize("cause", list(Cause))
def test_every_move_of_an_item(cause: Cause) -> None:
    for before, after_ in itertools.product(Tier, Tier):
        if (before, after_) in ALLOWED[cause]:
            require_move(str(before), str(after_), cause)
            continue
        with pytest.raises(Conflict) as caught:
            require_move(str(before), str(after_), cause)
        assert caught.value.code == "item-move"


def facts(origin: str, reason: str, **more: int) -> rules.Facts:
    return rules.Facts(origin, reason, "suspected", "image", "undeclared", **more)


@pytest.mark.parametrize(
    ("asked", "queue"),
    [
        (facts("report", "unlabelled", reports=1), "unlabelled"),
        (facts("report", "unlabelled", reports=19), "unlabelled"),
        (facts("report", "unlabelled", reports=20), "urgent"),
        (facts("report", "wrongly_labelled", reports=1), "contested"),
        (facts("routing", "suspected"), "unlabelled"),
        (facts("routing", "contradiction"), "contested"),
        (facts("routing", "removal"), "tampering"),
        (facts("routing", "removal", reports=100), "tampering"),
        (facts("routing", "possible"), None),
        (facts("routing", "routine"), None),
        (facts("routing", "routine", strikes=2), "unlabelled"),
        (facts("appeal", "notice"), "appeals"),
        (facts("appeal", "declaration"), "appeals"),
    ],
)
def test_the_first_rule_that_fits_decides(asked: rules.Facts, queue: str | None) -> None:
    found = rules.route(asked)
    assert (None if found is None else found.name) == queue


def test_no_fact_is_left_without_a_rule() -> None:
    for origin, why in itertools.product((Origin.REPORT, Origin.APPEAL), Why):
        assert rules.route(facts(str(origin), str(why), reports=1)) is not None


def test_an_own_rule_before_the_others_counts_first() -> None:
    own = [{"queue": "urgent", "kind": ["image"], "tier": ["suspected"]}, {"queue": "appeals"}]
    assert rules.routed(facts("routing", "routine"), own) is rules.queues()["urgent"]


def test_every_outcome_has_a_policy_and_every_policy_words() -> None:
    borne = {outcome for policy in rules.policies().values() for outcome in policy.outcomes}
    assert borne == set(Outcome) == {*FIRST, *ON_APPEAL}
    assert all(
        p.text.zh and p.text.en and p.clause.startswith(("Measures Art.", "CAC ")) for p in rules.policies().values()
    )
    assert all(q.title.zh and q.title.en and q.within for q in rules.queues().values())
    assert {str(why) for why in REPORTABLE} == {"unlabelled", "wrongly_labelled"}
    assert all(set(c.kinds) <= set(rules.strike_lifetimes()) for c in rules.consequences())
