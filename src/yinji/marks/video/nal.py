"""NAL units of H.264 and HEVC (Rec. ITU-T H.264 7.3, H.265 7.3): split, told apart, and given new parameter-set ids.

What is encoded anew and what is copied each need parameter sets of their own in one and the same stream, under ids
that differ. An encoder numbers its sets 0. Ids are variable-length codes, and a longer id would shift every bit after
it; but the codes of 15 to 30 are nine bits long where that of 0 is one, so the rest moves by exactly one byte and
stays as it was, slice data and its alignment included. No encoder has to offer an option for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple

NEW_IDS: Final = range(15, 31)
"""Ids whose Exp-Golomb codes are eight bits longer than that of 0."""
_START: Final = re.compile(rb"\x00\x00\x01")
_STARTS: Final = (b"\0\0\1", b"\0\0\0\1")
_HEAD: Final = 64
"""Bytes at the start of a unit within which its ids stand."""


class Ids(NamedTuple):
    """Ids of video, sequence and picture parameter sets; H.264 has no video parameter set."""

    video: int
    sequence: int
    picture: int


class BadUnit(ValueError):
    """A NAL unit that is not what it should be; never leaves the worker."""


def from_annex_b(data: bytes) -> list[bytes]:
    """Splits units that stand behind start codes."""
    starts = [m.end() for m in _START.finditer(data)]
    units = []
    for start, stop in zip(starts, [*(s - 3 for s in starts[1:]), len(data)], strict=True):
        unit = data[start:stop].rstrip(b"\0")
        if unit:
            units.append(unit)
    return units


def to_annex_b(units: Iterable[bytes]) -> bytes:
    """Joins units behind start codes."""
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def from_lengths(data: bytes, width: int) -> list[bytes]:
    """Splits units that stand behind their lengths, each of ``width`` bytes.

    Raises:
        BadUnit: A length leads beyond the end.
    """
    units, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + width], "big")
        at += width
        if at + size > len(data):
            raise BadUnit
        if size:
            units.append(data[at : at + size])
        at += size
    return units


def to_lengths(units: Iterable[bytes], width: int) -> bytes:
    """Joins units behind their lengths.

    Raises:
        BadUnit: A unit is too long for the width.
    """
    out = bytearray()
    for unit in units:
        if len(unit) >= 1 << 8 * width:
            raise BadUnit
        out += len(unit).to_bytes(width, "big") + unit
    return bytes(out)


def split(data: bytes, width: int) -> list[bytes]:
    """Splits an access unit; a width of 0 stands for start codes."""
    return from_lengths(data, width) if width else from_annex_b(data)


def join(units: Iterable[bytes], width: int) -> bytes:
    """Joins an access unit; a width of 0 stands for start codes."""
    return to_lengths(units, width) if width else to_annex_b(units)


def is_annex_b(data: bytes) -> bool:
    """Whether the units stand behind start codes."""
    return data.startswith(_STARTS)


def plain(unit: bytes) -> bytes:
    """Takes the emulation prevention bytes out."""
    return unit.replace(b"\0\0\3", b"\0\0") if b"\0\0\3" in unit else unit


def guarded(payload: bytes) -> bytes:
    """Puts emulation prevention bytes in (7.4.1: no three bytes may look like a start code)."""
    out, at, start = bytearray(), 0, 0
    while True:
        at = payload.find(b"\0\0", at)
        if at < 0 or at + 2 >= len(payload):
            break
        if payload[at + 2] <= 3:
            out += payload[start : at + 2] + b"\3"
            start = at = at + 2
        else:
            at += 1
    out += payload[start:]
    if payload.endswith(b"\0"):
        out += b"\3"
    return bytes(out)


class Bits:
    """Reads the first bits of a unit without its emulation prevention."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        head = data[:_HEAD]
        self._value = int.from_bytes(head, "big")
        self._size = 8 * len(head)
        self.at = at

    def take(self, count: int) -> int:
        if self.at + count > self._size:
            raise BadUnit
        self.at += count
        return self._value >> (self._size - self.at) & ((1 << count) - 1)

    def golomb(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise BadUnit
        return (1 << zeros) - 1 + (self.take(zeros) if zeros else 0)


def _longer(data: bytes, at: int, id: int) -> bytes:
    """Replaces the code of id 0, one set bit at ``at``, by the nine bits of another id."""
    if id not in NEW_IDS:
        raise BadUnit
    byte, bit = divmod(at, 8)
    if not data[byte] >> (7 - bit) & 1:
        raise BadUnit
    before = data[byte] >> (8 - bit)
    after = data[byte] & ((1 << (7 - bit)) - 1)
    joined = (before << 9 | (id + 1)) << (7 - bit) | after
    return data[:byte] + joined.to_bytes(2, "big") + data[byte + 1 :]


class H264:
    """Units of H.264 (one header byte)."""

    header: Final = 1
    sequence, picture = 7, 8
    video = -1
    sequence_ids: Final = NEW_IDS
    supplement: Final = (6,)
    delimiters: Final = frozenset((9, 10, 11, 12))

    def kind(self, unit: bytes) -> int:
        return unit[0] & 31

    def is_slice(self, kind: int) -> bool:
        return 1 <= kind <= 5

    def ids(self, unit: bytes) -> Ids:
        """The ids that a parameter set defines; -1 for those it does not."""
        kind, bits = self.kind(unit), Bits(plain(unit[:_HEAD]), 8)
        if kind == self.sequence:
            bits.take(24)
            return Ids(-1, bits.golomb(), -1)
        return Ids(-1, -1, bits.golomb()) if kind == self.picture else Ids(-1, -1, -1)

    def renumbered(self, unit: bytes, ids: Ids) -> bytes:
        """Gives a unit of an encoder that numbers its sets 0 other ids.

        Raises:
            BadUnit: It does not number them 0.
        """
        kind = self.kind(unit)
        if kind == self.sequence:
            return guarded(_longer(plain(unit), 32, ids.sequence))
        if kind == self.picture:
            once = _longer(plain(unit), 8, ids.picture)
            return guarded(_longer(once, 17, ids.sequence))
        if self.is_slice(kind):
            whole = plain(unit)
            bits = Bits(whole, 8)
            bits.golomb()
            bits.golomb()
            return guarded(_longer(whole, bits.at, ids.picture))
        return unit


class Hevc:
    """Units of HEVC (two header bytes)."""

    header: Final = 2
    video, sequence, picture = 32, 33, 34
    sequence_ids: Final = range(15, 16)
    supplement: Final = (39, 40)
    delimiters: Final = frozenset((35, 36, 37, 38))
    clean: Final = (19, 20)
    """IDR_W_RADL, IDR_N_LP."""
    open: Final = (16, 17, 18, 21)
    """BLA and CRA: pictures after them in decoding order may be shown before them."""
    decodable, skipped = (6, 7), (8, 9)
    """RADL and RASL: leading pictures that do not, and that do, need what went before."""

    def kind(self, unit: bytes) -> int:
        return unit[0] >> 1 & 63

    def is_slice(self, kind: int) -> bool:
        return kind < 32

    def ids(self, unit: bytes) -> Ids:
        """The ids that a parameter set defines; -1 for those it does not."""
        kind, bits = self.kind(unit), Bits(plain(unit[:_HEAD]), 16)
        if kind == self.video:
            return Ids(bits.take(4), -1, -1)
        if kind == self.sequence:
            _sub_layers(bits)
            return Ids(-1, bits.golomb(), -1)
        return Ids(-1, -1, bits.golomb()) if kind == self.picture else Ids(-1, -1, -1)

    def level(self, unit: bytes) -> int:
        """``general_level_idc`` of a sequence parameter set."""
        return plain(unit[:_HEAD])[14]

    def renumbered(self, unit: bytes, ids: Ids) -> bytes:
        """Gives a unit of an encoder that numbers its sets 0 other ids.

        Raises:
            BadUnit: It does not number them 0, or its sequence has sub-layers.
        """
        kind = self.kind(unit)
        if kind == self.video:
            return unit[:2] + bytes((ids.video << 4 | unit[2] & 15,)) + unit[3:]
        if kind == self.sequence:
            whole = plain(unit)
            bits = Bits(whole, 16)
            _sub_layers(bits)
            longer = _longer(whole, bits.at, ids.sequence)
            return guarded(longer[:2] + bytes((ids.video << 4 | longer[2] & 15,)) + longer[3:])
        if kind == self.picture:
            once = _longer(plain(unit), 16, ids.picture)
            return guarded(_longer(once, 25, ids.sequence))
        if self.is_slice(kind):
            # first_slice_segment_in_pic_flag, and no_output_of_prior_pics_flag in random access pictures.
            return guarded(_longer(plain(unit), 18 if 16 <= kind <= 23 else 17, ids.picture))
        return unit

    def spliced(self, units: Iterable[bytes]) -> list[bytes]:
        """Turns a clean random access picture into a broken-link one (BLA_N_LP), made for starting anew after a cut.

        The slice header of both is the same (7.3.6.1), and the pictures that follow decode to the same samples.
        """
        return [
            bytes((unit[0] & 0x81 | 18 << 1,)) + unit[1:] if self.kind(unit) in (16, 17, 21) else unit for unit in units
        ]


def _sub_layers(bits: Bits) -> None:
    """Steps over the profile, tier and level of a sequence without sub-layers."""
    bits.take(4)
    if bits.take(3):
        raise BadUnit
    bits.take(1 + 88 + 8)


def is_set(rules: H264 | Hevc, unit: bytes) -> bool:
    """Whether a unit is a parameter set."""
    return rules.kind(unit) in (rules.video, rules.sequence, rules.picture)


def numbered(rules: H264 | Hevc, present: Sequence[bytes], fresh: Sequence[bytes]) -> tuple[Ids, list[bytes]]:
    """Gives an encoder's parameter sets ids under which nothing else is present.

    Sets that are there already, byte for byte, may be used again: those of an earlier label, say.

    Raises:
        BadUnit: There are no ids left.
    """
    taken = {rules.ids(u): u for u in present if is_set(rules, u)}
    for video, sequence, picture in product(range(15, 11, -1), rules.sequence_ids, NEW_IDS):
        ids = Ids(video, sequence, picture)
        sets = [rules.renumbered(u, ids) for u in fresh]
        if all(taken.get(rules.ids(u), u) == u for u in sets):
            return ids, sets
    raise BadUnit


def messages(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the messages of a supplemental enhancement information payload: type, and the message with its head."""
    at = 0
    while at + 2 < len(payload):
        start, numbers = at, []
        for _ in range(2):
            value = 0
            while at < len(payload) and payload[at] == 255:
                value += 255
                at += 1
            if at >= len(payload):
                return
            numbers.append(value + payload[at])
            at += 1
        if at + numbers[1] > len(payload):
            return
        at += numbers[1]
        yield numbers[0], payload[start:at]
