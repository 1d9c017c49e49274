"""Decoder configuration records (ISO/IEC 14496-15 5.3.3 avcC, 8.3.3 hvcC): parameter sets beside the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yinji.marks.video.nal import H264, BadUnit, Hevc, from_annex_b, is_annex_b

_AVC_HEAD: Final = 6
_HEVC_HEAD: Final = 23
_HIGH: Final = frozenset((100, 110, 122, 144, 244))


@dataclass(frozen=True, slots=True)
class Config:
    """A parsed record.

    Attributes:
        width: Bytes of a unit's length; 0 where units stand behind start codes.
        units: The parameter sets (and other units) it holds.
        tail: What follows the sets in an ``avcC``.
        record: The record itself.
    """

    width: int
    units: tuple[bytes, ...]
    tail: bytes
    record: bytes


def parse(rules: H264 | Hevc, record: bytes) -> Config:
    """Reads a record, or parameter sets behind start codes.

    Raises:
        BadUnit: It breaks its own rules.
    """
    if not record or is_annex_b(record):
        return Config(0, tuple(from_annex_b(record)), b"", record)
    reader = _Reader(record)
    if isinstance(rules, H264):
        head = reader.take(_AVC_HEAD)
        units = [reader.unit() for _ in range(head[5] & 31)]
        units += [reader.unit() for _ in range(reader.take(1)[0])]
        return Config(1 + (head[4] & 3), tuple(units), record[reader.at :], record)
    head = reader.take(_HEVC_HEAD)
    units = []
    for _ in range(head[22]):
        reader.take(1)
        units += [reader.unit() for _ in range(int.from_bytes(reader.take(2), "big"))]
    return Config(1 + (head[21] & 3), tuple(units), b"", record)


def merged(rules: H264 | Hevc, config: Config, more: Sequence[bytes]) -> bytes:
    """Returns the record with more parameter sets, at the higher of both levels.

    Raises:
        BadUnit: It cannot hold them.
    """
    if not config.width:
        return config.record
    return _avc(rules, config, more) if isinstance(rules, H264) else _hevc(rules, config, more)


def _avc(rules: H264, config: Config, more: Sequence[bytes]) -> bytes:
    units = [*config.units, *more]
    sequences = [u for u in units if rules.kind(u) == rules.sequence]
    pictures = [u for u in units if rules.kind(u) == rules.picture]
    if len(sequences) > 31 or len(pictures) > 255:
        raise BadUnit
    head = bytearray(config.record[:_AVC_HEAD])
    head[3] = max(u[3] for u in sequences)
    head[5] = head[5] & 0xE0 | len(sequences)
    tail = config.tail if head[1] in _HIGH else b""
    return bytes(head) + _listed(sequences) + bytes((len(pictures),)) + _listed(pictures) + tail


def _hevc(rules: Hevc, config: Config, more: Sequence[bytes]) -> bytes:
    head = bytearray(config.record[:_HEVC_HEAD])
    head[12] = max([head[12], *(rules.level(u) for u in more if rules.kind(u) == rules.sequence)])
    complete = {}
    reader = _Reader(config.record, _HEVC_HEAD)
    for _ in range(head[22]):
        first = reader.take(1)[0]
        complete[first & 63] = first
        for _ in range(int.from_bytes(reader.take(2), "big")):
            reader.unit()
    arrays: dict[int, list[bytes]] = {kind: [] for kind in complete}
    for unit in (*config.units, *more):
        arrays.setdefault(rules.kind(unit), []).append(unit)
    head[22] = len(arrays)
    body = b"".join(
        bytes((complete.get(kind, 0x80 | kind),)) + len(units).to_bytes(2, "big") + _listed(units)
        for kind, units in arrays.items()
    )
    return bytes(head) + body


def _listed(units: Sequence[bytes]) -> bytes:
    if any(len(u) > 0xFFFF for u in units):
        raise BadUnit
    return b"".join(len(u).to_bytes(2, "big") + u for u in units)


class _Reader:
    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    def take(self, count: int) -> bytes:
        taken = self._data[self.at : self.at + count]
        if len(taken) != count:
            raise BadUnit
        self.at += count
        return taken

    def unit(self) -> bytes:
        unit = self.take(int.from_bytes(self.take(2), "big"))
        if len(unit) < 3:
            raise BadUnit
        return unit
