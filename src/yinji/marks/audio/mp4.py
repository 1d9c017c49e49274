"""The rhythm in M4A (ISO/IEC 14496-12, -14): AAC frames of its own behind all others in the file, but first in order.

Not one byte of the content's frames moves within the media data. The sample table, the durations, the edit list, the
times of chapters and iTunes' note of what to skip tell the new order; every other box is copied.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from yinji.errors import Encrypted, LimitExceeded
from yinji.marks.audio.codec import Cue, Sound, Unspliceable, cue, opened
from yinji.marks.audio.plan import SPLICED, Done, Wish
from yinji.marks.video.boxes import box, child, children, edited, table, written
from yinji.marks.video.mp4 import Fragmented, Movie

_SAMPLES: Final = 1024
_MOST_PRIMING: Final = 4096
"""What an edit leaves out beyond this was cut on purpose, and must not be heard again."""
_KEPT_TABLES: Final = frozenset((b"stsd", b"stts", b"stsz", b"stsc", b"stco", b"co64", b"sgpd", b"sbgp"))
_PROTECTED: Final = frozenset((b"enca", b"drms", b"drmi", b"encv"))
_ITUNES: Final = re.compile(rb" 00000000 ([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{16})")
_BLOCK: Final = 1 << 20
_NONE: Final = Cue([], [], 0, b"", 0)


class _Plan(NamedTuple):
    """What the movie box will say.

    Attributes:
        front, behind: The encoded rhythms.
        media: Duration of the content in samples.
        begin, end: Where playing begins and ends, in samples of the new track.
        scale: Movie time units a second.
        rate: Samples a second.
    """

    front: Cue
    behind: Cue
    media: int
    begin: int
    end: int
    scale: int
    rate: int

    @property
    def lead(self) -> int:
        """Samples in front of the content."""
        return len(self.front.packets) * _SAMPLES

    @property
    def total(self) -> int:
        return self.lead + self.media + len(self.behind.packets) * _SAMPLES

    def movie_time(self, samples: int) -> int:
        return round(samples * self.scale / self.rate)


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the rhythm.

    Raises:
        Malformed, Truncated, Encrypted, LimitExceeded: It cannot be done.
        Unspliceable: It can, but not by joining frames.
    """
    with source.open("rb") as file:
        try:
            movie = Movie.read(file)
        except Fragmented as error:
            raise Unspliceable from error
        track = _sound_track(movie.moov)
        rate, channels, bit_rate, config = _heard(source)
        made = []
        for samples in (wish.front_cue(rate, _SAMPLES), wish.behind_cue(rate, _SAMPLES)):
            made.append(cue("aac", Sound(samples, rate, channels), bit_rate=bit_rate) if samples else _NONE)
        if any(part.packets and part.config[:2] != config[:2] for part in made):
            raise Unspliceable
        movie.track = track
        movie.samples()
        plan = _plan(movie, track, made[0], made[1], rate)
        with output.open("wb") as target:
            _write(movie, plan, target)
    done = Done(SPLICED, "aac", (plan.end - plan.begin - sum(len(p.packets) for p in made) * _SAMPLES) / rate, wish)
    done.front = (plan.lead - plan.begin) / rate if plan.front.packets else 0.0
    done.seconds = (plan.end - plan.begin) / rate - done.front
    if plan.behind.packets:
        done.behind = len(plan.behind.packets) * _SAMPLES / rate
        done.seconds -= done.behind
    return done


def refuse_enciphered(source: Path) -> None:
    """Refuses sound under digital rights management.

    Raises:
        Encrypted: It is.
    """
    with source.open("rb") as file:
        try:
            movie = Movie.read(file)
        except Fragmented:
            return
    for found in children(movie.moov):
        if found.kind == b"trak":
            body = child(movie.moov[found.body : found.stop], b"mdia", b"minf", b"stbl", b"stsd") or b""
            if body[12:16] in _PROTECTED:
                raise Encrypted("audio-encrypted")


def _heard(source: Path) -> tuple[int, int, int, bytes]:
    """Rate, channels, bit rate and configuration of plain AAC; HE-AAC would change its rate at the joint."""
    with opened(source) as (container, stream):
        context = stream.codec_context
        config = bytes(context.extradata or b"")
        frame = next(container.decode(stream), None)
        if context.name != "aac" or frame is None or config[:1] == b"" or config[0] >> 3 != 2:
            raise Unspliceable
        index = (config[0] & 7) << 1 | config[1] >> 7
        rates = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
        if index >= len(rates) or rates[index] != frame.sample_rate or config[1] & 4:
            raise Unspliceable
        channels = len(frame.layout.channels)
        return frame.sample_rate, channels, max(context.bit_rate or 0, 48_000 * channels), config


def _sound_track(moov: bytes) -> bytes:
    tracks = [moov[b.body : b.stop] for b in children(moov) if b.kind == b"trak"]
    found = [t for t in tracks if _is_sound(t)]
    if len(found) != 1:
        raise Unspliceable
    stbl = child(found[0], b"mdia", b"minf", b"stbl") or b""
    if any(b.kind not in _KEPT_TABLES for b in children(stbl)) or child(stbl, b"stsz") is None:
        raise Unspliceable
    stsd = child(stbl, b"stsd") or b""
    if int.from_bytes(stsd[4:8], "big") != 1 or stsd[12:16] != b"mp4a":
        raise Unspliceable
    return found[0]


