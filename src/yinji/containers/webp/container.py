"""WebP (RFC 9649): the label is an XMP property in the chunk ``XMP `` that VP8X announces (TC260-PG-20259A 6, R44)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers import embedded
from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.packets import packet_block
from yinji.containers.riff import Chunk, Form, chunks, data, make
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.webp.chunks import (
    BODY,
    C2PA,
    EXIF,
    EXTENDED,
    HAS_ALPHA,
    HAS_EXIF,
    HAS_XMP,
    IMAGE,
    IS_ANIMATED,
    LOSSLESS,
    LOSSY,
    XMP,
    flags,
    open_form,
    packet_at_end,
)
from yinji.containers.webp.edit import NAME, is_foreign, plan
from yinji.containers.webp.glance import glance
from yinji.containers.window import Window
from yinji.errors import Malformed, Truncated
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

_TAIL: Final = 4096
_FAR: Final = 1 << 16


class WebP:
    """WebP: lossy, lossless, extended and animated."""

    name: ClassVar[str] = "webp"
    media_type: ClassVar[str] = "image/webp"
    kind: ClassVar[Kind] = Kind.IMAGE
    extensions: ClassVar[tuple[str, ...]] = ("webp",)
    carrier: ClassVar[str] = "xmp"
    clause: ClassVar[str] = "TC260-PG-20259A 6"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return 100
        return 10 if extension in self.extensions else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields packets, the EXIF block and labels in other chunks.

        A quick reading of an animation looks at its last 4 KiB instead of stepping over every frame: a packet there is
        taken at once, and flags that announce no metadata are believed if nothing there contradicts them.
        """
        window = Window(source)
        form = open_form(window)
        announced = flags(window)
        if announced & IS_ANIMATED and not thorough and form.stop <= source.size:
            quick = _at_end(source, form, announced)
            if quick is not None:
                yield from quick
                return
        seen = False
        try:
            for chunk in chunks(window, form):
                for block in _blocks_of(window, chunk, announced):
                    seen = seen or may_hold_label(block)
                    yield block
                if seen and not thorough:
                    return
                if chunk.id in (LOSSY, LOSSLESS):
                    window.fetch_ahead(chunk.stop, max(0, min(_TAIL, form.stop - chunk.stop)))
        except (Malformed, Truncated):
            if not seen:
                yield from _behind_damage(source, form, announced)
            raise
        for item in labels_behind(source, form.stop):
            problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("riff-trailer", item.key, item.text, item.start, item.stop, (problem,))

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        return plan(source, label.to_json())

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the chunks of the image, its frames and its colour profile."""
        window = Window(source)
        form = open_form(window)
        for chunk in chunks(window, form):
            if chunk.id in IMAGE:
                yield Span(chunk.start, chunk.end)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a pixel: lossy, lossless with transparency, extended with a transparency of its own, animated."""
        yield Example("lossy.webp", _file(make(LOSSY, _LOSSY)))
        yield Example("lossless.webp", _file(make(LOSSLESS, _LOSSLESS)))
        alpha = make(b"ALPH", bytes.fromhex("11071011fd0f4444ff030000"))
        opaque = bytes.fromhex("1401009d012a010001000000fe00000dc000fee6b5000000")
        yield Example("alpha.webp", _file(_extended(HAS_ALPHA), alpha, make(LOSSY, opaque)))
        frame = make(b"ANMF", bytes(12) + b"\x64\0\0\0" + make(LOSSLESS, _LOSSLESS))
        loop = make(b"ANIM", b"\xff\xff\xff\xff\0\0")
        yield Example("animated.webp", _file(_extended(HAS_ALPHA | IS_ANIMATED), loop, frame, frame))


def _at_end(source: Source, form: Form, announced: int) -> list[Block] | None:
    """Returns what the end of an animation tells by itself, or None when its chunks have to be walked."""
    tail = source.read(max(BODY, form.stop - _TAIL), min(_TAIL, form.stop - BODY))
    found = packet_at_end(form, tail)
    if found is not None:
        block = _last_packet(found, announced)
        return [block] if may_hold_label(block) else None
    if announced & (HAS_XMP | HAS_EXIF) or form.stop < source.size:
        return None
    return None if b"AIGC" in tail or b"ContentProd" in tail or C2PA in tail else []


def _behind_damage(source: Source, form: Form, announced: int) -> Iterator[Block]:
    """Yields a label's packet at the end of a file whose chunks cannot be walked: a known tool damages files so."""
    if form.stop <= source.size:
        tail = source.read(max(BODY, form.stop - _FAR), min(_FAR, form.stop - BODY))
        found = packet_at_end(form, tail)
        if found is not None and may_hold_label(block := _last_packet(found, announced)):
            yield block


def _last_packet(found: tuple[Chunk, bytes], announced: int) -> Block:
    chunk, packet = found
    return packet_block(packet, chunk.start, chunk.stop, *_flag_problems(announced))


def _flag_problems(announced: int) -> list[Problem]:
    return [] if announced & HAS_XMP else [Problem("webp-flag", Severity.WARNING, "R44")]


def _blocks_of(window: Window, chunk: Chunk, announced: int) -> Iterator[Block]:
    if chunk.id == XMP:
        yield packet_block(data(window, chunk), chunk.start, chunk.stop, *_flag_problems(announced))
    elif chunk.id == EXIF:
        yield Block("exif", "", data(window, chunk).removeprefix(b"Exif\0\0"), chunk.start, chunk.stop)
    elif chunk.id == C2PA:
        yield Block("c2pa", "C2PA", b"", chunk.start, chunk.stop)
    elif is_foreign(chunk):
        yield from _foreign(window, chunk)


def _foreign(window: Window, chunk: Chunk) -> Iterator[Block]:
    payload = data(window, chunk)
    name = chunk.id.decode("latin-1").rstrip("\0 ")
    found = [item for item in embedded.find(payload) if item.key or looks_like_label(item.text)]
    for item in found:
        yield Block("riff-chunk", item.key or name, item.text, chunk.start, chunk.stop)
    if not found and name.upper() == NAME:
        yield Block("riff-chunk", name, embedded.decoded(payload), chunk.start, chunk.stop)


_LOSSY: Final = bytes.fromhex("3001009d012a010001000ec0fe25a400037000000000")
_LOSSLESS: Final = bytes.fromhex("2f00000010071011118888fe07")


def _extended(bits: int) -> bytes:
    return make(EXTENDED, bytes((bits,)) + bytes(9))


def _file(*parts: bytes) -> bytes:
    return make(b"RIFF", b"WEBP" + b"".join(parts))
