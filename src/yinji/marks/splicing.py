"""Writing a file with the few bytes changed that a mark owns."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Final

from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.errors import StorageError, Truncated
from yinji.limits import GIB, MIB, Limits

LIMITS: Final = Limits(total_bytes=4 * GIB, one_read=64 * MIB, elements=10_000_000, inflated=64 * MIB, seconds=600.0)
"""Bounds of marking: whole documents are gone through, where a reading looks at their metadata alone."""

_BUFFER: Final = 1 * MIB


def opened(file: BinaryIO) -> Source:
    """Returns the file that a mark was given, within the bounds of marking."""
    return Source.open(file, name=str(getattr(file, "name", "") or ""), limits=LIMITS)


def spliced(file: BinaryIO, marked: BinaryIO, plan: Callable[[Source], Splice]) -> None:
    """Writes ``file`` to ``marked`` with the changes that ``plan`` asks for.

    Raises:
        StorageError: The operating system refused.
        Truncated: The file became shorter in the meantime.
    """
    with opened(file) as source:
        write(source, plan(source), marked)


def write(source: Source, splice: Splice, marked: BinaryIO) -> None:
    """Writes a source to ``marked`` with the changes of a splice.

    Raises:
        StorageError: The operating system refused.
        Truncated: The file became shorter in the meantime.
    """
    try:
        for piece in splice.pieces(source.size):
            if isinstance(piece, bytes):
                marked.write(piece)
                continue
            start, stop = piece
            for at in range(start, stop, _BUFFER):
                wanted = min(_BUFFER, stop - at)
                data = source.payload(at, wanted)
                if len(data) != wanted:
                    raise Truncated("truncated", path=source.name, offset=at, needed=wanted, size=at + len(data))
                marked.write(data)
    except OSError as error:
        raise StorageError("storage", path=source.name, reason=error.strerror or str(error)) from error
