"""The marker segments of a JPEG: taking a file apart and putting other pixels into it (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, Truncated, UnsupportedFormat
from yinji.marks.exif import Exif, read_exif

SOI: Final = 0xD8
EOI: Final = 0xD9
SOS: Final = 0xDA
COM: Final = 0xFE
STRAY: Final = 0x00
"""Stands in for the marker of bytes between segments that belong to none; some cameras leave a few."""

_DHT: Final = 0xC4
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
"""Sequential and progressive DCT, Huffman and arithmetic; the rest is lossless or hierarchical."""
_OTHER_FRAMES: Final = frozenset(range(0xC3, 0xD0)) - _FRAMES - {_DHT, 0xC8, 0xCC}
_PROGRESSIVE: Final = frozenset({0xC2, 0xCA})
_MOST_SEGMENTS: Final = 20_000
_NEXT_MARKER: Final = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
"""Begins with a literal, so that the search runs over entropy-coded data at the speed of ``memchr``."""
_STANDARD_AC: Final = bytes((0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125))
"""Code lengths of the luma AC table in T.81 annex K, which cameras and most programs write."""


class Segment(NamedTuple):
    """A marker with its payload: positions of the 0xFF, of the payload, and behind it."""

    marker: int
    start: int
    payload: int
    stop: int

    @property
    def is_metadata(self) -> bool:
        return 0xE0 <= self.marker <= 0xEF or self.marker in (COM, STRAY)


class Component(NamedTuple):
    """A colour component of the frame: identifier and sampling factors."""

    identifier: int
    h: int
    v: int


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A JPEG taken apart.

    Attributes:
        data: The whole file.
        segments: All of them in file order, scans without their entropy-coded data.
        width, height: As stored.
        components: In frame order.
        progressive: Whether the frame is.
        end: Behind the EOI marker of the first picture.
        colours: ``grey``, ``ycc``, ``rgb``, ``cmyk-inverted`` or ``ycck``, as libjpeg and Pillow take them.
        exif: What the label depends on.
        usual_tables: Whether the Huffman tables are those of annex K.
    """

    data: bytes
    segments: tuple[Segment, ...]
    width: int
    height: int
    components: tuple[Component, ...]
    progressive: bool
    end: int
    colours: str
    exif: Exif
    usual_tables: bool

    @property
    def trailer(self) -> bytes:
        """What follows the first picture: gain maps, further MPF pictures, the film of a motion photo."""
        return self.data[self.end :]

    @property
    def thumbnail(self) -> tuple[int, int]:
        """Where the thumbnail of the EXIF block stands in the file: start and stop, or zeros."""
        start, length = self.exif.thumbnail
        block = next((s for s in self.segments if s.marker == 0xE1 and self.payload(s)[:5] == b"Exif\0"), None)
        at = block.payload + 6 + start if block and length else 0
        return at, at + length if at else 0

    @property
    def picture(self) -> bytes:
        """The first picture without stray bytes, of which libjpeg would warn as of damage."""
        stray = [s for s in self.segments if s.marker == STRAY]
        starts = [0, *(s.stop for s in stray)]
        stops = [*(s.start for s in stray), self.end]
        return b"".join(self.data[start:stop] for start, stop in zip(starts, stops, strict=True))

    @property
    def unit(self) -> tuple[int, int]:
        """Width and height of the smallest coded unit in pixels."""
        return 8 * max(p.h for p in self.components), 8 * max(p.v for p in self.components)

    def payload(self, segment: Segment) -> bytes:
        return self.data[segment.payload : segment.stop]


def parse(data: bytes, *, name: str = "") -> Jpeg:
    """Takes a JPEG apart.

    Raises:
        Malformed, Truncated: It breaks the rules or ends too early.
        LimitExceeded: Too many segments.
        UnsupportedFormat: Lossless, hierarchical or 12-bit.
    """
    if data[:2] != b"\xff\xd8":
        raise Malformed("mark-not-decodable", path=name, kind="JPEG", reason="no SOI")
    segments = _walk(data, name)
    frame = next((s for s in segments if s.marker in _FRAMES), None)
    if any(s.marker in _OTHER_FRAMES for s in segments):
        raise UnsupportedFormat("mark-variant", path=name, kind="JPEG", variant="lossless or hierarchical")
    if frame is None or not any(s.marker == SOS for s in segments):
        raise Malformed("mark-not-decodable", path=name, kind="JPEG", reason="no picture in it")
    width, height, components = _frame(data, frame, name)
    return Jpeg(
        data,
        segments,
        width,
        height,
        components,
        frame.marker in _PROGRESSIVE,
        segments[-1].stop,
        _colours(data, segments, components),
        _exif(data, segments),
        any(s.marker == _DHT and _STANDARD_AC in data[s.payload : s.stop] for s in segments),
    )


def _walk(data: bytes, name: str) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    at = 2
    while True:
        found = _NEXT_MARKER.search(data, at)
        if found is None:
            raise Truncated("mark-truncated", path=name, kind="JPEG", size=len(data))
        marker, start, payload = found[1][0], found.end() - 2, found.end()
        if start > at and not (segments and segments[-1].marker == SOS):
            segments.append(Segment(STRAY, at, at, start))
        if marker == EOI:
            segments.append(Segment(EOI, start, payload, payload))
            return tuple(segments)
        length = int.from_bytes(data[payload : payload + 2], "big")
        stop = payload + length
        if stop > len(data) or len(data) < payload + 2:
            raise Truncated("mark-truncated", path=name, kind="JPEG", size=len(data))
        if length < 2:
            raise Malformed(
                "mark-not-decodable", path=name, kind="JPEG", reason=f"segment of {length} bytes at {start}"
            )
        segments.append(Segment(marker, start, payload + 2, stop))
        if len(segments) > _MOST_SEGMENTS:
            raise LimitExceeded("too-many-segments", path=name, limit=_MOST_SEGMENTS)
        at = stop


