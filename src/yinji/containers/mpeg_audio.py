"""MPEG audio frame headers (ISO/IEC 11172-3, 13818-3): enough to hop from frame to frame."""

from __future__ import annotations

from typing import Final

from yinji.containers.window import Window

_MPEG1: Final = 3
_MPEG25: Final = 0
_LAYER_I, _LAYER_II, _LAYER_III = 3, 2, 1
_KBPS: Final = {
    (True, _LAYER_I): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, _LAYER_II): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_III): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_I): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, _LAYER_II): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_III): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HERTZ: Final = (44100, 48000, 32000)
_SEARCH: Final = 16 * 1024


def frame_length(header: bytes) -> int:
    """Returns the length of the frame that starts with these 4 bytes; 0 for none (ADTS, free format)."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate, hertz, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 0 or rate in (0, 15) or hertz == 3:
        return 0
    is_1 = version == _MPEG1
    frequency = _HERTZ[hertz] // (1 if is_1 else 4 if version == _MPEG25 else 2)
    bits = _KBPS[is_1, layer][rate] * 1000
    if layer == _LAYER_I:
        return (12 * bits // frequency + padding) * 4
    return (72 if layer == _LAYER_III and not is_1 else 144) * bits // frequency + padding


def first_frame(window: Window, start: int, stop: int) -> int | None:
    """Returns where the first of two consecutive frames starts, searching the 16 KiB from ``start``."""
    area = window.source.read(start, max(0, min(_SEARCH, stop - start)))
    at = area.find(b"\xff")
    while at >= 0:
        length = frame_length(area[at : at + 4])
        if length:
            after = start + at + length
            if after + 4 > stop or frame_length(window.peek(after, 4)):
                return start + at
        at = area.find(b"\xff", at + 1)
    return None


def end_of_frames(window: Window, start: int, stop: int) -> int:
    """Returns where the run of frames from ``start`` ends; reads only their headers."""
    at = start
    read = window.source.read
    while at + 4 <= stop and (length := frame_length(read(at, 4))):
        at += length
    return min(at, stop)


def stream_length(window: Window, at: int) -> int:
    """Returns the length of the stream that a Xing or Info header in the frame at ``at`` declares, or 0."""
    head = window.source.read_up_to(at, 64)
    mark = max(head.find(b"Xing"), head.find(b"Info"))
    if mark < 0 or len(head) < mark + 16:
        return 0
    flags = int.from_bytes(head[mark + 4 : mark + 8], "big")
    if not flags & 2:
        return 0
    field = mark + 8 + (4 if flags & 1 else 0)
    return int.from_bytes(head[field : field + 4], "big")
