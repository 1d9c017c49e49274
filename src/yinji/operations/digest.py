"""``media_digest``: do two files hold the same media, whatever their metadata say?"""

from __future__ import annotations

from os import PathLike
from typing import BinaryIO

from yinji.containers import digest, registry
from yinji.containers.source import RangedReader, Source
from yinji.limits import DEFAULT, Limits


def media_digest(
    input: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    *,
    filename: str = "",
    limits: Limits = DEFAULT,
) -> str:
    """Returns the SHA-256 (lower-case hex) of the media bytes of a file: scan data, samples, frames, page content.

    Labelling, passing on and carrying over leave it as it is. The whole media is read, in pieces of 1 MiB.

    Args:
        input: A path, bytes, a seekable binary file or an object with ``size`` and ``read_range``.
        filename: Name to go by where the input has none.
        limits: Bounds of the reading; media bytes do not count.

    Raises:
        UnsupportedFormat: No container knows the file.
        Malformed, Truncated, Encrypted, LimitExceeded: The media cannot be told from the rest.
        NotRegularFile: A directory, FIFO, device or symbolic link.
        StorageError: The operating system refused.
    """
    with Source.open(input, name=filename, limits=limits) as source:
        return digest.media_digest(registry.identify(source), source)
