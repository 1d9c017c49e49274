"""The smallest Matroska and WebM files, for the documentation, the demo and the shared harness."""

from __future__ import annotations

import struct
from typing import Final

from yinji.containers.matroska import ebml
from yinji.containers.matroska import elements as matroska_elements
from yinji.containers.matroska.ebml import make, make_number
from yinji.containers.matroska.seek import seek

_OPUS_HEAD: Final = b"OpusHead\1\1" + struct.pack("<HIhB", 0, 48000, 0, 0)
_SILENCE: Final = b"\xf8\xff\xfe"
"""Twenty milliseconds of Opus."""

_FRAMES: Final = 5
_SEEK_ROOM: Final = 128
_OPEN: Final = b"\x01" + b"\xff" * 7


def clip(doc_type: str, *, live: bool = False) -> bytes:
    """Returns a tenth of a second of silence.

    Args:
        doc_type: ``matroska`` or ``webm``.
        live: Without sizes, SeekHead and Cues, as a stream leaves it.
    """
    info = make(
        matroska_elements.INFO,
        make_number(0x2AD7B1, 1_000_000) + make(0x4D80, b"yinji") + make(0x5741, b"yinji"),
    )
    front = info + make(matroska_elements.TRACKS, _track())
    frames = (make(0xA3, struct.pack(">BhB", 0x81, 20 * n, 0x80) + _SILENCE) for n in range(_FRAMES))
    media = make_number(0xE7, 0) + b"".join(frames)
    if live:
        cluster = matroska_elements.CLUSTER.to_bytes(4, "big") + _OPEN + media
        return _header(doc_type) + matroska_elements.SEGMENT.to_bytes(4, "big") + _OPEN + front + cluster
    cluster = make(matroska_elements.CLUSTER, media)
    starts = (_SEEK_ROOM, _SEEK_ROOM + len(info), _SEEK_ROOM + len(front) + len(cluster))
    ids = (matroska_elements.INFO, matroska_elements.TRACKS, matroska_elements.CUES)
    heads = b"".join(seek(id, start) for id, start in zip(ids, starts, strict=True))
    positions = make_number(0xF7, 1) + make_number(0xF1, _SEEK_ROOM + len(front))
    cue = make(
        matroska_elements.CUE_POINT, make_number(0xB3, 0) + make(matroska_elements.CUE_TRACK_POSITIONS, positions)
    )
    body = ebml.filled(matroska_elements.SEEK_HEAD, heads, _SEEK_ROOM) or b""
    body += front + cluster + make(matroska_elements.CUES, cue)
    return _header(doc_type) + make(matroska_elements.SEGMENT, body, ebml.WIDEST)


def _header(doc_type: str) -> bytes:
    numbers = ((0x4286, 1), (0x42F7, 1), (0x42F2, 4), (0x42F3, 8))
    versions = make_number(0x4287, 4) + make_number(0x4285, 2)
    data = b"".join(make_number(id, value) for id, value in numbers) + make(0x4282, doc_type.encode()) + versions
    return make(matroska_elements.EBML, data)


def _track() -> bytes:
    audio = make(0xE1, make(0xB5, struct.pack(">f", 48000.0)) + make_number(0x9F, 1))
    numbers = ((0xD7, 1), (0x73C5, 1), (0x83, 2), (0x9C, 0), (0x56BB, 80_000_000))
    data = b"".join(make_number(id, value) for id, value in numbers)
    return make(0xAE, data + make(0x86, b"A_OPUS") + make(0x63A2, _OPUS_HEAD) + audio)
