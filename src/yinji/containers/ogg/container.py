"""Ogg (RFC 3533) with Vorbis, Opus, FLAC, Speex, Theora or VP8: the label is a Vorbis comment ``AIGC=`` (R54)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers import vorbis_comment
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.edits import smallest
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.ogg.glance import glance
from yinji.containers.ogg.pages import FIRST, HEADER, LAST, MARK, SEGMENTS, Page, lacing, laid_out, make, pages, parsed
from yinji.containers.ogg.pages import renumbered as renumbered_page
from yinji.containers.ogg.streams import (
    Link,
    Stream,
    comments_at,
    has_damage,
    links,
    packet_of,
    position,
    rewritten,
)
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.vorbis_comment import Comments
from yinji.errors import Malformed, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity


class Ogg:
    """Ogg audio: Vorbis first of all."""

    name: ClassVar[str] = "ogg"
    media_type: ClassVar[str] = "audio/ogg"
    kind: ClassVar[Kind] = Kind.AUDIO
    extensions: ClassVar[tuple[str, ...]] = ("ogg", "oga", "spx", "ogx", "ogv")
    carrier: ClassVar[str] = "vorbis-comment"
    clause: ClassVar[str] = "TC260-PG-202510A C"
    writable: ClassVar[bool] = True

    _mark: ClassVar[bytes] = b""

    def score(self, head: bytes, extension: str) -> int:
        if head[:4] == MARK and head[28 : 28 + len(self._mark)] == self._mark:
            return 100 if self._mark else 90
        return 10 if extension == self.extensions[0] else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the comments of every stream of every link.

        Raises:
            Malformed, Truncated, LimitExceeded: The rest cannot be read.
            UnsupportedFormat: No stream is of a codec whose comments are known.
        """
        is_known = seen = False
        for link in links(source, thorough=thorough):
            for stream in link.streams:
                if stream.is_manifest:
                    yield Block("c2pa", "c2pa", b"", stream.first.start, stream.first.stop)
                if stream.codec is None:
                    continue
                is_known = True
                for block in _comment_blocks(source, stream):
                    seen |= may_hold_label(block)
                    yield block
            if seen and not thorough:
                return
        if not is_known and not thorough:  # links behind the first may be of another codec
            yield from self.blocks(source, thorough=True)
        elif not is_known:
            raise UnsupportedFormat("ogg-codec", path=source.name, format="Ogg")

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the comments of the first stream that has any, and out of all others.

        Later pages are renumbered only when the comments need another number of pages.
        """
        chain = list(links(source, thorough=True))
        json: str | None = label.to_json()
        edits: list[Edit] = []
        for link in chain:
            for stream in link.streams:
                if stream.codec is not None:
                    edits += _stream_edits(source, link, stream, json)
                    json = None
        if json is not None:
            raise UnsupportedFormat("ogg-codec", path=source.name, format="Ogg")
        return Splice.of(edits)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the content of all pages without the comments: of each stream's head, then in file order."""
        link: Link | None = None
        for after in [*links(source, thorough=True), None]:
            if link is not None:
                yield from _head_spans(link)
                skipped = {page.start for stream in link.streams for page in stream.pages}
                stop = source.size if after is None else after.streams[0].first.start
                yield from _page_spans(source, link.streams[-1].first.stop, stop, skipped)
            link = after

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields the heads of a stream and one packet: with a comment, without, and with padding behind it."""
        for name, entries, padding in (("plain", (), 0), ("title", (b"TITLE=a silence",), 0), ("padded", (), 300)):
            content = vorbis_comment.encode(Comments(b"Yinji", entries))
            yield Example(f"{name}.{cls.extensions[0]}", _example(*cls._packets(content, bytes(padding))))

    @classmethod
    def _packets(cls, content: bytes, padding: bytes) -> tuple[bytes, bytes, bytes]:
        first = b"Speex   " + b"1.2".ljust(20, b"\0") + b"\1\0\0\0\x50\0\0\0" + bytes(44)
        return first, content + padding, bytes(20)


class Opus(Ogg):
    """Opus in Ogg (RFC 7845)."""

    name: ClassVar[str] = "opus"
    extensions: ClassVar[tuple[str, ...]] = ("opus", "ogg", "oga")
    clause: ClassVar[str] = "TC260-PG-202510A D"

    _mark: ClassVar[bytes] = b"OpusHead"

    @classmethod
    def _packets(cls, content: bytes, padding: bytes) -> tuple[bytes, bytes, bytes]:
        first = b"OpusHead\1\1\0\0" + (48000).to_bytes(4, "little") + bytes(3)
        return first, b"OpusTags" + content + padding, b"\xf8\xff\xfe"


class Theora(Ogg):
    """Theora video in Ogg, mostly beside Vorbis sound."""

    name: ClassVar[str] = "theora"
    media_type: ClassVar[str] = "video/ogg"
    kind: ClassVar[Kind] = Kind.VIDEO
    extensions: ClassVar[tuple[str, ...]] = ("ogv", "ogg", "ogx")
    clause: ClassVar[str] = ""

    _mark: ClassVar[bytes] = b"\x80theora"

    @classmethod
    def _packets(cls, content: bytes, padding: bytes) -> tuple[bytes, bytes, bytes]:
        return b"\x80theora\3\2\1" + bytes(32), b"\x81theora" + content + padding, b"\x82theora" + bytes(20)


_SERIAL: Final = 0x594A


def _example(first: bytes, comments: bytes, packet: bytes) -> bytes:
    """Returns a stream of three packets."""
    rows = ((FIRST, first), (0, comments), (LAST, packet))
    made = (make(flags, bytes(8), _SERIAL, n, lacing(len(data)), data) for n, (flags, data) in enumerate(rows))
    return b"".join(made)


def _comment_blocks(source: Source, stream: Stream) -> Iterator[Block]:
    packet = packet_of(source, stream)
    skip = comments_at(stream.codec) if stream.codec else 0
    damaged = has_damage(source, stream)
    problems = (Problem("ogg-crc", Severity.WARNING, "R62", {"offset": stream.pages[0].start}),) if damaged else ()
    yield from vorbis_comment.blocks(packet.comments, lambda offset: position(stream, skip + offset), problems)


def _stream_edits(source: Source, link: Link, stream: Stream, json: str | None) -> Iterator[Edit]:
    packet = packet_of(source, stream)
    comments = vorbis_comment.with_label(packet.comments, json)
    if comments == packet.comments:
        return
    if has_damage(source, stream):
        raise Malformed("ogg-damaged", path=source.name, offset=stream.pages[0].start)
    new = rewritten(source, stream, packet, comments)
    old = stream.pages
    values = b"".join(page.segments for page in old)[stream.packet_lacing :]
    made = laid_out(old, lacing(len(new)) + values, new + packet.behind)
    for number, page in enumerate(old):
        is_end = number == len(old) - 1
        content = b"".join(made[number:] if is_end else made[number : number + 1])
        yield from _page_edits(source, page, content)
    shift = len(made) - len(old)
    if shift:
        yield from _renumbered(source, old[-1], shift)


def _page_edits(source: Source, page: Page, new: bytes) -> Iterator[Edit]:
    """Yields the change of a page; at equal length header and content apart, so that both are small."""
    old = source.read(page.start, page.stop - page.start)
    if len(old) != len(new):
        yield Edit(page.start, page.stop, new)
        return
    border = HEADER + len(page.segments)
    yield from smallest(page.start, old[:border], new[:border])
    yield from smallest(page.start + border, old[border:], new[border:])


def _renumbered(source: Source, last: Page, shift: int) -> Iterator[Edit]:
    """Yields the new numbers and checksums of the stream's later pages, by their headers alone."""
    for page in pages(source, last.stop):
        if page.serial != last.serial:
            continue
        if page.flags & FIRST:
            return
        data = renumbered_page(page, (page.sequence + shift) & 0xFFFFFFFF)
        yield Edit(page.start + 18, page.start + 26, data)
        if page.flags & LAST:
            return


def _head_spans(link: Link) -> Iterator[Span]:
    for stream in link.streams:
        yield Span(stream.first.body, stream.first.stop)
        taken = stream.packet_lacing
        for page in stream.pages:
            own = page.segments[:taken]
            taken -= len(own)
            yield Span(page.body + sum(own), page.stop)


def _page_spans(source: Source, at: int, stop: int, skipped: set[int]) -> Iterator[Span]:
    """Yields the content of pages; like the media itself, their headers are not counted against a reading's bounds."""
    while at < stop:
        page = parsed(source.payload(at, HEADER + SEGMENTS), at)
        if page is None or page.stop > source.size:
            yield Span(at, stop)
            return
        if page.start not in skipped:
            yield Span(page.body, page.stop)
        at = page.stop
