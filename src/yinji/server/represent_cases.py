"""Cases, reports and decisions as JSON: what the API and the ``.json`` twins of their pages give out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from yinji.platform.cases.model import (
    Appeal,
    Case,
    CaseDecision,
    CaseFile,
    Policy,
    Queue,
    Report,
    Standing,
    Step,
)
from yinji.server.formatting import machine_time
from yinji.texts import Text

_REVIEWERS_ONLY: Final = ("claimed_by", "claimed_until", "version")


def _time(at: datetime | None) -> str | None:
    return None if at is None else machine_time(at)


def _words(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def job(value: Case) -> dict[str, Any]:
    """Returns a case as it stands in a queue."""
    return {
        "id": value.id,
        "item_id": value.item_id,
        "title": value.title,
        "kind": value.kind,
        "tier": value.tier,
        "origin": str(value.origin),
        "reason": str(value.why),
        "state": str(value.state),
        "queue": value.queue,
        "reports": value.reports,
        "opened_at": machine_time(value.opened_at),
        "due_at": _time(value.due_at),
        "claimed_by": value.claimed_by,
        "claimed_until": _time(value.claimed_until),
        "answer_until": _time(value.answer_until),
        "appeal_until": _time(value.appeal_until),
        "version": value.version,
    }


def case_file(value: CaseFile) -> dict[str, Any]:
    """Returns everything about a case, for those who work on it."""
    return job(value.case) | {
        "reports_by_reason": {str(why): count for why, count in value.counts.items()},
        "reports_by_visitors": value.visitors,
        "notes": [{"reason": str(why), "note": note} for why, note in value.notes],
        "copies": [{"item_id": id, "title": title, "tier": tier} for id, title, tier in value.copies],
        "copy_count": value.copy_count,
        "decisions": [decision(one) for one in value.decisions],
        "appeal": None if value.appeal is None else appeal(value.appeal),
        "history": [step(one) for one in value.steps],
    }


def own_job(value: Case) -> dict[str, Any]:
    """Returns a case as it stands in its author's list."""
    return {key: said for key, said in job(value).items() if key not in _REVIEWERS_ONLY}


def own_case(value: CaseFile) -> dict[str, Any]:
    """Returns a case for the author of its post: nothing of reporters and reviewers but what they concluded."""
    return own_job(value.case) | {
        "decisions": [_for_author(one) for one in value.decisions],
        "appeal": None if value.appeal is None else appeal(value.appeal),
        "history": [{"at": machine_time(one.at), "event": one.event, "state": str(one.state)} for one in value.steps],
    }


def decision(value: CaseDecision) -> dict[str, Any]:
    """Returns one decision."""
    return {
        "id": value.id,
        "job_id": value.case_id,
        "item_id": value.item_id,
        "decision": str(value.outcome),
        "policy": value.policy,
        "reason": value.reason,
        "reviewer": value.reviewer_id,
        "at": machine_time(value.at),
        "tier_before": value.tier_before,
        "tier_after": value.tier_after,
        "copy_of": value.copy_of,
        "annotation_before": value.annotation_before,
        "annotation_after": value.annotation_after,
    }


def _for_author(value: CaseDecision) -> dict[str, Any]:
    return {key: said for key, said in decision(value).items() if key != "reviewer"}


def appeal(value: Appeal) -> dict[str, Any]:
    """Returns an appeal."""
    return {
        "decision_id": value.decision_id,
        "reason": value.reason,
        "wants": value.wants,
        "at": machine_time(value.at),
    }


def step(value: Step) -> dict[str, Any]:
    """Returns one step of a case."""
    return {
        "at": machine_time(value.at),
        "actor": value.actor_id,
        "event": value.event,
        "state": str(value.state),
        "detail": value.detail,
    }


def report(value: Report) -> dict[str, Any]:
    """Returns one's own report and what came of it."""
    return {
        "job_id": value.case_id,
        "item_id": value.item_id,
        "title": value.title,
        "reason": str(value.why),
        "note": value.note,
        "at": machine_time(value.at),
        "state": str(value.state),
        "decision": None if value.decision is None else _for_author(value.decision),
    }


def queue(value: Queue) -> dict[str, Any]:
    """Returns a queue as it stands."""
    return {
        "name": value.name,
        "title": _words(value.title),
        "hours": value.hours,
        "waiting": value.waiting,
        "claimed": value.claimed,
        "late": value.late,
    }


def policy(value: Policy) -> dict[str, Any]:
    """Returns a policy."""
    outcomes = [str(outcome) for outcome in value.outcomes]
    return {"id": value.id, "text": _words(value.text), "clause": value.clause, "decisions": outcomes}


def standing(value: Standing) -> dict[str, Any]:
    """Returns somebody's strikes and what follows from them."""
    return {
        "strikes": [
            {
                "kind": strike.kind,
                "item_id": strike.item_id,
                "at": machine_time(strike.at),
                "expires_at": machine_time(strike.expires_at),
            }
            for strike in value.strikes
        ],
        "consequences": [{"id": one.id, "text": _words(one.text)} for one in value.consequences],
    }
