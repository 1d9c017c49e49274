"""AMF0 values (Action Message Format 0; FLV 10.1, E.4.4.2): extents of properties, without recursion."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.errors import Malformed

NUMBER: Final = 0x00
STRING: Final = 0x02
OBJECT: Final = 0x03
ECMA_ARRAY: Final = 0x08
STRICT_ARRAY: Final = 0x0A
LONG_STRING: Final = 0x0C
XML: Final = 0x0F
TYPED_OBJECT: Final = 0x10
OBJECTS: Final = frozenset((OBJECT, ECMA_ARRAY, TYPED_OBJECT))
TEXTS: Final = frozenset((STRING, LONG_STRING, XML))

NULL: Final = 0x05
END: Final = b"\0\0\x09"
_FIXED: Final = {NUMBER: 8, 0x01: 1, NULL: 0, 0x06: 0, 0x07: 2, 0x0B: 10, 0x0D: 0}
_NUMBER_SIZE: Final = 9
_LONGEST_SHORT: Final = 0xFFFF


class Property(NamedTuple):
    """One property: its key, where it starts, where its value (with the type marker) starts and stops, the type."""

    key: str
    start: int
    value: int
    stop: int
    type: int


class Amf:
    """The data of one script tag.

    Args:
        source: The file, which counts the values.
        data: The data.
        base: Where it stands in the file, for messages; all other positions are within the data.
    """

    def __init__(self, source: Source, data: bytes, base: int) -> None:
        self.data = data
        self._source, self._base = source, base

    def text(self, at: int) -> bytes:
        """Returns the bytes of a string, long string or XML document."""
        front = 3 if self.data[at] == STRING else 5
        return self.data[at + front : self.skip(at)]

    def number(self, at: int) -> float:
        value: float = struct.unpack_from(">d", self.data, at + 1)[0]
        return value

    def properties(self, at: int, depth: int = 1) -> Iterator[Property]:
        """Yields the properties of an object or ECMA array; a missing end is tolerated where the data ends."""
        at = self._inside(at)
        while at < len(self.data) and self.data[at : at + 3] != END:
            self._source.element(depth)
            value = at + 2 + self._int(at, 2)
            key = self._take(at + 2, value).decode("utf-8", "replace")
            stop = self.skip(value)
            yield Property(key, at, value, stop, self.data[value])
            at = stop

    def end(self, at: int) -> int:
        """Returns where the last property of an object ends."""
        end = self._inside(at)
        for item in self.properties(at):
            end = item.stop
        return end

    def numbers(self, at: int) -> Iterator[int]:
        """Yields where the numbers of a strict array stand."""
        if self.data[at] != STRICT_ARRAY:
            return
        stop, at = self.skip(at), at + 5
        while at < stop and self.data[at] == NUMBER:
            yield at
            at += _NUMBER_SIZE

    def skip(self, at: int) -> int:
        """Returns where the value at ``at`` ends.

        Raises:
            Malformed: It is cut off, or of an unknown type.
            LimitExceeded: Too many values, or nested too deep.
        """
        waiting = [1]  # values still to come on each level; -1 inside objects, which end themselves
        while waiting:
            if waiting[-1] == 0:
                waiting.pop()
                continue
            if waiting[-1] < 0:
                if at >= len(self.data) or self.data[at : at + 3] == END:
                    at = min(at + 3, len(self.data))
                    waiting.pop()
                    continue
                at += 2 + self._int(at, 2)
            else:
                waiting[-1] -= 1
            self._source.element(len(waiting))
            kind = self._int(at, 1)
            if kind in OBJECTS:
                at = self._inside(at)
                waiting.append(-1)
            elif kind == STRICT_ARRAY:
                at, count = self._array(at)
                waiting.append(count)
            else:
                at = self._scalar_end(at, kind)
        return at

    def _array(self, at: int) -> tuple[int, int]:
        """Returns where the items of a strict array begin and how many to walk; plain numbers and nulls are passed."""
        count, at = self._int(at + 1, 4), at + 5
        if count > len(self.data) - at:
            raise Malformed("flv-amf", path=self._source.name, offset=self._base + at)
        if self.data[at : at + count].count(NULL) == count:
            return at + count, 0
        numbers = self.data[at : at + count * _NUMBER_SIZE]
        if len(numbers) == count * _NUMBER_SIZE and numbers[::_NUMBER_SIZE].count(NUMBER) == count:
            return at + len(numbers), 0
        return at, count

    def _scalar_end(self, at: int, kind: int) -> int:
        if kind in _FIXED:
            end = at + 1 + _FIXED[kind]
        elif kind == STRING:
            end = at + 3 + self._int(at + 1, 2)
        elif kind in TEXTS:
            end = at + 5 + self._int(at + 1, 4)
        else:
            raise Malformed("flv-amf", path=self._source.name, offset=self._base + at)
        self._take(at, end)
        return end

    def _inside(self, at: int) -> int:
        """Returns where the first property of an object stands."""
        kind = self._int(at, 1)
        if kind == ECMA_ARRAY:
            self._take(at, at + 5)
            return at + 5
        return at + 1 if kind == OBJECT else at + 3 + self._int(at + 1, 2)

    def _int(self, at: int, length: int) -> int:
        return int.from_bytes(self._take(at, at + length), "big")

    def _take(self, start: int, stop: int) -> bytes:
        if stop > len(self.data):
            raise Malformed("flv-amf", path=self._source.name, offset=self._base + start)
        return self.data[start:stop]


def make_string(value: bytes) -> bytes:
    """Returns a string, a long one where it must be (AMF0 2.4, 2.14)."""
    if len(value) > _LONGEST_SHORT:
        return bytes((LONG_STRING,)) + len(value).to_bytes(4, "big") + value
    return bytes((STRING,)) + len(value).to_bytes(2, "big") + value


def make_key(key: str) -> bytes:
    """Returns the key of a property."""
    return len(key.encode()).to_bytes(2, "big") + key.encode()
