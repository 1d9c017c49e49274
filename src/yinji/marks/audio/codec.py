"""Hears and encodes sound with FFmpeg, inside the process that is made for it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from yinji.errors import UnsupportedFormat
from yinji.marks.audio.plan import AROUND, Heard, damaged, interleaved, unable
from yinji.marks.audio.rhythm import LOWEST_RATE, NEAR

if TYPE_CHECKING:
    from av import AudioCodecContext, AudioFrame, AudioResampler, AudioStream
    from av.container import InputContainer

_MARGIN: Final = 2.0
_HEADLESS: Final = frozenset(("aac", "mp3"))
"""Formats whose length FFmpeg guesses from their size."""
_ATTACHED: Final = 0x400
_FRAME: Final = 4096
_KEPT: Final = 16
"""Encoded labels that a process remembers: a service makes sound of few kinds."""


class Unspliceable(Exception):
    """The rhythm cannot be joined to the frames as they are; never leaves the room."""


class Sound(NamedTuple):
    """One channel of samples from -1 to 1, to be heard in the first two channels."""

    samples: array[float]
    rate: int
    channels: int
    layout: str = ""


class Cue(NamedTuple):
    """An encoded rhythm.

    Attributes:
        packets: In order.
        durations: Of each, in samples.
        delay: Samples that the encoder puts in front.
        config: What the decoder must know (extradata).
        samples: Of the rhythm itself.
    """

    packets: list[bytes]
    durations: list[int]
    delay: int
    config: bytes
    samples: int


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Opens a file that holds sound and no moving picture.

    Raises:
        Malformed, UnsupportedFormat: It does not.
    """
    import av

    with av.open(str(path)) as source:
        if any(not int(stream.disposition) & _ATTACHED for stream in source.streams.video):
            raise unable("audio", "moving picture")
        if not source.streams.audio:
            raise damaged("audio", "no sound")
        stream = source.streams.audio[0]
        context: Any = stream.codec_context
        if len(source.streams.audio) > 1:
            raise unable("audio", f"{len(source.streams.audio)} sound tracks")
        if context is None or not context.sample_rate or not context.channels:
            raise damaged("audio", "no sound")
        if context.sample_rate < LOWEST_RATE:
            raise unable("audio", f"{context.sample_rate} Hz")
        yield source, stream


def codec_of(path: Path) -> str:
    """Returns the name of the sound's codec."""
    with opened(path) as (_, stream):
        return stream.codec_context.name


def lasting(path: Path) -> float:
    """Seconds of the sound, by its head or, where that says nothing or only about, by its packets."""
    with opened(path) as (source, stream):
        return _lasting(source, stream)


def _lasting(source: InputContainer, stream: AudioStream) -> float:
    if source.format.name not in _HEADLESS:
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        if source.duration:
            return source.duration / 1e6
    return sum(float(p.duration * p.time_base) for p in source.demux(stream) if p.duration and p.time_base)


def listen(path: Path, at: float | None, around: float = AROUND) -> Heard:
    """Decodes some seconds at the start (0), at the end (None), or around another second, so many on each side.

    Returns:
        What is heard; around another second maybe nothing.

    Raises:
        Malformed: Nothing can be decoded.
    """
    import av

    at_end, start = at is None, 0.0
    with opened(path) as (source, stream):
        channels = stream.codec_context.channels
        layout = _layout(channels) if channels <= 2 else stream.codec_context.layout
        if at_end:
            source.seek(int(max(0.0, _lasting(source, stream) - NEAR - _MARGIN) * 1e6))
        if at:
            start = max(0.0, at - around)
            source.seek(int(max(0.0, start - _MARGIN / 4) * 1e6))
        rate = stream.codec_context.sample_rate
        resampler = av.AudioResampler("s16", layout, rate)
        heard = array("h")
        most = int((2 * around if at else NEAR) * rate) * channels
        for frame in _frames(source, stream):
            if at and frame.time is not None and frame.time + frame.samples / frame.sample_rate < start:
                continue
            if at and not heard and frame.time is not None:
                start = frame.time
            for part in resampler.resample(frame):
                heard.frombytes(raw(part))
            if len(heard) >= most and not at_end:
                break
            if len(heard) > 4 * most:
                del heard[:-most]
        for part in resampler.resample(None):
            heard.frombytes(raw(part))
    if not heard and not at:
        raise damaged("audio", "no sound")
    return Heard(heard[-most:] if at_end else heard[:most], rate, channels, start)


