"""The tolerant reader of label values: accepts what producers write, and names every deviation (checklist B, R60, R64).

A value is understood in one way only. Where two careful readers could disagree about what it says (a key twice, two
labels in one value), no label is returned, only the problem.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed
from yinji.labels.aigc import KEYS, LABELS, AigcLabel, shown
from yinji.labels.peel import peel
from yinji.labels.problem import Problem, Severity
from yinji.labels.scanner import JSON, MAX_MEMBERS, REPR, Grammar, Member, Scan, Type, scan_object
from yinji.labels.spellings import meaning

MAX_CHARACTERS: Final = 1 << 20
"""Longer values are refused; the standard has no limit, real ones stay below a few kilobytes (R33, R64)."""

_MAX_WRAPPERS: Final = 4
_GATE: Final = frozenset(("Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID"))
_REPR: Final = re.compile(r"[{\[][ \t\n\r]*[{ \t\n\r]*[uU]?'")
_LABEL_LIKE: Final = re.compile(
    r"""[{,\[\s"'&;\\](?:
        (?:Content[_-]?(?:Producer|Propagator)|Produce[_-]?ID|Propagate[_-]?ID|Propat(?:or|e)ID)
        (?:\\?["']|&(?:amp;)*(?:quot|apos|\#3[49]);)\s*:
      | (?-i:Label)(?:\\?["']|&(?:amp;)*(?:quot|apos|\#3[49]);)\s*:\s*(?:\\?["']|&(?:amp;)*(?:quot|\#3[49]);)?[123]
        (?![0-9.\w])
    )""",
    re.VERBOSE | re.IGNORECASE,
)


_KEYS: Final = list(KEYS)
_COLONS: Final = [":"] * len(KEYS)
_COMMAS: Final = [","] * (len(KEYS) - 1) + ["}"]
_STAND_IN: Final = "\x01"
"""For an escaped quotation mark, while a value is cut at the others."""

_NO_FIELDS: Final[Mapping[str, str]] = {}


class Decoded(NamedTuple):
    """What a value says.

    Attributes:
        label: The label, its values byte-exact; None when the value is no label or could be read in two ways.
        shape: ``bare``, ``wrapped``, ``repr`` or ``yaml``.
        problems: Every deviation of the value, the label's own problems included.
        fields: The members as they were written: own keys, strings decoded, other values as source text.
    """

    label: AigcLabel | None
    shape: str
    problems: tuple[Problem, ...]
    fields: Mapping[str, str] = _NO_FIELDS


def looks_like_label(text: str) -> bool:
    """Says whether a value of a general carrier (EXIF UserComment, a comment) is worth decoding; it may be wrong.

    Needs a key that only labels have, or ``Label`` with one of its three values.
    """
    return len(text) <= MAX_CHARACTERS and _LABEL_LIKE.search(text) is not None


def decode(text: str) -> Decoded:
    """Reads a value that stands where a label is expected. Never raises for what the text says.

    Args:
        text: The value, decoded by its carrier's own rules.
    """
    if len(text) > MAX_CHARACTERS:
        return _refused([Problem("value-too-long", Severity.ERROR, "R64", {"limit": MAX_CHARACTERS})])
    if (label := conforming(text)) is not None:
        return Decoded(label, conforming_shape(text), (), dict(label.items()))
    return _tolerated(text)


def conforming(text: str) -> AigcLabel | None:
    """Returns the label of a value without any deviation, as Yinji itself writes it; None of any other value.

    Cut at its quotation marks, which takes half the time of an expression and a tenth of a scan.
    """
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    is_escaped = "\\" in text
    if is_escaped:
        text = text.replace('\\"', _STAND_IN)
    if text.startswith('{"AIGC":{') and text.endswith("}}"):
        text = text[8:-1]
    parts = text.split('"')
    if parts[1::4] != _KEYS or parts[2::4] != _COLONS or parts[4::4] != _COMMAS or parts[0] != "{":
        return None
    label, producer, produce_id, reserved1, propagator, propagate_id, reserved2 = parts[3::4]
    if label not in LABELS or not (producer and produce_id and propagator and propagate_id):
        return None
    if is_escaped:
        if "\\" in text or _STAND_IN in producer + produce_id + propagator + propagate_id:
            return None
        reserved1, reserved2 = reserved1.replace(_STAND_IN, '"'), reserved2.replace(_STAND_IN, '"')
    return AigcLabel(label, producer, produce_id, reserved1, propagator, propagate_id, reserved2)


def conforming_shape(text: str) -> str:
    """Returns the shape of a value that is :func:`conforming`."""
    return "wrapped" if text.startswith('{"AIGC"') else "bare"


def _tolerated(text: str) -> Decoded:
    body, problems = peel(text)
    grammar = REPR if _REPR.match(body) else JSON
    if grammar is REPR:
        problems.append(Problem("python-repr", Severity.ERROR, "R24"))
    try:
        members, wrapped = _open(body, grammar, problems)
    except (Malformed, LimitExceeded) as refusal:
        problems.append(Problem(refusal.code, Severity.ERROR, "R64", dict(refusal.details)))
        return _refused(problems)
    shape = "repr" if grammar is REPR else ("wrapped" if wrapped else "bare")
    return _assemble(members, shape, wrapped, problems)


def decode_mapping(pairs: Iterable[tuple[str, object]], shape: str = "yaml") -> Decoded:
    """Reads a label from pairs that another parser found, as in the front matter of Markdown (TC260-PG-20258A 6.5).

    Args:
        pairs: Keys and values in source order, duplicates included. Values should be the scalars' own text where the
            parser can give it: ``007`` read as a number is no longer the producer's value.
        shape: What to call the notation.
    """
    problems: list[Problem] = []
    members: list[Member] = []
    wrapped = False
    for key, value in pairs:
        if len(members) >= MAX_MEMBERS:
            return _refused(
                [Problem("json-members", Severity.ERROR, "R64", {"limit": MAX_MEMBERS, "offset": 0})], shape
            )
        if _is_wrapper(key) and isinstance(value, Mapping) and not members:
            wrapped = True
            members.extend(_member(str(k), v) for k, v in list(value.items())[:MAX_MEMBERS])
        else:
            members.append(_member(key, value))
    if sum(len(m.key) + len(m.text) for m in members) > MAX_CHARACTERS:
        return _refused([Problem("value-too-long", Severity.ERROR, "R64", {"limit": MAX_CHARACTERS})], shape)
    return _assemble(members, shape, wrapped, problems)


def _member(key: str, value: object) -> Member:
    match value:
        case str():
            return Member(key, Type.STRING, value)
        case bool() | None:
            return Member(key, Type.LITERAL, json.dumps(value))
        case int() | float():
            return Member(key, Type.NUMBER, str(value))
        case _:
            return Member(key, Type.OBJECT, _dumped(value))


def _dumped(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (TypeError, ValueError, RecursionError):
        return ""


def _refused(problems: list[Problem], shape: str = "bare") -> Decoded:
    return Decoded(None, shape, tuple(problems))


def _open(body: str, grammar: Grammar, problems: list[Problem]) -> tuple[tuple[Member, ...], bool]:
    """Returns the members of the label object inside lists and ``AIGC`` wrappers, and whether it was wrapped.

    Raises:
        Malformed: No object, or more than one label.
        LimitExceeded: A bound of the scanner.
    """
    wrapped = False
    at, closing = (1, "]") if body[:1] == "[" else (0, "")
    if closing:
        problems.append(Problem("label-in-list", Severity.ERROR, "R24"))
        at += len(body[1:]) - len(body[1:].lstrip(" \t\n\r"))
    scan = _noted(scan_object(body, at, grammar), problems)
    _check_rest(body[scan.stop :], closing, problems)
    for _ in range(_MAX_WRAPPERS):
        wrapper = next((m for m in scan.members if _is_wrapper(m.key)), None)
        inner = None if wrapper is None else _inner(wrapper, problems)
        if wrapper is None or inner is None:
            return scan.members, wrapped or wrapper is not None
        siblings = [m for m in scan.members if m is not wrapper]
        if any(m.key in _GATE or _is_wrapper(m.key) for m in siblings):
            raise Malformed("labels-in-one-value")
        if wrapped:
            problems.append(Problem("wrapped-twice", Severity.ERROR, "R24"))
        if wrapper.key != "AIGC":
            problems.append(Problem("wrapper-key", Severity.ERROR, "R23", {"key": shown(wrapper.key)}))
        problems.extend(Problem("extra-key", Severity.ERROR, "R24", {"key": shown(m.key)}) for m in siblings)
        scan, wrapped = _noted(scan_object(inner, 0, grammar), problems), True
        _check_rest(inner[scan.stop :], "", problems)
    return scan.members, wrapped


def _is_wrapper(key: str) -> bool:
    return len(key) == len("AIGC") and key.upper() == "AIGC"


def _inner(wrapper: Member, problems: list[Problem]) -> str | None:
    if wrapper.type is Type.OBJECT:
        return wrapper.text
    if wrapper.type is Type.STRING and wrapper.text.lstrip(" \t\n\r")[:1] == "{":
        problems.append(Problem("double-encoded", Severity.ERROR, "R24"))
        return wrapper.text.strip(" \t\n\r")
    return None


def _noted(scan: Scan, problems: list[Problem]) -> Scan:
    if scan.spaced and all(p.code != "json-spaces" for p in problems):
        problems.append(Problem("json-spaces", Severity.NOTE, "R39"))
    if scan.trailing_comma:
        problems.append(Problem("trailing-comma", Severity.ERROR, "R24"))
    return scan


def _check_rest(rest: str, closing: str, problems: list[Problem]) -> None:
    rest = rest.strip(" \t\n\r\x00")
    if closing and rest == closing:
        return
    if closing or looks_like_label(rest):
        raise Malformed("labels-in-one-value")
    if rest:
        problems.append(Problem("trailing-text", Severity.ERROR, "R64", {"text": shown(rest)}))


def _assemble(members: Iterable[Member], shape: str, wrapped: bool, problems: list[Problem]) -> Decoded:
    members = tuple(members)
    fields = {m.key: m.text for m in members}
    chosen, doubled = _resolve(members, problems)
    if doubled:
        problems.extend(Problem("duplicate-key", Severity.ERROR, "R64", {"key": shown(key)}) for key in doubled)
        return Decoded(None, shape, tuple(problems), fields)
    if not _GATE & chosen.keys():
        problems.append(Problem("not-a-label", Severity.ERROR, "R24"))
        return Decoded(None, shape, tuple(problems), fields)
    label = AigcLabel.from_mapping({key: _text(key, member, problems) for key, member in chosen.items()})
    missing = [key for key in KEYS if key not in chosen]
    problems.extend(Problem("missing-key", Severity.ERROR, "R24", {"key": key}) for key in missing)
    if shape != "yaml" and list(chosen) != [key for key in KEYS if key in chosen]:
        problems.append(Problem("key-order", Severity.NOTE, "R39"))
    problems.extend(p for p in label.problems() if not _said_already(p, missing))
    return Decoded(label, shape, tuple(problems), fields)


def _resolve(members: tuple[Member, ...], problems: list[Problem]) -> tuple[dict[str, Member], list[str]]:
    """Returns which member fills which key of the standard, in source order, and the keys given more than once."""
    chosen: dict[str, Member] = {}
    seen: set[str] = set()
    doubled: dict[str, None] = {}
    for member in members:
        key = member.key if member.key in KEYS else meaning(member.key)
        if member.key in seen or (key and key in chosen):
            doubled[key or member.key] = None
        seen.add(member.key)
        if not key:
            problems.append(Problem("extra-key", Severity.ERROR, "R24", {"key": shown(member.key)}))
            continue
        if key != member.key:
            values = {"key": shown(member.key), "means": key}
            problems.append(Problem("key-spelling", Severity.ERROR, "R24", values))
        chosen[key] = member
    return chosen, list(doubled)


def _text(key: str, member: Member, problems: list[Problem]) -> str:
    if member.type is Type.STRING:
        return member.text
    if key == "Label" and member.type is Type.NUMBER and member.text in LABELS:
        problems.append(Problem("numeric-label", Severity.ERROR, "R26", {"value": member.text}))
    else:
        problems.append(Problem("non-string-value", Severity.ERROR, "R25", {"key": key, "type": str(member.type)}))
    return "" if member.text in ("null", "None") else member.text


def _said_already(problem: Problem, missing: list[str]) -> bool:
    return problem.code in ("empty-field", "label-value") and problem.values.get("key") in missing
