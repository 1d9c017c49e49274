"""Finds what must be encoded anew: the pictures with the label, from one place where copying may stop to the next where
it may begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.marks.video.codecs import Codec, Cut, slice_kinds
from yinji.marks.video.nal import H264, BadUnit, Hevc, guarded, join, messages, plain, split
from yinji.marks.video.times import Span, Times, meets, spans_of

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


class Part(NamedTuple):
    """Packets in a row that are encoded anew: the number of the first, how many, and when their pictures are shown."""

    first: int
    packets: int
    shown: list[int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to encode anew.

    Attributes:
        parts: The packets to decode, in order.
        slots: Numbers of the packets replaced, in order: the encoded ones, and the keyframe at the cut where it has to
            be changed.
        cut: That keyframe with its type changed, or None.
        cut_at: Presentation time of the first copied picture behind the first part; None where nothing is copied.
        start: Presentation time at which playing begins.
        spans: When the label is shown.
        sizes: Bytes of the packets replaced.
        decoded: Their decoding times.
        extras: What goes along with each picture.
        copied: When the first copied picture behind a part is shown, by its number.
    """

    parts: list[Part]
    slots: list[int]
    cut: bytes | None
    cut_at: int | None
    start: int
    spans: list[Span]
    sizes: list[int]
    decoded: list[int | None]
    extras: Extras
    copied: dict[int, int] = field(default_factory=dict)

    @property
    def shown(self) -> list[int]:
        """Presentation times of the pictures to encode, ascending; slot ``i`` takes the ``i``-th."""
        return [time for part in self.parts for time in part.shown]

    @property
    def labelled(self) -> list[int]:
        """Those of the pictures that bear the label."""
        return [time for part in self.parts for time in self._labelled(part)]

    def _labelled(self, part: Part) -> list[int]:
        return [time for time, has in zip(part.shown, spans_of(part.shown, self.spans), strict=True) if has]

    @property
    def begins(self) -> frozenset[int]:
        """Numbers of the pictures with which the parts begin."""
        return frozenset(accumulate((len(part.shown) for part in self.parts[:-1]), initial=0))

    def sparing(self, standing: frozenset[int]) -> Plan:
        """Leaves out the parts in which all pictures that are to bear the label do so already.

        Args:
            standing: When those pictures are shown.
        """
        kept = [part for part in self.parts if not standing.issuperset(self._labelled(part))]
        if len(kept) == len(self.parts):
            return self
        slots = {slot for part in kept for slot in range(part.first, part.first + part.packets)}
        chosen = [number for number, slot in enumerate(self.slots) if slot in slots]
        return replace(
            self,
            parts=kept,
            slots=[self.slots[number] for number in chosen],
            sizes=[self.sizes[number] for number in chosen],
            decoded=[self.decoded[number] for number in chosen],
        )

    def following(self, part: Part, step: int) -> list[int]:
        """When the picture after each one of a part is shown."""
        behind = {p.first: p.shown[0] for p in self.parts}
        end = self.copied.get(part.first + part.packets, behind.get(part.first + part.packets))
        return [*part.shown[1:], part.shown[-1] + _step(part.shown, step) if end is None else end]

    @property
    def is_full(self) -> bool:
        """Whether nothing of the pictures is copied."""
        return self.cut_at is None


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

    def plan(self, first: int, times: Times, step: int, *, cut_at: int | None = None, cut: bytes | None = None) -> Plan:
        shown = sorted(self.times)
        if len(set(shown)) != len(shown) or (cut is not None and cut_at is not None and shown[-1] >= cut_at):
            raise Unplaced
        last = (shown[-1] + _step(shown, step) if shown else first) if cut_at is None else cut_at
        spans = times.spans(first, last) if cut_at is None else [Span(first, first + times.length)]
        parts = [Part(0, len(self.sizes), shown)] if shown else []
        slots = list(range(len(self.sizes)))
        copied = {} if cut_at is None else {len(self.sizes): cut_at}
        return Plan(parts, slots, cut, cut_at, first, spans, self.sizes, self.decoded, self.extras, copied)


def _step(shown: list[int], step: int) -> int:
    """How long the last picture is shown."""
    return shown[-1] - shown[-2] if len(shown) > 1 else step


