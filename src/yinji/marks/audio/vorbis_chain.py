"""The label in Ogg Vorbis where its packets cannot stand among the content's: a stream of its own.

Ogg lets one stream follow another (RFC 3533, 4: chaining), each with its own head. A label at the ends leaves the
content's pages as they are. In the middle the content becomes two streams with the same head; the packet in front of
the label begins the second once more, so that every sample is what it was.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any, BinaryIO, Final

from yinji.marks.audio.codec import Sound, Unspliceable, opened
from yinji.marks.audio.ogg import FIRST, LAST, Page, PageWriter, packets, page_bytes, pages_of, restreamed
from yinji.marks.audio.plan import SPLICED, Done, Wish
from yinji.marks.audio.vorbis import encoded
from yinji.marks.audio.vorbis_stream import Content, content_of

_HEAD: Final = b"\1vorbis"
_LEAST: Final = 48_000
_MOST: Final = 320_000
_TAGS: Final = frozenset(("title", "artist", "album", "date", "genre", "copyright", "comment"))
"""Comments that are repeated at the head of the label's stream, since players show those of the first."""


def mark(source: Path, output: Path, wish: Wish) -> Done:
    """Writes the file with the label.

    Raises:
        Malformed, Truncated, LimitExceeded: It cannot be done.
        MissingExtra: libsndfile's binding is not installed.
        Unspliceable: It can, but not by chaining: other streams beside the sound, or one that does not end.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = list(pages_of(data))
        rates = [_rate(data, page) for page in found if page.flags & FIRST]
        if not rates or not found[-1].flags & LAST or not all(map(_follows, (None, *found), found)):
            raise Unspliceable
        with opened(source) as (container, stream):
            context: Any = stream.codec_context
            rate, layout, channels = context.sample_rate, context.layout.name, context.channels
            tags = {key.lower(): text for key, text in {**container.metadata, **stream.metadata}.items()}
        lasts = sum(p.position / r for p, r in zip((p for p in found if p.flags & LAST), rates, strict=True))
        bit_rate = min(_MOST, max(_LEAST * channels, round((len(data) - found[0].stop) * 8 / max(lasts, 1))))
        cues = [wish.front_cue(rate), *wish.middle_cues(rate), wish.behind_cue(rate)]
        made = []
        for number, samples in enumerate(cues, 1):
            serial = (found[0].serial - number) & 0xFFFFFFFF
            made.append(_stream(Sound(samples, rate, channels, layout), bit_rate, tags, serial) if samples else b"")
        content = content_of(data) if wish.middle else None
        places = content.cuts(data, [middle.at for middle in wish.middle]) if content is not None else []
        with output.open("wb") as target:
            target.write(made[0])
            if content is None:
                target.write(data)
            else:
                _write_parts(target, data, content, dict(zip(places, made[1:-1], strict=True)))
            target.write(made[-1])
    done = Done(SPLICED, "vorbis", lasts, wish, notes=["ogg-chained"])
    lengths = [len(samples) / rate for samples in cues]
    done.front, done.behind = lengths[0], lengths[-1]
    if content is not None:
        done.middle = [
            (content.ends[place] / rate, length) for place, length in zip(places, lengths[1:-1], strict=True)
        ]
    return done


def _follows(before: Page | None, page: Page) -> bool:
    """Whether a page goes on with the stream of the one before, or begins a stream where that one ended."""
    if before is None or before.flags & LAST:
        return bool(page.flags & FIRST)
    return before.serial == page.serial and not page.flags & FIRST


def _rate(data: mmap.mmap, page: Page) -> int:
    """The rate that the first page of a stream states.

    Raises:
        Unspliceable: It is no Vorbis.
    """
    head = data[page.body : page.stop]
    rate = int.from_bytes(head[12:16], "little")
    if not head.startswith(_HEAD) or not rate:
        raise Unspliceable
    return rate


def _write_parts(target: BinaryIO, data: mmap.mmap, content: Content, between: dict[int, bytes]) -> None:
    """Writes the content as streams with labels between them."""
    serial, begins, page_now = content.heads[0].serial, 0, 0
    writer = _begun(target, data, content, serial)
    for number, (packet, page) in enumerate(packets(data, content.pages)):
        if page != page_now:
            writer.end_page()
            page_now = page
        writer.add(packet, content.ends[number] - begins)
        if number in between:
            writer.end_page(is_last=True)
            target.write(between[number])
            serial, begins = (serial + 1) & 0xFFFFFFFF, content.ends[number]
            writer = _begun(target, data, content, serial)
            writer.add(packet, 0)
    writer.end_page(is_last=True, trim=content.trim)


def _begun(target: BinaryIO, data: mmap.mmap, content: Content, serial: int) -> PageWriter:
    """Begins a stream with the headers of the content."""
    for page in content.heads:
        body = data[page.body : page.stop]
        target.write(page_bytes(page.flags, page.position, serial, page.number, page.segments, body))
    return PageWriter(target, serial, content.heads[-1].number + 1)


def _stream(sound: Sound, bit_rate: int, tags: dict[str, str], serial: int) -> bytes:
    """A stream that says the label, whole from its head to its end."""
    quality = min(1.0, max(0.0, (bit_rate / sound.channels - _LEAST) / _LEAST / 3))
    return restreamed(encoded(sound, quality, {key: tags[key] for key in sorted(_TAGS & tags.keys())}), serial)
