"""Encodes all of the sound anew with the rhythm in front or behind, where frames cannot be joined as they are.

The codec, rate, channels and bit rate stay, and so do tags, chapters and cover pictures as far as the muxer takes them.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import UnsupportedFormat
from yinji.marks.audio.codec import Sound, frames, opened
from yinji.marks.audio.plan import LOSSLESS, REENCODED, Done, Wish, unable

if TYPE_CHECKING:
    from av import AudioStream, VideoStream
    from av.container import InputContainer, OutputContainer

_MUXERS: Final = {
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/aac": "adts",
    "audio/mp4": "ipod",
    "audio/ogg": "ogg",
    "audio/x-ms-wma": "asf",
}
_ENCODERS: Final = {
    "aac": "aac",
    "alac": "alac",
    "flac": "flac",
    "mp3": "libmp3lame",
    "mp3float": "libmp3lame",
    "opus": "libopus",
    "libopus": "libopus",
    "ac3": "ac3",
    "vorbis": "libvorbis",
    "libvorbis": "libvorbis",
    "wmav1": "wmav1",
    "wmav2": "wmav2",
}
_LOSSLESS: Final = frozenset(("alac", "flac"))
_LEAST: Final = 48_000
"""Bits a second and channel below which nothing is encoded anew."""


def reencode(source: Path, output: Path, media_type: str, wish: Wish) -> Done:
    """Writes the file with the rhythm.

    Raises:
        Malformed, UnsupportedFormat: It cannot be done.
    """
    import av

    with opened(source) as (container, stream):
        context: Any = stream.codec_context
        encoder = _ENCODERS.get(context.name)
        if encoder is None:
            raise unable("audio", context.name)
        if encoder not in av.codecs_available:
            raise UnsupportedFormat("audio-no-encoder", codec=encoder)
        try:
            with av.open(str(output), "w", format=_MUXERS[media_type]) as target:
                target.metadata.update(container.metadata)
                seconds, ends, middle = _mux(container, stream, target, encoder, wish)
        except (ValueError, av.FFmpegError) as error:
            reason = str(getattr(error, "strerror", "") or error)
            raise UnsupportedFormat("mark-audio-variant", kind="audio", variant=reason) from error
    done = Done(LOSSLESS if encoder in _LOSSLESS else REENCODED, context.name, seconds, wish)
    done.front, done.behind = ends
    done.middle = middle
    return done


def _mux(
    source: InputContainer, stream: AudioStream, target: OutputContainer, encoder: str, wish: Wish
) -> tuple[float, tuple[float, float], list[tuple[float, float]]]:
    import av

    context: Any = stream.codec_context
    rate, channels = context.sample_rate, context.channels
    bits = 16 if context.format.bytes <= 2 or encoder not in _LOSSLESS else 32
    fresh: Any = target.add_stream(encoder, rate=rate, layout=context.layout)
    fresh.metadata.update(stream.metadata)
    if encoder in _LOSSLESS:
        fresh.codec_context.format = _format(fresh.codec_context, bits)
    else:
        fresh.codec_context.bit_rate = max(context.bit_rate or 0, _LEAST * channels)
    front, behind = wish.front_cue(rate), wish.behind_cue(rate)
    _covers(source, target)
    if source.chapters() and wish.front is not None:
        target.set_chapters([_later(c, len(front) / rate) for c in source.chapters()])
    layout = context.layout.name
    resampler = av.AudioResampler("s16" if bits == 16 else "s32", layout, rate)
    now = 0
    for frame in frames(Sound(front, rate, channels, layout), bits=bits):
        now = _put(target, fresh, frame, now)
    before = now
    due = [(round(at * rate), cue) for (at, _), cue in zip(wish.middle, wish.middle_cues(rate), strict=True)]
    middle: list[tuple[float, float]] = []
    added = 0
    for heard in chain(source.decode(stream), (None,)):
        if heard is not None:
            heard.pts = None
        for part in resampler.resample(heard):
            now = _put(target, fresh, part, now)
            if due and now - before - added >= due[0][0]:
                _, cue = due.pop(0)
                middle.append(((now - before - added) / rate, len(cue) / rate))
                for own in frames(Sound(cue, rate, channels, layout), bits=bits):
                    now = _put(target, fresh, own, now)
                added += len(cue)
    length = now - before - added
    for frame in frames(Sound(behind, rate, channels, layout), bits=bits):
        now = _put(target, fresh, frame, now)
    target.mux(fresh.encode(None))
    return length / rate, (len(front) / rate, len(behind) / rate), middle


def _format(context: Any, bits: int) -> str:
    """The encoder's own format for so many bits."""
    wanted = "s16" if bits == 16 else "s32"
    names: list[str] = [f.name for f in context.codec.audio_formats]
    return next((name for name in names if name.startswith(wanted)), names[0])


def _put(target: OutputContainer, stream: Any, frame: Any, now: int) -> int:
    from fractions import Fraction

    frame.pts = now
    frame.time_base = Fraction(1, frame.sample_rate)
    target.mux(stream.encode(frame))
    return now + int(frame.samples)


def _later(chapter: Any, seconds: float) -> Any:
    shift = round(seconds / chapter["time_base"])
    return {**chapter, "start": chapter["start"] + shift, "end": chapter["end"] + shift}


def _covers(source: InputContainer, target: OutputContainer) -> None:
    """Takes cover pictures along."""
    covers: list[VideoStream] = list(source.streams.video)
    if not covers:
        return
    streams: dict[int, Any] = {}
    for cover in covers:
        copy: Any = target.add_stream_from_template(cover)
        copy.disposition = cover.disposition
        copy.metadata.update(cover.metadata)
        streams[cover.index] = copy
    for packet in source.demux(*covers):
        if packet.size:
            packet.stream = streams[packet.stream_index]
            target.mux(packet)
    source.seek(0)
