"""Objects that are packed into a stream (ISO 32000-1, 7.5.7)."""

from __future__ import annotations

from dataclasses import dataclass

from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Window
from yinji.containers.source import Source
from yinji.errors import Malformed


@dataclass(frozen=True, slots=True)
class ObjectStream:
    """One such stream, its header taken apart.

    Attributes:
        stream: The stream object.
        data: Its content, unfiltered.
        numbers: Of the objects in it.
        starts: Where each of them begins in ``data``.
    """

    stream: Indirect
    data: bytes
    numbers: list[int]
    starts: list[int]

    @classmethod
    def parse(cls, stream: Indirect, data: bytes, source: Source) -> ObjectStream:
        """Reads the header.

        Raises:
            Malformed: It does not hold what the dictionary says.
        """
        count, first = stream.dictionary.integer("N") or 0, stream.dictionary.integer("First") or 0
        words = data[:first].split()[: count * 2]
        if not 0 <= count <= source.limits.elements or len(words) != count * 2:
            raise Malformed("pdf-object-stream", path=source.name, offset=stream.start)
        if not all(word.isdigit() and len(word) <= 10 for word in words):
            raise Malformed("pdf-object-stream", path=source.name, offset=stream.start)
        return cls(stream, data, [int(word) for word in words[::2]], [int(word) + first for word in words[1::2]])

    def member(self, number: int, position: int, source: Source) -> Indirect:
        """Returns an object: the one at ``position``, or where that is another, the first of that number.

        Raises:
            Malformed: None has that number, or it does not parse.
        """
        if not 0 <= position < len(self.numbers) or self.numbers[position] != number:
            if number not in self.numbers:
                raise Malformed("pdf-object", path=source.name, offset=self.stream.start, object=number)
            position = self.numbers.index(number)
        base = self.stream.start
        window = Window(self.data, base, final=True, path=source.name)
        value, _ = window.value(self.starts[position], source.element)
        return Indirect(number, 0, value, self.data, base, base, self.stream.stop, packed=True)
