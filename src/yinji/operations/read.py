"""``read``: what labels does this file carry? Header speed, no decoding."""

from __future__ import annotations

from os import PathLike
from typing import BinaryIO

from yinji.containers import reading
from yinji.containers.model import Reading
from yinji.containers.source import RangedReader, Source
from yinji.limits import DEFAULT, Limits


def read(
    input: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    *,
    filename: str = "",
    thorough: bool = False,
    limits: Limits = DEFAULT,
) -> Reading:
    """Reads the labels of a file without decoding its media.

    Args:
        input: A path, bytes, a seekable binary file or an object with ``size`` and ``read_range``.
        filename: Name to go by where the input has none.
        thorough: Look for further labels behind the media even if one was found in front of it.
        limits: Bounds of the reading.

    Returns:
        What the container says. Damaged, enciphered and unknown files are states of the reading, not errors.

    Raises:
        NotRegularFile: A directory, FIFO, device or symbolic link.
        StorageError: The operating system refused.
    """
    source = Source.open(input, name=filename, limits=limits)
    try:
        return reading.read(source, thorough)
    finally:
        source.close()
