"""Where labels stand in a binary layer, and what of it a write may replace."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from yinji.containers.usd.crate import SECTION, SET_END, START, STRING, Crate, Field
from yinji.containers.usd.crate_values import DICTIONARIES, label_row, said
from yinji.containers.usd.text import NAME
from yinji.labels.decode import looks_like_label

ENTRY: Final = struct.Struct("<IqQ")
"""An entry of a dictionary whose value stands right behind: key, how far on, value."""
REGION_END: Final = struct.Struct("<Q8s")
REGION: Final = b"AIGCdata"


def region_of(crate: Crate) -> tuple[int, int]:
    """Returns where the dictionaries stand that a write put behind all values; nothing where that region would be."""
    base = base_of(crate)
    stop = base - REGION_END.size
    if stop >= START:
        size, mark = REGION_END.unpack(crate.window.read(stop, REGION_END.size))
        if mark == REGION and size <= stop - START and _are_dictionaries(crate, stop - size, stop):
            places = range(stop - size, base)
            if all(each.is_dictionary or each.place not in places for each in crate.fields):
                return stop - size, base
    return base, base


def base_of(crate: Crate) -> int:
    """Returns where the tables begin that nothing but tables follows: in front of it, values keep their places."""
    ranges = [(section.stop, section.start) for section in crate.sections]
    ranges.append((crate.contents + 8 + SECTION.size * len(crate.sections), crate.contents))
    at = crate.window.size
    for stop, start in sorted(ranges, reverse=True):
        if stop < at:
            break
        at = min(at, start)
    return at


def _are_dictionaries(crate: Crate, at: int, stop: int) -> bool:
    while at < stop:
        items = crate.dictionary(at)
        if any(item.stop != at + 8 + ENTRY.size * (number + 1) for number, item in enumerate(items)):
            return False
        at += 8 + ENTRY.size * len(items)
    return at == stop


@dataclass(slots=True)
class Row:
    """A dictionary without labels.

    Attributes:
        items: Key and value of the other entries; a dictionary that changes as well as such a row.
        labels: How many labels are left out.
        tokens: The texts in them.
        changes: Whether that is not what stands in the layer.
    """

    items: list[tuple[int, Field | Row]] = field(default_factory=list)
    labels: int = 0
    tokens: set[int] = field(default_factory=set)
    changes: bool = False

    @property
    def is_changed_within(self) -> bool:
        return any(isinstance(value, Row) for _, value in self.items)


def without_labels(crate: Crate, value: Field, moving: range, depth: int = 0) -> Row:
    """Returns a dictionary without the labels in it, and in the dictionaries that are its values.

    Args:
        crate: The layer.
        value: The dictionary.
        moving: Places whose dictionaries have to be written anew.
        depth: How many dictionaries are around it.
    """
    row = Row(changes=value.dictionary in moving)
    for item in crate.dictionary(value.dictionary, depth) if value.dictionary else ():
        inner = without_labels(crate, item.value, moving, depth + 1) if item.value.dictionary else Row()
        text = said(crate, item.value, depth + 1)
        is_like = text is not None and looks_like_label(text) and not inner.labels
        if is_like or crate.key(item).upper() == NAME:
            row.labels += 1
            row.tokens.update(_tokens(crate, item.value, depth + 1))
        else:
            row.labels += inner.labels
            row.tokens |= inner.tokens
            row.items.append((item.key, inner if inner.changes else item.value))
    row.changes |= row.labels > 0 or row.is_changed_within
    return row


def _tokens(crate: Crate, value: Field, depth: int) -> Iterator[int]:
    """Yields the texts in a value."""
    if value.dictionary:
        for item in crate.dictionary(value.dictionary, depth):
            yield from _tokens(crate, item.value, depth + 1)
    elif value.text_kind:
        yield crate.token(value)


class Labels:
    """The labels of a layer.

    Attributes:
        crate: The layer.
        holder: The field that is its ``customLayerData``, -1 without one.
        rows: By field, the dictionaries that can hold a label.
        dropped: Texts in the metadata of the layer that read like a label, by field.
        tokens: Texts that read like a label.
        held: The string that is the label where it should be, -1 without one.
    """

    def __init__(self, crate: Crate) -> None:
        self.crate = crate
        self.holder = label_row(crate)
        self.rows = self.rows_with(range(0))
        self.tokens = [number for number, token in enumerate(crate.tokens) if _is_like(token)]
        texts = frozenset(self.tokens)
        fields = ((number, crate.fields[number]) for number in crate.metadata)
        self.dropped = {i for i, each in fields if each.text_kind and crate.token(each) in texts}
        self.held = next(self._held(texts), -1)

    def rows_with(self, moving: range) -> dict[int, Row]:
        """Returns the dictionaries that can hold a label, and those in places that move."""
        crate = self.crate
        return {
            number: without_labels(crate, each, moving)
            for number, each in enumerate(crate.fields)
            if each.is_dictionary and (crate.name(each) in DICTIONARIES or each.dictionary in moving)
        }

    def _held(self, texts: frozenset[int]) -> Iterator[int]:
        crate = self.crate
        at = crate.fields[self.holder].dictionary if self.holder >= 0 else 0
        for item in crate.dictionary(at) if at else ():
            if crate.key(item) == NAME and item.value.text_kind == STRING and crate.token(item.value) in texts:
                yield item.value.payload

    @property
    def count(self) -> int:
        return sum(row.labels for row in self.rows.values()) + len(self.dropped)

    def are(self, label: str | None) -> bool:
        """Whether the layer holds just this label, in its place."""
        if label is None:
            return not self.count and not self.tokens
        if self.held < 0 or self.count != 1:
            return False
        token = self.crate.strings[self.held]
        return self.tokens == [token] and self.crate.tokens[token] == label.encode()

    @cached_property
    def used(self) -> set[int]:
        """The texts that the scene has for sure: names of fields and of paths, and what fields say."""
        crate = self.crate
        live = {number: crate.fields[number] for number in self._live if number not in self.dropped}
        names = {each.name for each in live.values()}
        said = (_tokens(crate, each, 0) for number, each in live.items() if number not in self.rows)
        return names.union(crate.path_tokens(), *said)

    @property
    def are_removable(self) -> bool:
        """Whether all texts that read like a label are known to be one, and nothing else.

        One that has spaces behind it was written as a label: OpenUSD keeps texts that nothing refers to any more.
        """
        crate = self.crate
        known = {token for row in self.rows.values() for token in row.tokens}
        known |= {crate.token(each) for i, each in enumerate(crate.fields) if self._is_gone(i) and each.text_kind}
        known |= {i for i in self.tokens if any(not token.strip(b" ") for token in crate.tokens[i + 1 : i + 2])}
        return known.issuperset(self.tokens) and self.used.isdisjoint(self.tokens)

    def _is_gone(self, number: int) -> bool:
        return number in self.dropped or number not in self._live

    @cached_property
    def _live(self) -> set[int]:
        """The fields that a spec has."""
        sets: dict[int, list[int]] = {}
        start, row = 0, list[int]()
        for at, number in enumerate(self.crate.sets()):
            if number == SET_END:
                sets[start], start, row = row, at + 1, []
            else:
                row.append(number)
        return {number for start in set(self.crate.specs_in(1)) for number in sets[start]}


def _is_like(token: bytes) -> bool:
    return looks_like_label(token.decode("utf-8", "replace"))
