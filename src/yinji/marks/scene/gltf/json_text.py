"""Adding to a JSON text at its positions, so that every character that was there stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder(strict=False)
Path = tuple[str | int, ...]


class JsonText:
    """A JSON text and what is to be added to it.

    Args:
        text: The text, an object. What :mod:`json` raises (ValueError, RecursionError) is let through.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.value: dict[str, Any] = _DECODER.decode(text)
        if not isinstance(self.value, dict):
            raise ValueError("not an object")
        self._edits: list[tuple[int, int, str]] = []
        self._new: dict[Path, list[str]] = {}

    def append(self, *path: str | int, item: object) -> int:
        """Adds an item to the list at a path, which comes into being if need be; returns its number.

        Raises:
            ValueError: There is something else at the path.
        """
        there = _at(self.value, path)
        if there is not None and not isinstance(there, list):
            raise ValueError(f"{path[-1]} is not a list")
        added = self._new.setdefault(path, [])
        added.append(_written(item))
        return len(there or []) + len(added) - 1

    def replace(self, *path: str | int, value: object) -> None:
        """Replaces a value that is there."""
        start, stop = self._span(path)
        self._edits.append((start, stop, _written(value)))

    def result(self) -> str:
        """Returns the text with everything added.

        Raises:
            ValueError: A list was to come into being inside something that is no object.
        """
        edits = [*self._edits, *(self._addition(path, items) for path, items in self._new.items())]
        pieces, done = [], 0
        for start, stop, new in sorted(edits, key=lambda edit: edit[:2]):
            pieces += [self._text[done:start], new]
            done = stop
        return "".join((*pieces, self._text[done:]))

    def _addition(self, path: Path, items: list[str]) -> tuple[int, int, str]:
        there = _at(self.value, path)
        if there is not None:
            _, stop = self._span(path)
            at, parent = stop - 1, there
            new = ",".join(items)
        else:
            above = _at(self.value, path[:-1])
            if not isinstance(above, dict):
                raise ValueError(f"{path[:-1]} is not an object")
            _, stop = self._span(path[:-1])
            at, parent = stop - 1, above
            new = f"{_written(path[-1])}:[{','.join(items)}]"
        at = len(self._text[:at].rstrip())
        return at, at, f",{new}" if parent else new

    def _span(self, path: Path) -> tuple[int, int]:
        start = _skip(self._text, 0)
        stop = _DECODER.raw_decode(self._text, start)[1]
        for step in path:
            found = [(a, b) for key, a, b in _members(self._text, start) if key == step]
            if not found:
                raise ValueError(f"{step} is not there")
            start, stop = found[-1]  # the last of two of a name is the one that readers take
        return start, stop


def _members(text: str, at: int) -> Iterator[tuple[str | int, int, int]]:
    """Yields name or number, start and stop of each value of an object or a list."""
    is_object = text[at] == "{"
    at = _skip(text, at + 1)
    count = 0
    while text[at] not in "}]":
        key: str | int = count
        if is_object:
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        _, stop = _DECODER.raw_decode(text, at)
        yield key, at, stop
        at = _skip(text, stop)
        if text[at] == ",":
            at = _skip(text, at + 1)
        count += 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return None
    return value


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
