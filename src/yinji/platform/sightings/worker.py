"""Looks for labels in one upload, inside a helper process (:mod:`yinji.platform.work.helpers`)."""

from __future__ import annotations

from typing import Any, Final

from yinji.containers.model import Kind
from yinji.containers.source import Source
from yinji.evidence.base import Basis, Evidence, Says, Strength
from yinji.limits import DEFAULT
from yinji.marks.base import Drawn
from yinji.operations.perceived import perceive
from yinji.regimes.registry import regime
from yinji.texts import Text

DETECTOR: Final = "visible-label"
VERSION: Final = "1"
_MOST: Final = 20
_WRITTEN: Final = Text("正文里有显式标识“{}”。", "A visible label stands in the text: “{}”.")
_SUMMARIES: Final = {
    Kind.IMAGE: Text("画面上有显式标识“{}”。", "A visible label stands in the picture: “{}”."),
    Kind.AUDIO: Text("声音里有显式标识“{}”。", "A label is heard: “{}”."),
    Kind.DOCUMENT: _WRITTEN,
    Kind.TEXT: _WRITTEN,
}
"""A film has a label in its picture or in its sound."""


def work(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the labels of the file at ``source`` as evidence: ``Evidence.to_dict()``.

    The task also has the file's ``name``, ``kind`` and ``media_type``, and the ``regime`` whose labels are sought.
    """
    kind = Kind(task["kind"])
    with Source.open(task["source"], limits=DEFAULT) as source:
        source.name = task["name"]
        seen = perceive(source, kind, task["media_type"], (regime(task["regime"]).mark(kind),), DEFAULT)
    return [one.to_dict() for one in evidence_of(seen.drawn, kind)] if seen.drawn else []


def evidence_of(drawn: Drawn, kind: Kind) -> tuple[Evidence, ...]:
    """Returns a label that was found as evidence: one each time it is shown or said, with its box or its seconds."""
    stretches: list[dict[str, Any]] = drawn.detail.get("labels") or [{}]
    return tuple(_evidence(drawn, kind, stretch, first=number == 0) for number, stretch in enumerate(stretches[:_MOST]))


def _evidence(drawn: Drawn, kind: Kind, stretch: dict[str, Any], *, first: bool) -> Evidence:
    where: dict[str, Any] = {}
    if stretch:
        start = float(stretch["from"])
        where |= {"start": start, "end": start + float(stretch["seconds"]), "duration": drawn.detail["duration"]}
    if first and len(drawn.box) == 4 and "displayed" in drawn.detail:
        left, top, right, bottom = drawn.box
        where |= {"box": [left, top, right - left, bottom - top], "size": list(drawn.detail["displayed"])}
    words = _SUMMARIES.get(kind) or _SUMMARIES[Kind.IMAGE if drawn.box else Kind.AUDIO]
    summary = Text(words.zh.format(drawn.words), words.en.format(drawn.words))
    return Evidence(
        DETECTOR, VERSION, Says.AI, Basis.EXPLICIT_LABEL, Strength.STATED, summary, detail=drawn.to_dict(), where=where
    )