def _is_sound(track: bytes) -> bool:
    return (child(track, b"mdia", b"hdlr") or b"")[8:12] == b"soun"


def _plan(movie: Movie, track: bytes, front: Cue, behind: Cue, rate: int) -> _Plan:
    """Decides what is played: from behind the rhythm's own priming, or the content's, to the end.

    Raises:
        Unspliceable: The edit list does more than to leave out what the encoder put in front and behind.
    """
    mdhd, mvhd = child(track, b"mdia", b"mdhd") or b"", child(movie.moov, b"mvhd") or b""
    scale = _number(mvhd, *_scale_at(mvhd))
    if _number(mdhd, *_scale_at(mdhd)) != rate or not scale:
        raise Unspliceable
    rows = table(child(track, b"mdia", b"minf", b"stbl", b"stts") or b"", "II")
    media = sum(count * delta for count, delta in rows)
    edits = child(track, b"edts", b"elst")
    begin, length = 0, media
    if edits:
        parts = table(edits, "QqI" if edits[0] == 1 else "IiI")
        if len(parts) != 1 or not 0 <= parts[0][1] <= _MOST_PRIMING or parts[0][2] != 1 << 16:
            raise Unspliceable
        begin = parts[0][1]
        length = min(round(parts[0][0] * rate / scale) or media, media - begin)
    lead = len(front.packets) * _SAMPLES
    end = lead + begin + length
    if behind.packets:
        if media - begin - length > _MOST_PRIMING:
            raise Unspliceable
        end = lead + media + len(behind.packets) * _SAMPLES
    return _Plan(front, behind, media, front.delay if front.packets else begin, end, scale, rate)


def _scale_at(head: bytes) -> tuple[int, int]:
    return (20, 4) if head[:1] == b"\1" else (12, 4)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _write(movie: Movie, plan: _Plan, target: BinaryIO) -> None:
    moov = next(b for b in movie.boxes if b.kind == b"moov")
    last = movie.boxes[-1]
    movie.file.seek(last.start)
    if movie.file.read(4) == bytes(4) or last.stop != movie.size:
        raise Unspliceable
    growth = len(_moov(movie, plan, 0)) - (moov.stop - moov.start)
    for found in movie.boxes:
        if found is moov:
            target.write(_moov(movie, plan, growth))
        else:
            movie.file.seek(found.start)
            left = found.stop - found.start
            while left > 0 and (data := movie.file.read(min(_BLOCK, left))):
                target.write(data)
                left -= len(data)
    target.write(box(b"mdat", b"".join((*plan.front.packets, *plan.behind.packets))))
    target.flush()
    if target.seek(0, os.SEEK_END) >= 1 << 32 and child(movie.track, b"mdia", b"minf", b"stbl", b"co64") is None:
        raise LimitExceeded("too-many-bytes", limit=(1 << 32) - 1)


def _moov(movie: Movie, plan: _Plan, growth: int) -> bytes:
    """Builds the movie box; what stands behind the old one moves by its growth."""
    border = next(b for b in movie.boxes if b.kind == b"moov").stop
    shift = plan.movie_time(plan.lead - plan.begin) if plan.front.packets else 0
    played = plan.movie_time(plan.end - plan.begin)
    first = movie.size + growth + 8

    def moved(format: str, own: bool, body: bytes) -> bytes:
        offsets = [(at + growth if at >= border else at,) for (at,) in table(body, format)]
        if own:
            offsets = [(first,)] * bool(plan.front.packets) + offsets
            offsets += [(first + sum(map(len, plan.front.packets)),)] * bool(plan.behind.packets)
        if format == "I" and any(at >= 1 << 32 for (at,) in offsets):
            raise LimitExceeded("too-many-bytes", limit=(1 << 32) - 1)
        return written(body[:4], format, offsets)

    def track(body: bytes) -> bytes:
        own = _is_sound(body)
        tables = {b"stco": lambda b: moved("I", own, b), b"co64": lambda b: moved("Q", own, b)}
        if own:
            tables |= {
                b"stts": lambda b: _times(b, plan),
                b"stsz": lambda b: _sizes(b, plan),
                b"stsc": lambda b: _chunks(b, plan, _count(body)),
                b"sbgp": lambda b: _groups(b, plan),
            }
        stbl = {b"minf": lambda b: edited(b, {b"stbl": lambda c: edited(c, tables)})}
        heads = stbl | {b"mdhd": lambda b: _lasting(b, plan.total, _duration_at(b))} if own else stbl
        length = played if own else _number(child(body, b"tkhd") or b"", *_track_duration_at(body)) + shift
        fresh = edited(
            body,
            {
                b"mdia": lambda b: edited(b, heads),
                b"tkhd": lambda b: _lasting(b, length, _track_duration_at(body)),
                b"edts": lambda b: None,
            },
        )
        edits = _edits(body, plan, shift, played) if own or shift else child(body, b"edts")
        return fresh if edits is None else _behind_head(fresh, box(b"edts", edits))

    mvhd = child(movie.moov, b"mvhd") or b""
    whole = max(played, _number(mvhd, *_duration_at(mvhd)) + shift)
    changes = {
        b"trak": track,
        b"mvhd": lambda b: _lasting(b, whole, _duration_at(b)),
        b"udta": lambda b: edited(b, {b"chpl": lambda c: _chapters(c, plan)}),
    }
    return box(b"moov", _ITUNES.sub(lambda m: _skipped(m, plan), edited(movie.moov, changes)))


