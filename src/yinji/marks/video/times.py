"""When a label is shown: at the start, at the end, every so many seconds, or all the time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded

TIMES: Final = ("start", "end", "intervals", "continuous")
_MOST: Final = 10_000


class Span(NamedTuple):
    """Ticks from which on, and until which, a label is shown; the end is open."""

    start: int
    stop: int


class Times(NamedTuple):
    """What is asked for, in ticks of the stream.

    Attributes:
        names: Of :data:`TIMES`.
        length: How long a label stays.
        every: From label to label for ``intervals``.
    """

    names: tuple[str, ...]
    length: int
    every: int = 0

    @property
    def at_start_only(self) -> bool:
        return set(self.names) == {"start"}

    def spans(self, first: int, last: int) -> list[Span]:
        """Returns when the label is shown in pictures shown from ``first`` to ``last``, in order and apart.

        Raises:
            LimitExceeded: Too many.
        """
        if "continuous" in self.names or last - first <= self.length:
            return [Span(first, last)]
        wanted = []
        if "start" in self.names:
            wanted.append(first)
        if "intervals" in self.names and self.every:
            if (last - first) // self.every > _MOST:
                raise LimitExceeded("too-many-segments", limit=_MOST)
            wanted += range(first + self.every, last - self.length, self.every)
        if "end" in self.names:
            wanted.append(last - self.length)
        return merged([Span(start, start + self.length) for start in sorted(wanted)])


def merged(spans: Sequence[Span]) -> list[Span]:
    """Joins spans, in order of their starts, that touch or overlap."""
    out: list[Span] = []
    for span in spans:
        if out and span.start <= out[-1].stop:
            out[-1] = Span(out[-1].start, max(out[-1].stop, span.stop))
        else:
            out.append(span)
    return out


def spans_of(shown: Sequence[int], spans: Sequence[Span]) -> list[bool]:
    """Whether each picture, shown at ascending times, has the label: also one that is on screen as a span begins.

    Args:
        shown: When each picture is shown.
        spans: In order and apart.
    """
    labelled = []
    for number, time in enumerate(shown):
        last = number + 1 == len(shown)
        labelled.append(meets(spans, time, None if last else shown[number + 1]))
    return labelled


def meets(spans: Sequence[Span], begin: int, end: int | None) -> bool:
    """Whether what is shown from ``begin`` until ``end`` (None: for ever) has a part of one of the spans."""
    number = bisect_right(spans, begin, key=lambda span: span.stop)
    return number < len(spans) and (end is None or end > spans[number].start)
