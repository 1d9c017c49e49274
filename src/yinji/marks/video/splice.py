"""Replaces samples of one track of an MP4 or QuickTime file and keeps every other byte of it.

Each encoded picture takes the place of a sample, in the same chunk, at the same decoding time. So chunks, durations,
edit lists, all other tracks, chapters, cover art and tags stay as they are; what changes is the sizes, composition
offsets and sync flags of the replaced samples, the decoder configuration, and the chunk offsets behind them.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import BinaryIO, Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, UnsupportedFormat
from yinji.marks.video.boxes import Box, box, child, edited, expanded, runs, table, written
from yinji.marks.video.encode import Spool
from yinji.marks.video.mp4 import Movie, Samples, track_id
from yinji.marks.video.render import Rendered

_BLOCK: Final = 1 << 20
_ENTRY_HEAD: Final = 78
"""Bytes of a visual sample entry before its boxes (12.1.3)."""
_CONFIGS: Final = {"h264": b"avcC", "hevc": b"hvcC"}


class _Range(NamedTuple):
    """Bytes of the source that a packet of the spool replaces."""

    start: int
    stop: int
    packet: int


def write(movie: Movie, rendered: Rendered, spool: Spool, output: BinaryIO) -> None:
    """Writes the file with the rendered pictures in it.

    Raises:
        Malformed, UnsupportedFormat, LimitExceeded: The file does not allow it.
    """
    samples = movie.samples()
    slots = rendered.plan.slots
    if slots[-1] >= len(samples.sizes) or [samples.sizes[slot] for slot in slots] != rendered.plan.sizes:
        raise Malformed("mark-not-decodable", kind="MP4", reason="sample table and stream differ")
    if rendered.plan.cut is not None:
        spool.add(rendered.plan.cut, key=True)
    tables = _Tables(samples, rendered, spool)
    layout = _Layout(movie, _ranges(samples, slots), spool)
    size = len(_moov(movie, tables, lambda offset: offset))
    layout.settle(size)
    layout.copy(_moov(movie, tables, layout.moved), spool, output)


def _ranges(samples: Samples, slots: list[int]) -> list[_Range]:
    """The byte ranges to replace, in file order.

    Raises:
        Malformed: Two samples share bytes.
    """
    found = sorted(_Range(samples.offsets[i], samples.offsets[i] + samples.sizes[i], n) for n, i in enumerate(slots))
    replaced = set(slots)
    rest = {offset for i, offset in enumerate(samples.offsets) if i not in replaced}
    if any(a.stop > b.start for a, b in pairwise(found)) or any(r.start in rest for r in found):
        raise Malformed("mark-not-decodable", kind="MP4", reason="shared samples")
    return found


class _Layout:
    """Where each byte of the source stands in the output."""

    def __init__(self, movie: Movie, ranges: Sequence[_Range], spool: Spool) -> None:
        self._movie = movie
        self._ranges = ranges
        self._moov = next(b for b in movie.boxes if b.kind == b"moov")
        self._growth = 0
        self._starts = [r.start for r in ranges]
        self._shifts = [0]
        for r in ranges:
            self._shifts.append(self._shifts[-1] + spool.packets[r.packet].size - (r.stop - r.start))

    def settle(self, moov_size: int) -> None:
        self._growth = moov_size - (self._moov.stop - self._moov.start)

    def moved(self, offset: int) -> int:
        """Maps an offset of the source to the output."""
        shift = self._shifts[bisect_left(self._starts, offset)]
        return offset + shift + (self._growth if offset >= self._moov.stop else 0)

    def copy(self, moov: bytes, spool: Spool, output: BinaryIO) -> None:
        """Writes the whole file.

        Raises:
            Malformed: A sample stands outside the media data.
        """
        done, at = 0, 0
        for found in self._movie.boxes:
            last = bisect_left(self._starts, found.stop)
            inside = self._ranges[done:last]
            done = last
            if found.kind == b"moov":
                output.write(moov)
            else:
                self._copy_box(found, inside, spool, output)
            if inside and (found.kind != b"mdat" or inside[-1].stop > found.stop or inside[0].start < found.body):
                raise Malformed("mark-not-decodable", kind="MP4", reason="samples outside mdat")
            at = found.stop
        self._copy_bytes(at, self._movie.size, output)

    def _copy_box(self, found: Box, inside: Sequence[_Range], spool: Spool, output: BinaryIO) -> None:
        growth = sum(spool.packets[r.packet].size - (r.stop - r.start) for r in inside)
        file = self._movie.file
        file.seek(found.start)
        head = file.read(found.body - found.start)
        if growth:
            head = _resized(head, found.stop - found.start + growth)
        output.write(head)
        at = found.body
        for r in inside:
            self._copy_bytes(at, r.start, output)
            output.write(spool.read(spool.packets[r.packet]))
            at = r.stop
        self._copy_bytes(at, found.stop, output)

    def _copy_bytes(self, start: int, stop: int, output: BinaryIO) -> None:
        self._movie.file.seek(start)
        while start < stop:
            data = self._movie.file.read(min(_BLOCK, stop - start))
            output.write(data)
            start += len(data)


def _resized(head: bytes, size: int) -> bytes:
    if len(head) == 16:
        return head[:8] + size.to_bytes(8, "big")
    if head[:4] == b"\0\0\0\0":
        return head
    if size >= 1 << 32:
        raise LimitExceeded("too-many-bytes", limit=(1 << 32) - 1)
    return size.to_bytes(4, "big") + head[4:]


def _moov(movie: Movie, tables: _Tables, moved: Callable[[int], int]) -> bytes:
    """Builds the movie box anew."""
    chosen = track_id(movie.track)
    offsets = {b"stco": lambda b: _moved(b, "I", moved), b"co64": lambda b: _moved(b, "Q", moved)}

    def track(body: bytes) -> bytes:
        inner = tables.stbl if track_id(body) == chosen else lambda b: b
        stbl = {b"stbl": lambda b: inner(edited(b, offsets))}
        return edited(body, {b"mdia": lambda b: edited(b, {b"minf": lambda c: edited(c, stbl)})})

    return box(b"moov", edited(movie.moov, {b"trak": track}))


def _moved(body: bytes, format: str, moved: Callable[[int], int]) -> bytes:
    rows = [(moved(offset),) for (offset,) in table(body, format)]
    if format == "I" and any(offset >= 1 << 32 for (offset,) in rows):
        raise LimitExceeded("too-many-bytes", limit=(1 << 32) - 1)
    return written(body[:4], format, rows)


class _Tables:
    """The sample tables of the changed track."""

    def __init__(self, samples: Samples, rendered: Rendered, spool: Spool) -> None:
        plan = rendered.plan
        self._samples = samples
        self._fresh = dict(zip(plan.slots, spool.packets, strict=True))
        self._config = _CONFIGS.get(rendered.codec.name)
        self._record = rendered.record
        shown = [*plan.shown, *([] if plan.cut_at is None or plan.cut is None else [plan.cut_at])]
        self._waits = {slot: time - samples.times[slot] for slot, time in zip(plan.slots, shown, strict=True)}

    def stbl(self, body: bytes) -> bytes:
        """Returns the body of a sample table box with everything that the new samples change.

        Raises:
            UnsupportedFormat: It holds what cannot be kept right.
        """
        if child(body, b"saio") is not None:
            raise UnsupportedFormat("mark-video-variant", kind="MP4", variant="saio")
        changes = {
            b"stsd": self._descriptions,
            b"stsz": self._sizes,
            b"ctts": self._offsets,
            b"stss": self._keys,
            b"stps": self._partial,
            b"sdtp": self._dependencies,
            b"sbgp": self._groups,
            b"cslg": self._bounds,
        }
        fresh = edited(body, changes)
        if child(body, b"stss") is None and not all(p.key for p in self._fresh.values()):
            all_keys = [(n + 1,) for n in range(len(self._samples.sizes))]
            fresh += box(b"stss", self._keys(written(bytes(4), "I", all_keys)))
        if child(body, b"ctts") is None and any(self._waits.values()):
            fresh += box(b"ctts", self._offsets(written(bytes(4), "II", [])))
        return fresh

    def _descriptions(self, body: bytes) -> bytes:
        if int.from_bytes(body[4:8], "big") != 1:
            raise UnsupportedFormat("mark-video-variant", kind="MP4", variant="sample entries > 1")
        if self._config is None:
            return body
        entry = edited(body[16:], {self._config: lambda _: self._record}, _ENTRY_HEAD)
        return body[:8] + box(body[12:16], entry)

    def _sizes(self, body: bytes) -> bytes:
        sizes = [self._fresh[n].size if n in self._fresh else size for n, size in enumerate(self._samples.sizes)]
        return written(body[:4] + bytes(4), "I", [(size,) for size in sizes])

    def _offsets(self, body: bytes) -> bytes:
        old = expanded(table(body, "Ii"), len(self._samples.sizes))
        new = [self._waits.get(n, wait) for n, wait in enumerate(old)]
        version = b"\1" if min(new) < 0 else body[:1]
        return written(version + body[1:4], "Ii", runs(new))

    def _keys(self, body: bytes) -> bytes:
        fresh = [(n + 1,) for n, p in self._fresh.items() if p.key]
        return written(body[:4], "I", sorted(fresh + self._kept(body)))

    def _kept(self, body: bytes) -> list[tuple[int, ...]]:
        """The rows of a table of sample numbers that are not replaced."""
        return [row for row in table(body, "I") if row[0] - 1 not in self._fresh]

    def _partial(self, body: bytes) -> bytes:
        return written(body[:4], "I", self._kept(body))

    def _dependencies(self, body: bytes) -> bytes:
        return body[:4] + bytes(0 if n in self._fresh else value for n, value in enumerate(body[4:]))

    def _groups(self, body: bytes) -> bytes:
        skip = 12 if body[0] == 1 else 8
        old = expanded(table(body, "II", skip=skip), len(self._samples.sizes))
        return written(body[:skip], "II", runs([0 if n in self._fresh else group for n, group in enumerate(old)]))

    def _bounds(self, body: bytes) -> bytes | None:
        if body[0] or len(body) < 24:
            return None
        shift, least, most, start, stop = struct.unpack_from(">5i", body, 4)
        return body[:4] + struct.pack(
            ">5i", shift, min(least, *self._waits.values()), max(most, *self._waits.values()), start, stop
        )
