"""TIFF, BigTIFF and DNG: the label is an XMP property in tag 700 of the first directory (TC260-PG-20259A 6, R45)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers import exif
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.packets import packet_block
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.tiff.directories import (
    C2PA,
    DNG_VERSION,
    XMP,
    Directory,
    Entry,
    FileView,
    Layout,
    directories,
    image_data,
    open_view,
    require_whole,
    stated_data,
)
from yinji.containers.tiff.edit import plan
from yinji.containers.tiff.glance import glance
from yinji.containers.trailer import labels_behind
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity


class Tiff:
    """TIFF in both byte orders and both widths, of one page or many."""

    name: ClassVar[str] = "tiff"
    media_type: ClassVar[str] = "image/tiff"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("tiff", "tif")
    carrier: ClassVar[str] = "xmp"
    clause: ClassVar[str] = "TC260-PG-20259A 6"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return 100 if extension in self.extensions else 90
        return 10 if extension in self.extensions else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields each directory's packet and texts, then what follows everything that the directories point to."""
        view = FileView(source)
        opened = open_view(view)
        layout = opened[0] if opened else Layout("<", False)
        seen = False
        end = 0
        for page, found in enumerate(directories(source, view)):
            end = max(end, found.stop, *(entry.stop for entry in found.entries))
            for block in _blocks_of(source, view, layout, found, is_first=page == 0):
                seen = seen or may_hold_label(block)
                yield block
            if seen and not thorough:
                return
            end = max(end, *(stop for _, stop in stated_data(view, layout, found)), 0)
        for item in labels_behind(source, end):
            problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("tiff-trailer", item.key, item.text, item.start, item.stop, (problem,))
        require_whole(source, end)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the packet of the first directory.

        Nothing moves, so that every offset in the file stays right, also those in makers' notes that nobody can
        correct: what does not fit where it is goes to the end of the file.
        """
        return plan(source, label.to_json())

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the strips, tiles and embedded images of all directories, in the order of the file."""
        view = FileView(source)
        spans = set()
        for found in directories(source, view):
            opened = open_view(view)
            if opened is not None:
                spans |= set(image_data(view, opened[0], found))
        for start, stop in sorted(spans):
            yield Span(start, stop)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a grey pixel in both byte orders, as BigTIFF, with a description, and of two pages."""
        yield Example("pixel.tiff", _pixel("<"))
        yield Example("pixel-motorola.tif", _pixel(">", described=True))
        yield Example("pixel-big.tif", _pixel("<", big=True))
        yield Example("pages.tif", _pixel("<", pages=2))


class Dng(Tiff):
    """Digital negative: a TIFF with DNGVersion in its first directory."""

    name: ClassVar[str] = "dng"
    media_type: ClassVar[str] = "image/x-adobe-dng"
    extensions: ClassVar[tuple[str, ...]] = ("dng",)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a grey pixel that says that it is a DNG."""
        yield Example("pixel.dng", _pixel("<", dng=True))


def _blocks_of(source: Source, view: FileView, layout: Layout, found: Directory, *, is_first: bool) -> Iterator[Block]:
    texts = []
    for entry in found.entries:
        if entry.tag == XMP and entry.start < entry.stop:
            problems = () if is_first else (Problem("tiff-page", Severity.WARNING, "R45", {"offset": found.start}),)
            packet = view.read(entry.start, entry.stop - entry.start)
            yield packet_block(packet, entry.start, entry.stop, *problems)
        elif entry.tag == C2PA:
            yield Block("c2pa", "52545", b"", entry.start, min(entry.stop, source.size))
        elif entry.tag in exif.TAGS:
            texts.append(entry)
    if texts and (block := _texts(view, layout, found, texts)) is not None:
        yield block


def _texts(view: FileView, layout: Layout, found: Directory, entries: list[Entry]) -> Block | None:
    """Returns a directory's texts as an EXIF structure of their own, so that they are read as those of a JPEG are."""
    values = []
    for entry in entries:
        if entry.start < entry.stop:
            if entry.stop > view.size:
                view.read(entry.start, entry.stop - entry.start)  # cut short: nobody can tell what it said
            raw = view.read(entry.start, min(entry.stop - entry.start, exif.MAX_TEXT))
            count = entry.values * len(raw) // (entry.stop - entry.start)
            values.append((entry.tag, entry.type, count, raw))
    return Block("exif", "", exif.packed(layout.order, values), found.start, found.stop) if values else None


_SHORT: Final = 3
_LONG: Final = 4


def _pixel(order: str, *, big: bool = False, described: bool = False, pages: int = 1, dng: bool = False) -> bytes:
    layout = Layout(order, big)
    start = 16 if big else 8
    magic = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "H", 43 if big else 42)
    magic += struct.pack(order + "HH", 8, 0) if big else b""
    data = magic + layout.pack(start)
    for page in range(pages):
        data += _page(layout, len(data), described=described, dng=dng, is_last=page == pages - 1)
    return data


def _page(layout: Layout, at: int, *, described: bool, dng: bool, is_last: bool) -> bytes:
    text = b"a grey pixel\0"
    short = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 277: 1, 278: 1}
    entries = [(tag, _SHORT, 1, struct.pack(layout.order + "H", value)) for tag, value in short.items()]
    entries += [(273, _LONG, 1, b""), (279, _LONG, 1, struct.pack(layout.order + "I", 1))]
    entries += [(270, 2, len(text), b"")] if described else []
    entries += [(DNG_VERSION, 1, 4, bytes((1, 4, 0, 0)))] if dng else []
    entries.sort()
    stop = at + len(layout.counted(0)) + layout.entry * len(entries) + layout.width
    pixel = stop + len(text) + 1
    table = layout.counted(len(entries))
    for tag, type, count, value in entries:
        value = {273: struct.pack(layout.order + "I", pixel), 270: layout.pack(stop)}.get(tag, value)
        table += struct.pack(layout.order + "HH", tag, type) + layout.pack(count) + value.ljust(layout.width, b"\0")
    return table + layout.pack(0 if is_last else pixel + 2) + text + b"\0" + b"\x80\0"
