"""What the renderer must know of each video codec: its keyframes, its encoders, and how its packets are dressed.

Encoders are asked for by name, in the order of quality for the time spent; the first one that the FFmpeg build at
hand has is taken. None of them may reorder pictures, so that one packet stands for one picture, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from yinji.marks.video.nal import H264, BadUnit, Hevc, split


class Cut(Enum):
    """Whether what follows a keyframe can be copied."""

    NO = "no"
    CLEAN = "clean"
    OPEN = "open"
    """Pictures that follow may be shown before it; the keyframe itself must be made a broken link."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec.

    Attributes:
        name: As FFmpeg has it.
        shown: As people have it.
        encoders: Names and options, preferred first.
        formats: Pixel formats that the encoders write.
        rules: Of its NAL units, where it has any.
        is_key: Tells keyframes of codecs without NAL units.
    """

    name: str
    shown: str
    encoders: tuple[tuple[str, dict[str, str]], ...]
    formats: frozenset[str]
    rules: H264 | Hevc | None = None
    is_key: Callable[[bytes], bool] = field(default=lambda data: False)

    def cut(self, data: bytes, width: int) -> Cut:
        """Judges a packet that the container calls a keyframe."""
        if self.rules is None:
            return Cut.CLEAN if self.is_key(data) else Cut.NO
        kinds = slice_kinds(self.rules, data, width)
        if isinstance(self.rules, H264):
            return Cut.CLEAN if kinds and kinds <= {5} else Cut.NO
        if kinds and kinds <= set(self.rules.clean):
            return Cut.CLEAN
        return Cut.OPEN if kinds and kinds <= set(self.rules.open) else Cut.NO


def slice_kinds(rules: H264 | Hevc, data: bytes, width: int) -> set[int]:
    """Kinds of the slices of an access unit; empty where it cannot be split."""
    try:
        return {kind for unit in split(data, width) if rules.is_slice(kind := rules.kind(unit))}
    except BadUnit:
        return set()


def _vp8_key(data: bytes) -> bool:
    return len(data) > 10 and not data[0] & 1 and data[3:6] == b"\x9d\x01\x2a"


def _vp9_key(data: bytes) -> bool:
    """VP9 bitstream 6.2: a frame marker, the profile, show_existing_frame 0, frame_type 0."""
    if not data or data[0] >> 6 != 2:
        return False
    profile = data[0] >> 5 & 1 | (data[0] >> 4 & 1) << 1
    rest = data[0] >> (1 if profile == 3 else 2)
    return not rest & 0b11


def _av1_key(data: bytes) -> bool:
    """A keyframe that starts anew carries a sequence header (AV1 7.6.3)."""
    return any(kind == 1 for kind, _ in obus(data))


def _mpeg2_key(data: bytes) -> bool:
    """A sequence header, and a group of pictures that is closed (ISO/IEC 13818-2 6.2.2.6)."""
    group = data.find(b"\0\0\1\xb8")
    return data.startswith(b"\0\0\1\xb3") and group >= 0 and len(data) > group + 7 and bool(data[group + 7] & 0x40)


def obus(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the type and the bytes of each open bitstream unit (AV1 5.3)."""
    at = 0
    while at < len(data):
        start, head = at, data[at]
        at += 2 if head & 4 else 1
        size = len(data) - at
        if head & 2:
            size = shift = 0
            for _ in range(8):
                if at >= len(data):
                    return
                size |= (data[at] & 127) << shift
                shift += 7
                at += 1
                if data[at - 1] < 128:
                    break
        at += size
        if at > len(data):
            return
        yield head >> 3 & 15, data[start:at]


def without_delimiters(data: bytes) -> bytes:
    """Leaves the temporal delimiters out, which containers do not store (AV1 in ISOBMFF 2.4)."""
    return b"".join(unit for kind, unit in obus(data) if kind != 2)


