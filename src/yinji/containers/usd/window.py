"""The stretch of a file that one layer takes: a file of its own, or a part that a package stores as it is."""

from __future__ import annotations

from yinji.containers.source import Source
from yinji.containers.usd.lz4 import Damaged


class Window:
    """A layer inside a file.

    Args:
        source: The file, whose bounds count.
        name: Of the layer, for messages.
        start: Where it begins.
        size: Its bytes; to the end of the file without it.

    Attributes:
        source, name, start, size: The same.
    """

    def __init__(self, source: Source, name: str, start: int = 0, size: int | None = None) -> None:
        self.source, self.name, self.start = source, name, start
        self.size = source.size - start if size is None else size

    def read(self, at: int, length: int) -> bytes:
        """Returns bytes by their place in the layer.

        Raises:
            Damaged: They are not inside of it.
            Truncated, LimitExceeded: As of :meth:`Source.read`.
        """
        if at < 0 or length < 0 or at + length > self.size:
            raise Damaged("outside of the layer")
        return self.source.read(self.start + at, length)

    def starts_with(self, mark: bytes) -> bool:
        return self.size >= len(mark) and self.read(0, len(mark)) == mark
