"""What templates need to know of cases: values in, plain view values out. No rules are decided here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from yinji.platform import instants
from yinji.platform.cases.model import Case, CaseFile, Step
from yinji.platform.cases.states import WORKED
from yinji.platform.model import Account
from yinji.server.present import SEALS, Json, text
from yinji.texts import Text

_URGENT: Final = timedelta(hours=1)
_ICONS: Final = {"image": "image", "video": "film", "audio": "sound", "text": "text", "scene": "cube"}
_BY_REVIEWERS: Final = frozenset(
    ("claimed", "released", "skipped", "decided", "asked", "upheld", "overturned"),
)


@dataclass(frozen=True, slots=True)
class Clock:
    """How long is left, in words: a key, its number, and whether it is late or soon will be."""

    words: str
    count: int
    late: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One case in a list; ``picture`` says that it has a thumbnail."""

    case: Case
    seal: str
    icon: str
    picture: bool
    clock: Clock | None
    mine: bool
    taken: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a picture, in percent."""

    number: int
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in percent of the whole."""

    number: int
    start: float
    width: float
    said: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One piece of evidence."""

    number: int
    say: Text
    detector: str
    version: str
    carrier: str
    offset: int | None


def clock(case: Case, now: datetime) -> Clock | None:
    """Returns how long is left to decide a case, or how late it is."""
    if case.due_at is None:
        return None
    left = case.due_at - now
    late, span = left < timedelta(0), abs(left)
    minutes = int(span.total_seconds() // 60)
    beginning = "late" if late else "left"
    if minutes < 60:
        return Clock(f"review.{beginning}_minutes", minutes, late or left < _URGENT)
    return Clock(f"review.{beginning}_hours", minutes // 60, late)


def row(case: Case, viewer: Account | None, inline: Iterable[str]) -> Row:
    """Returns a case as it stands in a list."""
    now = instants.now()
    held = case.state in WORKED and case.claimed_until is not None and case.claimed_until > now
    mine = held and viewer is not None and case.claimed_by == viewer.id
    picture = case.media_type == "application/pdf" or (
        case.media_type.startswith(("image/", "video/")) and case.media_type in inline
    )
    icon = _ICONS.get(case.kind, "file")
    return Row(case, SEALS.get(case.tier, "none"), icon, picture, clock(case, now), mine, held and not mine)


def with_sightings(report: Json, seen: Iterable[Json]) -> Json:
    """Returns the report with the labels that were seen in the content, those that the verdict does not rest on yet."""
    known = report["evidence"]
    return dict(report) | {"evidence": [*known, *(one for one in seen if one not in known)]}


def evidence(report: Json) -> tuple[Shown, ...]:
    """Numbers what was found in the content."""
    return tuple(
        Shown(n, text(e), e["detector"], e["version"], str(e["where"].get("carrier", "")), e["where"].get("offset"))
        for n, e in enumerate(_found(report), 1)
    )


def marks(report: Json) -> tuple[Mark, ...]:
    """Returns where evidence stands in the picture: ``where["box"]`` is left, top, width, height, in pixels of
    ``where["size"]``, or in shares of the whole where no size is told.
    """
    found = []
    for number, entry in enumerate(_found(report), 1):
        box, size = entry["where"].get("box"), entry["where"].get("size") or (1, 1)
        if not box or len(box) != 4 or not all(size):
            continue
        left, top, width, height = (100 * float(v) / float(size[i % 2]) for i, v in enumerate(box))
        if 0 <= left <= 100 and 0 <= top <= 100 and width > 0 and height > 0:
            found.append(Mark(number, left, top, min(width, 100 - left), min(height, 100 - top)))
    return tuple(found)


def spans(report: Json) -> tuple[Span, ...]:
    """Returns when evidence shows: ``where["start"]`` and ``where["end"]`` in seconds, of ``where["duration"]``."""
    timed = [(n, e["where"]) for n, e in enumerate(_found(report), 1) if "start" in e["where"] and "end" in e["where"]]
    whole = max((float(w.get("duration") or w["end"]) for _, w in timed), default=0.0)
    if whole <= 0:
        return ()
    return tuple(
        Span(n, 100 * w["start"] / whole, 100 * (w["end"] - w["start"]) / whole, f"{w['start']:.1f}–{w['end']:.1f} s")
        for n, w in timed
    )


def _found(report: Json) -> list[Json]:
    return [e for e in report["evidence"] if e["basis"] not in ("declaration", "review")]


def step(value: Step, viewer: Account | None, author_id: str) -> dict[str, Any]:
    """Puts one step into words: what happened and who did it, by role."""
    if viewer is not None and value.actor_id == viewer.id:
        who = "you"
    elif value.actor_id in ("system", "visitor"):
        who = value.actor_id
    elif value.event in _BY_REVIEWERS:
        who = "reviewer"
    else:
        who = "author" if value.actor_id == author_id else "reader"
    return {"at": value.at, "words": f"case.step_{value.event}", "who": f"case.actor_{who}"}


def steps(file: CaseFile, viewer: Account | None) -> list[dict[str, Any]]:
    """Returns the steps of a case, newest first."""
    return [step(value, viewer, file.case.author_id) for value in file.steps]
