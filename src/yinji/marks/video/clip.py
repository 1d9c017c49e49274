"""The pictures of a clip: opened, planned, and decoded as a plan asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Final

from yinji.errors import LimitExceeded, Malformed, UnsupportedFormat
from yinji.marks.video.canvas import Canvas
from yinji.marks.video.codecs import CODECS
from yinji.marks.video.config import parse
from yinji.marks.video.kept import Kept
from yinji.marks.video.plan import Part, Plan, Unplaced, plan
from yinji.marks.video.times import Times

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

Beat = Callable[[int], None]
"""Called with the number of each picture, so that whoever waits knows that work goes on."""
_LOST: Final = 0.25
"""Share of pictures that may fail to decode in whole or in part; a missing one is replaced by its neighbour."""
_ATTACHED: Final = 0x400
_WITHOUT_TIMES: Final = frozenset(("avi",))
"""Containers that say when a picture is decoded, but not when it is shown."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, as it comes over the pipe."""

    words: str
    place: str
    min_height: float
    min_seconds: float
    max_pixels: int
    wordings: tuple[str, ...] = ()
    times: tuple[str, ...] = ("start",)
    every: float = 0.0
    style: str = ""


@contextmanager
def opened(path: str, *, raw_times: bool) -> Iterator[InputContainer]:
    """Opens a file for reading; ``raw_times`` leaves edit lists alone.

    Raises:
        Malformed: FFmpeg cannot read it.
    """
    import av

    options = {"ignore_editlist": "1"} if raw_times else {}
    try:
        container = av.open(path, options=options)
    except av.FFmpegError as error:
        raise Malformed("mark-not-decodable", kind="video", reason=str(error.strerror)) from error
    with container:
        yield container


def picture_stream(container: InputContainer) -> VideoStream:
    """Returns the one stream of moving pictures.

    Raises:
        UnsupportedFormat: There is none, or more than one.
    """
    streams = [s for s in container.streams.video if not int(s.disposition) & _ATTACHED]
    if not streams:
        raise UnsupportedFormat("video-no-picture")
    if len(streams) > 1:
        raise UnsupportedFormat("mark-video-variant", kind=container.format.name, variant="video tracks > 1")
    return streams[0]


class Clip:
    """The pictures of one stream.

    Raises:
        UnsupportedFormat: They are of no codec known.
        LimitExceeded: They have too many pixels.
    """

    def __init__(self, path: str, wish: Wish, *, raw_times: bool) -> None:
        self.path = path
        self.raw_times = raw_times
        self._wish = wish
        with opened(path, raw_times=raw_times) as container:
            stream = picture_stream(container)
            context = stream.codec_context
            name = context.codec.canonical_name if context is not None else "?"
            if name not in CODECS:
                raise UnsupportedFormat("mark-video-variant", kind=container.format.name, variant=name)
            if context.width * context.height > wish.max_pixels:
                raise LimitExceeded(
                    "too-many-pixels", width=context.width, height=context.height, limit=wish.max_pixels
                )
            self.codec = CODECS[name]
            self.decoder = context.codec.name
            self.tag = context.codec_tag
            self.stream_id = stream.id
            self.ticks = stream.time_base or Fraction(1, 1000)
            self.rate = _rate(stream)
            self.in_order = container.format.name in _WITHOUT_TIMES
            self.aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio
            self.extradata = context.extradata or b""
        self.everything = "continuous" in wish.times
        self._kept: Kept | None = None
        rules = self.codec.rules
        self.width = parse(rules, self.extradata).width if rules else 0

    def plan(self, start: int | None) -> Plan:
        """Finds where to cut; see :func:`yinji.marks.video_plan.plan`.

        Raises:
            Malformed, UnsupportedFormat: There is nothing to decode, or nothing to place it by.
        """
        wish = self._wish
        length, every = (int(-(-Fraction(seconds) // self.ticks)) for seconds in (wish.min_seconds, wish.every))
        times = Times(tuple(wish.times), length, every)
        step = max(1, round(1 / self.rate / self.ticks))
        with opened(self.path, raw_times=self.raw_times) as container:
            stream = picture_stream(container)
            packets = (p for p in container.demux(stream) if p.size)
            try:
                found = plan(
                    packets, self.codec, self.width, start=start, times=times, step=step, everything=self.everything
                )
            except Unplaced as error:
                raise UnsupportedFormat(
                    "mark-video-variant", kind=container.format.name, variant="timestamps"
                ) from error
        if not found.shown:
            raise Malformed("mark-not-decodable", kind="video", reason="no pictures")
        return found

    def canvas(self, frame: VideoFrame) -> Canvas:
        """What a frame says about itself.

        Raises:
            UnsupportedFormat: It is of a kind that no label is drawn on.
        """
        if frame.format.name not in self.codec.formats:
            raise UnsupportedFormat("mark-video-variant", kind=self.codec.shown, variant=frame.format.name)
        return Canvas.of(frame, self.aspect)

    def frames(self, work: Plan) -> Iterator[tuple[VideoFrame, int]]:
        """Decodes what a plan encodes anew, and yields a frame for each of its presentation times, in order.

        A picture that does not decode (those of an open group at the start of a clip, say) is replaced by the one
        before it, as players do. Frames kept for this plan are handed out once, and not decoded again.

        Raises:
            Malformed: Too many do not decode.
        """
        kept, self._kept = self._kept, None
        if kept is not None and kept.work is work:
            yield from kept.taken()
            return
        for part in work.parts:
            yield from self._frames(part)

    def keep(self, kept: Kept) -> None:
        """Keeps the frames of a plan for the next time that :meth:`frames` is asked for them."""
        self._kept = kept if kept.is_whole else None

    def _frames(self, part: Part) -> Iterator[tuple[VideoFrame, int]]:
        shown = part.shown
        last: VideoFrame | None = None
        at = lost = 0
        with opened(self.path, raw_times=self.raw_times) as container:
            stream = picture_stream(container)
            for frame in decoded(container, stream, part.packets, skipped=part.first):
                if self.in_order and at < len(shown):
                    frame.pts = shown[at]
                if frame.pts is None or at >= len(shown):
                    continue
                while at < len(shown) and shown[at] < frame.pts:
                    lost += 1
                    yield (last or frame), shown[at]
                    at += 1
                if at < len(shown) and shown[at] == frame.pts:
                    lost += frame.is_corrupt
                    yield frame, shown[at]
                    at += 1
                last = frame
        lost += len(shown) - at
        if last is None or lost > max(8, _LOST * len(shown)):
            raise Malformed("mark-not-decodable", kind="video", reason=f"{lost} of {len(shown)} pictures are damaged")
        for time in shown[at:]:
            yield last, time


def _rate(stream: VideoStream) -> Fraction:
    """The rate that the stream claims; encoded anew, it claims the same."""
    for rate in (stream.codec_context.framerate, stream.guessed_rate, stream.average_rate):
        if rate and 1 <= rate <= 1000:
            return Fraction(rate).limit_denominator(60_000)
    return Fraction(25)


def decoded(
    container: InputContainer, stream: VideoStream, packets: int | None, *, skipped: int = 0
) -> Iterator[VideoFrame]:
    """Decodes so many packets, or all of them, behind so many others, and passes over those that cannot be."""
    import av

    if not stream.codec_context.is_open:
        stream.thread_type = "AUTO"
        stream.thread_count = 2
    for packet in islice(
        (p for p in container.demux(stream) if p.size), skipped, None if packets is None else skipped + packets
    ):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            continue
        yield from frames
    try:
        yield from stream.codec_context.decode(None)
    except (av.InvalidDataError, av.EOFError):
        return
