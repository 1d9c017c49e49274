"""Extended XMP in JPEG (Adobe XMP Specification Part 3, 1.1.3.1): one packet dealt out over APP1 segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from yinji.containers.jpeg.segments import EXTENDED_XMP
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.errors import LimitExceeded

_GUID: Final = 32
_FRONT: Final = len(EXTENDED_XMP) + _GUID + 8
KEY: Final = "extended"


@dataclass(slots=True)
class _Packet:
    length: int
    start: int
    stop: int
    parts: dict[int, bytes] = field(default_factory=dict)


class Extended:
    """Collects the portions of extended packets by their GUID."""

    def __init__(self) -> None:
        self._packets: dict[bytes, _Packet] = {}
        self._held = 0

    def add(self, payload: bytes, start: int, stop: int, source: Source) -> None:
        """Takes the payload of one segment.

        Raises:
            LimitExceeded: The portions together are too large.
        """
        if len(payload) < _FRONT:
            return
        guid = payload[len(EXTENDED_XMP) : len(EXTENDED_XMP) + _GUID]
        length = int.from_bytes(payload[_FRONT - 8 : _FRONT - 4], "big")
        offset = int.from_bytes(payload[_FRONT - 4 : _FRONT], "big")
        packet = self._packets.setdefault(guid, _Packet(length, start, stop))
        packet.stop = max(packet.stop, stop)
        packet.parts.setdefault(offset, payload[_FRONT:])
        self._held += len(payload)
        if self._held > source.limits.one_read:
            raise LimitExceeded("too-large-read", path=source.name, needed=self._held, limit=source.limits.one_read)

    def blocks(self) -> Iterator[Block]:
        """Yields the packets; one with a portion missing is given as far as it goes and will not parse."""
        for packet in self._packets.values():
            yield Block("xmp", KEY, _joined(packet), packet.start, packet.stop)


def _joined(packet: _Packet) -> bytes:
    value = bytearray()
    for offset, part in sorted(packet.parts.items()):
        if offset != len(value):
            break
        value += part
    return bytes(value[: packet.length])
