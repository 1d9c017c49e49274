"""Sound in AVI whose packets are copied keeps the head that states its length.

FFmpeg's muxer takes the block size that its demuxer tells for MP3 as the size of a sample, and counts a length from it
that players believe. Packets that stay as they were last as long as before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HEADS: Final = 1 << 20
_SOUND: Final = b"strh" + (56).to_bytes(4, "little") + b"auds"
_TIMES: Final = ((28, 44), (52, 56))
"""Scale, rate, start and length; size of a sample: where they stand behind the chunk's name."""


def keep_sound_heads(source: Path, output: Path) -> None:
    """Writes the stated lengths of the source's sound into the output, stream by stream."""
    with source.open("rb") as file:
        before = file.read(_HEADS)
    with output.open("r+b") as file:
        after = file.read(_HEADS)
        here, there = before.find(_SOUND), after.find(_SOUND)
        while here >= 0 and there >= 0:
            for start, stop in _TIMES:
                file.seek(there + start)
                file.write(before[here + start : here + stop])
            here, there = before.find(_SOUND, here + 1), after.find(_SOUND, there + 1)
