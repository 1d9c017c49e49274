"""Finds what must be encoded anew: from the first packet to the first place where copying may begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.marks.video.codecs import Codec, Cut, slice_kinds
from yinji.marks.video.nal import H264, BadUnit, Hevc, guarded, join, messages, plain, split

if TYPE_CHECKING:
    from av import Packet
    from av.video.stream import VideoStream

    Picture = Packet[VideoStream]

_LOOK_AHEAD: Final = 64
"""Leading pictures that may follow a random access picture."""
_CAPTIONS: Final = frozenset((4, 137, 144, 147))
"""Messages kept with each picture: ITU-T T.35 (captions, HDR10+), mastering display, light levels, transfer."""
_DOLBY: Final = 62


Extras = dict[int, tuple[list[bytes], list[bytes]]]
"""Units that go before and after the slices of a picture, by its presentation time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to encode anew.

    Attributes:
        shown: Presentation times of the pictures to encode, ascending. Slot ``i`` of the stream takes the ``i``-th.
        slots: Packets replaced: the encoded ones, and the keyframe at the cut where it has to be changed.
        cut: The keyframe with its type changed, or None.
        cut_at: Presentation time of the first copied picture; None where everything is encoded anew.
        start: Presentation time at which playing begins.
        label_end: Presentation time of the first picture without the label; None where there is none.
        sizes: Bytes of the packets replaced, in stream order.
        decoded: Their decoding times.
        extras: What goes along with each picture.
    """

    shown: list[int]
    slots: int
    cut: bytes | None
    cut_at: int | None
    start: int
    label_end: int | None
    sizes: list[int]
    decoded: list[int | None]
    extras: Extras


class Unplaced(ValueError):
    """A packet has no presentation time, or one that another has."""


class _Head:
    """What has been read so far of the part to encode anew."""

    def __init__(self, rules: H264 | Hevc | None, width: int) -> None:
        self._rules = rules
        self._width = width
        self.times: list[int] = []
        self.decoded: list[int | None] = []
        self.sizes: list[int] = []
        self.extras: Extras = {}

    def take(self, packet: Picture) -> None:
        if packet.pts is None:
            raise Unplaced
        self.times.append(packet.pts)
        self.replace(packet)
        if self._rules is not None and any(more := accompanying(self._rules, bytes(packet), self._width)):
            self.extras[packet.pts] = more

    def replace(self, packet: Picture) -> None:
        """Notes that a packet's place is taken, though its picture is not encoded anew."""
        self.sizes.append(packet.size)
        self.decoded.append(packet.dts)

    def plan(self, first: int, ticks: int | None, *, cut_at: int | None = None, cut: bytes | None = None) -> Plan:
        shown = sorted(self.times)
        if len(set(shown)) != len(shown) or (cut is not None and cut_at is not None and shown[-1] >= cut_at):
            raise Unplaced
        end = None if ticks is None else next((t for t in shown if t >= first + ticks), cut_at)
        return Plan(shown, len(self.sizes), cut, cut_at, first, end, self.sizes, self.decoded, self.extras)


def plan(
    packets: Iterator[Picture], codec: Codec, width: int, *, start: int | None, ticks: int, everything: bool
) -> Plan:
    """Reads packets in stream order until the place to cut is found.

    Args:
        packets: Of the video stream.
        codec: The codec.
        width: Bytes of a unit's length, 0 for start codes.
        start: Presentation time at which playing begins; None for the first picture's.
        ticks: How long the label stays, in ticks of the stream.
        everything: Encode and label all of it.

    Raises:
        Unplaced: The presentation times do not serve.
    """
    head = _Head(codec.rules, width)
    first = start or 0
    for packet in packets:
        if packet.pts is None:
            raise Unplaced
        if start is None:
            first = min(head.times[:_LOOK_AHEAD], default=packet.pts)
        if packet.is_keyframe and head.times and not everything and packet.pts >= first + ticks:
            cut = codec.cut(bytes(packet), width)
            if cut is Cut.CLEAN:
                return head.plan(first, ticks, cut_at=packet.pts)
            if cut is Cut.OPEN and isinstance(codec.rules, Hevc):
                leading = _leading(packets, codec.rules, width)
                if leading.clean:
                    head.replace(packet)
                    for other in leading.packets[: leading.skipped]:
                        head.take(other)
                    spliced = join(codec.rules.spliced(split(bytes(packet), width)), width)
                    return head.plan(first, ticks, cut_at=packet.pts, cut=spliced)
                for other in (packet, *leading.packets):
                    head.take(other)
                continue
        head.take(packet)
    return head.plan(first, None if everything else ticks)


class _Leading(NamedTuple):
    packets: list[Picture]
    skipped: int
    clean: bool


def _leading(packets: Iterator[Picture], rules: Hevc, width: int) -> _Leading:
    """Reads the leading pictures behind a random access picture, and the one picture after them.

    They can be replaced where all of them are of the kind that cannot be decoded without what went before.
    """
    read: list[Picture] = []
    skipped = 0
    for packet in packets:
        read.append(packet)
        kinds = slice_kinds(rules, bytes(packet), width)
        if kinds and kinds <= set(rules.skipped):
            skipped += 1
        else:
            return _Leading(read, skipped, bool(kinds) and not kinds & {*rules.decodable, *rules.skipped})
        if len(read) > _LOOK_AHEAD:
            return _Leading(read, skipped, False)
    return _Leading(read, skipped, True)


def accompanying(rules: H264 | Hevc, data: bytes, width: int) -> tuple[list[bytes], list[bytes]]:
    """Returns the units that a picture encoded anew takes over: captions and colour before it, Dolby Vision after."""
    before, after = [], []
    try:
        units = split(data, width)
    except BadUnit:
        return [], []
    for unit in units:
        kind = rules.kind(unit)
        if kind == rules.supplement[0]:
            kept = b"".join(m for k, m in messages(plain(unit[rules.header :])) if k in _CAPTIONS)
            if kept:
                before.append(supplement(unit[: rules.header], kept))
        elif kind == _DOLBY and isinstance(rules, Hevc):
            after.append(unit)
    return before, after


def supplement(head: bytes, kept: bytes) -> bytes:
    """Makes a unit of messages."""
    return head + guarded(kept + b"\x80")
