"""Reads the movie box of an MP4 or QuickTime file: where the samples of a track stand, and when playing begins."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, Final

from yinji.errors import Encrypted, LimitExceeded, Malformed, Truncated, UnsupportedFormat
from yinji.marks.video.boxes import MOST_SAMPLES, Box, child, children, expanded, table, top_level

_MOST_MOVIE: Final = 256 << 20
PROTECTED: Final = frozenset((b"encv", b"drmi"))
"""Sample entries of enciphered pictures."""


class Fragmented(ValueError):
    """The samples stand in fragments, or the file is no movie; the muxer has to write it."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of a track: byte ranges in file order of decoding, decoding times, composition offsets."""

    offsets: list[int]
    sizes: list[int]
    times: list[int]


@dataclass(slots=True)
class Movie:
    """An opened movie.

    Attributes:
        file: The file.
        size: Its bytes.
        boxes: At top level.
        moov: Body of the movie box.
        track: Body of the track to change.
        start: Media time at which playing begins.
        simple: Whether the edit list plays the track from there at its own speed for as long as the label needs.
    """

    file: BinaryIO
    size: int
    boxes: list[Box]
    moov: bytes
    track: bytes = b""
    start: int = 0
    simple: bool = True

    @classmethod
    def read(cls, file: BinaryIO) -> Movie:
        """Reads the movie box.

        Raises:
            Fragmented: There is none, or its samples stand in fragments.
            Malformed, Truncated, LimitExceeded: The structure is broken.
        """
        size = file.seek(0, os.SEEK_END)
        boxes = top_level(file, size)
        moov = next((b for b in boxes if b.kind == b"moov"), None)
        if moov is None or any(b.kind == b"moof" for b in boxes):
            raise Fragmented
        if moov.stop - moov.start > _MOST_MOVIE:
            raise LimitExceeded("too-many-bytes", limit=_MOST_MOVIE)
        file.seek(moov.body)
        data = file.read(moov.stop - moov.body)
        if child(data, b"mvex") is not None:
            raise Fragmented
        return cls(file, size, boxes, data)

    def choose(self, wanted: int, seconds: float) -> None:
        """Chooses the track and reads where its playing begins.

        Raises:
            Malformed: There is no such track.
        """
        for found in children(self.moov):
            if found.kind == b"trak":
                body = self.moov[found.body : found.stop]
                if track_id(body) == wanted:
                    self.track = body
                    break
        else:
            raise Malformed("mark-not-decodable", kind="MP4", reason="track")
        edits = _edits(self.track)
        played = [e for e in edits if e[1] >= 0]
        if played:
            duration, self.start, rate = played[0]
            timescale = int.from_bytes((child(self.moov, b"mvhd") or b"")[12:16], "big") or 1
            short = Fraction(duration, timescale) < Fraction(seconds) and len(played) > 1
            self.simple = rate == 1 << 16 and not short and duration > 0

    def refuse_enciphered(self) -> None:
        """Refuses pictures under digital rights management.

        Raises:
            Encrypted: A track of them is.
        """
        for found in children(self.moov):
            if found.kind == b"trak":
                body = child(self.moov[found.body : found.stop], b"mdia", b"minf", b"stbl", b"stsd") or b""
                if body[12:16] in PROTECTED:
                    raise Encrypted("video-encrypted")

    def samples(self) -> Samples:
        """Expands the sample table of the chosen track.

        Raises:
            Malformed, Truncated, LimitExceeded, UnsupportedFormat: It cannot be used.
        """
        stbl = child(self.track, b"mdia", b"minf", b"stbl")
        if stbl is None:
            raise Malformed("mark-not-decodable", kind="MP4", reason="sample table")
        sizes = _sizes(stbl)
        offsets = _offsets(stbl, sizes)
        if any(o + s > self.size for o, s in zip(offsets, sizes, strict=True)):
            raise Truncated("mark-truncated", kind="MP4", size=self.size)
        times, now = [], 0
        for delta in expanded(table(child(stbl, b"stts") or b"", "II"), len(sizes)):
            times.append(now)
            now += delta
        return Samples(offsets, sizes, times)


def track_id(track: bytes) -> int:
    """The id in a track's header."""
    header = child(track, b"tkhd") or b"\0"
    at = 20 if header[0] == 1 else 12
    return int.from_bytes(header[at : at + 4], "big")


def _edits(track: bytes) -> list[tuple[int, ...]]:
    body = child(track, b"edts", b"elst")
    if not body:
        return []
    return table(body, "QqI" if body[0] == 1 else "IiI")


def _sizes(stbl: bytes) -> list[int]:
    body = child(stbl, b"stsz")
    if body is None or len(body) < 12:
        raise UnsupportedFormat("mark-video-variant", kind="MP4", variant="stz2")
    same, count = struct.unpack_from(">II", body, 4)
    if count > MOST_SAMPLES:
        raise LimitExceeded("too-many-segments", limit=MOST_SAMPLES)
    return [same] * count if same else [size for (size,) in table(body, "I", skip=8)]


def _offsets(stbl: bytes, sizes: list[int]) -> list[int]:
    """Offsets of the samples, by chunk."""
    chunks = (
        table(child(stbl, b"stco") or b"", "I") if child(stbl, b"stco") else table(child(stbl, b"co64") or b"", "Q")
    )
    groups = table(child(stbl, b"stsc") or b"", "III")
    offsets: list[int] = []
    for number, (first, each, _) in enumerate(groups):
        last = groups[number + 1][0] - 1 if number + 1 < len(groups) else len(chunks)
        for (at,) in chunks[max(0, first - 1) : last]:
            for _ in range(min(each, len(sizes) - len(offsets))):
                offsets.append(at)
                at += sizes[len(offsets) - 1]
    if len(offsets) != len(sizes):
        raise Malformed("mark-not-decodable", kind="MP4", reason="sample table")
    return offsets
