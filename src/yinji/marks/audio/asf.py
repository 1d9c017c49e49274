"""Sound under digital rights management in ASF, whose samples FFmpeg would decode to noise."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from yinji.containers.asf.objects import ENCRYPTION, FRAME
from yinji.errors import Encrypted

_HEADER: Final = 30
_MOST: Final = 4096


def refuse_enciphered(source: Path) -> None:
    """Refuses sound under digital rights management.

    Raises:
        Encrypted: It is.
    """
    with source.open("rb") as file:
        stop, at = int.from_bytes(file.read(_HEADER)[16:24], "little"), _HEADER
        for _ in range(_MOST):
            file.seek(at)
            found = file.read(FRAME)
            size = int.from_bytes(found[16:], "little")
            if at >= stop or len(found) < FRAME or size < FRAME:
                return
            if found[:16] in ENCRYPTION:
                raise Encrypted("audio-encrypted")
            at = min(at + size, stop)
