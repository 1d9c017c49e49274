"""MPEG transport streams: a format for which neither GB 45438 nor a guide leaves a usable place (R61).

A transport stream has no container metadata and no room for XMP, so "unlabelled" would claim too much: the answer is
"unsupported", with what to do instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NoReturn

from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.errors import Malformed, UnsupportedFormat
from yinji.labels.aigc import AigcLabel

SYNC: Final = 0x47
LAYOUTS: Final = ((0, 188), (4, 192), (0, 204))
"""Where the first sync byte stands and how long packets are: plain, with time codes (M2TS), with Reed-Solomon codes."""

_NEEDED: Final = 4


class MpegTs:
    """MPEG-2 transport stream, in packets of 188, 192 or 204 bytes."""

    name: ClassVar[str] = "mpegts"
    media_type: ClassVar[str] = "video/mp2t"
    kind: ClassVar[Kind] = Kind.VIDEO
    extensions: ClassVar[tuple[str, ...]] = ("ts", "m2ts", "mts")
    carrier: ClassVar[str] = ""
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = False

    def score(self, head: bytes, extension: str) -> int:
        """Rates by the first sync bytes; the whole pattern does not fit into so short a head."""
        has_sync = any(head[at : at + 1] == bytes((SYNC,)) for at, _ in LAYOUTS)
        return 20 if has_sync and extension in self.extensions else 5 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields nothing, and says that there is no place for a label.

        Raises:
            Malformed: This is no transport stream.
            UnsupportedFormat: Always otherwise: no place is defined.
        """
        if not is_stream(source.head):
            raise Malformed("mpegts-no-sync", path=source.name)
        yield from ()
        raise UnsupportedFormat("mpegts-no-carrier", path=source.name)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> NoReturn:
        """Refuses.

        Raises:
            UnsupportedFormat: No place is defined for a label.
        """
        raise UnsupportedFormat("mpegts-no-carrier", path=source.name)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the whole file."""
        if source.size:
            yield Span(0, source.size)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields null packets in the three lengths."""
        packet = b"\x47\x1f\xff\x10" + b"\xff" * 184
        yield Example("plain.ts", packet * 8)
        yield Example("disc.m2ts", (bytes(4) + packet) * 8)
        yield Example("broadcast.ts", (packet + bytes(16)) * 8)


def is_stream(head: bytes) -> bool:
    """Whether sync bytes stand at the same distance from one another, at least four times."""
    for start, length in LAYOUTS:
        syncs = head[start::length]
        if len(syncs) >= _NEEDED and set(syncs[:8]) == {SYNC}:
            return True
    return False