def decoded(source: InputContainer, stream: AudioStream, resampler: AudioResampler) -> Iterator[bytes]:
    """Yields all of the sound through a resampler."""
    for frame in chain(_frames(source, stream), (None,)):
        for part in resampler.resample(frame):
            yield raw(part)


def _frames(source: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Decodes, passing over packets that cannot be."""
    import av

    for packet in source.demux(stream):
        try:
            yield from packet.decode()
        except av.InvalidDataError:
            continue


def raw(frame: AudioFrame) -> bytes:
    """The interleaved samples of a frame."""
    size = frame.samples * frame.format.bytes * len(frame.layout.channels)
    return bytes(frame.planes[0])[:size]


def encoder(name: str, sound: Sound, *, bit_rate: int = 0, options: dict[str, str] | None = None) -> Any:
    """Makes an encoder.

    Raises:
        UnsupportedFormat: The FFmpeg installed here has none.
    """
    import av

    try:
        context: Any = av.CodecContext.create(name, "w")
    except (ValueError, av.FFmpegError) as error:
        raise UnsupportedFormat("audio-no-encoder", codec=name) from error
    context.sample_rate = sound.rate
    context.layout = sound.layout or _layout(sound.channels)
    context.format = context.codec.audio_formats[0]
    if bit_rate:
        context.bit_rate = bit_rate
    context.options = options or {}
    return context


def _layout(channels: int) -> str:
    names = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
    if channels not in names:
        raise unable("audio", f"{channels} channels")
    return names[channels]


def encode(context: AudioCodecContext, sound: Sound, sink: Callable[[Any], object]) -> None:
    """Encodes sound and hands the packets on."""
    for frame in frames(sound):
        for packet in context.encode(frame):
            sink(packet)
    for packet in context.encode(None):
        sink(packet)


def frames(sound: Sound, *, bits: int = 0) -> Iterator[AudioFrame]:
    """Yields sound as frames for an encoder: of 16 or 32 bits, or of floating point for 0."""
    from fractions import Fraction

    import av

    kind = {0: "flt", 16: "s16", 32: "s32"}[bits]
    samples = interleaved(sound.samples, sound.channels, bits) if bits else _spread(sound)
    data = samples.tobytes()
    stride = samples.itemsize * sound.channels
    for at in range(0, len(data), _FRAME * stride):
        part = data[at : at + _FRAME * stride]
        frame = av.AudioFrame(kind, sound.layout or _layout(sound.channels), len(part) // stride)
        frame.sample_rate = sound.rate
        frame.time_base = Fraction(1, sound.rate)
        frame.pts = at // stride
        plane = frame.planes[0]
        plane.update(part + bytes(plane.buffer_size - len(part)))
        yield frame


def _spread(sound: Sound) -> array[float]:
    out = array("f", bytes(4 * sound.channels * len(sound.samples)))
    for channel in range(min(sound.channels, 2)):
        out[channel :: sound.channels] = sound.samples
    return out


def cue(name: str, sound: Sound, *, bit_rate: int = 0, options: dict[str, str] | None = None) -> Cue:
    """Encodes a label, or takes it from those encoded last.

    Raises:
        Unspliceable: The encoder does not take this rate or these channels.
        UnsupportedFormat: There is no such encoder.
    """
    more = tuple((options or {}).items())
    return _encoded(name, sound.samples.tobytes(), sound[1:], bit_rate, more)


@lru_cache(_KEPT)
def _encoded(
    name: str, samples: bytes, rest: tuple[int, int, str], bit_rate: int, options: tuple[tuple[str, str], ...]
) -> Cue:
    import av

    sound = Sound(array("f", samples), *rest)
    context = encoder(name, sound, bit_rate=bit_rate, options=dict(options))
    packets: list[bytes] = []
    durations: list[int] = []
    first: list[int] = []

    def take(packet: Any) -> None:
        packets.append(bytes(packet))
        durations.append(packet.duration)
        first.append(packet.pts or 0)

    try:
        encode(context, sound, take)
    except (ValueError, av.FFmpegError) as error:
        raise Unspliceable from error
    if not packets:
        raise Unspliceable
    return Cue(packets, durations, max(0, -first[0]), bytes(context.extradata or b""), len(sound.samples))
