"""The label in Ogg Vorbis: a stream of its own in front of or behind the content, whose pages are not touched.

The packets of Vorbis mean nothing without the tables at the head of their stream, so that an encoder's packets cannot
stand among others. Ogg lets one stream follow another (RFC 3533, 4: chaining), each with its own head.
"""

from __future__ import annotations

import io
import mmap
from pathlib import Path
from typing import Any, Final

from yinji.errors import MissingExtra
from yinji.marks.audio.codec import Sound, Unspliceable, opened
from yinji.marks.audio.ogg import ends, pages_of, restreamed
from yinji.marks.audio.plan import SPLICED, Done, Wish, interleaved

_HEAD: Final = b"\1vorbis"
_LEAST: Final = 48_000
_MOST: Final = 320_000
_BLOCK: Final = 4096
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
        if data[found[0].body : found[0].body + len(_HEAD)] != _HEAD or not ends(found[-1]):
            raise Unspliceable
        if any(page.serial != found[0].serial for page in found):
            raise Unspliceable
        with opened(source) as (container, stream):
            context: Any = stream.codec_context
            rate, layout, channels = context.sample_rate, context.layout.name, context.channels
            tags = {key.lower(): text for key, text in {**container.metadata, **stream.metadata}.items()}
        lasts = found[-1].position / rate
        bit_rate = min(_MOST, max(_LEAST * channels, round((len(data) - found[0].stop) * 8 / max(lasts, 1))))
        serial = found[0].serial
        made = []
        for number, samples in enumerate((wish.front_cue(rate), wish.behind_cue(rate)), 1):
            sound = Sound(samples, rate, channels, layout)
            made.append(_stream(sound, bit_rate, tags, (serial + number) & 0xFFFFFFFF) if samples else b"")
        with output.open("wb") as target:
            target.write(made[0])
            target.write(data)
            target.write(made[1])
    done = Done(SPLICED, "vorbis", lasts, wish, notes=["ogg-chained"])
    done.front, done.behind = (len(samples) / rate for samples in (wish.front_cue(rate), wish.behind_cue(rate)))
    return done


def _stream(sound: Sound, bit_rate: int, tags: dict[str, str], serial: int) -> bytes:
    """A stream that says the label, whole from its head to its end."""
    try:
        import soundfile  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtra("missing-extra", extra="av", names="soundfile") from error
    file = io.BytesIO()
    quality = 1 - min(1.0, max(0.0, (bit_rate / sound.channels - _LEAST) / _LEAST / 3))
    try:
        with soundfile.SoundFile(
            file, "w", sound.rate, sound.channels, "VORBIS", format="OGG", compression_level=quality
        ) as out:
            for key in _TAGS & tags.keys():
                setattr(out, key, tags[key])
            values = interleaved(sound.samples, sound.channels)
            for start in range(0, len(values), _BLOCK * sound.channels):
                out.buffer_write(values[start : start + _BLOCK * sound.channels], "int16")
    except soundfile.LibsndfileError as error:
        raise Unspliceable from error
    return restreamed(file.getvalue(), serial)
