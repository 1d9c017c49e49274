"""Text layers of OpenUSD (``.usda``): finding and setting values of the layer's metadata by their positions.

The label is ``customLayerData["AIGC"]``. The text is scanned token by token, without recursion; only values named AIGC
and the metadata of the layer are noted, and an edit leaves every other byte as it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.errors import LimitExceeded, Malformed, UnreadableInput
from yinji.labels.decode import looks_like_label

NAME: Final = "AIGC"
RESERVE: Final = 1024
"""Spaces left behind the label, so that a propagator's half fits without moving anything."""

HEADER: Final = re.compile(rb"#usda \d[^\n]*\n?")
_LAYER: Final = "("
_DATA: Final = (_LAYER, "customLayerData")
_MAX_DEPTH: Final = 256
_BATCH: Final = 1024
_TOKEN: Final = re.compile(
    rb"""(?P<gap>(?:[^"'#@()\[\]{}]++|\([-+0-9.eE,\s]*+\))*+)(?:
    (?P<comment>\#[^\n]*+)
    |(?P<string>\"\"\"(?:[^\\"]|\\.|"(?!""))*+\"\"\" | '''(?:[^\\']|\\.|'(?!''))*+'''
        | "(?:[^"\\\n]|\\.)*+" | '(?:[^'\\\n]|\\.)*+')
    |(?P<asset>@@@(?:[^@]|@(?!@@))*+@@@ | @[^@\n]*+@)
    |(?P<mark>[()\[\]{}]))""",
    re.DOTALL | re.VERBOSE,
)
_NAMED: Final = re.compile(rb"(?:([A-Za-z_]\w*(?:\[\])?)\s+)?([A-Za-z_][\w:]*)\s*=\s*\Z")
_EQUALS: Final = re.compile(rb"\s*=\s*\Z")
_TYPE: Final = re.compile(rb"([A-Za-z_]\w*)\s+\Z")
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)", re.DOTALL)
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CLOSING: Final = {b")": b"(", b"]": b"[", b"}": b"{"}


class Value(NamedTuple):
    """A value with a name.

    Attributes:
        path: Names of what is around it; ``(`` is the metadata of the layer.
        key: Its name.
        text: What it says; a dictionary as JSON.
        start, value, stop: Where its type, or else its name, begins; where the value does; where it ends.
    """

    path: tuple[str, ...]
    key: str
    text: str
    start: int
    value: int
    stop: int


@dataclass(slots=True)
class Layer:
    """What a scan found.

    Attributes:
        labels: Values named AIGC, wherever they stand, and what looks like one in the metadata of the layer.
        told: Other texts in the metadata of the layer.
        body: Where what is no metadata of the layer begins.
        block, data: Where the inside of the metadata, and of its ``customLayerData``, begins; None without one.
    """

    labels: list[Value] = field(default_factory=list)
    told: list[Value] = field(default_factory=list)
    body: int = 0
    block: int | None = None
    data: int | None = None


class _Frame(NamedTuple):
    mark: bytes
    name: str
    start: int
    value: int
    items: dict[str, str]


def scan(text: bytes, source: Source) -> tuple[Layer, UnreadableInput | None]:
    """Scans a layer as far as it can be read; also returns what stopped the scan, if anything did."""
    scanner = _Scanner(text, source)
    try:
        scanner.run()
    except UnreadableInput as error:
        return scanner.layer, error
    return scanner.layer, None


