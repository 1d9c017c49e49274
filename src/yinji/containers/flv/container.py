"""FLV: the label is the property ``AIGC`` of the script tag ``onMetaData`` (TC260-PG-20257A 6.1.1, R57)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.candidate import may_hold_label
from yinji.containers.flv.amf import make_key, make_string
from yinji.containers.flv.edit import plan
from yinji.containers.flv.glance import glance, looks_complete
from yinji.containers.flv.tags import HEADER, META, SCRIPT, SIGNATURE, Walk, blocks_of, last_frame
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.trailer import labels_behind
from yinji.errors import Malformed, Truncated
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity


class Flv:
    """Flash Video."""

    name: ClassVar[str] = "flv"
    media_type: ClassVar[str] = "video/x-flv"
    kind: ClassVar[Kind] = Kind.VIDEO
    extensions: ClassVar[tuple[str, ...]] = ("flv",)
    carrier: ClassVar[str] = "flv-script"
    clause: ClassVar[str] = "TC260-PG-20257A 6.1.1"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head.startswith(SIGNATURE):
            return 100
        return 10 if extension in self.extensions else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the texts of script tags, and XMP packets in them.

        A quick reading stops at the first frame once a label was seen in front of it; of a file longer than 16 KiB it
        takes the frames for granted when the last 16 KiB end with a whole tag and show nothing of a script tag.

        Raises:
            Malformed, Truncated, LimitExceeded: The rest cannot be read.
        """
        walk = Walk(source)
        seen = has_media = False
        farthest = 0
        for tag in walk.tags():
            if tag.type == SCRIPT:
                farthest = max(farthest, last_frame(source, tag))
                for block in blocks_of(source, tag):
                    seen |= may_hold_label(block)
                    yield block
            elif not has_media:
                has_media = True
                if not thorough and (seen or (farthest < source.size and looks_complete(source))):
                    return
        for item in labels_behind(source, walk.end):
            seen = True
            problem = Problem("after-end", Severity.WARNING, "R48", {"offset": item.start})
            yield Block("flv-trailer", item.key, item.text, item.start, item.stop, (problem,))
        if not seen and (walk.end < source.size or not has_media):
            raise Malformed("flv-tag", path=source.name, offset=walk.end)
        if farthest >= source.size:
            raise Truncated("truncated", path=source.name, offset=farthest, needed=HEADER, size=source.size)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into ``onMetaData``; see :mod:`yinji.containers.flv.edit`."""
        return plan(source, label.to_json(), reading)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields sound and pictures with their headers, without script tags."""
        start: int | None = None
        walk = Walk(source)
        for tag in walk.tags():
            if tag.type == SCRIPT and start is not None:
                yield Span(start, tag.start)
                start = None
            elif tag.type != SCRIPT and start is None:
                start = tag.start
        if start is not None:
            yield Span(start, walk.end)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields some silence: with the usual script tag and an index of frames, with an object, and bare."""
        yield Example("indexed.flv", _clip(b"\x08\0\0\0\3", with_index=True))
        yield Example("object.flv", _clip(b"\3"))
        yield Example("bare.flv", _clip(b""))


_FRAMES: Final = 4
_SAMPLES: Final = bytes((0x32,)) + b"\x80" * 16  # 8-bit PCM, 5.5 kHz, mono


def _clip(opening: bytes, *, with_index: bool = False) -> bytes:
    """Returns a header, a script tag whose value opens with ``opening`` (none for b""), and a few frames."""
    front = SIGNATURE + b"\4\0\0\0\x09" + bytes(4)
    frames = b"".join(_tag(8, _SAMPLES, 3 * n) for n in range(_FRAMES))
    if not opening:
        return front + frames

    def meta(first: int, size: int) -> bytes:
        properties = _property("duration", _number(0.012)) + _property("encoder", make_string(b"yinji"))
        if with_index:
            length = HEADER + len(_SAMPLES) + 4
            places = b"".join(_number(first + length * n) for n in range(_FRAMES))
            array = b"\x0a" + _FRAMES.to_bytes(4, "big") + places
            properties += _property("filesize", _number(size))
            times = b"\x0a" + _FRAMES.to_bytes(4, "big") + b"".join(_number(0.003 * n) for n in range(_FRAMES))
            index = _property("filepositions", array) + _property("times", times)
            properties += _property("keyframes", b"\3" + index + b"\0\0\x09")
        return _tag(SCRIPT, make_string(META.encode()) + opening + properties + b"\0\0\x09", 0)

    at = len(front) + len(meta(0, 0))
    return front + meta(at, at + len(frames)) + frames


def _tag(kind: int, data: bytes, milliseconds: int) -> bytes:
    header = bytes((kind,)) + len(data).to_bytes(3, "big") + milliseconds.to_bytes(3, "big") + bytes(4)
    return header + data + (HEADER + len(data)).to_bytes(4, "big")


def _property(key: str, value: bytes) -> bytes:
    return make_key(key) + value


def _number(value: float) -> bytes:
    return b"\0" + struct.pack(">d", value)
