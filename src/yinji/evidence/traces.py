"""The dictionary of traces: rows of ``traces.toml``, each a precise question to one metadata field.

A row matches a field when its carrier and its key fit and *every* condition it states on the value holds. A key by
itself decides only where the row says so (``key_alone``), because people reuse names like ``Comment`` and ``prompt``.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from yinji.evidence.base import Strength
from yinji.evidence.fields import Field

_KNOWN: Final = frozenset(
    (
        "tool",
        "carriers",
        "keys",
        "strength",
        "source",
        "key_alone",
        "equals",
        "starts",
        "contains",
        "pattern",
        "json_keys",
        "also",
    )
)
_CONDITIONS: Final = ("equals", "starts", "contains", "pattern", "json_keys")


@dataclass(frozen=True, slots=True)
class Trace:
    """One row.

    Attributes:
        id: Name of the row.
        tool: What leaves it.
        strength: ``strong`` when only generators leave it, ``weak`` when it decides nothing by itself.
        source: Where the fact comes from.
        carriers: Carriers it may stand in; ``*`` as in file names.
        keys: Keys it may stand under, compared without case; ``*`` as in file names.
        key_alone: Whether the key by itself is the trace.
        equals: The value is one of these, without case.
        starts: The value starts with one of these, without case.
        contains: The value holds all of these, without case.
        pattern: The value holds a match.
        json_keys: The value is a JSON object with all of these keys.
        also: Another field of the same block that must match too: (key, pattern).
    """

    id: str
    tool: str
    strength: Strength
    source: str
    carriers: tuple[str, ...]
    keys: tuple[str, ...]
    key_alone: bool
    equals: frozenset[str]
    starts: tuple[str, ...]
    contains: tuple[str, ...]
    pattern: re.Pattern[str] | None
    json_keys: frozenset[str]
    also: tuple[str, re.Pattern[str]] | None

    def matches(self, field: Field, among: Sequence[Field]) -> bool:
        """Whether a field of a fitting carrier and key is this trace, seen among all fields of the file."""
        return self._value_fits(field.value) and self._company_fits(field, among)

    def _value_fits(self, value: str) -> bool:
        folded = value.strip().casefold()
        if self.equals and folded not in self.equals:
            return False
        if self.starts and not folded.startswith(self.starts):
            return False
        if not all(part in folded for part in self.contains):
            return False
        if self.pattern is not None and self.pattern.search(value) is None:
            return False
        return not self.json_keys or self.json_keys <= _top_keys(value)

    def _company_fits(self, field: Field, among: Sequence[Field]) -> bool:
        if self.also is None:
            return True
        key, pattern = self.also
        return any(
            other.block is field.block and other.key.casefold() == key and pattern.search(other.value) is not None
            for other in among
        )


def matching(fields: Sequence[Field]) -> Iterator[tuple[Trace, Field]]:
    """Yields every (row, field) that match, in file order."""
    for field in fields:
        for trace in _rows_of(field.carrier).of_key(field.key.casefold()):
            if trace.matches(field, fields):
                yield trace, field


class _Rows(NamedTuple):
    """The rows for one carrier, so that a file with a hundred thousand fields costs one look-up for each."""

    exact: dict[str, tuple[Trace, ...]]
    patterns: tuple[tuple[re.Pattern[str], Trace], ...]

    def of_key(self, key: str) -> Iterator[Trace]:
        yield from self.exact.get(key, ())
        for pattern, trace in self.patterns:
            if pattern.match(key):
                yield trace


@lru_cache(maxsize=256)
def _rows_of(carrier: str) -> _Rows:
    exact: dict[str, tuple[Trace, ...]] = {}
    patterns: list[tuple[re.Pattern[str], Trace]] = []
    for trace in dictionary():
        if not any(fnmatchcase(carrier, wanted) for wanted in trace.carriers):
            continue
        for key in trace.keys:
            if "*" in key:
                patterns.append((re.compile(translate(key)), trace))
            else:
                exact[key] = (*exact.get(key, ()), trace)
    return _Rows(exact, tuple(patterns))


@cache
def dictionary() -> tuple[Trace, ...]:
    """Returns all rows of ``traces.toml``.

    Raises:
        ValueError: A row is not valid: an unknown key, or nothing that the value must fulfil.
    """
    rows = tomllib.loads(files(__package__).joinpath("traces.toml").read_text("utf-8"))
    return tuple(_trace(id, row) for id, row in rows.items())


def _trace(id: str, row: dict[str, Any]) -> Trace:
    if unknown := row.keys() - _KNOWN:
        raise ValueError(f"{id}: unknown {', '.join(sorted(unknown))}")
    if bool(row.get("key_alone")) == any(name in row for name in _CONDITIONS):
        raise ValueError(f"{id}: either key_alone or a condition on the value")
    also = row.get("also")
    return Trace(
        id,
        row["tool"],
        Strength(row["strength"]),
        row["source"],
        tuple(row["carriers"]),
        _folded(row["keys"]),
        bool(row.get("key_alone")),
        frozenset(_folded(row.get("equals", ()))),
        _folded(row.get("starts", ())),
        _folded(row.get("contains", ())),
        re.compile(row["pattern"]) if "pattern" in row else None,
        frozenset(row.get("json_keys", ())),
        (also["key"].casefold(), re.compile(also["pattern"])) if also else None,
    )


def _folded(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value.casefold() for value in values)


def _top_keys(value: str) -> frozenset[str]:
    """Returns the keys of a JSON object; none where the value is something else."""
    if not value.lstrip().startswith("{"):
        return frozenset()
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(parsed) if isinstance(parsed, dict) else frozenset()
