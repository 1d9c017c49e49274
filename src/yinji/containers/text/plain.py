"""Plain text, subtitles, tables and JSON: formats for which neither GB 45438 nor a guide defines a place (R61).

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
    extensions: ClassVar[tuple[str, ...]] = ("txt", "text", "log")
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


class SubRip(PlainText):
    """Subtitles of the kind that most players read."""

    name: ClassVar[str] = "srt"
    media_type: ClassVar[str] = "application/x-subrip"
    extensions: ClassVar[tuple[str, ...]] = ("srt",)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields one subtitle."""
        yield Example("one.srt", "1\n00:00:03,000 --> 00:00:05,000\n一句话\n".encode())


class WebVtt(PlainText):
    """Subtitles of the web (W3C WebVTT)."""

    name: ClassVar[str] = "vtt"
    media_type: ClassVar[str] = "text/vtt"
    extensions: ClassVar[tuple[str, ...]] = ("vtt",)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields one subtitle."""
        yield Example("one.vtt", "WEBVTT\n\n00:03.000 --> 00:05.000\n一句话\n".encode())


class SubStation(PlainText):
    """Subtitles of SubStation Alpha, version 4 and 4+."""

    name: ClassVar[str] = "ass"
    media_type: ClassVar[str] = "text/x-ssa"
    extensions: ClassVar[tuple[str, ...]] = ("ass", "ssa")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields one subtitle."""
        events = "[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:03.00,0:00:05.00,Default,一句话\n"
        yield Example("one.ass", f"[Script Info]\nScriptType: v4.00+\n\n{events}".encode())


class Table(PlainText):
    """Tables of values between commas or tabulators."""

    name: ClassVar[str] = "csv"
    media_type: ClassVar[str] = "text/csv"
    extensions: ClassVar[tuple[str, ...]] = ("csv", "tsv")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields two rows."""
        yield Example("rows.csv", "名,数\n一,1\n".encode())


class Json(PlainText):
    """JSON, and lines of it."""

    name: ClassVar[str] = "json"
    media_type: ClassVar[str] = "application/json"
    extensions: ClassVar[tuple[str, ...]] = ("json", "jsonl", "ndjson")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields an object."""
        yield Example("object.json", b'{"a": [1, 2]}\n')


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
