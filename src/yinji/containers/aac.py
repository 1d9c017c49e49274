"""AAC in ADTS (ISO/IEC 14496-3, 1.A.3.2): the label is ``TXXX`` ``AIGC`` in an ID3v2 tag in front.

No guide names a place for AAC; the tag is what players and ffmpeg read, and the place that MP3 has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.ape import ape_blocks, ape_edits
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.id3.edit import new_tag, tag_edits
from yinji.containers.id3.tag import HEADER, Tag, parse_tag, syncsafe, tag_blocks
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.mp3 import leading_tags, tail_of
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.window import Window, coalesced
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel

_SEARCH: Final = 4096
_ADTS: Final = 7
_RATES: Final = 13


class Aac:
    """ADTS streams of AAC."""

    name: ClassVar[str] = "aac"
    media_type: ClassVar[str] = "audio/aac"
    kind: ClassVar[Kind] = Kind.AUDIO
    extensions: ClassVar[tuple[str, ...]] = ("aac", "adts")
    carrier: ClassVar[str] = "id3-txxx"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        """Rates an ADTS frame; behind an ID3 tag what follows it decides, or else the ending. Layer III is none."""
        is_named = extension in self.extensions
        if head[:3] == b"ID3" and len(head) >= HEADER:
            after = HEADER + syncsafe(head[6:10])
            if after >= HEADER and after + _ADTS <= len(head):
                return 90 if frame_length(head[after:]) else 0
            return 60 if is_named else 0
        length = frame_length(head)
        if not length or (length + _ADTS <= len(head) and not frame_length(head[length:])):
            return 0
        return 90 if is_named else 40

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the texts of all tags: in front, behind, and (thorough) between the frames of joined files.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: The rest cannot be read.
        """
        seen = False
        heads: list[Tag] = []
        for tag in leading_tags(source):
            heads.append(tag)
            for block in tag_blocks(tag, place="" if tag.start == 0 else "ID3v2", thorough=thorough):
                seen |= may_hold_label(block)
                yield block
        if seen and not thorough:
            return
        tail = tail_of(Window(source), heads)
        start = _first_frame(source, heads, tail.stop)
        for tag in _inner(source, start, tail.stop) if thorough else ():
            yield from tag_blocks(tag, place="ID3v2", thorough=thorough)
        for tag in sorted(tail.tags, key=lambda each: each.start):
            yield from tag_blocks(tag, place="ID3v2", thorough=thorough)
        for ape in reversed(tail.ape):
            yield from ape_blocks(source, ape)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the first tag, in its version and padding, or into a new one at the head."""
        json = label.to_json()
        heads = list(leading_tags(source))
        tail = tail_of(Window(source), heads)
        start = _first_frame(source, heads, tail.stop)
        edits = tag_edits(heads[0], json) if heads else [Edit(0, 0, new_tag(json))]
        for tag in (*heads[1:], *_inner(source, start, tail.stop), *tail.tags):
            edits += tag_edits(tag, None)
        for ape in tail.ape:
            edits += ape_edits(source, ape)
        return Splice.of(coalesced(source, edits))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the ranges between the tags."""
        heads = list(leading_tags(source))
        tail = tail_of(Window(source), heads)
        at = heads[-1].stop if heads else 0
        for tag in _inner(source, _first_frame(source, heads, tail.stop), tail.stop):
            yield Span(at, tag.start)
            at = tag.stop
        yield Span(at, tail.stop)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields four frames of silence, bare and behind a tag with a title."""
        yield Example("bare.aac", _SILENCE * 4)
        frame = b"TIT2\0\0\0\2\0\0\0a"
        yield Example("title.aac", b"ID3\4\0\0\0\0\0" + bytes((len(frame) + 32,)) + frame + bytes(32) + _SILENCE * 4)


_SILENCE: Final = bytes.fromhex("fff15c4001bffc") + bytes.fromhex("0120801c0000")
"""LC, 22.05 kHz, mono: one frame."""


def frame_length(header: bytes) -> int:
    """Returns the length of the ADTS frame that starts with these 7 bytes; 0 for none."""
    if len(header) < _ADTS or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if header[2] >> 2 & 0xF < _RATES and length >= _ADTS else 0


def _first_frame(source: Source, heads: list[Tag], stop: int) -> int:
    """Returns where the first of two consecutive frames starts.

    Raises:
        Malformed: There is none within 4 KiB.
    """
    start = heads[-1].stop if heads else 0
    area = source.read(start, max(0, min(_SEARCH, stop - start)))
    at = area.find(b"\xff")
    while at >= 0:
        length = frame_length(area[at : at + _ADTS])
        after = start + at + length
        if length and (after == stop or (after < stop and frame_length(source.read_up_to(after, _ADTS)))):
            return start + at
        at = area.find(b"\xff", at + 1)
    raise Malformed("aac-no-audio", path=source.name)


def _inner(source: Source, at: int, stop: int) -> Iterator[Tag]:
    """Yields the tags between frames, as files have that were simply joined."""
    read = source.read
    while at + _ADTS <= stop:
        length = frame_length(read(at, _ADTS))
        if length:
            at += length
            continue
        tag = parse_tag(source, at)
        if tag is None or tag.stop > stop:
            return
        source.element()
        yield tag
        at = tag.stop