def _behind_head(track: bytes, edits: bytes) -> bytes:
    stop = next(b.stop for b in children(track) if b.kind == b"tkhd")
    return track[:stop] + edits + track[stop:]


def _duration_at(head: bytes) -> tuple[int, int]:
    return (24, 8) if head[:1] == b"\1" else (16, 4)


def _track_duration_at(track: bytes) -> tuple[int, int]:
    return (28, 8) if (child(track, b"tkhd") or b"")[:1] == b"\1" else (20, 4)


def _lasting(head: bytes, duration: int, where: tuple[int, int]) -> bytes:
    at, size = where
    return head[:at] + min(duration, (1 << 8 * size) - 1).to_bytes(size, "big") + head[at + size :]


def _edits(track: bytes, plan: _Plan, shift: int, played: int) -> bytes:
    """The edit list: of the sound, what is played of it; of other tracks, a pause as long as the rhythm in front."""
    if _is_sound(track):
        return box(b"elst", written(b"\1\0\0\0", "QqI", [(played, plan.begin, 1 << 16)]))
    old = child(track, b"edts", b"elst")
    if old:
        rows = table(old, "QqI" if old[0] == 1 else "IiI")
    else:
        rows = [(_number(child(track, b"tkhd") or b"", *_track_duration_at(track)), 0, 1 << 16)]
    return box(b"elst", written(b"\1\0\0\0", "QqI", [(shift, -1, 1 << 16), *rows]))


def _times(body: bytes, plan: _Plan) -> bytes:
    heads = [(len(plan.front.packets), _SAMPLES)] * bool(plan.front.packets)
    tails = [(len(plan.behind.packets), _SAMPLES)] * bool(plan.behind.packets)
    return written(body[:4], "II", [*heads, *table(body, "II"), *tails])


def _sizes(body: bytes, plan: _Plan) -> bytes:
    same, count = _number(body, 4, 4), _number(body, 8, 4)
    old = [(same,)] * count if same else table(body, "I", skip=8)
    heads, tails = ([(len(p),) for p in part.packets] for part in (plan.front, plan.behind))
    return written(body[:4] + bytes(4), "I", [*heads, *old, *tails])


def _count(track: bytes) -> int:
    """Number of chunks."""
    stbl = child(track, b"mdia", b"minf", b"stbl") or b""
    return _number(child(stbl, b"stco") or child(stbl, b"co64") or bytes(8), 4, 4)


def _chunks(body: bytes, plan: _Plan, count: int) -> bytes:
    more = int(bool(plan.front.packets))
    heads = [(1, len(plan.front.packets), 1)] * more
    tails = [(count + more + 1, len(plan.behind.packets), 1)] * bool(plan.behind.packets)
    rows = [(first + more, each, kind) for first, each, kind in table(body, "III")]
    return written(body[:4], "III", [*heads, *rows, *tails])


def _groups(body: bytes, plan: _Plan) -> bytes:
    """New frames belong to the group of their neighbours, which says how far back decoding must begin."""
    skip = 12 if body[0] == 1 else 8
    rows = table(body, "II", skip=skip)
    if not rows:
        return body
    heads = [(len(plan.front.packets), rows[0][1])] * bool(plan.front.packets)
    tails = [(len(plan.behind.packets), rows[-1][1])] * bool(plan.behind.packets)
    return written(body[:skip], "II", [*heads, *rows, *tails])


def _chapters(body: bytes, plan: _Plan) -> bytes:
    """Moves Nero's chapters, whose times are tenths of microseconds."""
    if not plan.front.packets:
        return body
    out = bytearray(body)
    at = 9 if body[:1] == b"\1" else 5
    shift = (plan.lead - plan.begin) * 10_000_000 // plan.rate
    for _ in range(body[at - 1] if len(body) >= at else 0):
        if at + 9 > len(out):
            return body
        out[at : at + 8] = (_number(body, at, 8) + shift).to_bytes(8, "big")
        at += 9 + out[at + 8]
    return bytes(out)


def _skipped(found: re.Match[bytes], plan: _Plan) -> bytes:
    """The note by iTunes of what to skip in front and behind, and of what is left, in the same number of digits."""
    delay, padding = int(found[1], 16), int(found[2], 16)
    if plan.front.packets:
        delay = plan.begin
    if plan.behind.packets:
        padding = 0
    return b" 00000000 %08X %08X %016X" % (delay, padding, max(0, plan.total - delay - padding))
