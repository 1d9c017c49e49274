"""Tags and SimpleTags (RFC 9559, 5.1.8) and the names in a Segment's Info: what readers and writers share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.candidate import shows_sign
from yinji.containers.matroska import ebml
from yinji.containers.matroska.ebml import Element
from yinji.containers.matroska.elements import INFO, TAGS
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.window import Window
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB

NAME: Final = "AIGC"
TAG: Final = 0x7373
TARGETS: Final = 0x63C0
SIMPLE_TAG: Final = 0x67C8
TAG_NAME: Final = 0x45A3
TAG_STRING: Final = 0x4487
TAG_BINARY: Final = 0x4485

HOLE: Final = "matroska-void"
"""Carrier of a Void in which the remains of a label stand."""

UIDS: Final = frozenset((0x63C5, 0x63C9, 0x63C4, 0x63C6))
"""Track, edition, chapter, attachment."""

_INFO_NAMES: Final = {0x7BA9: "Title", 0x4D80: "MuxingApp", 0x5741: "WritingApp"}
REMAINS: Final = re.compile(rb"\x45\xa3[\x84\x40]\x04?AIGC|\x45\xa3\x84[Aa][Ii][Gg][Cc]|[Ll]abel\"\s*:.{0,64}Content")
_HOLE_MAX: Final = 64 * KIB
_HOLE_LOOK: Final = 1 * KIB


class SimpleTag(NamedTuple):
    """One SimpleTag.

    Attributes:
        element: It.
        parents: The masters around it below ``Tags``: a Tag, then the SimpleTags that it is nested in.
        name: Its TagName.
        value: Its TagString, or its TagBinary.
        string: The TagString element, if it has one.
        is_global: Whether the Tag is about the whole file, not about a track, chapter, edition or attachment.
    """

    element: Element
    parents: tuple[Element, ...]
    name: str
    value: bytes
    string: Element | None
    is_global: bool

    @property
    def is_plain(self) -> bool:
        """Whether it stands where TC260-PG-20257A wants it: in a Tag for the whole file, not nested, as text."""
        return self.is_global and len(self.parents) == 1 and self.string is not None


def simple_tags(source: Source, data: bytes, base: int) -> Iterator[SimpleTag]:
    """Yields the SimpleTags of a Tags element in file order, nested ones behind the one that holds them.

    Args:
        source: The file.
        data: The data of the Tags element.
        base: Where the data stands in the file.

    Raises:
        Malformed: It is not put together as EBML.
        LimitExceeded: Too many, or nested too deep.
    """

    def inside(master: Element, depth: int) -> list[Element]:
        return list(ebml.children(source, data[master.body - base : master.stop - base], master.body, depth))

    for tag in ebml.children(source, data, base):
        if tag.id != TAG:
            continue
        held = inside(tag, 2)
        full = [child for child in held if child.id == TARGETS and child.body < child.stop]
        targets = [uid for child in full for uid in inside(child, 3) if uid.id in UIDS]
        is_global = not any(ebml.number(data[uid.body - base : uid.stop - base]) for uid in targets)
        waiting: list[tuple[Element, tuple[Element, ...]]] = [
            (child, (tag,)) for child in reversed(held) if child.id == SIMPLE_TAG
        ]
        while waiting:
            simple, parents = waiting.pop()
            parts = inside(simple, len(parents) + 2)
            yield _simple_tag(data, base, simple, parents, parts, is_global)
            waiting += [(child, (*parents, simple)) for child in reversed(parts) if child.id == SIMPLE_TAG]


def _simple_tag(
    data: bytes, base: int, simple: Element, parents: tuple[Element, ...], parts: list[Element], is_global: bool
) -> SimpleTag:
    first = {part.id: part for part in reversed(parts)}

    def bytes_of(part: Element | None) -> bytes:
        return data[part.body - base : part.stop - base] if part else b""

    string = first.get(TAG_STRING)
    value = bytes_of(string or first.get(TAG_BINARY))
    return SimpleTag(simple, parents, ebml.text(bytes_of(first.get(TAG_NAME))), value, string, is_global)


def blocks_of(window: Window, element: Element, *, thorough: bool) -> Iterator[Block]:
    """Yields what a top-level element says: tags, or the names in Info.

    Unless the reading is ``thorough``, names in Info without a sign of a label are left out.
    """
    source = window.source
    if element.id not in (TAGS, INFO):
        return
    data = window.peek(element.body, element.size)
    if element.id == TAGS:
        for tag in simple_tags(source, data, element.body):
            yield tag_block(tag)
    else:
        for child in ebml.children(source, data, element.body):
            if name := _INFO_NAMES.get(child.id) if thorough or shows_sign(data) else None:
                value = ebml.text(data[child.body - element.body : child.stop - element.body])
                yield Block("matroska-info", name, value, child.start, child.stop)


def remains(source: Source, void: Element) -> Iterator[Block]:
    """Yields a block for a Void that still holds what is left of a label."""
    if void.size <= _HOLE_MAX and REMAINS.search(source.read(void.body, min(void.size, _HOLE_LOOK))):
        problem = Problem("matroska-hole", Severity.WARNING, "R62", {"offset": void.start, "length": void.length})
        yield Block(HOLE, "", b"", void.start, void.stop, (problem,))


def is_label_name(name: str) -> bool:
    """Whether a tag is named as a label, in any case."""
    return name.strip().upper() == NAME


def tag_block(tag: SimpleTag) -> Block:
    """Returns the block of a tag, with what is wrong with it where it is named as a label."""
    problems = []
    is_text = _is_text(tag.value)
    value: bytes | str = ebml.text(tag.value) if tag.string or is_text else tag.value
    if is_label_name(tag.name):
        if not tag.is_global:
            problems.append(Problem("matroska-target", Severity.WARNING, "R56"))
        if len(tag.parents) > 1:
            problems.append(Problem("matroska-nested", Severity.WARNING, "R56"))
        if tag.string is None:
            problems.append(Problem("matroska-binary", Severity.WARNING, "R56"))
        if not is_text:
            problems.append(Problem("matroska-encoding", Severity.ERROR, "R56"))
    return Block("matroska-tag", tag.name, value, tag.element.start, tag.element.stop, tuple(problems))


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