class _Scanner:
    def __init__(self, text: bytes, source: Source) -> None:
        self._text = text
        self._source = source
        self._stack: list[_Frame] = []
        self._key: tuple[str, int] | None = None
        self.layer = Layer()

    def run(self) -> None:
        header = HEADER.match(self._text)
        if header is None:
            raise Malformed("usd-header", path=self._source.name)
        at = self.layer.body = header.end()
        count, has_begun = 0, False
        while token := _TOKEN.match(self._text, at):
            count += 1
            if not count % _BATCH:
                self._source.element()
            kind = str(token.lastgroup)
            gap, start, stop = token["gap"], token.start(kind), token.end()
            has_begun = has_begun or bool(gap.strip())
            if kind == "string":
                self._string(gap, at, start, stop)
            elif kind == "mark":
                self._mark(token["mark"], gap, at, start, has_begun=has_begun)
                has_begun = True
            else:
                self._key = None
            at = stop
        if self._stack or re.search(rb"[\"'@()\[\]{}]", re.sub(rb"\([-+0-9.eE,\s]*+\)", b"", self._text[at:])):
            raise Malformed("usd-text", path=self._source.name, offset=at)

    def _name(self, gap: bytes, at: int, start: int) -> tuple[str, int]:
        """Returns the name of the value at ``start``, and where its statement begins."""
        if self._key is not None and _EQUALS.match(gap):
            return self._key
        if named := _NAMED.search(gap):
            first = named.start(1) if named[1] else named.start(2)
            return named[2].decode(), at + first
        return "", start

    def _string(self, gap: bytes, at: int, start: int, stop: int) -> None:
        name, first = self._name(gap, at, start)
        text = unquoted(self._text[start:stop])
        of_type = _TYPE.search(gap)
        self._key = (text, at + of_type.start(1) if of_type else start)
        if name:
            self._key = None
            self._note(Value(self._path(), name, text, first, start, stop))

    def _mark(self, mark: bytes, gap: bytes, at: int, start: int, *, has_begun: bool) -> None:
        if mark in _CLOSING:
            self._close(mark, start)
        else:
            if len(self._stack) >= _MAX_DEPTH:
                raise LimitExceeded("too-deep", path=self._source.name, limit=_MAX_DEPTH)
            name, first = self._name(gap, at, start)
            if mark == b"(" and not self._stack and not has_begun:
                name, self.layer.block = _LAYER, start + 1
            self._stack.append(_Frame(mark, name, first, start, {}))
            if self._path() == _DATA and self.layer.data is None:
                self.layer.data = start + 1
        self._key = None

    def _close(self, mark: bytes, at: int) -> None:
        if not self._stack or self._stack[-1].mark != _CLOSING[mark]:
            raise Malformed("usd-text", path=self._source.name, offset=at)
        frame = self._stack.pop()
        if frame.name == _LAYER and not self._stack:
            self.layer.body = at + 1
        if frame.mark == b"{" and frame.name.upper() == NAME:
            items = json.dumps(frame.items, ensure_ascii=False)
            self._note(Value(self._path(), frame.name, items, frame.start, frame.value, at + 1))

    def _note(self, value: Value) -> None:
        if self._stack and self._stack[-1].name.upper() == NAME:
            self._stack[-1].items.setdefault(value.key, value.text)
        elif value.key.upper() == NAME:
            self.layer.labels.append(value)
        elif value.path in ((_LAYER,), _DATA):
            (self.layer.labels if looks_like_label(value.text) else self.layer.told).append(value)

    def _path(self) -> tuple[str, ...]:
        return tuple(frame.name for frame in self._stack)


def is_in_place(value: Value) -> bool:
    """Whether a label stands where we put it."""
    return value.path == _DATA and value.key == NAME


def unquoted(raw: bytes) -> str:
    """Returns what a quoted text says."""
    quotes = 3 if raw[:3] in (b'"""', b"'''") else 1
    return _ESCAPE.sub(_unescaped, raw[quotes:-quotes].decode("utf-8", "replace"))


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if escape[0] == "x" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    if escape[0] in "01234567":
        return chr(int(escape, 8))
    return _CONTROLS.get(escape, escape)


def _quoted(text: str) -> bytes:
    return b"'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").encode() + b"'"


def body_of(text: bytes, layer: Layer) -> int:
    """Returns where the scene begins, white space left out."""
    return len(text) - len(text[layer.body :].lstrip())


def with_label(text: bytes, label: str | None, source: Source, *, step: int = 1) -> bytes:
    """Returns the layer with exactly this label, or with none in a layer that is not the one to hold it.

    Args:
        text: The layer.
        label: The bare label, or None.
        source: The file, for bounds and messages.
        step: What the change of length is a multiple of.

    Raises:
        Malformed, LimitExceeded: The layer cannot be edited safely.
    """
    layer, damage = scan(text, source)
    if damage is not None:
        raise damage
    target = next((v for v in layer.labels if is_in_place(v)), None) if label is not None else None
    edits = [(v.start, v.stop, b"", b"") for v in layer.labels if v is not target]
    if label is not None:
        edits.append(_setting(text, layer, target, _quoted(label)))
    growth = sum(len(front) + len(back) - (stop - start) for start, stop, front, back in edits)
    spaces = b" " * (-growth % step)
    pieces, done = [], 0
    for start, stop, front, back in sorted(edits):
        takes_spaces = bool(front) or label is None
        pieces += [text[done:start], front, spaces if takes_spaces else b"", back]
        spaces = b"" if takes_spaces else spaces
        done = stop
    new = b"".join((*pieces, text[done:]))
    if len(scan(new, source)[0].labels) != (label is not None):
        raise Malformed("usd-text", path=source.name, offset=layer.body)
    return new


def _setting(text: bytes, layer: Layer, target: Value | None, value: bytes) -> tuple[int, int, bytes, bytes]:
    """Returns where the label goes: a range, what comes in front of further spaces, and what comes behind them."""
    if target is not None:
        stop = len(text) - len(text[target.stop :].lstrip(b" "))
        statement = b"string AIGC = " + value
        room = stop - target.start - len(statement)
        return target.start, stop, statement + b" " * (room if room >= 0 else RESERVE), b""
    statement = b"\n        string AIGC = " + value + b" " * RESERVE
    if layer.data is not None:
        return layer.data, layer.data, statement, b"\n"
    front, back = b"\n    customLayerData = {" + statement, b"\n    }\n"
    if layer.block is not None:
        return layer.block, layer.block, front, back
    newline = b"" if text[: layer.body].endswith(b"\n") else b"\n"
    return layer.body, layer.body, newline + b"(" + front, back + b")\n"
