"""Plain text, tables and subtitles: formats for which neither GB 45438 nor a guide defines a place (R61).

There is nowhere a metadata label could be, so "unlabelled" would claim too much: the answer is "unsupported", with
what to do instead. A record at the very start that is unmistakably a label is shown all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NoReturn

from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.text import frontmatter
from yinji.containers.text.frontmatter import decode_front_matter
from yinji.containers.text.textfile import TextFile
from yinji.errors import UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import decode
from yinji.labels.problem import Problem, Severity

_JSON: Final = re.compile(r"\s*(?:AIGC\s*[:=]?\s*)?(\{[^\r\n]*\}|\{(?:[^{}]|\{[^{}]*\}){0,4096}\})")


class PlainText:
    """Text without markup."""

    name: ClassVar[str] = "text"
    media_type: ClassVar[str] = "text/plain"
    kind: ClassVar[Kind] = Kind.TEXT
    extensions: ClassVar[tuple[str, ...]] = ("txt", "text", "log", "csv", "tsv", "srt", "vtt")
    carrier: ClassVar[str] = ""
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = False

    def score(self, head: bytes, extension: str) -> int:
        return 5 if extension in self.extensions and b"\0" not in head.removeprefix(b"\xff\xfe") else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields a label record at the start of the text, then says that this is no place for one.

        Raises:
            UnsupportedFormat: Always, after the record if there is one: no place is defined.
        """
        yield from _leading(TextFile.of(source.head))
        raise UnsupportedFormat("no-official-carrier", path=source.name, format=self.name)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> NoReturn:
        """Refuses.

        Raises:
            UnsupportedFormat: No place is defined for a label.
        """
        raise UnsupportedFormat("no-official-carrier", path=source.name, format=self.name)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the whole file."""
        if source.size:
            yield Span(0, source.size)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a line of text."""
        yield Example("text", "一行文字\nA line of text\n".encode())


def _leading(file: TextFile) -> Iterator[Block]:
    note = Problem("no-official-carrier", Severity.WARNING, "R61")
    first = frontmatter.front_matter(file.text)
    ranges = [(first.content, first.end)] if first else []
    for record in (r for start, stop in ranges for r in frontmatter.records(file.text, start, stop)):
        text = file.text[record.start : record.stop]
        if decode_front_matter(text).label is not None:
            yield Block(
                "front-matter",
                "AIGC",
                file.readable(text),
                file.offset(record.start),
                file.offset(record.stop),
                (note,),
            )
            return
    if (match := _JSON.match(file.text)) and decode(match[1]).label is not None:
        yield Block(
            "text", "AIGC", file.readable(match[1]), file.offset(match.start(1)), file.offset(match.end(1)), (note,)
        )