def _planar(depths: dict[str, tuple[int, ...]]) -> frozenset[str]:
    return frozenset(
        name + (f"{depth}le" if depth > 8 else "") for name, choice in depths.items() for depth in choice
    ) | ({"yuvj420p", "yuvj422p", "yuvj444p"} if "yuv444p" in depths else frozenset())


_X264: Final = {
    "crf": "20",
    "preset": "superfast",
    "bf": "0",
    "forced-idr": "1",
    "x264-params": "bframes=0:open-gop=0:log=-1:rc-lookahead=0:scenecut=0:trellis=0:weightp=0:subme=1",
}
"""For some seconds a look ahead does not pay: beside "veryfast" with 18 this takes 0.6 to 0.7 times as long, is as
close to the source or closer (PSNR), and 10 to 45 % larger."""
THOROUGH: Final = {
    "libx264": {"crf": "18", "preset": "veryfast", "x264-params": "bframes=0:open-gop=0:log=-1"},
}
"""Other options where all of a video is encoded anew, by encoder."""
_X265: Final = {
    "crf": "18",
    "preset": "veryfast",
    "forced-idr": "1",
    "x265-params": "bframes=0:open-gop=0:info=0:repeat-headers=0:hrd=0:log-level=none",
}
_VPX: Final = {"crf": "16", "b": "0", "deadline": "good", "cpu-used": "5", "lag-in-frames": "0", "auto-alt-ref": "0"}

CODECS: Final = {
    codec.name: codec
    for codec in (
        Codec(
            "h264",
            "H.264",
            (("libx264", _X264), ("libopenh264", {"b": "8000000"}), ("h264_videotoolbox", {"b": "12000000"})),
            _planar({"yuv420p": (8, 10), "yuv422p": (8, 10), "yuv444p": (8, 10), "gray": (8, 10)}),
            H264(),
        ),
        Codec(
            "hevc",
            "HEVC",
            (("libx265", _X265), ("hevc_videotoolbox", {"b": "10000000"})),
            _planar({"yuv420p": (8, 10, 12), "yuv422p": (8, 10, 12), "yuv444p": (8, 10, 12), "gray": (8, 10, 12)}),
            Hevc(),
        ),
        Codec("vp8", "VP8", (("libvpx", _VPX),), frozenset(("yuv420p",)), is_key=_vp8_key),
        Codec(
            "vp9",
            "VP9",
            (("libvpx-vp9", {**_VPX, "row-mt": "1"}),),
            _planar({"yuv420p": (8, 10, 12), "yuv422p": (8, 10, 12), "yuv444p": (8, 10, 12)}),
            is_key=_vp9_key,
        ),
        Codec(
            "av1",
            "AV1",
            (
                ("libsvtav1", {"crf": "22", "preset": "9", "svtav1-params": "pred-struct=1:film-grain=0"}),
                ("libaom-av1", {"crf": "20", "cpu-used": "7", "usage": "realtime", "lag-in-frames": "0"}),
            ),
            frozenset(("yuv420p", "yuvj420p", "yuv420p10le")),
            is_key=_av1_key,
        ),
        Codec(
            "mpeg2video",
            "MPEG-2",
            (("mpeg2video", {"b": "12000000", "bf": "0", "qmin": "1", "qmax": "6"}),),
            frozenset(("yuv420p", "yuv422p")),
            is_key=_mpeg2_key,
        ),
        # What follows a keyframe of MPEG-4 Part 2 depends on a header that stands elsewhere, so nothing is copied.
        Codec(
            "mpeg4",
            "MPEG-4 Part 2",
            (("mpeg4", {"b": "8000000", "bf": "0", "qmin": "2", "qmax": "5"}),),
            frozenset(("yuv420p",)),
        ),
        Codec(
            "mjpeg",
            "Motion JPEG",
            (("mjpeg", {"b": "20000000", "qmin": "2", "qmax": "3"}),),
            frozenset(("yuvj420p", "yuvj422p", "yuvj444p")),
            is_key=lambda data: data.startswith(b"\xff\xd8"),
        ),
    )
}