def _frame(data: bytes, frame: Segment, name: str) -> tuple[int, int, tuple[Component, ...]]:
    payload = data[frame.payload : frame.stop]
    if len(payload) < 6 or len(payload) < 6 + 3 * payload[5]:
        raise Malformed("mark-not-decodable", path=name, kind="JPEG", reason="short frame header")
    precision, height, width, count = struct.unpack_from(">BHHB", payload)
    if precision != 8 or not height:
        variant = f"{precision} bits" if precision != 8 else "height given behind the picture"
        raise UnsupportedFormat("mark-variant", path=name, kind="JPEG", variant=variant)
    parts = tuple(Component(payload[i], payload[i + 1] >> 4, payload[i + 1] & 15) for i in range(6, 6 + 3 * count, 3))
    if not width or count not in (1, 3, 4) or any(not (1 <= p.h <= 4 and 1 <= p.v <= 4) for p in parts):
        raise Malformed("mark-not-decodable", path=name, kind="JPEG", reason="impossible frame header")
    return width, height, parts


def _colours(data: bytes, segments: tuple[Segment, ...], components: tuple[Component, ...]) -> str:
    """What the components are, by the rules of libjpeg."""
    head = [(s.marker, data[s.payload : s.stop]) for s in segments if s.is_metadata]
    adobe = next((p[11] for m, p in head if m == 0xEE and p.startswith(b"Adobe") and len(p) >= 12), None)
    if len(components) == 1:
        return "grey"
    if len(components) == 4:
        return "ycck" if adobe == 2 else "cmyk-inverted"
    if any(m == 0xE0 and p.startswith(b"JFIF\0") for m, p in head):
        return "ycc"
    if adobe is not None:
        return "rgb" if adobe == 0 else "ycc"
    return "rgb" if bytes(p.identifier for p in components) == b"RGB" else "ycc"


def _exif(data: bytes, segments: tuple[Segment, ...]) -> Exif:
    for segment in segments:
        payload = data[segment.payload : segment.stop]
        if segment.marker == 0xE1 and payload.startswith(b"Exif\0"):
            return read_exif(payload[6:])
    return Exif()


def graft(original: Jpeg, picture: bytes, *, adobe_transform: int | None = None) -> bytes:
    """Puts other pixels into a file: every metadata segment and the trailer stay byte for byte, in their order.

    Args:
        original: The file.
        picture: A JPEG with the new pixels; its own metadata segments are left out.
        adobe_transform: New value of the Adobe segment's colour transform, where the way of coding changed.
    """
    new = _walk(picture, "")
    kept = [s for s in original.segments if s.is_metadata]
    out = bytearray(b"\xff\xd8")
    index: tuple[int, int, Segment] | None = None
    for segment in kept:
        payload = original.payload(segment)
        if segment.marker == 0xE2 and payload.startswith(b"MPF\0"):
            index = (len(out) + 8, segment.payload + 4, segment)
        at = len(out)
        out += original.data[segment.start : segment.stop]
        if (
            adobe_transform is not None
            and segment.marker == 0xEE
            and payload.startswith(b"Adobe")
            and len(payload) > 11
        ):
            out[at + 4 + 11] = adobe_transform
    for segment, following in zip(new, [*new[1:], None], strict=True):
        if not segment.is_metadata:
            # A scan takes its entropy-coded data along, up to the marker that follows.
            out += picture[segment.start : following.start if following else segment.stop]
    if index is not None:
        _shift_pictures(out, index, original)
    return bytes(out) + original.trailer


def with_scan(original: Jpeg, start: int, stop: int, scan: bytes) -> bytes:
    """Puts other entropy-coded bytes into the place of those of the only scan; all else stays byte for byte."""
    out = bytearray(original.data[:start])
    out += scan
    out += original.data[stop : original.end]
    for segment in original.segments:
        if segment.marker == 0xE2 and original.payload(segment)[:4] == b"MPF\0":
            _shift_pictures(out, (segment.payload + 4, segment.payload + 4, segment), original)
    return bytes(out) + original.trailer


def _shift_pictures(out: bytearray, index: tuple[int, int, Segment], original: Jpeg) -> None:
    """Corrects the size of the first picture and the places of the others in an MPF index (CIPA DC-007, 5.2.3)."""
    base, old_base, segment = index
    length = segment.stop - segment.payload - 4
    tiff = bytes(out[base : base + length])
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 10:
        return
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    if at + 2 > len(tiff):
        return
    (count,) = struct.unpack_from(order + "H", tiff, at)
    for entry in range(at + 2, min(at + 2 + 12 * count, len(tiff) - 11), 12):
        tag, _, size, place = struct.unpack_from(order + "HHII", tiff, entry)
        if tag != 0xB002 or place + size > len(tiff):
            continue
        for picture in range(place, place + size - 15, 16):
            _, bytes_, offset = struct.unpack_from(order + "III", tiff, picture)
            grown = len(out) - original.end
            if not offset:
                struct.pack_into(order + "I", out, base + picture + 4, max(0, bytes_ + grown))
            elif old_base + offset >= original.end:
                struct.pack_into(order + "I", out, base + picture + 8, old_base + offset + grown - base)
