"""The versioned data of a regime: sentences, numbers and places, each file with the day from which it holds.

A file ``data/REGIME/YYYY-MM-DD.toml`` is either complete or ``extends`` an older one, whose tables it then overlays.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from yinji.containers.model import Kind
from yinji.errors import UsageError
from yinji.regimes.base import MarkRule, Reason, Rule, Tier, Wording
from yinji.texts import Text


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told at one tier: the sentence and the few words of it. Empty where nothing is said."""

    sentence: Text
    short: Text


@dataclass(frozen=True, slots=True)
class ShortVideoLabel:
    """One choice of the mandatory short-video form (CAC, 2026-05-12).

    Attributes:
        id: Stable name.
        words: The label; the Chinese words are the rule's own.
        displayed: Whether it is shown beside the video (R90).
    """

    id: str
    words: Text
    displayed: bool


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One version of one regime's data.

    Attributes:
        regime: Short name of the regime.
        version: Its effective date, ISO 8601; names the version.
        effective: The same as a date.
        title: What this version is, for people.
        notices: The sentence of each tier.
        reasons: Reasons by slug, with placeholders in braces.
        marks: What the perceptible label of each kind must be.
        short_video: The choices of which exactly one is mandatory for short video; empty while no rule asks it.
    """

    regime: str
    version: str
    effective: date
    title: Text
    notices: Mapping[Tier, Notice]
    reasons: Mapping[str, Reason] = field(hash=False)
    marks: Mapping[Kind, MarkRule] = field(hash=False)
    short_video: tuple[ShortVideoLabel, ...] = ()

    def reason(self, slug: str, *evidence: int) -> Reason:
        """Returns the reason ``slug``, resting on these positions of the evidence list."""
        template = self.reasons[slug]
        return Reason(template.rule, template.article, template.text, tuple(sorted(set(evidence))))


@cache
def versions(regime: str) -> tuple[date, ...]:
    """Returns the effective dates of all versions of a regime, oldest first."""
    folder = files(__package__).joinpath("data", regime)
    stems = (entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(date.fromisoformat(stem) for stem in stems if stem[:1].isdigit()))


def in_force(regime: str, day: date) -> Ruleset:
    """Returns the newest version that holds on a day.

    Raises:
        UsageError: No version was in force yet, or a data file is not valid.
    """
    known = versions(regime)
    held = [effective for effective in known if effective <= day]
    if not held:
        raise UsageError("regime-not-in-force", name=regime, day=day.isoformat(), first=known[0].isoformat())
    return load(regime, held[-1].isoformat())


@cache
def load(regime: str, version: str) -> Ruleset:
    """Reads and validates one version.

    Raises:
        UsageError: The data file is not valid; ``details["what"]`` names the place.
    """
    try:
        return _ruleset(regime, version, _merged(regime, version))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError("regime-data-invalid", path=f"{regime}/{version}.toml", what=str(error)) from error


def table(regime: str, name: str) -> dict[str, Any]:
    """Returns an unversioned data file of a regime as it stands."""
    return tomllib.loads(files(__package__).joinpath("data", regime, f"{name}.toml").read_text("utf-8"))


@cache
def checklist(regime: str) -> tuple[Rule, ...]:
    """Returns the regime's numbered rules, in the order of their numbers.

    Raises:
        UsageError: The data file is not valid.
    """
    try:
        return tuple(
            Rule(id, row["article"], _text(row), bool(row.get("recommendation", False)))
            for id, row in table(regime, "rules").items()
        )
    except (KeyError, TypeError) as error:
        raise UsageError("regime-data-invalid", path=f"{regime}/rules.toml", what=str(error)) from error


def _merged(regime: str, version: str) -> dict[str, Any]:
    own = table(regime, version)
    older = own.pop("extends", None)
    if older is None:
        return own
    if older >= version:
        raise ValueError(f"extends {older}, which is not older")
    return _overlaid(_merged(regime, older), own)


def _overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = below | above
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            merged[key] = _overlaid(below[key], above[key])
    return merged


def _ruleset(regime: str, version: str, data: dict[str, Any]) -> Ruleset:
    effective = data["effective"]
    if not isinstance(effective, date) or effective.isoformat() != version:
        raise ValueError("effective is not the date in the file's name")
    notices = {Tier(name): Notice(_text(row["notice"]), _text(row["short"])) for name, row in data["tiers"].items()}
    silent = Text("", "")
    return Ruleset(
        regime,
        version,
        effective,
        _text(data["title"]),
        {tier: notices[tier] if tier is not Tier.NONE else Notice(silent, silent) for tier in Tier},
        {slug: Reason(row["rule"], row["article"], _text(row)) for slug, row in data["reasons"].items()},
        {kind: _mark(data["marks"][str(kind)]) for kind in Kind},
        tuple(ShortVideoLabel(row["id"], _text(row), bool(row["displayed"])) for row in data["short_video"]["labels"]),
    )


def _mark(row: dict[str, Any]) -> MarkRule:
    height, seconds = float(row["min_height"]), float(row["min_seconds"])
    if not 0 <= height < 1 or seconds < 0 or not row["places"]:
        raise ValueError("a mark needs a height below 1, a duration and a place")
    times, every = tuple(row.get("times", ("start",))), float(row.get("every", 0))
    if not times or ("intervals" in times) != (every > 0):
        raise ValueError("a mark is shown at some time, and intervals have a length")
    words, places = _wording(row["words"]), tuple(row["places"])
    return MarkRule(words, height, seconds, places, row["clause"], row.get("corner", ""), times, every)


def _wording(row: dict[str, Any]) -> Wording:
    zh, en = _text(row)
    return Wording(zh, en, str(row.get("both", f"{zh} · {en}")).strip())


def _text(row: dict[str, Any]) -> Text:
    if not row["zh"].strip() or not row["en"].strip():
        raise ValueError("a sentence is missing in one language")
    return Text(row["zh"].strip(), row["en"].strip())
