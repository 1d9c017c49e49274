"""FLAC (RFC 9639): the label is a Vorbis comment ``AIGC=`` (TC260-PG-202510A C-E, R54)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NamedTuple

from yinji.containers import embedded, vorbis_comment
from yinji.containers.ape import ape_blocks, ape_edits
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label, shows_sign
from yinji.containers.edits import smallest
from yinji.containers.flac_ending import cut_at, promised, reaches_end
from yinji.containers.id3.edit import tag_edits
from yinji.containers.id3.glance import plain_end
from yinji.containers.id3.tag import Tag, tag_blocks
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.mp3 import leading_tags, tail_of
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.vorbis_comment import Comments
from yinji.containers.window import Window, coalesced
from yinji.errors import Malformed, Truncated, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB

STREAM_INFO, PADDING, COMMENT = 0, 1, 4
_INVALID: Final = 127
_LAST: Final = 0x80
_MAX: Final = (1 << 24) - 1
_HEADER: Final = 4
RESERVE: Final = 1024
"""Bytes of the padding block behind the comments."""

_SEARCHED: Final = 64 * KIB
_START: Final = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")
_BLOCKS_MAX: Final = 64
_TAIL: Final = 4 * KIB
_LAST_TAGS: Final = 512
_INFO: Final = slice(8, 42)
"""STREAMINFO of a file that begins with its mark."""


class MetadataBlock(NamedTuple):
    """One metadata block: its type, whether it is the last, where it starts, and where its content ends."""

    type: int
    is_last: bool
    start: int
    stop: int

    @property
    def body(self) -> int:
        return self.start + _HEADER

    @property
    def size(self) -> int:
        return self.stop - self.body


class Flac:
    """Native FLAC, with or without an ID3v2 tag in front."""

    name: ClassVar[str] = "flac"
    media_type: ClassVar[str] = "audio/flac"
    kind: ClassVar[Kind] = Kind.AUDIO
    extensions: ClassVar[tuple[str, ...]] = ("flac",)
    carrier: ClassVar[str] = "vorbis-comment"
    clause: ClassVar[str] = "TC260-PG-202510A E"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        """Rates the mark; behind an ID3 tag the ending decides."""
        if head[:4] == b"fLaC":
            return 100
        is_named = extension in self.extensions
        return 60 if is_named and head[:3] == b"ID3" else 10 if is_named else 0

    def glance(self, source: Source) -> list[Block] | None:
        """Settles files that begin with their mark, end with their frames, and have one list of comments at most."""
        data, base, at, size = source.head, 0, 4, source.size
        if not data.startswith(_START):
            return None
        found: list[Block] = []
        has_comments = False
        for _ in range(_BLOCKS_MAX):
            offset = at - base
            if offset + _HEADER > len(data):
                data, base, offset = source.look(at, _HEADER), at, 0
            kind, length = data[offset], int.from_bytes(data[offset + 1 : offset + _HEADER], "big")
            stop = at + _HEADER + length
            if stop > size:
                return None
            end = offset + _HEADER + length
            if kind & ~_LAST == COMMENT:
                if has_comments or length > _SEARCHED:
                    return None
                if end > len(data):
                    data, base, offset, end = source.look(at, _HEADER + length), at, 0, _HEADER + length
                telling = vorbis_comment.telling(data[offset + _HEADER : end], at + _HEADER)
                if telling is None:
                    return None
                has_comments, found = True, telling
                if any(map(may_hold_label, found)):
                    return found
            elif kind & ~_LAST == PADDING:
                reach = min(length, _SEARCHED)
                missing = end > len(data) and length > 0
                if b"{" in (source.look(at + _HEADER, reach) if missing else data[offset + _HEADER : end]):
                    return None
            elif kind & ~_LAST == _INVALID or (kind & ~_LAST == STREAM_INFO and at != 4):
                return None
            at = stop
            if kind & _LAST:
                return found if self._ends_with_frames(source, at) else None
        return None

    @staticmethod
    def _ends_with_frames(source: Source, at: int) -> bool:
        mark = source.look(at, 2)
        if mark[:1] != b"\xff" or mark[1] & 0xFE != 0xF8:
            return False
        tail = source.look(max(at, source.size - _TAIL), _TAIL)
        if plain_end(tail[-_LAST_TAGS:]) <= 0:
            return False
        info = source.head[_INFO]
        return reaches_end(info, mark, tail) or cut_at(source, info, at, source.size) is None

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields comments, the texts of tags in front and behind, and labels left in padding.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: The rest cannot be read.
        """
        heads: list[Tag] = []
        seen = False
        for tag in leading_tags(source):
            heads.append(tag)
            for block in tag_blocks(tag, thorough=thorough):
                seen |= may_hold_label(block)
                yield block
        lists = 0
        end = 0
        info = b""
        for meta in metadata_blocks(source, heads):
            end = meta.stop
            info = info or source.read(meta.body, meta.size)
            lists += meta.type == COMMENT
            if not thorough and not _may_say(source, meta):
                continue
            for block in _blocks_of(source, meta, is_first=lists == 1):
                seen |= may_hold_label(block)
                yield block
            if seen and not thorough:
                return
        tail = tail_of(Window(source), heads)
        for tag in sorted(tail.tags, key=lambda each: each.start):
            yield from tag_blocks(tag)
        for ape in reversed(tail.ape):
            yield from ape_blocks(source, ape)
        _check_audio(source, end)
        _check_whole(source, info, end, tail.stop)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the comment block; padding takes the difference, so that no frame moves if it suffices.

        Raises:
            UnsupportedFormat: The comment block would outgrow its 24-bit size.
        """
        heads = list(leading_tags(source))
        metas = list(metadata_blocks(source, heads))
        tail = tail_of(Window(source), heads)
        _check_audio(source, metas[-1].stop)
        _check_whole(source, source.read(metas[0].body, metas[0].size), metas[-1].stop, tail.stop)
        edits = list(_metadata_edits(source, metas, label.to_json()))
        for tag in (*heads, *tail.tags):
            edits += tag_edits(tag, None)
        for ape in tail.ape:
            edits += ape_edits(source, ape)
        return Splice.of(coalesced(source, edits))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields what describes the stream, then its frames."""
        heads = list(leading_tags(source))
        metas = list(metadata_blocks(source, heads))
        yield Span(metas[0].body, metas[0].stop)
        end = metas[-1].stop
        yield Span(end, max(end, tail_of(Window(source), heads).stop))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a frame of silence: bare, with a title and padding, and behind an ID3 tag."""
        title = vorbis_comment.encode(Comments(b"Yinji", (b"TITLE=a silence",)))
        bare = b"fLaC" + _made(STREAM_INFO, _STREAM, is_last=True) + _FRAME
        info = _made(STREAM_INFO, _STREAM)
        yield Example("bare.flac", bare)
        yield Example("title.flac", b"fLaC" + info + _made(COMMENT, title, is_last=True) + _FRAME)
        padded = _made(COMMENT, title) + _made(PADDING, bytes(2048), is_last=True)
        yield Example("padded.flac", b"fLaC" + info + padded + _FRAME)
        frame = b"TIT2\0\0\0\2\0\0\0a"
        yield Example("id3.flac", b"ID3\4\0\0\0\0\0" + bytes((len(frame),)) + frame + bare)


_STREAM: Final = bytes.fromhex("00c000c000000b00000b01f400f0000000c0") + bytes(16)
"""192 samples of 8 kHz, mono, 16 bits, without a checksum of the samples."""

_FRAME: Final = bytes.fromhex("fff81408002b000000e95b")
"""192 constant samples of 0."""


def metadata_blocks(source: Source, heads: list[Tag]) -> Iterator[MetadataBlock]:
    """Yields the metadata blocks by their headers alone.

    Raises:
        Malformed: No FLAC, or a block breaks the rules.
        Truncated: The file ends within them.
    """
    at = heads[-1].stop if heads else 0
    if source.read_up_to(at, 4) != b"fLaC":
        raise Malformed("flac-not-flac", path=source.name, offset=at)
    at += 4
    is_first, is_last = True, False
    while not is_last:
        source.element()
        head = source.read(at, _HEADER)
        type, is_last = head[0] & ~_LAST, bool(head[0] & _LAST)
        stop = at + _HEADER + int.from_bytes(head[1:], "big")
        if type == _INVALID or is_first != (type == STREAM_INFO) or (is_first and stop - at != _HEADER + 34):
            raise Malformed("flac-block", path=source.name, offset=at)
        if stop > source.size:
            raise Truncated("truncated", path=source.name, offset=at, needed=stop - at, size=source.size)
        yield MetadataBlock(type, is_last, at, stop)
        at, is_first = stop, False


def _check_audio(source: Source, at: int) -> None:
    """Refuses a file whose metadata no frame follows: what was cut off cannot be told."""
    head = source.read_up_to(at, 2)
    if len(head) < 2:
        raise Truncated("flac-no-audio", path=source.name)
    if head[0] != 0xFF or head[1] & 0xFE != 0xF8:
        raise Malformed("flac-no-audio", path=source.name)


def _check_whole(source: Source, info: bytes, start: int, stop: int) -> None:
    """Refuses a file whose last frames are missing."""
    if (samples := cut_at(source, info, start, stop)) is not None:
        raise Truncated("flac-cut", path=source.name, samples=samples, total=promised(info))


def _blocks_of(source: Source, meta: MetadataBlock, *, is_first: bool) -> Iterator[Block]:
    if meta.type == COMMENT:
        comments = vorbis_comment.parse(source, source.read(meta.body, meta.size), meta.start)
        second = () if is_first else (Problem("flac-second-comments", Severity.WARNING, "R54"),)
        yield from vorbis_comment.blocks(comments, lambda offset: meta.body + offset, second)
    elif meta.type == PADDING:
        for item in _left_over(source, meta):
            yield Block("flac-padding", "", item.text, meta.start, meta.stop)


def _may_say(source: Source, meta: MetadataBlock) -> bool:
    """Whether a block shows anything of a label.

    Raises:
        Malformed, LimitExceeded: Comments are not put together as they should be.
    """
    if meta.type == COMMENT:
        data = source.read(meta.body, meta.size)
        vorbis_comment.parse(source, data, meta.start)  # damage is told, whatever else it says
        return shows_sign(data)
    return meta.type == PADDING and b"{" in source.read(meta.body, min(meta.size, _SEARCHED))


def _left_over(source: Source, meta: MetadataBlock) -> Iterator[embedded.Embedded]:
    """Yields labels in padding, as tools leave them that only change the type of a block."""
    data = source.read(meta.body, min(meta.size, _SEARCHED))
    return (item for item in embedded.find(data) if item.key or looks_like_label(item.text))


def _metadata_edits(source: Source, metas: list[MetadataBlock], json: str) -> Iterator[Edit]:
    lists = [meta for meta in metas if meta.type == COMMENT]
    target = lists[0] if lists else None
    for meta in lists[1:]:
        old = _comments(source, meta)
        new = vorbis_comment.with_label(old, None)
        if new != old:
            yield Edit(meta.start, meta.stop, _block(source, COMMENT, vorbis_comment.encode(new), meta.is_last))
    room = None
    if target is None:
        content = vorbis_comment.encode(Comments(vorbis_comment.VENDOR, (f"{vorbis_comment.KEY}={json}".encode(),)))
        after = metas[0]
        edit = Edit(after.stop, after.stop, _block(source, COMMENT, content, after.is_last))
        if after.is_last:
            yield Edit(after.start, after.start + 1, bytes((STREAM_INFO,)))
    else:
        old = _comments(source, target)
        new = vorbis_comment.with_label(old, json)
        content = vorbis_comment.encode(new)
        after = target
        edit = Edit(target.start, target.stop, _block(source, COMMENT, content, target.is_last))
    nearby = _following(metas, after)
    room = next((meta for meta in metas if meta.type == PADDING and meta.size >= edit.growth + 2 * RESERVE), None)
    if nearby is not None and nearby.size >= edit.growth:
        yield from _small(source, edit)
        yield from _refilled(source, nearby, nearby.size - edit.growth)
        room = nearby
    elif target is not None and not edit.growth:
        yield from _small(source, edit)
        room = None
    else:
        spare = _block(source, PADDING, bytes(RESERVE), after.is_last)
        content = bytes((edit.data[0] & ~_LAST,)) + edit.data[1:] + spare
        yield Edit(edit.start, edit.stop, content)
        if room is not None:
            yield from _refilled(source, room, room.size - edit.growth - len(spare))
    for meta in metas:
        if meta.type == PADDING and meta is not room and any(_left_over(source, meta)):
            yield Edit(meta.body, meta.stop, bytes(meta.size))


def _comments(source: Source, meta: MetadataBlock) -> Comments:
    return vorbis_comment.parse(source, source.read(meta.body, meta.size), meta.start)


def _following(metas: list[MetadataBlock], meta: MetadataBlock) -> MetadataBlock | None:
    """Returns the padding block right behind a block, or None."""
    after = next((each for each in metas if each.start == meta.stop), None)
    return after if after is not None and after.type == PADDING else None


def _small(source: Source, edit: Edit) -> Iterator[Edit]:
    """Yields the change itself instead of the whole block."""
    if edit.growth:
        yield edit
    else:
        yield from smallest(edit.start, source.read(edit.start, edit.stop - edit.start), edit.data)


def _refilled(source: Source, meta: MetadataBlock, size: int) -> Iterator[Edit]:
    """Yields the change of a padding block's size; content that is not zero becomes it."""
    taken = meta.size - size
    if any(_left_over(source, meta)):
        yield Edit(meta.start, meta.stop, _block(source, PADDING, bytes(size), meta.is_last))
    elif taken:
        head = _block(source, PADDING, bytes(size), meta.is_last)[:_HEADER]
        yield Edit(meta.start, meta.body + max(0, taken), head + bytes(max(0, -taken)))


def _block(source: Source, type: int, content: bytes, is_last: bool) -> bytes:
    if len(content) > _MAX:
        raise UnsupportedFormat("flac-too-large", path=source.name, format="FLAC", size=len(content), limit=_MAX)
    return _made(type, content, is_last=is_last)


def _made(type: int, content: bytes, *, is_last: bool = False) -> bytes:
    """Returns a whole metadata block."""
    return bytes((type | (_LAST if is_last else 0),)) + len(content).to_bytes(3, "big") + content
