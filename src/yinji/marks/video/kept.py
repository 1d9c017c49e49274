"""Decoded frames that are looked at first and drawn on later, so that they are decoded once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from yinji.marks.video.plan import Plan

if TYPE_CHECKING:
    from av import VideoFrame

_MOST: Final = 256 << 20
"""Bytes of frames: two seconds of 1080p."""


class Kept:
    """The decoded frames of a plan, as long as they are small enough to be kept.

    Attributes:
        work: The plan.
        is_open: Whether more frames are wanted.
    """

    def __init__(self, work: Plan) -> None:
        self.work = work
        self.is_open = True
        self._room = _MOST
        self._frames: deque[tuple[VideoFrame, int]] = deque()

    def put(self, frame: VideoFrame, time: int) -> None:
        """Keeps a frame; where there is no room for it, all are let go."""
        if self.is_open:
            self._room -= sum(plane.buffer_size for plane in frame.planes)
            self._frames.append((frame, time))
            if self._room < 0:
                self.is_open = False
                self._frames.clear()

    @property
    def is_whole(self) -> bool:
        return len(self._frames) == len(self.work.shown)

    def taken(self) -> Iterator[tuple[VideoFrame, int]]:
        """Hands the frames out, one after the other."""
        while self._frames:
            yield self._frames.popleft()
