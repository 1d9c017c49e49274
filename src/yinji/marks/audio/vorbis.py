"""The label in Ogg Vorbis: packets in front of, behind or between those of the content, in one stream.

The packets of Vorbis mean nothing without the tables of their setup header, which the encoder chooses by rate, channels
and quality, and by nothing else. So the label is encoded at the quality whose tables are those of the content; its
packets then mean among them what they mean at home. Where no quality has these tables, the label becomes a stream of
its own (:mod:`yinji.marks.audio.vorbis_chain`).

In the middle the packet in front of the label stands behind it once more: a block gives samples only together with the
one before it. So every sample of the content is what it was, and where it meets the label it fades in half a block.
"""

from __future__ import annotations

import io
import mmap
from array import array
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from yinji.errors import MissingExtra
from yinji.marks.audio.codec import Sound, Unspliceable
from yinji.marks.audio.ogg import PageWriter, packets, page_bytes, pages_of
from yinji.marks.audio.plan import SPLICED, Done, Wish, interleaved
from yinji.marks.audio.vorbis_stream import HEADERS, Coding, Content, content_of

_BLOCK: Final = 4096
_QUALITIES: Final = sorted(range(101), key=lambda percent: (percent % 10 > 0, percent % 5 > 0, percent))
"""As encoders offer them, from 0 to 10 in hundredths: whole ones are the most used."""
_A_PAGE: Final = 40
_CENTRED: Final = (3, 5, 6, 7, 8)
"""So many channels have the centre between left and right (Vorbis I, 4.3.9)."""
_FRONT: Final = -1
"""Where the label in front stands: behind no packet."""


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the label.

    Raises:
        Malformed, Truncated, LimitExceeded: It cannot be done.
        MissingExtra: libsndfile's binding is not installed.
        Unspliceable: It can, but not by joining packets.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        content = content_of(data)
        coding, last = content.coding, len(content.ends) - 1
        quality = _quality(coding.setup, coding.rate, coding.channels)
        places = content.cuts(data, [middle.at for middle in wish.middle])
        cues = [wish.front_cue(coding.rate), *wish.middle_cues(coding.rate), wish.behind_cue(coding.rate)]
        labels = {
            place: _encoded(samples, coding, quality)
            for place, samples in zip((_FRONT, *places, last), cues, strict=True)
            if samples
        }
        added = dict.fromkeys(labels, 0)
        trim = 0 if last in labels else content.trim
        with output.open("wb") as target:
            for page in content.heads:
                body = data[page.body : page.stop]
                target.write(page_bytes(page.flags, page.position, page.serial, page.number, page.segments, body))
            writer = PageWriter(target, content.heads[0].serial, content.heads[-1].number + 1)
            now, page_now, before = 0, 0, None
            for packet, page_of, label in _joined(packets(data, content.pages), content, labels):
                if page_of != page_now:
                    writer.end_page()
                    page_now = page_of
                is_long = coding.is_long(packet)
                step = 0 if before is None else coding.samples(before, is_long)
                now, before = now + step, is_long
                if label is not None:
                    added[label] += step
                writer.add(packet, now)
            writer.end_page(is_last=True, trim=trim)
    done = Done(SPLICED, "vorbis", content.seconds, wish)
    done.front = added.get(_FRONT, 0) / coding.rate
    done.behind = (added[last] + content.trim) / coding.rate if last in added else 0.0
    done.middle = [(content.ends[place] / coding.rate, added[place] / coding.rate) for place in places]
    return done


def _joined(
    found: Iterator[tuple[bytes, int]], content: Content, labels: dict[int, list[bytes]]
) -> Iterator[tuple[bytes, int, int | None]]:
    """Yields each packet, the page that it belongs on, and behind which packet of the content its label stands.

    What makes way from a label to the content counts for the label.
    """
    coding = content.coding
    for number, (packet, page) in enumerate(found):
        if not number and _FRONT in labels:
            front = labels[_FRONT]
            front[-1] = coding.in_front_of(front[-1], is_long=coding.is_long(packet))
            yield from _paged(front, _FRONT)
        yield packet, page, _FRONT if not number and _FRONT in labels else None
        if number not in labels:
            continue
        is_last = number == len(content.ends) - 1
        label = labels[number]
        if not is_last or (coding.is_long(packet) and coding.beside(packet)[1]):
            label = _plain(coding, label)
        yield from _paged(label, number)
        if not is_last:
            yield packet, page + 1, number


def _paged(label: list[bytes], behind: int) -> Iterator[tuple[bytes, int, int]]:
    for number, packet in enumerate(label):
        yield packet, -1 - number // _A_PAGE, behind


def _plain(coding: Coding, label: list[bytes]) -> list[bytes]:
    """Returns the packets of a label that may stand between plain blocks; what falls away is silence.

    Raises:
        Unspliceable: There are none.
    """
    fit = [number for number, packet in enumerate(label) if coding.is_plain(packet)]
    if not fit:
        raise Unspliceable
    return label[fit[0] : fit[-1] + 1]


def _encoded(samples: array[float], coding: Coding, quality: int) -> list[bytes]:
    """Encodes a label.

    Raises:
        Unspliceable: The tables are not those of the content.
    """
    data = encoded(Sound(samples, coding.rate, coding.channels), quality / 100)
    found = [packet for packet, _ in packets(data, pages_of(data))]
    if found[HEADERS - 1] != coding.setup or len(found) < HEADERS + 2:
        raise Unspliceable
    return found[HEADERS:]


@lru_cache(32)
def _quality(setup: bytes, rate: int, channels: int) -> int:
    """The quality, in hundredths, at which the encoder writes this setup header.

    Raises:
        Unspliceable: There is none.
    """
    for quality in _QUALITIES:
        if _setup(quality, rate, channels) == setup:
            return quality
    raise Unspliceable


@lru_cache(1024)
def _setup(quality: int, rate: int, channels: int) -> bytes:
    data = encoded(Sound(array("f", bytes(4)), rate, channels), quality / 100)
    return [packet for packet, _ in packets(data, pages_of(data))][HEADERS - 1]


def encoded(sound: Sound, quality: float, tags: Mapping[str, str] | None = None) -> bytes:
    """Encodes sound as a file of its own.

    Args:
        sound: The sound.
        quality: 0 to 1.
        tags: Comments by their names as libsndfile has them.

    Raises:
        MissingExtra: libsndfile's binding is not installed.
        Unspliceable: The encoder does not take this rate or these channels.
    """
    try:
        import soundfile  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtra("missing-extra", extra="av", names="soundfile") from error
    file = io.BytesIO()
    try:
        with soundfile.SoundFile(
            file, "w", sound.rate, sound.channels, "VORBIS", format="OGG", compression_level=1 - quality
        ) as out:
            for key, text in (tags or {}).items():
                setattr(out, key, text)
            values = interleaved(sound.samples, sound.channels, sounding=(0, 2 if sound.channels in _CENTRED else 1))
            for start in range(0, len(values), _BLOCK * sound.channels):
                out.buffer_write(values[start : start + _BLOCK * sound.channels], "int16")
    except soundfile.LibsndfileError as error:
        raise Unspliceable from error
    return file.getvalue()
