"""Looks at the pictures that are to bear the label, before any is encoded: what lies beneath, and whether labels of
ours stand there already.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.errors import Malformed, UsageError
from yinji.marks.layout import PLACES
from yinji.marks.recognise import Occupied
from yinji.marks.video.canvas import Place, same_size
from yinji.marks.video.kept import Kept
from yinji.marks.video.paint import Painter
from yinji.marks.video.plan import Plan

if TYPE_CHECKING:
    from yinji.marks.video.clip import Beat, Clip, Wish

_LOOKS: Final = 12
"""Frames, spread over the labelled seconds, by which tones are chosen and on which the result is measured."""


class Survey(NamedTuple):
    """What was seen.

    Attributes:
        painter: Ready to draw.
        looks: When the frames are shown by which its tones were chosen.
        standing: When the frames are shown that bear the label already.
    """

    painter: Painter
    looks: frozenset[int]
    standing: frozenset[int]


def survey(clip: Clip, wish: Wish, work: Plan, beat: Beat) -> Survey:
    """Looks at the frames of a plan in the place that is wished for, or in the first that no other label of ours holds.

    Raises:
        Malformed: They do not decode.
        UsageError: The words do not fit, or no place is free.
    """
    for place in dict.fromkeys((wish.place or PLACES[0], *PLACES)):
        try:
            return _looked(clip, wish, work, place, beat)
        except Occupied:
            continue
    raise UsageError("no-free-place", places=", ".join(PLACES))


def _looked(clip: Clip, wish: Wish, work: Plan, name: str, beat: Beat) -> Survey:
    labelled = work.labelled
    looks = frozenset(_spread(labelled, _LOOKS))
    searched = _searched(work)
    last = max(labelled)
    painter: Painter | None = None
    kept = Kept(work)
    for number, (frame, time) in enumerate(clip.frames(work)):
        beat(number)
        kept.put(frame, time)
        if painter is None:
            place = Place.of(clip.canvas(frame), wish.words, wish.min_height, name, wish.style)
            painter = Painter(place.aware(wish.wordings, wish.words, wish.min_height), wish.words)
        same_size(painter.place.canvas, frame)
        if time in searched and painter.stands(frame):
            return _between(clip, work, painter, beat)
        if time in looks:
            painter.look(frame)
        if time >= last and not kept.is_open:
            break
    if painter is None:
        raise Malformed("mark-not-decodable", kind="video", reason="no pictures")
    painter.choose()
    clip.keep(kept)
    return Survey(painter, looks, frozenset())


def _between(clip: Clip, work: Plan, painter: Painter, beat: Beat) -> Survey:
    """Looks at every frame, for the label stands on some: at what lies beneath only where it does not."""
    painter.forget()
    labelled = frozenset(work.labelled)
    standing: set[int] = set()
    looks: list[int] = []
    step, bare = max(1, len(labelled) // _LOOKS), 0
    for number, (frame, time) in enumerate(clip.frames(work)):
        beat(number)
        if time not in labelled:
            continue
        if painter.stands(frame):
            standing.add(time)
            continue
        if bare % step == 0:
            painter.look(frame)
            looks.append(time)
        bare += 1
    painter.choose()
    return Survey(painter, frozenset(looks), frozenset(standing))


def _searched(work: Plan) -> frozenset[int]:
    """Frames in which the label would be seen if it stood there: a few of each time that it is to be shown."""
    found: set[int] = set()
    stops = [span.stop for span in work.spans]
    for _, times in groupby(work.labelled, lambda time: bisect_right(stops, time)):
        found.update(_spread([*times], 3))
    return frozenset(found)


def _spread(times: list[int], most: int) -> list[int]:
    if len(times) <= most:
        return times
    return [times[round(i * (len(times) - 1) / (most - 1))] for i in range(most)]
