"""MP3: MPEG audio frames with ID3v2 tags around them (TC260-PG-202510A 6.1: ``TXXX`` with the description ``AIGC``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from yinji.containers.ape import ApeTag, ape_blocks, ape_edits, ape_tag_before
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.id3 import v1
from yinji.containers.id3.edit import appended_tag_at, new_tag, tag_edits
from yinji.containers.id3.glance import glance_tag, has_plain_audio
from yinji.containers.id3.tag import HEADER, Tag, content, frames, parse_tag, syncsafe, tag_blocks
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.mpeg_audio import end_of_frames, first_frame, frame_length, stream_length
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.window import WINDOW, Window, coalesced
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label

_ID3V1_PLUS: Final = 227
_LYRICS_END: Final = 15
_FOREIGN: Final = frozenset(("aac", "flac", "aiff", "aif", "wav", "tta", "ape", "mpc", "wv", "ogg", "dsf", "ac3"))


@dataclass(slots=True)
class Tail:
    """What stands behind the audio."""

    stop: int
    tags: list[Tag] = field(default_factory=list)
    ape: list[ApeTag] = field(default_factory=list)


class Mp3:
    """MPEG-1, 2 and 2.5 audio of layers I to III."""

    name: ClassVar[str] = "mp3"
    media_type: ClassVar[str] = "audio/mpeg"
    kind: ClassVar[Kind] = Kind.AUDIO
    extensions: ClassVar[tuple[str, ...]] = ("mp3", "mp2", "mpga")
    carrier: ClassVar[str] = "id3-txxx"
    clause: ClassVar[str] = "TC260-PG-202510A 6.1"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        """Rates an ID3 tag or an MPEG audio frame; ADTS (layer 0) and free format are none."""
        is_named = extension in self.extensions
        if head[:3] == b"ID3" and len(head) >= HEADER:
            after = HEADER + syncsafe(head[6:10])
            if after < HEADER or (after + 4 <= len(head) and head[after] == 0xFF and not frame_length(head[after:])):
                return 0
            return 5 if extension in _FOREIGN else 90 if is_named else 50
        length = frame_length(head[:4])
        if not length or (length + 4 <= len(head) and not frame_length(head[length : length + 4])):
            return 0
        if is_named:
            return 80
        is_layer_i = head[1] & 6 == 6  # FF FE is also the mark of UTF-16 text
        return 0 if is_layer_i else 5 if extension in _FOREIGN else 20

    def glance(self, source: Source) -> list[Block] | None:
        """Settles files with one tag or none in front of the frames, and nothing but ID3v1 behind them."""
        head, at = source.head, 0
        blocks: list[Block] = []
        if head.startswith(b"ID3"):
            tag = glance_tag(source, head, 0, 0)
            if tag is None:
                return None
            at, blocks = tag
            if any(map(may_hold_label, blocks)):
                following = head[at : at + 3] if at + 3 <= len(head) else source.look(at, 3)
                return None if following == b"ID3" else blocks
        return blocks if has_plain_audio(source, at, head, 0) else None

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the texts of all tags: in front, behind, and (thorough) between the audio frames.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: The rest cannot be read.
        """
        has_label = False
        heads: list[Tag] = []
        for tag in leading_tags(source):
            heads.append(tag)
            for block in tag_blocks(tag, place="" if tag.start == 0 else "ID3v2", thorough=thorough):
                has_label |= may_hold_label(block)
                yield block
        if has_label and not thorough:
            return
        window = Window(source)
        tail = tail_of(window, heads)
        for tag in _inner(window, heads, tail, thorough=thorough):
            yield from tag_blocks(tag, place="ID3v2", thorough=thorough)
        for tag in sorted(tail.tags, key=lambda each: each.start):
            yield from tag_blocks(tag, place="ID3v2", thorough=thorough)
        for ape in reversed(tail.ape):
            yield from ape_blocks(source, ape)
        _audio_start(window, heads, tail.stop)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the first ID3v2 tag, in its version and padding, or into a new one at the head."""
        json = label.to_json()
        window = Window(source)
        heads = list(leading_tags(source))
        tail = tail_of(window, heads)
        _audio_start(window, heads, tail.stop)
        edits = tag_edits(heads[0], json) if heads else [Edit(0, 0, new_tag(json, _repeated(source)))]
        for tag in (*heads[1:], *_inner(window, heads, tail, thorough=True), *tail.tags):
            edits += tag_edits(tag, None)
        for ape in tail.ape:
            edits += ape_edits(source, ape)
        return Splice.of(coalesced(source, edits))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the ranges between the tags."""
        window = Window(source)
        heads = list(leading_tags(source))
        tail = tail_of(window, heads)
        at = heads[-1].stop if heads else 0
        for tag in _inner(window, heads, tail, thorough=True):
            yield Span(at, tag.start)
            at = tag.stop
        yield Span(at, tail.stop)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields eight frames of silence, bare and behind a tag with a title."""
        silence = _SILENT_FRAME * 8
        yield Example("mp3-bare.mp3", silence)
        title = b"\0Yinji\0"
        frame = b"TIT2" + len(title).to_bytes(4, "big") + b"\0\0" + title
        for version in (3, 4):
            tag = b"ID3" + bytes((version, 0, 0, 0, 0, 0, len(frame) + 32)) + frame + bytes(32)
            yield Example(f"mp3-id3v2{version}.mp3", tag + silence)


_SILENT_FRAME: Final = b"\xff\xfb\x10\xc4" + bytes(100)
"""MPEG-1 layer III, 32 kbit/s, 44.1 kHz, mono: side information and data of zeros decode to silence."""


def _repeated(source: Source) -> bytes:
    """Returns the frames that say again what an ID3v1 tag says: players that find an ID3v2 tag pass that one over."""
    words = v1.as_frames(source.read_up_to(max(0, source.size - v1.SIZE), v1.SIZE))
    return b"" if looks_like_label(words.decode("latin-1")) else words


def leading_tags(source: Source) -> Iterator[Tag]:
    """Yields the tags at the head of the file, one behind the other."""
    at = 0
    while (tag := parse_tag(source, at)) is not None:
        source.element()
        yield tag
        at = tag.stop


def tail_of(window: Window, heads: list[Tag]) -> Tail:
    """Goes backwards over ID3v1, Lyrics3, APE and appended ID3v2 tags."""
    source = window.source
    floor = heads[-1].stop if heads else 0
    tail = Tail(source.size)
    while tail.stop > floor:
        source.element()
        start = _before(window, tail, floor)
        if start is None or start < floor:
            break
        tail.stop = start
    return tail


def _before(window: Window, tail: Tail, floor: int) -> int | None:
    source, end = window.source, tail.stop
    low = max(floor, end - WINDOW)
    last = source.read(low, end - low)
    if last[-v1.SIZE :].startswith(v1.MARK) and len(last) >= v1.SIZE:
        is_plus = source.read_up_to(max(floor, end - v1.SIZE - _ID3V1_PLUS), 4) == b"TAG+"
        return end - v1.SIZE - (_ID3V1_PLUS if is_plus else 0)
    if last.endswith(b"LYRICS200") and last[-_LYRICS_END:-9].isdigit():
        return end - _LYRICS_END - int(last[-_LYRICS_END:-9])
    if len(last) >= 32 and last[-32:].startswith(b"APETAGEX"):
        ape = ape_tag_before(source, end)
        if ape is not None:
            tail.ape.append(ape)
            return ape.start
    start = appended_tag_at(last[-HEADER:], end)
    if start is not None and start >= floor and (tag := parse_tag(source, start)) is not None:
        tail.tags.append(tag)
        return start
    return None


def _inner(window: Window, heads: list[Tag], tail: Tail, *, thorough: bool) -> Iterator[Tag]:
    """Yields the tags between audio frames: where ``SEEK`` points, behind the length that a Xing header declares, and
    (thorough) wherever the run of frames is interrupted, as in files that were simply joined.
    """
    source = window.source
    places = set(_sought(heads))
    at = first_frame(window, heads[-1].stop if heads else 0, tail.stop)
    if at is not None and (length := stream_length(window, at)):
        places.add(at + length)
    done = 0
    for place in sorted(places):
        if not thorough and done <= place < tail.stop and (tag := parse_tag(source, place)) is not None:
            yield tag
            done = tag.stop
    while thorough and at is not None:
        at = end_of_frames(window, at, tail.stop)
        tag = parse_tag(source, at) if at < tail.stop else None
        if tag is None:
            later = [place for place in sorted(places) if at < place < tail.stop]
            tag = next((t for place in later if (t := parse_tag(source, place)) is not None), None)
        if tag is None:
            return
        yield tag
        at = tag.stop


def _sought(heads: list[Tag]) -> Iterator[int]:
    """Yields where ``SEEK`` frames say that the next tag stands: so far behind the end of theirs (ID3v2.4 4.29)."""
    for tag in heads:
        if tag.version == 4:
            for frame in frames(tag):
                if frame.name == "SEEK" and frame.stop - frame.body >= 4:
                    yield tag.stop + int.from_bytes(content(tag, frame)[:4], "big")


def _audio_start(window: Window, heads: list[Tag], stop: int) -> int:
    start = first_frame(window, heads[-1].stop if heads else 0, stop)
    if start is None:
        raise Malformed("mp3-no-audio", path=window.source.name)
    return start
