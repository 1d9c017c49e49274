"""ISO base media files and QuickTime: MP4, MOV, M4A, M4V, 3GP, 3G2 (ISO/IEC 14496-12, QTFF).

The label stands in ``moov/udta/meta`` under the key ``AIGC`` (TC260-PG-20257A 6.1.1, TC260-PG-202510A App. E);
readers also find it in every place that producers are known to use instead (checklist R50, R51).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.bmff.boxes import MEDIA, Box, make_box, top_level
from yinji.containers.bmff.edit import plan
from yinji.containers.bmff.glance import Inside, glance, movie
from yinji.containers.bmff.movie import AHEAD, HOLES, blocks_of, places_of_top_level, zeroed_room
from yinji.containers.bmff.promised import media_stop
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated, UnreadableInput
from yinji.labels.aigc import AigcLabel

_QUICKTIME: Final = frozenset((b"qt  ",))
_AUDIO: Final = frozenset((b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "))
_ITUNES_VIDEO: Final = frozenset((b"M4V ", b"M4VH", b"M4VP"))
_STILLS: Final = (
    frozenset(
        (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1", b"miaf")
    )
    | frozenset((b"avif", b"avis", b"avio", b"avci", b"avcs", b"vvic", b"vvis", b"jpeg", b"jpgs", b"j2ki", b"j2is"))
    | frozenset((b"crx ", b"jp2 ", b"jpx ", b"jpm ", b"jxl "))
)
_OLD_STARTS: Final = frozenset((b"moov", MEDIA, b"wide", b"free", b"skip", b"pnot"))
_OTHERS: Final = frozenset((b"ftyp", b"styp", b"sidx", b"mfra"))
"""Boxes at the top of a file that hold no metadata."""

_TELLING: Final = frozenset((b"moov", b"sidx"))
"""Boxes that tell where media stand."""

_HOLDERS: Final[dict[bytes, Inside]] = {b"moov": movie}
_SEGMENT_STARTS: Final = frozenset((b"styp", b"moof", b"sidx"))


def _family(head: bytes, extension: str) -> str:
    """Names the one class that a file belongs to, by its brand; the ending decides among the general brands."""
    start = head[4:8]
    if start == b"ftyp":
        brand = head[8:12]
        if brand in _STILLS:
            return ""
        for brands, name in ((_QUICKTIME, "mov"), (_AUDIO, "m4a"), (_ITUNES_VIDEO, "m4v")):
            if brand in brands:
                return name
        if brand[:2] == b"3g":
            return "3g2" if brand[:3] == b"3g2" else "3gp"
        return {"m4a": "m4a", "m4b": "m4a", "m4v": "m4v"}.get(extension, "mp4")
    if start in _SEGMENT_STARTS:
        return "mp4"
    if start in _OLD_STARTS:
        size = int.from_bytes(head[:4], "big")
        return "mov" if size in (0, 1) or size >= 8 else ""
    return ""


class Mp4:
    """MPEG-4 and every general brand (``isom``, ``mp42``, ``avc1``, ``dash``, ``f4v`` …), fragmented or not."""

    name: ClassVar[str] = "mp4"
    media_type: ClassVar[str] = "video/mp4"
    kind: ClassVar[Kind] = Kind.VIDEO
    extensions: ClassVar[tuple[str, ...]] = ("mp4", "f4v", "m4s")
    carrier: ClassVar[str] = "mdta"
    clause: ClassVar[str] = "TC260-PG-20257A 6.1.1"
    writable: ClassVar[bool] = True
    brand: ClassVar[bytes] = b"isom"

    def score(self, head: bytes, extension: str) -> int:
        """Rates by the brand of ``ftyp``, or by the first atom of files older than brands."""
        if _family(head, extension) != self.name:
            return 0
        return 100 if head[4:8] in (b"ftyp", b"styp") else 80

    def glance(self, source: Source) -> list[Block] | None:
        return glance(source, _HOLDERS)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the metadata blocks in file order; payloads are hopped over.

        Raises:
            Malformed, Truncated, LimitExceeded: The rest cannot be read, or what stood there was blanked (R62).
            UnreadableInput: A media segment alone, whose label stands in the initialisation segment.
        """
        window = Window(source)
        has_label = has_movie = has_fragment = has_media = False
        hole: int | None = None
        told: list[Box] = []
        for box in top_level(window):
            if box.kind == MEDIA or box.kind == b"moof":
                has_media = True
                has_fragment |= box.kind == b"moof"
                if has_label and not thorough:
                    return
                continue
            if box.kind in _TELLING:
                told.append(box)
            if box.kind == b"moov":
                has_movie = True
                window.fetch_ahead(box.start, min(box.size, AHEAD))
            elif box.kind in _OTHERS:
                continue
            for place in places_of_top_level(window, box):
                for block in blocks_of(window, place, thorough=thorough):
                    if block.problems and any(p.code in HOLES for p in block.problems):
                        hole = block.start
                    else:
                        has_label = has_label or may_hold_label(block)
                    yield block
        if not has_movie:
            if has_fragment:
                raise UnreadableInput("bmff-media-segment", path=source.name)
            raise Malformed("bmff-no-movie", path=source.name)
        if hole is not None and not has_label:
            raise Malformed("bmff-blanked", path=source.name, offset=hole)
        if thorough or not has_media or has_fragment:
            stop = media_stop(window, told if thorough or not has_media else [b for b in told if b.kind == b"sidx"])
            if stop > source.size:
                needed = stop - source.size
                raise Truncated("truncated", path=source.name, offset=source.size, needed=needed, size=source.size)
        if thorough and not has_label:
            for box in top_level(window):
                if box.kind == b"moov":
                    yield from zeroed_room(window, box)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into ``moov/udta/meta``; see :mod:`yinji.containers.bmff.edit`."""
        return plan(source, label.to_json(), reading, in_place=in_place)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the payloads of the ``mdat`` boxes."""
        for box in top_level(Window(source)):
            if box.kind == MEDIA:
                yield Span(box.body, box.stop)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields the smallest files of the family: header behind and in front of the media."""
        ending, media = cls.extensions[0], make_box(MEDIA, bytes(range(64)))
        ftyp = make_box(b"ftyp", cls.brand, struct.pack(">I", 512), cls.brand)
        yield Example(f"{cls.name}-moov-last.{ending}", ftyp + media + _movie(len(ftyp) + 8, cls.kind))
        movie = _movie(0, cls.kind)
        moved = _movie(len(ftyp) + len(movie) + 8, cls.kind)
        yield Example(f"{cls.name}-moov-first.{ending}", ftyp + moved + media)


class Mov(Mp4):
    """QuickTime movies, with or without a ``ftyp``."""

    name = "mov"
    media_type = "video/quicktime"
    extensions = ("mov", "qt")
    brand = b"qt  "


class M4a(Mp4):
    """MPEG-4 audio (music, audio books)."""

    name = "m4a"
    media_type = "audio/mp4"
    kind = Kind.AUDIO
    extensions = ("m4a", "m4b", "m4r", "f4a", "f4b")
    clause = "TC260-PG-202510A App. E"
    brand = b"M4A "


class M4v(Mp4):
    """Apple's MPEG-4 video; the guide's rule for MP4 applies."""

    name = "m4v"
    media_type = "video/x-m4v"
    extensions = ("m4v",)
    brand = b"M4V "


class ThreeGp(Mp4):
    """3GPP files; the guide's rule for MP4 applies."""

    name = "3gp"
    media_type = "video/3gpp"
    extensions = ("3gp", "3gpp")
    brand = b"3gp4"


