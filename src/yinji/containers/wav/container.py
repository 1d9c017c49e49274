"""WAV, and RF64/BW64 beyond 4 GiB: the label is a chunk ``AIGC`` of the form (TC260-PG-202510A 6.1, R53)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers import embedded
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.id3.tag import parse_tag, tag_blocks
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.wav.chunks import FILLERS, LABEL, Chunk, Walk, make
from yinji.containers.wav.edit import plan
from yinji.containers.wav.glance import Kind as Glanced
from yinji.containers.wav.glance import glance
from yinji.containers.wav.texts import INFO, broadcast_texts, info_entries, is_info
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB, MIB

_SOUND: Final = frozenset((b"fmt ", b"data", b"fact", b"ds64", b"PEAK", b"smpl", b"inst", b"chna", b"levl", b"cue "))
"""Chunks that describe the sound itself, in numbers."""

_GLANCED: Final = Glanced(
    (b"RIFF", (b"WAVE",)), struct.Struct("<4sI"), b"data", _SOUND - {b"ds64"}, frozenset((b"bext",))
)

_TEXT_MAX: Final = 1 * MIB
_SEARCHED: Final = 64 * KIB


class Wav:
    """RIFF WAVE."""

    name: ClassVar[str] = "wav"
    media_type: ClassVar[str] = "audio/wav"
    kind: ClassVar[Kind] = Kind.AUDIO
    extensions: ClassVar[tuple[str, ...]] = ("wav", "wave", "bwf")
    carrier: ClassVar[str] = "riff-chunk"
    clause: ClassVar[str] = "TC260-PG-202510A 6.1"
    writable: ClassVar[bool] = True

    _forms: ClassVar[tuple[bytes, ...]] = (b"RIFF",)

    def score(self, head: bytes, extension: str) -> int:
        if head[:4] in self._forms and head[8:12] == b"WAVE":
            return 100
        return 10 if extension in self.extensions else 0

    def glance(self, source: Source) -> list[Block] | None:
        return glance(source, _GLANCED)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the label's chunk, texts of INFO, bext and iXML, XMP, ID3, and labels inside other chunks.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: The rest cannot be read.
        """
        self._check(source)
        walk = Walk(source)
        seen = has_sound = False
        for chunk in walk.chunks():
            has_sound |= chunk.id == b"data"
            for block in _blocks_of(source, walk, chunk):
                seen |= may_hold_label(block)
                yield block
            if seen and has_sound and not thorough:
                return
        for item in labels_behind(source, walk.end):
            problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("riff-trailer", item.key, item.text, item.start, item.stop, (problem,))
        if not has_sound:
            raise Malformed("wav-no-data", path=source.name)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the chunk behind the samples, with a filler behind it for the next writer; samples never move."""
        self._check(source)
        return plan(source, label.to_json())

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the format and the samples."""
        self._check(source)
        for chunk in Walk(source).chunks():
            if chunk.id in (b"fmt ", b"data"):
                yield Span(chunk.body, chunk.end)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a few samples of silence: plain, with a title behind them, odd in number, and from a recorder."""
        info = make(b"LIST", INFO + make(b"INAM", b"a silence\0"))
        yield Example("plain.wav", _form(_FORMAT + make(b"data", bytes(64))))
        yield Example("title.wav", _form(_FORMAT + make(b"data", bytes(64)) + info))
        yield Example("odd.wav", _form(_FORMAT + make(b"data", bytes(63))))
        endless = b"\xff\xff\xff\xff"
        yield Example("streamed.wav", b"RIFF" + endless + b"WAVE" + _FORMAT + b"data" + endless + bytes(64))

    def _check(self, source: Source) -> None:
        head = source.head
        if head[:4] not in self._forms or head[8:12] != b"WAVE":
            raise Malformed("wav-not-wav", path=source.name)


class Rf64(Wav):
    """RF64 and BW64: WAV whose sizes stand as 64-bit numbers in a ``ds64`` chunk."""

    name: ClassVar[str] = "rf64"
    extensions: ClassVar[tuple[str, ...]] = ("rf64", "bw64", "wav")
    clause: ClassVar[str] = "TC260-PG-202510A 6.1"

    _forms: ClassVar[tuple[bytes, ...]] = (b"RF64", b"BW64")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields both identifiers around a few samples of silence."""
        for form in cls._forms:
            data = bytes(64)
            rest = _FORMAT + b"data\xff\xff\xff\xff" + data
            long = make(b"ds64", struct.pack("<QQQI", 4 + 36 + len(rest), len(data), len(data), 0))
            yield Example(f"{form.decode().lower()}.rf64", form + b"\xff\xff\xff\xff" + b"WAVE" + long + rest)


_FORMAT: Final = make(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))


def _form(chunks: bytes) -> bytes:
    return b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WAVE" + chunks


def _blocks_of(source: Source, walk: Walk, chunk: Chunk) -> Iterator[Block]:
    start, stop = chunk.start, chunk.stop
    if chunk.id.upper() == LABEL:
        value = embedded.decoded(walk.content(chunk)).rstrip("\0")
        yield Block("riff-chunk", chunk.id.decode("ascii"), value, start, stop)
    elif chunk.is_open:
        yield Block("riff-chunk", "data", "", start, stop, (Problem("wav-open-size", Severity.NOTE, "R62"),))
    elif chunk.id in _SOUND:
        return
    elif chunk.id in (b"id3 ", b"ID3 "):
        yield from _id3_blocks(source, chunk)
    elif chunk.id == b"_PMX":
        yield Block("xmp", "", source.read(chunk.body, chunk.size), start, stop)
    elif chunk.id == b"C2PA":
        yield Block("c2pa", "C2PA", b"", start, stop)
    else:
        yield from _text_blocks(source, chunk)


def _id3_blocks(source: Source, chunk: Chunk) -> Iterator[Block]:
    tag = parse_tag(source, chunk.body)
    if tag is not None:
        if tag.stop > chunk.end:
            raise Malformed("wav-id3", path=source.name, offset=chunk.start)
        yield from tag_blocks(tag)


def _text_blocks(source: Source, chunk: Chunk) -> Iterator[Block]:
    start, stop, name = chunk.start, chunk.stop, chunk.id.decode("ascii")
    if is_info(source, chunk):
        for entry in info_entries(source, chunk):
            yield Block("riff-info", entry.key, entry.text, start + entry.start, start + entry.stop)
        return
    if chunk.id == b"bext":
        data = source.read(chunk.body, min(chunk.size, _TEXT_MAX))
        for field in broadcast_texts(data):
            yield Block("riff-bext", field.key, field.text, chunk.body + field.start, chunk.body + field.stop)
        return
    if chunk.id == b"iXML":
        text = embedded.decoded(source.read(chunk.body, min(chunk.size, _TEXT_MAX))).strip("\0 \r\n")
        if not looks_like_label(text):
            yield Block("riff-ixml", "", text, start, stop)
            return
    is_filler = chunk.id in FILLERS
    for item in embedded.find(source.read(chunk.body, min(chunk.size, _SEARCHED))):
        if item.key or looks_like_label(item.text):
            at = chunk.body + item.start
            key = item.key if item.key and not is_filler else name
            yield Block("riff-chunk", key, item.text, at, chunk.body + item.stop)
