"""Finding labels in JSON text by their positions, without building what the text describes.

glTF holds its whole scene in one JSON object. Only members named AIGC and the few around them matter, and an edit must
leave every other byte as it is; so the text is scanned token by token, without recursion, and cut at the positions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.errors import LimitExceeded, Malformed, UnreadableInput

NAME: Final = "AIGC"
_MAX_DEPTH: Final = 256
_BATCH: Final = 1024
_SPACE: Final = b" \t\r\n"
_TOKEN: Final = re.compile(rb'[^"{}\[\],]*+(?:("[^"\\]*+(?:\\.[^"\\]*+)*+")|([{}\[\],]))', re.DOTALL)
_PATHS: Final = frozenset(((), ("asset",), ("asset", "extras"), ("extensions",), ("extensions", "KHR_xmp_json_ld")))
"""Objects whose members are all noted."""

_NEAR: Final = max(map(len, _PATHS)) + 2
"""Brackets around a name, up to which it may be one on those paths."""


class Member(NamedTuple):
    """One member of an object, by positions in the text.

    Attributes:
        path: Names of the objects around it, outermost first; items of lists are numbers.
        key: Its name, unescaped.
        start: Where its name begins.
        value, stop: Range of its value.
        cut: What goes when it goes: itself and one comma.
    """

    path: tuple[str | int, ...]
    key: str
    start: int
    value: int
    stop: int
    cut: tuple[int, int]


@dataclass(slots=True)
class _Frame:
    """An object or list while it is open.

    Attributes:
        is_object: Whether it has names.
        step: Its name or number in the one around it.
        key, key_start, value: Of the member that is being read.
        count: Items so far, in a list.
        last_stop: Where the last member ended.
        survivors: Members that are not labels, so far.
        waiting: A label at the front, whose cut reaches to the member that follows it.
    """

    is_object: bool
    step: str | int
    key: str | None = None
    key_start: int = 0
    value: int = -1
    count: int = 0
    last_stop: int = 0
    survivors: int = 0
    waiting: Member | None = None
    notes: bool = False


@dataclass(slots=True)
class Scene:
    """What a scan found.

    Attributes:
        labels: Members named AIGC, whatever their case and place.
        members: Members of the objects that hold metadata, by path and name; the first of each.
        doubled: Names that stand twice in such an object, which readers take differently.
        start, stop: Range of the outermost object.
    """

    labels: list[Member] = field(default_factory=list)
    members: dict[tuple[str | int, ...], Member] = field(default_factory=dict)
    doubled: list[Member] = field(default_factory=list)
    start: int = 0
    stop: int = 0


def scan(text: bytes, source: Source) -> Scene:
    """Scans the text of a JSON object.

    Raises:
        Malformed: Brackets or quotes do not match, or something follows the object.
        LimitExceeded: Too deep, or out of time.
    """
    return _Scanner(text, source).run()


def scan_far(text: bytes, source: Source) -> tuple[Scene, UnreadableInput | None]:
    """Scans as far as the text can be read; also returns what stopped the scan, if anything did."""
    scanner = _Scanner(text, source)
    try:
        return scanner.run(), None
    except UnreadableInput as error:
        return scanner.so_far(), error


class _Scanner:
    def __init__(self, text: bytes, source: Source) -> None:
        self._text = text
        self._source = source
        self._stack: list[_Frame] = []
        self._scene = Scene()

    def run(self) -> Scene:
        at = count = 0
        while (not at or self._stack) and (token := _TOKEN.match(self._text, at)):
            count += 1
            if not count % _BATCH:
                self._source.element()
            at = token.end()
            if token[1] is not None:
                self._string(token.start(1), at)
            else:
                self._mark(token[2], token.start(2))
        if self._stack or not at or self._text[at:].strip(_SPACE + b"\0"):
            raise self._broken(at)
        self._scene.stop = at
        return self._scene

    def so_far(self) -> Scene:
        """Returns what was found before the scan stopped."""
        for frame in self._stack:
            if frame.waiting is not None:
                self._note(frame.waiting)
        return self._scene

    def _broken(self, at: int) -> Malformed:
        return Malformed("gltf-json", path=self._source.name, offset=at)

    def _string(self, start: int, stop: int) -> None:
        if not self._stack:
            raise self._broken(start)
        frame = self._stack[-1]
        if frame.is_object and frame.key is None:
            frame.key = _name(self._text[start:stop]) if self._matters(frame, start, stop) else ""
            frame.key_start, frame.value = start, -1
            if frame.waiting is not None:
                self._note(frame.waiting._replace(cut=(frame.waiting.start, start)))
                frame.waiting = None
        elif frame.value < 0:
            frame.value = start

    def _matters(self, frame: _Frame, start: int, stop: int) -> bool:
        """Whether a name has to be looked at: names that cannot be ours are most of a large scene."""
        if frame.notes or len(self._stack) < _NEAR:
            return True
        name = self._text[start:stop]
        return b"\\" in name or NAME.encode() in name.upper()

    def _mark(self, mark: bytes, at: int) -> None:
        if mark in b"{[":
            self._open(mark == b"{", at)
            return
        if not self._stack:
            raise self._broken(at)
        frame = self._stack[-1]
        if mark != b"," and frame.is_object != (mark == b"}"):
            raise self._broken(at)
        self._end_member(frame, at)
        if mark == b",":
            frame.count += 1
            return
        if frame.waiting is not None:
            self._note(frame.waiting)
        self._stack.pop()

    def _open(self, is_object: bool, at: int) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            raise LimitExceeded("too-deep", path=self._source.name, limit=_MAX_DEPTH)
        if self._stack:
            above = self._stack[-1]
            if above.is_object and above.key is None:
                raise self._broken(at)
            if above.value < 0:
                above.value = at
            step = above.key if above.is_object and above.key is not None else above.count
        elif not is_object:
            raise self._broken(at)
        else:
            self._scene.start, step = at, ""
        frame = _Frame(is_object, step, last_stop=at + 1)
        self._stack.append(frame)
        frame.notes = is_object and self._path() in _PATHS

    def _end_member(self, frame: _Frame, at: int) -> None:
        if not frame.is_object or frame.key is None:
            return
        before = self._text[frame.key_start : at].rstrip(_SPACE)
        stop = frame.key_start + len(before)
        value = frame.value if frame.value >= 0 else self._scalar(frame.key_start, stop)
        key, frame.key = frame.key, None
        is_label = bool(key) and is_name(key)
        if is_label or frame.notes:
            cut = (frame.last_stop, stop) if frame.survivors else (frame.key_start, stop)
            member = Member(self._path(), key, frame.key_start, value, stop, cut)
            if is_label and not frame.survivors:
                frame.waiting = member
            else:
                self._note(member)
        frame.survivors += not is_label
        frame.last_stop = stop

    def _scalar(self, start: int, stop: int) -> int:
        """Returns where a number, ``true``, ``false`` or ``null`` begins."""
        colon = self._text.rfind(b":", start, stop)
        if colon < 0:
            raise self._broken(start)
        return stop - len(self._text[colon + 1 : stop].lstrip(_SPACE))

    def _note(self, member: Member) -> None:
        if is_name(member.key):
            self._scene.labels.append(member)
        place = (*member.path, member.key)
        if member.path in _PATHS and place in self._scene.members:
            self._scene.doubled.append(member)
        self._scene.members.setdefault(place, member)

    def _path(self) -> tuple[str | int, ...]:
        return tuple(frame.step for frame in self._stack[1:])


def is_name(key: str) -> bool:
    """Whether a name is the label's, alone or behind a prefix or a namespace."""
    return key[-len(NAME) :].upper() == NAME and re.split(r"[:/#]", key)[-1].upper() == NAME


def _name(raw: bytes) -> str:
    value = string(raw)
    return raw.decode("utf-8", "replace") if value is None else value


def string(raw: bytes) -> str | None:
    """Returns what a JSON string says, or None where it is none."""
    try:
        if raw.count(b'"') == 2 and raw[:1] == raw[-1:] == b'"' and b"\\" not in raw:
            return raw[1:-1].decode("utf-8")
        # Given bytes, json would guess an encoding, and take zeros in a blanked string for UTF-32.
        value = json.loads(raw.decode("utf-8"), strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def text_of(raw: bytes) -> str:
    """Returns a value as text: what a string says, anything else as it is written."""
    value = string(raw) if raw[:1] == b'"' else None
    return raw.decode("utf-8", "replace") if value is None else value


def check(text: bytes, source: Source) -> None:
    """Makes sure that the text is JSON to the letter before it is edited.

    Raises:
        Malformed: It is not.
    """
    try:
        json.loads(text.strip(b"\0"))
    except (ValueError, RecursionError):
        raise Malformed("gltf-json", path=source.name, offset=0) from None


def cuts(scene: Scene) -> Iterator[tuple[int, int]]:
    """Yields the ranges that go when all labels go."""
    for member in scene.labels:
        yield member.cut
