"""The stretch of a file that a glance has in hand."""

from __future__ import annotations

from yinji.containers.source import Source


class Stretch:
    """Bytes of a file, exchanged for others when a glance goes on.

    Attributes:
        source: The file.
        data: The bytes; at first the head.
        base: Where they stand.
        reach: Bytes fetched at once.
    """

    __slots__ = ("base", "data", "reach", "source")

    def __init__(self, source: Source, reach: int) -> None:
        self.source, self.data, self.base, self.reach = source, source.head, 0, reach

    def show(self, at: int, length: int) -> int:
        """Returns where ``at`` is in ``data``, with ``length`` bytes there.

        Raises:
            LookupError: The file ends before them.
        """
        offset = at - self.base
        if not 0 <= offset <= len(self.data) - length:
            self.data, self.base, offset = self.source.look(at, max(length, self.reach)), at, 0
            if len(self.data) < length:
                raise LookupError
        return offset
