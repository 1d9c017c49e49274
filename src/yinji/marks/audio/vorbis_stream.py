"""What a Vorbis stream consists of (Vorbis I specification, 2020): headers, modes, and the block of each packet.

A block overlaps its neighbours, so that a packet means samples only together with the one before it: the first one
gives none, each further one a quarter of both blocks.
"""

from __future__ import annotations

import mmap
from array import array
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from yinji.marks.audio.codec import Unspliceable
from yinji.marks.audio.ogg import CONTINUED, FIRST, NO_POSITION, Page, heads_of, packets, pages_of

HEADERS: Final = 3
_HEAD: Final = b"\1vorbis"
_SETUP: Final = b"\5vorbis"
_MODE_BITS: Final = 41
_MOST_MODES: Final = 64
_WINDOW_AND_TRANSFORM: Final = 0xFFFFFFFF


class Coding(NamedTuple):
    """What all packets of a stream share.

    Attributes:
        head, setup: The identification and the setup header.
        sizes: Samples of a short and a long block.
        modes: Whether the blocks of each mode are long.
    """

    head: bytes
    setup: bytes
    sizes: tuple[int, int]
    modes: tuple[bool, ...]

    @classmethod
    def of(cls, head: bytes, setup: bytes) -> Coding:
        """Reads the headers.

        Raises:
            Unspliceable: They are not those of Vorbis I.
        """
        if len(head) != 30 or not head.startswith(_HEAD) or not setup.startswith(_SETUP):
            raise Unspliceable
        return cls(head, setup, (1 << (head[28] & 15), 1 << (head[28] >> 4)), _modes(setup))

    @property
    def channels(self) -> int:
        return self.head[11]

    @property
    def rate(self) -> int:
        return int.from_bytes(self.head[12:16], "little")

    @property
    def _mode_bits(self) -> int:
        return (len(self.modes) - 1).bit_length()

    def is_long(self, packet: bytes) -> bool:
        """Whether the block of a packet is a long one.

        Raises:
            Unspliceable: It is none of sound.
        """
        if not packet or packet[0] & 1:
            raise Unspliceable
        mode = packet[0] >> 1 & ((1 << self._mode_bits) - 1)
        if mode >= len(self.modes):
            raise Unspliceable
        return self.modes[mode]

    def beside(self, packet: bytes) -> tuple[bool, bool]:
        """Whether the blocks before and behind a long block are taken for long ones."""
        flags = int.from_bytes(packet[:2], "little") >> (1 + self._mode_bits)
        return bool(flags & 1), bool(flags & 2)

    def is_plain(self, packet: bytes) -> bool:
        """Whether a block meets both its neighbours at the longest slope, as most do."""
        return (self.is_long(packet) and all(self.beside(packet))) or not any(self.modes)

    def in_front_of(self, packet: bytes, *, is_long: bool) -> bytes:
        """Returns a packet with the slope that suits the block which will follow it."""
        if not self.is_long(packet) or len(packet) < 2:
            return packet
        bit = 2 << (1 + self._mode_bits)
        value = int.from_bytes(packet[:2], "little")
        return (value | bit if is_long else value & ~bit).to_bytes(2, "little") + packet[2:]

    def samples(self, before: bool, now: bool) -> int:
        """Samples that a block gives behind another."""
        return (self.sizes[before] + self.sizes[now]) // 4


def _modes(setup: bytes) -> tuple[bool, ...]:
    """Reads the modes, which stand at the end of the setup header, from its end on (4.2.4)."""
    bits = int.from_bytes(setup, "little")
    at = bits.bit_length() - 1
    flags: list[bool] = []
    found: tuple[bool, ...] = ()
    while at >= _MODE_BITS + 6 and len(flags) < _MOST_MODES:
        at -= _MODE_BITS
        if bits >> (at + 1) & _WINDOW_AND_TRANSFORM:
            break
        flags.insert(0, bool(bits >> at & 1))
        if bits >> (at - 6) & 63 == len(flags) - 1:
            found = tuple(flags)
    if not found:
        raise Unspliceable
    return found


class Content(NamedTuple):
    """The stream of a file.

    Attributes:
        coding: Its headers.
        heads: The pages that hold its headers.
        pages: All others.
        ends: The time at the end of each packet, in samples, as its blocks give it.
        trim: Samples at the end that are not part of the content.
    """

    coding: Coding
    heads: list[Page]
    pages: list[Page]
    ends: array[int]
    trim: int

    @property
    def seconds(self) -> float:
        return (self.ends[-1] - self.trim) / self.coding.rate

    def cuts(self, data: mmap.mmap, due: list[float]) -> list[int]:
        """Returns the packets that end nearest to seconds, of those at which streams can be joined.

        Raises:
            Unspliceable: There are not so many.
        """
        fit = [
            number
            for number, (packet, _) in enumerate(packets(data, self.pages))
            if number and self.coding.is_plain(packet)
        ]
        chosen = [min(fit, key=lambda n: abs(self.ends[n] - at * self.coding.rate)) for at in due if fit]
        if len(set(chosen)) != len(due) or (chosen and chosen[-1] == len(self.ends) - 1):
            raise Unspliceable
        return chosen


def content_of(data: mmap.mmap) -> Content:
    """Reads a file.

    Raises:
        Malformed, Truncated, LimitExceeded: It is no Ogg.
        Unspliceable: It holds something else than one stream of Vorbis, or its times are not those of its blocks.
    """
    pages = list(pages_of(data))
    if any(page.serial != pages[0].serial or page.flags & FIRST for page in pages[1:]):
        raise Unspliceable
    if data[pages[0].body : pages[0].body + len(_HEAD)] != _HEAD:
        raise Unspliceable
    count = heads_of(pages, HEADERS)
    heads, rest = pages[:count], pages[count:]
    (head, _), _, (setup, _) = packets(data, heads)
    coding = Coding.of(head, setup)
    if not rest or rest[0].flags & CONTINUED:
        raise Unspliceable
    blocks, of_page = bytearray(), array("L")
    for packet, page in packets(data, rest):
        blocks.append(coding.is_long(packet))
        of_page.append(page)
    if len(blocks) < 2:
        raise Unspliceable
    ends = array("Q", accumulate((coding.samples(bool(a), bool(b)) for a, b in pairwise(blocks)), initial=0))
    last = {page: number for number, page in enumerate(of_page)}
    for page, number in last.items():
        gap = ends[number] - rest[page].position
        is_end = page == of_page[-1]
        if rest[page].position == NO_POSITION or gap < 0 or (gap and not is_end):
            raise Unspliceable
    trim = ends[-1] - rest[of_page[-1]].position
    return Content(coding, heads, rest, ends, trim)
