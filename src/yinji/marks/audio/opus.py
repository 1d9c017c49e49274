"""The rhythm in Ogg Opus (RFC 3533, 7845): pages of its own, and those of the content with later times and numbers."""

from __future__ import annotations

import mmap
from array import array
from pathlib import Path
from typing import BinaryIO, Final

from yinji.marks.audio.codec import Cue, Sound, Unspliceable, cue
from yinji.marks.audio.ogg import CONTINUED, FIRST, LAST, NO_POSITION, Page, heads_of, lacing, page_bytes, pages_of
from yinji.marks.audio.plan import SPLICED, Done, Wish

_RATE: Final = 48_000
_FRAME: Final = 960
_A_PAGE: Final = 40
_GAIN: Final = slice(16, 18)
_SPREAD: Final = slice(18, None)
"""How channels are spread over streams: the mapping family, and its table."""
_NONE: Final = Cue([], [], 0, b"", 0)


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the rhythm.

    Raises:
        Malformed, Truncated, LimitExceeded: It cannot be done.
        Unspliceable: It can, but not by joining pages: another codec, several streams, or channels spread otherwise.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        pages = list(pages_of(data))
        head = data[pages[0].body : pages[0].stop]
        if len(head) < 19 or not head.startswith(b"OpusHead") or not head[9]:
            raise Unspliceable
        if any(page.serial != pages[0].serial or page.flags & FIRST for page in pages[1:]):
            raise Unspliceable
        heads = heads_of(pages, 2)
        content = pages[heads:]
        if not content or content[0].flags & CONTINUED or content[-1].position == NO_POSITION:
            raise Unspliceable
        gain = int.from_bytes(head[_GAIN], "little", signed=True) / 256
        cues = [wish.front_cue(_RATE, _FRAME, gain), *wish.middle_cues(_RATE, _FRAME, gain)]
        made = [
            _encoded(samples, head, data, content) if samples else _NONE
            for samples in (*cues, wish.behind_cue(_RATE, _FRAME, gain))
        ]
        skip = int.from_bytes(head[10:12], "little")
        places = [_near(content, round(middle.at * _RATE) + skip) for middle in wish.middle]
        between = dict(zip(places, made[1:-1], strict=True))
        if len(between) != len(places):
            raise Unspliceable
        with output.open("wb") as target:
            _write(target, data, pages[:heads], content, made[0], between, made[-1])
        last = _whole(data, content) if made[-1].packets else content[-1].position
    done = Done(SPLICED, "opus", max(0, last - skip) / _RATE, wish)
    lengths = [len(part.packets) * _FRAME / _RATE for part in made]
    done.front, done.behind = lengths[0], lengths[-1]
    done.middle = [
        ((content[place].position - skip) / _RATE, length) for place, length in zip(places, lengths[1:-1], strict=True)
    ]
    return done


def _near(content: list[Page], position: int) -> int:
    """The number of the page behind which a label goes that is due at a time: packets end with it.

    Raises:
        Unspliceable: There is none.
    """
    fit = [
        number
        for number, page in enumerate(content[:-1])
        if page.position != NO_POSITION and not content[number + 1].flags & CONTINUED
    ]
    if not fit:
        raise Unspliceable
    return min(fit, key=lambda number: abs(content[number].position - position))


def _encoded(samples: array[float], head: bytes, data: mmap.mmap, content: list[Page]) -> Cue:
    """Encodes a label for the content's channels.

    Raises:
        Unspliceable: The encoder does not spread them over streams as the content's did (RFC 7845, 5.1.1).
    """
    channels = head[9]
    size = content[-1].stop - content[0].start
    rate = size * 8 * _RATE // max(_RATE, content[-1].position)
    sound = Sound(samples, _RATE, channels)
    made = cue("libopus", sound, bit_rate=min(256_000, max(rate, 32_000 * channels)))
    if any(_duration(packet) != _FRAME for packet in made.packets) or made.config[_SPREAD] != head[_SPREAD]:
        raise Unspliceable
    return made


def _write(
    target: BinaryIO,
    data: mmap.mmap,
    heads: list[Page],
    content: list[Page],
    front: Cue,
    between: dict[int, Cue],
    behind: Cue,
) -> None:
    serial, number = heads[0].serial, heads[0].number
    for page in heads:
        body = data[page.body : page.stop]
        if page is heads[0] and front.packets:
            body = body[:10] + front.delay.to_bytes(2, "little") + body[12:]
        target.write(page_bytes(page.flags, page.position, serial, number, page.segments, body))
        number += 1
    lead = len(front.packets) * _FRAME
    number = _cue_pages(target, front, serial, number, 0, is_last=False)
    for place, page in enumerate(content):
        body = data[page.body : page.stop]
        flags, position = page.flags, page.position
        if page is content[-1] and behind.packets:
            flags, position = flags & ~LAST, _whole(data, content)
        if position != NO_POSITION:
            position += lead
        target.write(page_bytes(flags, position, serial, number, page.segments, body))
        number += 1
        if place in between:
            number = _cue_pages(target, between[place], serial, number, position, is_last=False)
            lead += len(between[place].packets) * _FRAME
    _cue_pages(target, behind, serial, number, _whole(data, content) + lead, is_last=True)


def _cue_pages(target: BinaryIO, part: Cue, serial: int, number: int, position: int, *, is_last: bool) -> int:
    """Writes the pages of a rhythm and returns the number of the next page."""
    for at in range(0, len(part.packets), _A_PAGE):
        packets = part.packets[at : at + _A_PAGE]
        segments, taken = b"", 0
        for packet in packets:
            own = lacing(packet)
            if len(segments) + len(own) > 255:
                raise Unspliceable
            segments += own
            taken += _FRAME
        position += taken
        flags = LAST if is_last and at + _A_PAGE >= len(part.packets) else 0
        target.write(page_bytes(flags, position, serial, number, segments, b"".join(packets)))
        number += 1
    return number


def _whole(data: mmap.mmap, content: list[Page]) -> int:
    """The time at the end of the last page, with the samples that the end of the stream left out."""
    last = content[-1]
    before = next((p.position for p in reversed(content[:-1]) if p.position != NO_POSITION), None)
    if before is None or last.flags & CONTINUED:
        return last.position
    at, samples, size = last.body, 0, 0
    for value in last.segments:
        size += value
        if value < 255:
            samples += _duration(data[at : at + 2])
            at, size = at + size, 0
    return max(last.position, before + samples)


def _duration(packet: bytes) -> int:
    """Samples of a packet by its first bytes (RFC 6716, 3.1)."""
    if not packet:
        return 0
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    return frame * (1 if code == 0 else 2 if code < 3 else packet[1] & 63 if len(packet) > 1 else 0)
