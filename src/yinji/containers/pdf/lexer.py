"""PDF objects as bytes spell them (ISO 32000-1, 7.2 and 7.3): a parser without recursion that keeps every position.

Positions matter because a write copies what it does not own verbatim: a dictionary knows where each entry starts and
stops, so that one value can be exchanged and all others stay the bytes they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from yinji.errors import LimitExceeded, Malformed

LITERAL_LIMIT: Final = 1 << 20
"""Bytes of one literal string: no label and no document property comes near."""

_SKIP: Final = re.compile(rb"(?:[\x00\t\n\x0c\r ]++|%[^\r\n]*+)*+")
_SKIPPED: Final = frozenset((b"\0", b"\t", b"\n", b"\x0c", b"\r", b" ", b"%"))
_REGULAR: Final = re.compile(rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]*+")
_REFERENCE: Final = re.compile(
    rb"(\d{1,10})[\x00\t\n\x0c\r ]++(\d{1,5})[\x00\t\n\x0c\r ]++R(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])"
)
_INTEGER: Final = re.compile(rb"[+-]?\d{1,18}")
_REAL: Final = re.compile(rb"[+-]?(?:\d{1,30}\.\d{0,30}|\.\d{1,30})")
_HEX: Final = re.compile(rb"<([0-9A-Fa-f\x00\t\n\x0c\r ]*+)>")
_PARENTHESIS: Final = re.compile(rb"[()\\]")
_ESCAPE: Final = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(.)|$)|\r\n?", re.DOTALL)
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NAME_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_WORDS: Final[dict[bytes, bool | None]] = {b"true": True, b"false": False, b"null": None}

Tick: TypeAlias = Callable[[int], None]
"""Counts one structure at a depth, and raises when there are too many (:meth:`.source.Source.element`)."""


class IncompleteError(Exception):
    """The window ends inside the object: the caller reads more and asks again. Never leaves the PDF modules."""


class Name(str):
    """A name object, without its solidus and with ``#xx`` resolved (7.3.5)."""

    __slots__ = ()


class Keyword(str):
    """A regular token that is no object: ``endobj``, or a number written in a way nobody defines."""

    __slots__ = ()


class Ref(NamedTuple):
    """An indirect reference."""

    number: int
    generation: int


class String(NamedTuple):
    """A literal or hexadecimal string (7.3.4).

    Attributes:
        data: Its bytes, escapes resolved; enciphered in an encrypted document.
        start, stop: Position of the token in the window.
    """

    data: bytes
    start: int
    stop: int


