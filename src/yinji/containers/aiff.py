"""AIFF and AIFC: the label is ``TXXX`` ``AIGC`` in a chunk ``ID3 ``.

No guide names a place for AIFF; the chunk is what players, mutagen and ffmpeg read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import ClassVar, Final

from yinji.containers import embedded, xmp
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.id3.edit import new_tag, tag_edits
from yinji.containers.id3.tag import Tag, parse_tag, tag_blocks
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.wav.chunks import FIRST, HEADER, Chunk, Walk, make, resized
from yinji.containers.wav.edit import overwritten
from yinji.containers.wav.glance import Kind as Glanced
from yinji.containers.wav.glance import glance
from yinji.containers.window import coalesced
from yinji.errors import Malformed, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB

_FORMS: Final = (b"AIFF", b"AIFC")
_ID3: Final = (b"ID3 ", b"id3 ")
_TEXTS: Final = frozenset((b"NAME", b"AUTH", b"(c) ", b"ANNO"))
_SOUND: Final = frozenset((b"COMM", b"SSND", b"FVER", b"MARK", b"INST", b"MIDI", b"AESD"))
_XMP: Final = b"XMP "
_GLANCED: Final = Glanced((b"FORM", _FORMS), Struct(">4sI"), b"SSND", _SOUND - {b"SSND"}, _TEXTS)
_SEARCHED: Final = 64 * KIB
_LARGEST: Final = 0xFFFFFFFF


class Aiff:
    """AIFF, and AIFC with its compressions."""

    name: ClassVar[str] = "aiff"
    media_type: ClassVar[str] = "audio/aiff"
    kind: ClassVar[Kind] = Kind.AUDIO
    extensions: ClassVar[tuple[str, ...]] = ("aiff", "aif", "aifc", "aff")
    carrier: ClassVar[str] = "id3-txxx"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:4] == b"FORM" and head[8:12] in _FORMS:
            return 100
        return 10 if extension in self.extensions else 0

    def glance(self, source: Source) -> list[Block] | None:
        return glance(source, _GLANCED)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields ID3 texts, the form's own texts, XMP, and labels inside other chunks.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: The rest cannot be read.
        """
        walk = _walk(source)
        seen = has_sound = False
        for chunk in walk.chunks():
            has_sound |= chunk.id == b"SSND"
            for block in _blocks_of(source, chunk):
                seen |= may_hold_label(block)
                yield block
            if seen and has_sound and not thorough:
                return
        for item in labels_behind(source, walk.end):
            problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("aiff-trailer", item.key, item.text, item.start, item.stop, (problem,))
        if not has_sound:
            raise Malformed("wav-no-data", path=source.name)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the tag that is there, or into a new chunk at the end; samples stay where they are
        unless an older tag in front of them is too small.

        Raises:
            UnsupportedFormat: The form would outgrow its 32-bit size.
        """
        walk = _walk(source)
        chunks = list(walk.chunks())
        if not any(chunk.id == b"SSND" for chunk in chunks):
            raise Malformed("wav-no-data", path=source.name)
        json: str | None = label.to_json()
        edits: list[Edit] = []
        for chunk in chunks:
            tag = _tag(source, chunk)
            own = _tag_edits(chunk, tag, json) if tag is not None else list(_cleared(source, chunk))
            if tag is not None:
                json = None
            if chunk.is_open:  # a recorder left the size of the samples unwritten
                own.append(Edit(chunk.start + 4, chunk.body, (chunk.size & _LARGEST).to_bytes(4, "big")))
            if chunk.is_unpadded and not sum(edit.growth for edit in own):
                own.append(Edit(chunk.stop, chunk.stop, b"\0"))
            edits += own
        if json is not None:
            edits.append(Edit(walk.end, walk.end, make(b"ID3 ", new_tag(json), "big")))
        size = walk.end + sum(edit.growth for edit in edits) - HEADER
        if size > _LARGEST:
            raise UnsupportedFormat("wav-too-large", path=source.name, format="AIFF", size=size)
        if size != int.from_bytes(source.head[4:8], "big"):
            edits.append(Edit(4, 8, size.to_bytes(4, "big")))
        if any(labels_behind(source, walk.end)):
            edits += overwritten(source, walk.end, source.size - walk.end, b"\0")
        return Splice.of(coalesced(source, edits))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the format and the samples."""
        for chunk in _walk(source).chunks():
            if chunk.id in (b"COMM", b"SSND"):
                yield Span(chunk.body, chunk.end)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a few samples of silence in both forms, with and without a name, odd in number."""
        rate = bytes.fromhex("400bfa00000000000000")
        common = b"\0\1" + (8).to_bytes(4, "big") + b"\0\x08" + rate
        sound = make(b"SSND", bytes(8) + bytes(8), "big")
        yield Example("plain.aiff", _form(b"AIFF", make(b"COMM", common, "big") + sound))
        name = make(b"NAME", b"a silence", "big")
        yield Example("name.aif", _form(b"AIFF", name + make(b"COMM", common, "big") + sound))
        version = make(b"FVER", b"\xa2\x80\x51\x40", "big")
        plain = make(b"COMM", common + b"NONE" + b"\x0enot compressed\0", "big")
        yield Example("plain.aifc", _form(b"AIFC", version + plain + sound))


def _form(type: bytes, chunks: bytes) -> bytes:
    return b"FORM" + (4 + len(chunks)).to_bytes(4, "big") + type + chunks


def _walk(source: Source) -> Walk:
    head = source.head
    if head[:4] != b"FORM" or head[8:FIRST] not in _FORMS:
        raise Malformed("aiff-not-aiff", path=source.name)
    return Walk(source, "big", b"SSND")


def _tag(source: Source, chunk: Chunk) -> Tag | None:
    if chunk.id not in _ID3:
        return None
    tag = parse_tag(source, chunk.body)
    if tag is not None and tag.stop > chunk.end:
        raise Malformed("wav-id3", path=source.name, offset=chunk.start)
    return tag


def _tag_edits(chunk: Chunk, tag: Tag, json: str | None) -> list[Edit]:
    edits = tag_edits(tag, json)
    growth = sum(edit.growth for edit in edits)
    if growth == -chunk.size:
        return [Edit(chunk.start, chunk.stop, b"")]
    return edits + resized(chunk, growth, "big")


def _is_packet(source: Source, chunk: Chunk) -> bool:
    return chunk.id == b"APPL" and chunk.size > 4 and source.read(chunk.body, 4) == _XMP


def _blocks_of(source: Source, chunk: Chunk) -> Iterator[Block]:
    start, stop, name = chunk.start, chunk.stop, chunk.id.decode("ascii")
    tag = _tag(source, chunk)
    if tag is not None:
        yield from tag_blocks(tag)
    elif _is_packet(source, chunk):
        yield Block("xmp", "", source.read(chunk.body + 4, chunk.size - 4), start, stop)
    elif chunk.id.upper() == b"C2PA":
        yield Block("c2pa", name, b"", start, stop)
    elif chunk.id.upper() == b"AIGC" or (chunk.id in _TEXTS and chunk.size <= _SEARCHED):
        text = embedded.decoded(source.read(chunk.body, chunk.size)).rstrip("\0")
        yield Block("aiff-text", name.strip(), text, start, stop)
    elif chunk.id not in _SOUND:
        for item in embedded.find(source.read(chunk.body, min(chunk.size, _SEARCHED))):
            if item.key or looks_like_label(item.text):
                at = chunk.body + item.start
                yield Block("aiff-chunk", item.key or name, item.text, at, chunk.body + item.stop)


def _cleared(source: Source, chunk: Chunk) -> Iterator[Edit]:
    """Yields the edits that free a chunk of a label's further copies; its length stays."""
    if chunk.id.upper() == b"AIGC":
        yield Edit(chunk.start, chunk.end, b"ANNO" + chunk.size.to_bytes(4, "big") + bytes(chunk.size))
    elif _is_packet(source, chunk):
        packet = source.read(chunk.body + 4, chunk.size - 4)
        if xmp.labels(packet):
            cleared = xmp.without_other_labels(packet).ljust(len(packet))
            yield Edit(chunk.body + 4, chunk.end, cleared)
            yield from resized(chunk, len(cleared) - len(packet), "big")
    elif chunk.id not in _SOUND and chunk.id.upper() != b"C2PA":
        yield from overwritten(source, chunk.body, min(chunk.size, _SEARCHED), b"\0" if chunk.id in _TEXTS else b" ")