def plan(
    packets: Iterator[Picture],
    codec: Codec,
    width: int,
    *,
    start: int | None,
    times: Times,
    step: int,
    everything: bool,
) -> Plan:
    """Reads packets in stream order until it is known what is copied.

    Args:
        packets: Of the video stream.
        codec: The codec.
        width: Bytes of a unit's length, 0 for start codes.
        start: Presentation time at which playing begins; None for the first picture's.
        times: When the label is shown.
        step: Ticks of a picture, where there is but one.
        everything: Copy nothing.

    Raises:
        Unplaced: The presentation times do not serve.
    """
    if not times.at_start_only and not everything:
        return _between(packets, codec, width, start=start, times=times, step=step)
    head = _Head(codec.rules, width)
    first = start or 0
    for packet in packets:
        if packet.pts is None:
            raise Unplaced
        if start is None:
            first = min(head.times[:_LOOK_AHEAD], default=packet.pts)
        if packet.is_keyframe and head.times and not everything and packet.pts >= first + times.length:
            cut = codec.cut(bytes(packet), width)
            if cut is Cut.CLEAN:
                return head.plan(first, times, step, cut_at=packet.pts)
            if cut is Cut.OPEN and isinstance(codec.rules, Hevc):
                leading = _leading(packets, codec.rules, width)
                if leading.clean:
                    head.replace(packet)
                    for other in leading.packets[: leading.skipped]:
                        head.take(other)
                    spliced = join(codec.rules.spliced(split(bytes(packet), width)), width)
                    return head.plan(first, times, step, cut_at=packet.pts, cut=spliced)
                for other in (packet, *leading.packets):
                    head.take(other)
                continue
        head.take(packet)
    return head.plan(first, times, step)


class _Seen(NamedTuple):
    """A packet, as far as a plan needs it."""

    shown: int
    decoded: int | None
    size: int
    extras: tuple[list[bytes], list[bytes]]
    clean: bool


def _between(
    packets: Iterator[Picture], codec: Codec, width: int, *, start: int | None, times: Times, step: int
) -> Plan:
    """Reads all packets and finds the groups of pictures that a label falls into."""
    seen = [*_all(packets, codec, width)]
    shown = sorted(packet.shown for packet in seen)
    if len(set(shown)) != len(shown):
        raise Unplaced
    if not seen:
        return Plan([], [], None, None, start or 0, [], [], [], {})
    first = shown[0] if start is None else start
    spans = times.spans(first, shown[-1] + _step(shown, step))
    # Pictures in front of a clean keyframe are decoded and shown before it, those behind it after.
    cuts = sorted({0, *(n for n, packet in enumerate(seen) if packet.clean), len(seen)})
    parts: list[Part] = []
    for begin, end in pairwise(cuts):
        own = sorted(packet.shown for packet in seen[begin:end])
        after = min((packet.shown for packet in seen[end : end + _LOOK_AHEAD]), default=spans[-1].stop)
        if meets(spans, own[0], after):
            if parts and parts[-1].first + parts[-1].packets == begin:
                joined = parts.pop()
                parts.append(Part(joined.first, joined.packets + end - begin, [*joined.shown, *own]))
            else:
                parts.append(Part(begin, end - begin, own))
    slots = [slot for part in parts for slot in range(part.first, part.first + part.packets)]
    replaced = set(slots)
    chosen = [seen[slot] for slot in slots]
    copied = next((packet.shown for n, packet in enumerate(seen) if n not in replaced), None)
    return Plan(
        parts,
        slots,
        None,
        copied,
        first,
        spans,
        [packet.size for packet in chosen],
        [packet.decoded for packet in chosen],
        {packet.shown: packet.extras for packet in chosen if any(packet.extras)},
        {n: seen[n].shown for n in cuts[1:-1] if n not in replaced},
    )


def _all(packets: Iterator[Picture], codec: Codec, width: int) -> Iterator[_Seen]:
    latest: int | None = None
    for packet in packets:
        if packet.pts is None:
            raise Unplaced
        data = bytes(packet)
        # Where a picture in front is shown behind, the keyframe is no place to part them.
        clean = packet.is_keyframe and codec.cut(data, width) is Cut.CLEAN and (latest is None or packet.pts > latest)
        latest = packet.pts if latest is None else max(latest, packet.pts)
        extras = accompanying(codec.rules, data, width) if codec.rules is not None else ([], [])
        yield _Seen(packet.pts, packet.dts, packet.size, extras, clean)


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
