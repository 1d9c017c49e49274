"""Logical streams of an Ogg file: their codecs, and the packet in which each keeps its comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from yinji.containers import vorbis_comment
from yinji.containers.ogg.pages import FIRST, HEADER, LAST, MARK, SEGMENTS, Page, is_sound, page_at, pages, parsed
from yinji.containers.source import Source
from yinji.containers.vorbis_comment import Comments
from yinji.errors import LimitExceeded, Malformed, Truncated
from yinji.limits import KIB, MIB

RESERVE: Final = 1024
"""Zeros behind the comments: RFC 7845, 5.2 foresees them in Opus; decoders of the others read past them, and mutagen
leaves them too."""

_WALKED: Final = 64 * MIB
"""Files up to this size are walked page by page in a thorough reading."""

TAILS: Final = (8 * KIB, 68 * KIB)
"""Ends of a file in which its last page is looked for; one page has 64 KiB at most."""

WHOLE: Final = TAILS[-1]
"""Files up to this size are walked page by page in every reading."""


class Codec(NamedTuple):
    """How a codec begins its streams.

    Attributes:
        name: For people.
        mark: Start of its first packet.
        prefix: What stands in front of the comments.
        framed: Whether a framing bit follows them.
        sized: Whether the prefix ends with a length of 24 bits, so that nothing can stand behind them.
    """

    name: str
    mark: bytes
    prefix: bytes
    framed: bool = False
    sized: bool = False


CODECS: Final = (
    Codec("Vorbis", b"\x01vorbis", b"\x03vorbis", framed=True),
    Codec("Opus", b"OpusHead", b"OpusTags"),
    Codec("FLAC", b"\x7fFLAC", b"\x04", sized=True),
    Codec("Speex", b"Speex   ", b""),
    Codec("Theora", b"\x80theora", b"\x81theora"),
    Codec("VP8", b"OVP80\x01", b"OVP80\x02 "),
)
C2PA: Final = b"\0c2pa"


@dataclass(slots=True)
class Stream:
    """One stream of a link.

    Attributes:
        first: Its first page.
        codec: How it begins, or None for what holds no comments that could be read.
        is_manifest: Whether it holds a C2PA manifest store.
        pages: The pages on which the comment packet lies.
        is_whole: Whether that packet ends on the last of them.
    """

    first: Page
    codec: Codec | None
    is_manifest: bool = False
    pages: list[Page] = field(default_factory=list)
    is_whole: bool = False

    @property
    def packet_lacing(self) -> int:
        """Number of lacing values of the comment packet."""
        values = b"".join(page.segments for page in self.pages)
        return next((n + 1 for n, value in enumerate(values) if value < SEGMENTS), len(values))

    def take(self, source: Source, page: Page) -> None:
        """Adds a page that the comment packet reaches.

        Raises:
            LimitExceeded: The packet is larger than one read may be.
        """
        self.pages.append(page)
        length = sum(each.stop - each.body for each in self.pages)
        if length > source.limits.one_read:
            raise LimitExceeded("too-large-read", path=source.name, needed=length, limit=source.limits.one_read)
        self.is_whole = any(value < SEGMENTS for value in page.segments)


class Link(NamedTuple):
    """One link of a chain: its streams, and where the last page of their comments ends."""

    streams: list[Stream]
    stop: int


class Packet(NamedTuple):
    """A comment packet taken apart: its length, its comments, and what else lies on its pages behind it."""

    length: int
    comments: Comments
    behind: bytes


def link_at(source: Source, at: int) -> Link:
    """Reads the heads of all streams that begin at ``at``.

    Raises:
        Malformed: No page there, or a first page that holds more than its first packet.
        Truncated: The file ends before the comments do.
    """
    streams: dict[int, Stream] = {}
    while True:
        page = page_at(source, at)
        if not page.flags & FIRST:
            break
        mark = source.read(page.body, min(page.stop - page.body, 16))
        codec = next((codec for codec in CODECS if mark.startswith(codec.mark)), None)
        if codec is not None and sum(value < SEGMENTS for value in page.segments) != 1:
            raise Malformed("ogg-first-page", path=source.name, offset=at)
        streams[page.serial] = Stream(page, codec, mark.startswith(C2PA))
        at = page.stop
        if at >= source.size and not any(stream.codec for stream in streams.values()):
            return Link(list(streams.values()), at)
    if not streams:
        raise Malformed("ogg-first-page", path=source.name, offset=at)
    while any(stream.codec is not None and not stream.is_whole for stream in streams.values()):
        page = page_at(source, at)
        owner = streams.get(page.serial)
        if owner is not None and owner.codec is not None and not owner.is_whole:
            owner.take(source, page)
        at = page.stop
    return Link(list(streams.values()), at)


def links(source: Source, *, thorough: bool) -> Iterator[Link]:
    """Yields the links of a chain; most files have one.

    A chain is told by the last page, which then belongs to a stream that the first link does not have. Every page is
    looked at in files up to 68 KiB, and by a thorough reading up to 64 MiB: chains were seen that use a number twice.

    Raises:
        Malformed, Truncated: What stands there is no link, or the file ends within a page.
    """
    link = link_at(source, 0)
    yield link
    serials = {stream.first.serial for stream in link.streams}
    last = _last_page(source)
    if last is not None:
        _require_end(source, link, last)
    is_walked = source.size <= (_WALKED if thorough else WHOLE)
    if not is_walked and last is not None and last.serial in serials:
        return
    at: int | None = _next_first(source, link.stop)
    while at is not None:
        link = link_at(source, at)
        yield link
        at = _next_first(source, link.stop)


def _next_first(source: Source, at: int) -> int | None:
    return next((page.start for page in pages(source, at) if page.flags & FIRST), None)


def _require_end(source: Source, link: Link, last: Page) -> None:
    """Makes sure that media follow the comments, and that no page begins behind the last whole one.

    That the last page of a stream says so is not asked: recordings of live streams end with any.

    Raises:
        Truncated: The file ends in front of its media, or within a page.
    """
    rest = source.read_up_to(last.stop, len(MARK))
    if (rest and MARK.startswith(rest)) or (last.stop <= link.stop and not last.flags & LAST):
        raise Truncated("ogg-cut", path=source.name, offset=last.stop)


def _last_page(source: Source) -> Page | None:
    """Returns the last whole page."""
    for length in TAILS:
        start = max(0, source.size - length)
        tail = source.read(start, source.size - start)
        at = len(tail)
        while (at := tail.rfind(MARK, 0, at)) >= 0:
            page = parsed(tail[at : at + HEADER + SEGMENTS], start + at)
            if page is not None and page.stop <= source.size:
                return page
    return None


def packet_of(source: Source, stream: Stream) -> Packet:
    """Takes the comment packet of a stream apart.

    Raises:
        Malformed: It is none.
    """
    codec = stream.codec
    assert codec is not None
    body = b"".join(source.read(page.body, page.stop - page.body) for page in stream.pages)
    values = b"".join(page.segments for page in stream.pages)
    length = sum(values[: stream.packet_lacing])
    packet, behind = body[:length], body[length:]
    at, skip = stream.pages[0].start, comments_at(codec)
    front = bytes((packet[0] & 0x7F,)) if codec.sized and packet else packet[: len(codec.prefix)]
    if front != codec.prefix:
        raise Malformed("ogg-comments", path=source.name, offset=at, codec=codec.name)
    return Packet(length, vorbis_comment.parse(source, packet[skip:], at), behind)


def comments_at(codec: Codec) -> int:
    """Returns where in the packet the list of comments begins."""
    return len(codec.prefix) + (3 if codec.sized else 0)


def position(stream: Stream, offset: int) -> int:
    """Returns where in the file a byte of the comment packet stands."""
    for page in stream.pages:
        length = page.stop - page.body
        if offset <= length:
            return page.body + offset
        offset -= length
    return stream.pages[-1].stop


def has_damage(source: Source, stream: Stream) -> bool:
    """Whether the checksum of a page under the comments is wrong."""
    return not all(is_sound(source, page) for page in stream.pages)


def rewritten(source: Source, stream: Stream, packet: Packet, comments: Comments) -> bytes:
    """Returns the comment packet with other comments, in its old length while the reserve lasts."""
    codec = stream.codec
    assert codec is not None
    kept = comments.rest[:1] if codec.framed else b""
    padding = comments.rest[len(kept) :]
    content = vorbis_comment.encode(comments._replace(rest=b""))
    if codec.sized:
        head = source.read(stream.pages[0].body, 1)
        return head + len(content).to_bytes(3, "big") + content + comments.rest
    front = codec.prefix + content + kept
    if any(padding):
        return front + padding
    room = packet.length - len(front)
    return front + bytes(room if room >= 0 else RESERVE)
