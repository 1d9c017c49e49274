"""Planning the change that leaves exactly one label in a JPEG."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from yinji.containers import embedded, xmp
from yinji.containers.edits import exif_edits, smallest
from yinji.containers.jpeg.behind import pictures
from yinji.containers.jpeg.extended import Extended
from yinji.containers.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    COM,
    EOI,
    EXIF,
    EXTENDED_XMP,
    MPF,
    STRAY,
    XMP,
    Segment,
    is_structured,
    peek_of,
    segments,
)
from yinji.containers.jpeg.stray import stray_cuts
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.errors import UnsupportedFormat
from yinji.labels.decode import looks_like_label

MAX_PACKET: Final = 65502
"""Bytes of a packet that fit one APP1 segment (Adobe XMP Specification Part 3, 1.1.3)."""


def plan(source: Source, json: str) -> Splice:
    """Returns the edits: the label into the XMP packet, every other copy of a label out of the file.

    Raises:
        UnsupportedFormat: The packet does not fit, or the label lies in extended XMP.
        Malformed: The file cannot be edited safely.
    """
    walked = list(segments(source, whole=True))
    edits: list[Edit] = []
    target = _target(source, walked)
    extended = Extended()
    for segment in walked:
        if segment.marker == STRAY:
            edits += stray_cuts(source, segment)
        elif segment.marker == APP1:
            edits += _app1_edits(source, segment, target, json, extended)
        elif segment.is_metadata and not is_structured(segment.marker, peek_of(source, segment)):
            edits += _embedded_edits(source, segment)
    _refuse_extended_label(extended, source)
    if target is None:
        at = _place(source, walked)
        edits.append(Edit(at, at, _xmp_segment(_fitting(None, json, source))))
    end = walked[-1].stop if walked[-1].marker == EOI else source.size
    edits += [Edit(item.start, item.stop, b"") for item in labels_behind(source, end)]
    edits += _multi_picture_edits(source, walked, edits, end)
    return Splice.of(edits)


def _starts(source: Source, segment: Segment, signature: bytes) -> bool:
    return source.read(segment.data, min(len(signature), segment.stop - segment.data)) == signature


def _packet(source: Source, segment: Segment) -> bytes:
    return source.read(segment.data + len(XMP), segment.stop - segment.data - len(XMP))


def _target(source: Source, walked: list[Segment]) -> Segment | None:
    """The packet that gets the label: the first one."""
    return next((s for s in walked if s.marker == APP1 and _starts(source, s, XMP)), None)


def _app1_edits(
    source: Source, segment: Segment, target: Segment | None, json: str, extended: Extended
) -> Iterator[Edit]:
    if _starts(source, segment, XMP):
        packet = _packet(source, segment)
        if segment is target:
            yield from _replaced(segment, _xmp_segment(_fitting(packet, json, source)), source)
        elif xmp.labels(packet):
            yield from _replaced(segment, _xmp_segment(xmp.without_other_labels(packet)), source)
    elif _starts(source, segment, EXIF):
        yield from exif_edits(source.read(segment.data + 6, max(0, segment.stop - segment.data - 6)), segment.data + 6)
    elif _starts(source, segment, EXTENDED_XMP):
        extended.add(source.read(segment.data, segment.stop - segment.data), segment.start, segment.stop, source)
    else:
        yield from _embedded_edits(source, segment)


def _replaced(segment: Segment, new: bytes, source: Source) -> Iterator[Edit]:
    """Yields the edit cut down to the bytes that differ, so that a rewrite in place is a small write."""
    old = source.read(segment.start, segment.stop - segment.start)
    yield from smallest(segment.start, old, new)


def _embedded_edits(source: Source, segment: Segment) -> Iterator[Edit]:
    payload = source.read(segment.data, segment.stop - segment.data)
    found = [item for item in embedded.find(payload) if item.key or looks_like_label(item.text)]
    if not found:
        return
    rest = payload
    for item in reversed(found):
        rest = rest[: item.start] + rest[item.stop :]
    if segment.marker != APP0 and not rest.strip(b"\0 \r\n\t"):
        yield Edit(segment.start, segment.stop, b"")
        return
    front = source.read(segment.start, segment.data - segment.start - 2)
    yield Edit(segment.start, segment.stop, front + struct.pack(">H", len(rest) + 2) + rest)


def _refuse_extended_label(extended: Extended, source: Source) -> None:
    for block in extended.blocks():
        if isinstance(block.value, bytes) and xmp.labels(block.value):
            raise UnsupportedFormat("xmp-extended-label", path=source.name)


def _fitting(packet: bytes | None, json: str, source: Source) -> bytes:
    new = xmp.with_label(packet, json)
    if len(new) > MAX_PACKET:
        new = xmp.unpadded(new)
    if len(new) > MAX_PACKET:
        raise UnsupportedFormat("xmp-too-large", path=source.name, size=len(new), limit=MAX_PACKET)
    return new


def _xmp_segment(packet: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(XMP) + len(packet) + 2) + XMP + packet


def _place(source: Source, walked: list[Segment]) -> int:
    """Behind APP0 and Exif, before everything else and before an MPF segment, whose offsets start at itself."""
    at = 2
    for segment in walked:
        if segment.marker == APP2 and _starts(source, segment, MPF):
            break
        if segment.marker == APP0 or (segment.marker == APP1 and _starts(source, segment, EXIF)):
            at = segment.stop
        elif not segment.is_metadata or segment.marker == COM:
            break
    return at


def _multi_picture_edits(source: Source, walked: list[Segment], edits: list[Edit], end: int) -> Iterator[Edit]:
    """Keeps the MPF index right (CIPA DC-007): the size of the first image, the offsets of those behind it."""
    for segment in walked:
        if segment.marker == APP2 and _starts(source, segment, MPF):
            yield from _index_edits(source, segment, edits, end)
            return


def _index_edits(source: Source, segment: Segment, edits: list[Edit], end: int) -> Iterator[Edit]:
    for number, picture in enumerate(pictures(source, segment)):
        if number == 0 or picture.offset == 0:
            new = (picture.size + _growth(edits, 0, end), picture.offset)
        else:
            new = (picture.size, picture.offset + _growth(edits, picture.origin, picture.start))
        if new != (picture.size, picture.offset):
            yield Edit(picture.at, picture.at + 8, struct.pack(picture.order + "II", *new))


def _growth(edits: list[Edit], start: int, stop: int) -> int:
    return sum(edit.growth for edit in edits if start <= edit.start < stop)
