"""Finds again the label that Yinji drew into a video: where it would stand, in the frames in which it is shown.

The first and the last seconds are decoded frame by frame. Between them a label is looked for at keyframes only, which
is enough to tell one that stays from one that comes and goes, and at the times at which it should come again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from yinji.errors import Malformed, UsageError
from yinji.marks.layout import PLACES
from yinji.marks.recognise import tone_of
from yinji.marks.video.canvas import Canvas, Place
from yinji.marks.video.clip import Beat, Clip, Wish, decoded, opened, picture_stream
from yinji.marks.video.paint import Painter, measure

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_NEAR: Final = 6.0
"""Seconds at either end that are decoded frame by frame."""
_STEP: Final = 0.2
"""Seconds from look to look as long as no label was seen."""
_LOOKS: Final = 24
"""Keyframes looked at between the ends."""
_MOST_TIMES: Final = 240
"""Times looked at, of those at which a label should come again."""
_CLOSE: Final = 0.05


class _Sight(NamedTuple):
    """The label in one frame."""

    time: float
    place: str
    ink_height: int
    contrast: float


@dataclass(slots=True)
class _Stretch:
    """A label on screen, from its first frame to the first without it."""

    sights: list[_Sight] = field(default_factory=list)
    until: float = 0.0

    @property
    def start(self) -> float:
        return self.sights[0].time


class _Eye:
    """Looks at frames of one clip."""

    def __init__(self, clip: Clip, wish: Wish) -> None:
        self._clip = clip
        self._wish = wish
        self.painters: list[Painter] = []
        self.canvas: Canvas | None = None
        self.next_look = 0.0

    def look(self, frame: VideoFrame, time: float, place: str = "") -> _Sight | None:
        """Returns the label in a frame, at one place or at any."""
        if self.canvas is None:
            self._lay_out(frame)
        if self.canvas is None or (frame.width, frame.height) != (self.canvas.width, self.canvas.height):
            return None
        for painter in self.painters:
            where = painter.place
            if place and where.name != place:
                continue
            tone = tone_of(painter.tile(frame), painter.space, where.masks)
            if tone is not None:
                return _Sight(time, where.name, *measure(frame, where, tone))
        return None

    def _lay_out(self, frame: VideoFrame) -> None:
        self.canvas = self._clip.canvas(frame)
        wish = self._wish
        for name in (wish.place,) if wish.place else PLACES:
            try:
                self.painters.append(Painter(Place.of(self.canvas, wish.words, wish.min_height, name)))
            except UsageError:
                continue  # words that do not fit there were not drawn there


def recognise(clip: Clip, wish: Wish, beat: Beat) -> dict[str, Any] | None:
    """Looks for the label and tells where, how large, and when it is shown; None where it is not.

    Raises:
        Malformed: No picture decodes.
        UnsupportedFormat: The pictures are of a kind that no label is drawn on.
    """
    eye = _Eye(clip, wish)
    with opened(clip.path, raw_times=False) as container:
        stream = picture_stream(container)
        first, lasts = None, _duration(container, stream)
        found: list[_Stretch] = []
        now = 0.0
        for frame in decoded(container, stream, None):
            time = _time(frame, stream)
            first = time if first is None else first
            now = time - first
            beat(0)
            _seen(found, eye, frame, now)
            if now > _NEAR:
                break
        else:
            lasts = now + 1 / float(clip.rate) if first is not None else 0.0
        if first is None:
            raise Malformed("mark-not-decodable", kind="video", reason="no pictures")
        again = _again(wish, lasts)
        if now > _NEAR:
            _later(container, stream, eye, found, first, lasts, again, beat)
    for stretch in found:
        stretch.until = stretch.until or lasts
    if not found:
        return None
    facts = _facts(eye, found, lasts)
    if again:
        seen = sum(any(s.start - _STEP <= time < s.until for s in found) for time in again)
        facts["detail"]["intervals"] = {"wanted": len(again), "seen": seen}
    return facts


def _again(wish: Wish, lasts: float) -> list[float]:
    """The middles of the labels that come every so many seconds, as :class:`yinji.marks.video.times.Times` has them."""
    if "intervals" not in wish.times or not wish.every:
        return []
    count = max(0, ceil((lasts - wish.min_seconds) / wish.every) - 1)
    step = max(1, count // _MOST_TIMES)
    return [number * wish.every + wish.min_seconds / 2 for number in range(1, count + 1, step)]


def _seen(found: list[_Stretch], eye: _Eye, frame: VideoFrame, now: float) -> None:
    """Notes whether the label is in a frame."""
    running = found[-1] if found and not found[-1].until else None
    if running is not None:
        sight = eye.look(frame, now, running.sights[0].place)
        if sight is None:
            running.until = now
        elif len(running.sights) < _LOOKS * 4:
            running.sights.append(sight)
    elif now >= eye.next_look:
        eye.next_look = now + _STEP - _CLOSE
        sight = eye.look(frame, now)
        if sight is not None:
            found.append(_Stretch([sight]))


def _later(
    container: InputContainer,
    stream: VideoStream,
    eye: _Eye,
    found: list[_Stretch],
    first: float,
    lasts: float,
    again: list[float],
    beat: Beat,
) -> None:
    """Looks at keyframes behind the first seconds and at times that are asked for, then at the last seconds, frame by
    frame.
    """
    begin = max(_NEAR, lasts - _NEAR)
    gap = max(0.0, begin - _NEAR) / _LOOKS
    reached = _NEAR
    looks = [(_NEAR + number * gap, False) for number in range(1, _LOOKS if gap > 0 else 1)]
    looks += [(time, True) for time in again if _NEAR < time < begin]
    for time, exactly in sorted(looks):
        for frame in _from(container, stream, first + time):
            beat(0)
            now = _time(frame, stream) - first
            if exactly and now < time:
                continue
            if now > reached:
                _seen(found, eye, frame, now)
                reached = now
            break
    for frame in _from(container, stream, first + begin):
        beat(0)
        now = _time(frame, stream) - first
        if now >= max(begin, reached):
            _seen(found, eye, frame, now)


def _from(container: InputContainer, stream: VideoStream, time: float) -> Iterator[VideoFrame]:
    if stream.time_base is not None:
        container.seek(int(time / stream.time_base), stream=stream)
        yield from decoded(container, stream, None)


def _time(frame: VideoFrame, stream: VideoStream) -> float:
    return float((frame.pts or 0) * stream.time_base) if stream.time_base is not None else 0.0


def _duration(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


def _facts(eye: _Eye, found: list[_Stretch], duration: float) -> dict[str, Any]:
    """What is told: of the first label, and when each of them is shown."""
    chosen = found[0]
    place = next(p.place for p in eye.painters if p.place.name == chosen.sights[0].place)
    layout = place.layout
    return {
        "place": place.name,
        "method": "found",
        "ink_height": min(sight.ink_height for sight in chosen.sights),
        "needed_height": layout.needed,
        "box": list(layout.box),
        "contrast": min(sight.contrast for sight in chosen.sights),
        "detail": {
            "from_second": round(chosen.start, 3),
            "seconds": round(chosen.until - chosen.start, 3),
            "duration": round(duration, 3),
            "labels": [
                {"from": round(s.start, 3), "seconds": round(s.until - s.start, 3), "place": s.sights[0].place}
                for s in found
            ],
            "displayed": list(place.canvas.displayed),
            "lines": layout.lines,
            "turned": layout.turned,
        },
    }