class Entry(NamedTuple):
    """One entry of a dictionary; ``start`` is its key, ``at`` to ``stop`` its value, all positions in the window."""

    key: str
    value: Value
    start: int
    at: int
    stop: int


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A dictionary; ``start`` and ``stop`` include the angle brackets."""

    entries: tuple[Entry, ...] = ()
    start: int = 0
    stop: int = 0

    def get(self, key: str) -> Value:
        """Returns the last value under ``key``, or None: a duplicate key is undefined, and the last one is common."""
        for entry in reversed(self.entries):
            if entry.key == key:
                return entry.value
        return None

    def integer(self, key: str) -> int | None:
        value = self.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


Value: TypeAlias = "bool | int | float | Name | Keyword | String | Ref | list[Value] | Dictionary | None"


@dataclass(slots=True)
class _Frame:
    """An array or dictionary that is still open."""

    start: int
    is_array: bool
    items: list[Value] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    key: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Some bytes of a file, or of an object stream.

    Attributes:
        data: The bytes.
        base: File offset of the first byte, for messages; meaningless when the bytes were inflated.
        final: Whether nothing follows, so that a token may end with the window.
        path: File name, for messages.
    """

    data: bytes
    base: int
    final: bool
    path: str = ""

    def malformed(self, at: int) -> Malformed:
        return Malformed("pdf-syntax", path=self.path, offset=self.base + at)

    def skip(self, at: int) -> int:
        """Returns the position behind white space and comments."""
        match = _SKIP.match(self.data, at)
        return match.end() if match else at

    def value(self, at: int, tick: Tick) -> tuple[Value, int]:
        """Parses the object at ``at``.

        Returns:
            The object and the position behind it.

        Raises:
            IncompleteError: The window ends inside it.
            Malformed: It is no object.
            LimitExceeded: Too deep, or too many objects.
        """
        stack: list[_Frame] = []
        data = self.data
        while True:
            start = at = self.skip(at) if data[at : at + 1] in _SKIPPED else at
            tick(len(stack))
            mark = data[at : at + 2]
            value: Value
            if mark == b"<<":
                stack.append(_Frame(start, is_array=False))
                at += 2
                continue
            if mark[:1] == b"[":
                stack.append(_Frame(start, is_array=True))
                at += 1
                continue
            if mark[:1] == b"]" or mark == b">>":
                if not stack or stack[-1].is_array != (mark[:1] == b"]"):
                    raise self.malformed(at)
                frame = stack.pop()
                at += 1 if frame.is_array else 2
                start = frame.start
                value = self._closed(frame, at)
            else:
                value, at = self._scalar(at, mark)
            if not stack:
                return value, at
            self._add(stack[-1], value, start, at)

    def _closed(self, frame: _Frame, at: int) -> Value:
        if frame.is_array:
            return frame.items
        if frame.key is not None:
            raise self.malformed(frame.key[1])
        return Dictionary(tuple(frame.entries), frame.start, at)

    def _add(self, frame: _Frame, value: Value, start: int, stop: int) -> None:
        if frame.is_array:
            frame.items.append(value)
        elif frame.key is None:
            if not isinstance(value, Name):
                raise self.malformed(start)
            frame.key = (str(value), start)
        else:
            frame.entries.append(Entry(frame.key[0], value, frame.key[1], start, stop))
            frame.key = None

    def _scalar(self, at: int, mark: bytes) -> tuple[Value, int]:
        if not mark or (mark == b"<" or mark == b">"):
            raise self.malformed(at) if self.final else IncompleteError
        first = mark[:1]
        if first == b"(":
            return self._literal(at)
        if first == b"<":
            return self._hexadecimal(at)
        if first == b"/":
            end = self._regular_end(at + 1)
            name = self.data[at + 1 : end]
            if b"#" in name:
                name = _NAME_ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), name)
            return Name(name.decode("utf-8", "surrogateescape")), end
        if first.isdigit() and (match := _REFERENCE.match(self.data, at)):
            return Ref(int(match[1]), int(match[2])), match.end()
        end = self._regular_end(at)
        if end == at:
            raise self.malformed(at)
        return _word(self.data[at:end]), end

    def _regular_end(self, at: int) -> int:
        match = _REGULAR.match(self.data, at)
        end = match.end() if match else at
        if end == len(self.data) and not self.final:
            raise IncompleteError
        return end

    def _hexadecimal(self, at: int) -> tuple[Value, int]:
        match = _HEX.match(self.data, at)
        if match is None:
            closing = self.data.find(b">", at)
            raise self.malformed(at) if self.final or closing >= 0 else IncompleteError
        digits = match[1].translate(None, b"\x00\t\n\x0c\r ")
        return String(bytes.fromhex((digits + b"0" * (len(digits) & 1)).decode()), at, match.end()), match.end()

    def _literal(self, at: int) -> tuple[Value, int]:
        depth, here = 1, at + 1
        while depth:
            match = _PARENTHESIS.search(self.data, here, at + LITERAL_LIMIT)
            if match is None:
                if len(self.data) - at >= LITERAL_LIMIT:
                    raise LimitExceeded("pdf-long-string", path=self.path, offset=self.base + at, limit=LITERAL_LIMIT)
                raise self.malformed(at) if self.final else IncompleteError
            here = match.end()
            if match[0] == b"\\":
                here += 1
            else:
                depth += 1 if match[0] == b"(" else -1
        return String(unescaped(self.data[at + 1 : here - 1]), at, here), here


def _word(token: bytes) -> Value:
    if token in _WORDS:
        return _WORDS[token]
    if _INTEGER.fullmatch(token):
        return int(token)
    if _REAL.fullmatch(token):
        return float(token)
    return Keyword(token.decode("latin-1"))


def unescaped(body: bytes) -> bytes:
    """Resolves escapes and end-of-line markers of a literal string (7.3.4.2)."""
    if b"\\" not in body and b"\r" not in body:
        return body

    def replacement(match: re.Match[bytes]) -> bytes:
        octal, continuation, char = match.groups()
        if octal:
            return bytes((int(octal, 8) & 0xFF,))
        if char:
            return _ESCAPED.get(char, bytes(char))
        return b"" if continuation or match[0] == b"\\" else b"\n"

    return _ESCAPE.sub(replacement, body)


def strings(value: Value) -> Iterator[String]:
    """Yields every string inside ``value`` in the order of the file."""
    waiting: list[Value] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, String):
            yield item
        elif isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, Dictionary):
            waiting.extend(e.value for e in reversed(item.entries))