class ThreeG2(Mp4):
    """3GPP2 files; the guide's rule for MP4 applies."""

    name = "3g2"
    media_type = "video/3gpp2"
    extensions = ("3g2", "3gpp2")
    brand = b"3g2a"


_IDENTITY_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _movie(chunk_at: int, kind: Kind) -> bytes:
    """Returns the smallest ``moov`` that describes one track of eight samples in one chunk at ``chunk_at``."""
    sound = kind is Kind.AUDIO
    mvhd = make_box(
        b"mvhd", struct.pack(">5IIH10x", 0, 0, 0, 1000, 80, 0x10000, 0x100), _IDENTITY_MATRIX, bytes(24), b"\0\0\0\2"
    )
    tkhd = make_box(
        b"tkhd",
        struct.pack(">6I8xHHHH", 3, 0, 0, 1, 0, 80, 0, 0, 0x100 if sound else 0, 0),
        _IDENTITY_MATRIX,
        struct.pack(">II", *((0, 0) if sound else (16 << 16, 16 << 16))),
    )
    mdhd = make_box(b"mdhd", struct.pack(">5IHH", 0, 0, 0, 1000, 80, 0x55C4, 0))
    hdlr = make_box(b"hdlr", bytes(8), b"soun" if sound else b"vide", bytes(13))
    header = make_box(b"smhd", bytes(8)) if sound else make_box(b"vmhd", b"\0\0\0\1", bytes(8))
    dinf = make_box(b"dinf", make_box(b"dref", struct.pack(">II", 0, 1), make_box(b"url ", b"\0\0\0\1")))
    stbl = make_box(
        b"stbl",
        make_box(b"stsd", struct.pack(">II", 0, 1), _pcm_entry() if sound else _raw_entry()),
        make_box(b"stts", struct.pack(">4I", 0, 1, 8, 10)),
        make_box(b"stsc", struct.pack(">5I", 0, 1, 1, 8, 1)),
        make_box(b"stsz", struct.pack(">3I", 0, 8, 8)),
        make_box(b"stco", struct.pack(">3I", 0, 1, chunk_at)),
    )
    mdia = make_box(b"mdia", mdhd, hdlr, make_box(b"minf", header, dinf, stbl))
    return make_box(b"moov", mvhd, make_box(b"trak", tkhd, mdia))


def _pcm_entry() -> bytes:
    return make_box(b"sowt", bytes(6), struct.pack(">H8xHHHHI", 1, 1, 16, 0, 0, 8000 << 16))


def _raw_entry() -> bytes:
    return make_box(b"raw ", bytes(6), struct.pack(">H16xHHIIIH32xHh", 1, 2, 1, 0x480000, 0x480000, 0, 1, 24, -1))
