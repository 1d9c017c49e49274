"""Few requests instead of many: what a reading of a remote object asks for is fetched in stretches and kept.

A request to an object store costs what thousands of system calls do, so the head and the tail of the object, where
labels stand, come in one request each, and every other place with what follows it. Where structures follow one another
closely (chunks, sub-blocks, scans), ever longer stretches come at once. Local files never pass through here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from yinji.limits import KIB, MIB

STRETCH: Final = 64 * KIB
"""Bytes fetched for a small read: the head and the tail of most files with all that they say."""

_SHORT: Final = 4 * KIB
"""Bytes fetched for a small read once it shows that the structures stand too far apart for long stretches to help."""

_PATIENCE: Final = 1 * MIB
"""Bytes fetched before that is judged."""

_KEPT: Final = 32

_NEAR: Final = 1 * MIB
"""What lies between two reads costs less to fetch along than another request, up to this."""

_RUN: Final = (STRETCH, STRETCH, 1 * MIB, 8 * MIB)
"""Bytes fetched as one near read follows another: nine MiB of small structures take four requests.

Who reads more than a stretch at once looks through all that is there, and gets the last of these with the second read.
"""

_PIECE: Final = 512 * KIB
"""Media read by smaller pieces than this are looked through; by larger ones they are copied or hashed."""


class Readahead:
    """The bytes of a remote object, by position.

    Attributes:
        requests: Requests so far.
        fetched: Bytes that they brought.
    """

    def __init__(self, read_range: Callable[[int, int], bytes], size: int) -> None:
        self._read_range = read_range
        self._size = size
        self._stretches: OrderedDict[int, bytes] = OrderedDict()
        self._long = (0, b"")
        self._served = 0
        self._end = self._size
        self._run = 0
        self.requests = 0
        self.fetched = 0

    def read(self, at: int, length: int) -> bytes:
        """Returns ``length`` bytes from ``at``, from what is there or in one request; fewer where the object ends."""
        self._served += length
        data = self._kept(at, length)
        if data is not None:
            return data
        start, stop = self._stretch(at, length)
        data = self._request(start, stop - start)
        if len(data) <= STRETCH:
            self._keep(start, data)
        elif len(data) > length:
            self._long = start, data
        return data[at - start : at - start + length]

    def pass_through(self, at: int, length: int) -> bytes:
        """Returns media bytes, which are read once and so never kept, unless they are looked through piece by piece."""
        if length <= _PIECE:
            return self.read(at, length)
        data = self._kept(at, length)
        return self._request(at, length) if data is None else data

    def _stretch(self, at: int, length: int) -> tuple[int, int]:
        """Returns the range to fetch for a read: the tail whole, everything else with what follows it."""
        self._run = self._run + 1 if -length <= at - self._end <= _NEAR else 0
        if self._run:
            ahead = _RUN[min(self._run, len(_RUN) - 1) if length <= STRETCH else -1]
        else:
            ahead = _SHORT if self.fetched > _PATIENCE and self._served * 8 < self.fetched else STRETCH
        self._end = min(self._size, at + max(length, ahead))
        tail = max(0, self._size - min(ahead, STRETCH))
        return (tail, self._size) if at >= tail else (at, self._end)

    def _kept(self, at: int, length: int) -> bytes | None:
        start, data = self._long
        if start <= at and at + length <= start + len(data):
            return data[at - start : at - start + length]
        for start, data in reversed(self._stretches.items()):
            if start <= at and at + length <= start + len(data):
                self._stretches.move_to_end(start)
                return data[at - start : at - start + length]
        return None

    def _keep(self, start: int, data: bytes) -> None:
        if len(data) > len(self._stretches.get(start, b"")):
            self._stretches[start] = data
        if len(self._stretches) > _KEPT:
            self._stretches.popitem(last=False)

    def _request(self, start: int, length: int) -> bytes:
        data = self._read_range(start, length)[:length]
        self.requests += 1
        self.fetched += len(data)
        return data
