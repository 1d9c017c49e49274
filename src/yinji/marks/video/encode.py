"""Encodes pictures into packets that stand beside the copied ones: same codec, parameter sets of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from yinji.marks.video.codecs import THOROUGH, Codec, without_delimiters
from yinji.marks.video.config import Config, merged, parse
from yinji.marks.video.nal import (
    H264,
    BadUnit,
    Hevc,
    Ids,
    from_annex_b,
    is_annex_b,
    is_set,
    join,
    messages,
    numbered,
    plain,
)

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.video.codeccontext import VideoCodecContext

    from yinji.marks.video.plan import Plan

_H264_PROFILES: Final = {
    66: "baseline",
    77: "main",
    100: "high",
    110: "high10",
    122: "high422",
    244: "high444",
}
_BITS_A_PIXEL: Final = 0.2
_UNREGISTERED: Final = 5
_THREADS: Final = 4
_GLOBAL_HEADER: Final = 1 << 22
_FIELDS: Final = frozenset(("libx264", "mpeg2video"))
"""Encoders of pictures in two fields."""
_INTERLACED: Final = 1 << 18 | 1 << 29
_NO_CONFIG: Final = Config(0, (), b"", b"")


class NoEncoder(ValueError):
    """No encoder for the codec, or none that takes such pictures."""


class Packed(NamedTuple):
    """A packet in the spool."""

    offset: int
    size: int
    key: bool


@dataclass(slots=True)
class Spool:
    """Encoded packets in a file, in order."""

    file: BinaryIO
    packets: list[Packed] = field(default_factory=list)
    size: int = 0

    def add(self, data: bytes, *, key: bool) -> None:
        self.file.write(data)
        self.packets.append(Packed(self.size, len(data), key))
        self.size += len(data)

    def read(self, packed: Packed) -> bytes:
        self.file.seek(packed.offset)
        return self.file.read(packed.size)

    def clear(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.packets, self.size = [], 0


class Encoder:
    """One encoder, opened on the first picture.

    Attributes:
        name: FFmpeg's name of it.
        record: The decoder configuration with both kinds of parameter sets, once the first packet is out.
    """

    def __init__(
        self,
        codec: Codec,
        source: VideoCodecContext,
        rate: Fraction,
        *,
        in_band: bool,
        work: Plan,
    ) -> None:
        self._codec = codec
        self._rules = codec.rules
        self._source = source
        self._rate = rate
        self._extras = work.extras
        self._begins = work.begins
        self._is_full = work.is_full
        self._context: VideoCodecContext | None = None
        self._config = parse(codec.rules, source.extradata or b"") if codec.rules else _NO_CONFIG
        self._in_band = in_band or not self._config.width
        self._ids: Ids | None = None
        self._sets: list[bytes] = []
        self._count = 0
        self._shown: list[int] = []
        self.name = ""
        self.record = source.extradata or b""

    @property
    def width(self) -> int:
        """Bytes of a unit's length, 0 for start codes."""
        return self._config.width

    def encode(self, frame: VideoFrame, shown: int) -> Iterator[tuple[bytes, bool]]:
        """Takes a picture, and yields the packets that are ready, each with whether it is a keyframe.

        Raises:
            NoEncoder: None takes such pictures.
            BadUnit: The encoder writes what cannot be joined to the rest.
        """
        from av.video.frame import PictureType

        if self._context is None:
            self._context = self._open(frame)
        frame.pts = self._count
        frame.time_base = self._context.time_base
        frame.pict_type = PictureType.I if self._count in self._begins else PictureType.NONE
        self._count += 1
        self._shown.append(shown)
        for packet in self._context.encode(frame):
            yield self._dressed(packet)

    def finish(self) -> Iterator[tuple[bytes, bool]]:
        if self._context is not None:
            for packet in self._context.encode(None):
                yield self._dressed(packet)

    def _open(self, frame: VideoFrame) -> VideoCodecContext:
        import av

        if frame.format.name not in self._codec.formats:
            raise NoEncoder(frame.format.name)
        for name, options in self._codec.encoders:
            if name not in av.codecs_available:
                continue
            try:
                context = self._try(name, options | THOROUGH.get(name, {}) if self._is_full else dict(options), frame)
            except (av.FFmpegError, ValueError):
                continue
            self.name = name
            return context
        raise NoEncoder("interlaced" if frame.interlaced_frame else frame.format.name)

    def _try(self, name: str, options: dict[str, str], frame: VideoFrame) -> VideoCodecContext:
        from av import CodecContext

        context: Any = CodecContext.create(name, "w")
        context.width, context.height = frame.width, frame.height
        context.pix_fmt = frame.format.name
        context.time_base = 1 / self._rate
        context.framerate = self._rate
        context.gop_size = max(2, min(600, round(2 * self._rate)))
        context.thread_count = _THREADS
        context.color_range = int(frame.color_range)
        context.color_primaries = int(frame.color_primaries)
        context.color_trc = int(frame.color_trc)
        context.colorspace = int(frame.colorspace)
        if self._source.sample_aspect_ratio:
            context.sample_aspect_ratio = self._source.sample_aspect_ratio
        if self._rules is not None:
            context.flags |= _GLOBAL_HEADER
        if options.get("b", "0") != "0":
            options["b"] = str(max(200_000, round(frame.width * frame.height * float(self._rate) * _BITS_A_PIXEL)))
        if name == "libx264":
            self._like_source(context, options, frame)
        if frame.interlaced_frame:
            if name not in _FIELDS:
                raise NoEncoder("interlaced")
            context.flags |= _INTERLACED
        context.options = options
        context.open()
        opened: VideoCodecContext = context
        return opened

    def _like_source(self, context: Any, options: dict[str, str], frame: VideoFrame) -> None:
        """Keeps the profile and the level of the source, where the picture allows it."""
        record = self._config.record
        if not self._config.width or len(record) < 4:
            return
        profile = _H264_PROFILES.get(record[1])
        if profile and frame.format.name in ("yuv420p", "yuvj420p") and not frame.interlaced_frame:
            options["profile"] = profile
        if 9 < record[3] <= 62:
            options["level"] = f"{record[3] / 10:.1f}"

    def _dressed(self, packet: Packet[Any]) -> tuple[bytes, bool]:
        """The packet as the container stores it."""
        data = bytes(packet)
        key = packet.is_keyframe
        if self._rules is None:
            return (without_delimiters(data) if self._codec.name == "av1" else data), key
        if self._ids is None:
            self._number()
        rules, ids = self._rules, self._ids
        if ids is None or packet.pts is None or not is_annex_b(data):
            raise BadUnit
        units = [
            rules.renumbered(unit, ids)
            for unit in from_annex_b(data)
            if rules.kind(unit) not in rules.delimiters and not is_set(rules, unit) and not _says_encoder(rules, unit)
        ]
        before, after = self._extras.get(self._shown[packet.pts], ((), ()))
        sets = self._sets if key and self._in_band else ()
        return join([*sets, *before, *units, *after], self.width), key

    def _number(self) -> None:
        """Gives the encoder's parameter sets ids that the source does not use, and adds them to the configuration."""
        if self._rules is None or self._context is None:
            raise BadUnit
        rules = self._rules
        fresh = [u for u in from_annex_b(self._context.extradata or b"") if is_set(rules, u)]
        self._ids, self._sets = numbered(rules, self._config.units, fresh)
        if not any(rules.kind(u) == rules.picture for u in self._sets):
            raise BadUnit
        self.record = merged(rules, self._config, [u for u in self._sets if u not in self._config.units])


def _says_encoder(rules: H264 | Hevc, unit: bytes) -> bool:
    """Whether a unit holds nothing but the encoder's name, which is not that of the copied part."""
    if rules.kind(unit) not in rules.supplement:
        return False
    kinds: Sequence[int] = [kind for kind, _ in messages(plain(unit[rules.header :]))]
    return all(kind == _UNREGISTERED for kind in kinds)
