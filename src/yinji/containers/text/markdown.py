"""Markdown: the label is the mapping ``AIGC:`` of the YAML front matter (TC260-PG-20258A 6.5; R60).

Read liberally: a second front matter, a mapping at the end without fences, in a fenced block or under another key, and
JSON in a comment have all been seen in public files. Written in one place: the first front matter, merged textually.
A mapping in the middle of the body may be an example in a text about labels; it counts only when nothing else is there,
says so, and is never changed, because it is content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NamedTuple

from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.text import frontmatter
from yinji.containers.text.binary import byte_of_no_text, refuse_binary
from yinji.containers.text.frontmatter import FrontMatter, Record, decode_front_matter
from yinji.containers.text.textfile import TextFile
from yinji.errors import LimitExceeded, Truncated, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity

__all__ = ["Markdown", "decode_front_matter"]

_FOREIGN: Final = (("+++", "TOML", re.compile(r"\+\+\+[ \t]*[\r\n]")), ("{", "JSON", re.compile(r"\{[ \t]*[\r\n]")))
_TOML_END: Final = re.compile(r"(?:(?<=\n)|(?<=\r))\+\+\+[ \t]*(?:\r\n|\n|\r|\Z)")
_FENCE: Final = re.compile(r"(?:^|(?<=\n)|(?<=\r)(?!\n))[ ]{0,3}(`{3,}|~{3,})([^\r\n]*)(?:\r\n|\n|\r|\Z)")
_COMMENT: Final = re.compile(
    r"<!--[ \t]*AIGC[ \t]*:[ \t]*(\{(?:[^\r\n<]|<(?!!--))*?\})[ \t]*-->[ \t]*(?:\r\n|\n|\r|\Z)?"
)
_ENOUGH_KEYS: Final = 2
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_CLOSED: Final = re.compile(rb"\n(?:---|\.\.\.)[ \t]*\r?\n")
_ROOT: Final = re.compile(rb"---\n[A-Za-z][A-Za-z0-9_-]*:[ \n]")
_GLANCED_MAX: Final = 1 << 20
_PIECE: Final = 1 << 16
_OVERLAP: Final = 3
_MAX_PLACES: Final = 64


class Place(NamedTuple):
    """A label in the text.

    Attributes:
        text: Its text as it stands.
        start, stop: Its characters.
        outer_start, outer_stop: The same with what is empty without it: its fences, its own front matter.
        problem: Code of what is wrong with the place, or "".
        indent: Indentation of the key.
    """

    text: str
    start: int
    stop: int
    outer_start: int
    outer_stop: int
    problem: str
    indent: str = ""

    @property
    def is_example(self) -> bool:
        return self.problem == "front-matter-body"

    @property
    def carrier(self) -> str:
        return "markdown-comment" if self.problem == "front-matter-comment" else "front-matter"


class Markdown:
    """Markdown with or without front matter."""

    name: ClassVar[str] = "markdown"
    media_type: ClassVar[str] = "text/markdown"
    kind: ClassVar[Kind] = Kind.TEXT
    extensions: ClassVar[tuple[str, ...]] = ("md", "markdown", "mdown", "mkd", "mdx")
    carrier: ClassVar[str] = "front-matter"
    clause: ClassVar[str] = "TC260-PG-20258A 6.5"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        return 10 if extension in self.extensions else 0

    def glance(self, source: Source) -> list[Block] | None:
        """Settles UTF-8 that has the name nowhere, and whose front matter ends in the first 4 KiB or never begins.

        Nine of ten texts; decoding a long one costs as much as all the rest.
        """
        head = source.head
        if source.size > _GLANCED_MAX or head.startswith(_MARKS):
            return None
        if b"AIGC" in head:
            return _own_record(head)
        if head.startswith(b"---"):
            closing = _CLOSED.search(head, 3)
            if closing is None or closing.end() >= len(head):
                return None
        if byte_of_no_text(head) >= 0:
            return None
        at = len(head)
        while at < source.size:
            piece = source.look(at - _OVERLAP, _PIECE)
            if len(piece) <= _OVERLAP or piece.rfind(b"AIGC") >= 0 or 0 in piece:
                return None
            at += len(piece) - _OVERLAP
        return []

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields each label as it stands, in the order of the file.

        Raises:
            LimitExceeded: The text is longer than one allocation may be.
            Truncated: Front matter begins and does not end.
            Malformed: It is no text.
        """
        head = TextFile.of(source.head)
        first = frontmatter.front_matter(head.text)
        if not thorough and first and (inside := list(_in_front_matter(head.text, first))):
            yield from (_block(head, place) for place in inside)
            return
        data = TextFile.raw(source)
        if thorough or not _shows_none(data, head, first):
            file = TextFile.of(data)
            for place in places(file.text, source):
                yield _block(file, place)
        refuse_binary(data, source.name)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the merge into the first front matter, or a new one at the head of the file.

        Raises:
            UnsupportedFormat: The front matter is TOML, JSON, or no mapping.
            LimitExceeded: The text is longer than one allocation may be.
        """
        file = TextFile.read(source)
        text = file.text
        for _, notation, opening in _FOREIGN:
            if opening.match(text):
                raise UnsupportedFormat("markdown-foreign-front-matter", path=source.name, notation=notation)
        block = _mapping(text, source.name)
        there = [place for place in places(text, source) if not place.is_example]
        proper = next((p for p in there if not p.problem and block and p.start < block.stop), None)
        edits: list[tuple[int, int, str]] = [(p.outer_start, p.outer_stop, "") for p in there if p is not proper]
        if proper is not None:
            edits.append((proper.start, proper.stop, frontmatter.entry(label, proper.indent, file.newline)))
        elif block is not None:
            indent = frontmatter.root_indent(text, block) or ""
            edits.append((block.end, block.end, frontmatter.entry(label, indent, file.newline)))
        else:
            fence = "---" + file.newline
            new = fence + frontmatter.entry(label, "", file.newline) + fence
            _refuse_second(text, source)
            edits.append((0, 0, new))
        changes = ((a, b, new) for a, b, new in edits if text[a:b] != new)
        return Splice.of(Edit(file.offset(a), file.offset(b), file.encoded(new)) for a, b, new in changes)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the body: everything behind the first front matter that is no label."""
        file = TextFile.read(source)
        block = frontmatter.front_matter(file.text)
        is_ours = block is not None and frontmatter.root_indent(file.text, block) is not None
        at = block.stop if block and is_ours else 0
        for place in places(file.text, source):
            if place.outer_start >= at and not place.is_example:
                if place.outer_start > at:
                    yield Span(file.offset(at), file.offset(place.outer_start))
                at = place.outer_stop
        if at < len(file.text):
            yield Span(file.offset(at), file.offset(len(file.text)))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a text without front matter, and one whose front matter has other keys."""
        body = "# 标题\n\nA paragraph.\n"
        yield Example("plain", body.encode())
        yield Example("front matter", f"---\ntitle: 'A page'\ntags: [a, b]\n---\n\n{body}".encode())


def _own_record(head: bytes) -> list[Block] | None:
    """Returns the record of a front matter in the first 4 KiB that holds one alone, written as Yinji writes it."""
    closing = _CLOSED.search(head, 3)
    front = head[: closing.start() + 1] if closing else b""
    at = front.find(b"\nAIGC:\n") + 1
    if not at or front.count(b"AIGC") != 1 or b"\r" in front or not _ROOT.match(front):
        return None
    record = frontmatter.OWN.match(front[at:].decode("latin-1"))
    if record is None or head[at + record.end()] in b" \t\r\n":
        return None
    return [Block("front-matter", "AIGC", record[0], at, at + record.end())]


def _shows_none(data: bytes, head: TextFile, first: FrontMatter | None) -> bool:
    """Whether the bytes alone say that there is no label: the name is nowhere, and front matter does not run on.

    Only where the head of the file already shows how the front matter ends, or that there is none; else
    :func:`places` looks at the characters.
    """
    if head.codec != "utf-8" or (head.text[:3] == "---" if first is None else first.stop >= len(head.text)):
        return False
    return b"AIGC" not in data


def places(text: str, source: Source) -> list[Place]:
    """Returns all labels in the order of the text; those that may be examples only when there are no others."""
    if frontmatter.is_unclosed(text):
        raise Truncated("markdown-unclosed", path=source.name, offset=len(text))
    found = list(_found(text, source)) if "AIGC" in text else []
    proper = [place for place in found if not place.is_example]
    return proper or found


def _found(text: str, source: Source) -> Iterator[Place]:
    at = 0
    first = frontmatter.front_matter(text)
    if first is not None:
        inside = list(_in_front_matter(text, first))
        yield from inside
        at = first.stop if inside or frontmatter.root_indent(text, first) is not None else 0
    elif toml := _toml(text):
        for tables in (False, True):
            for record in frontmatter.records(text, *toml, tables=tables):
                yield _place(text, record, "front-matter-toml")
        at = toml[1]
    second_at = len(text) - len(text[at:].lstrip("\r\n"))
    second = frontmatter.front_matter(text, second_at) if at else None
    if second is not None and (inside := list(_in_second(text, second))):
        yield from inside
        at = second.stop
    yield from _in_body(text, at, source)


def _in_front_matter(text: str, block: FrontMatter) -> Iterator[Place]:
    root = frontmatter.root_indent(text, block)
    for record in frontmatter.records(text, block.content, block.end):
        yield _place(text, record, "" if record.indent == root else "front-matter-nested")


def _in_second(text: str, block: FrontMatter) -> Iterator[Place]:
    found = list(frontmatter.records(text, block.content, block.end))
    rest = "".join(text[a:b] for a, b in _between(found, block.content, block.end))
    for i, record in enumerate(found):
        outer = (block.start, block.stop) if not rest.strip() and i == 0 else (record.start, record.stop)
        if rest.strip() or i == 0:
            yield _place(text, record, "front-matter-second", outer)


def _between(found: list[Record], at: int, stop: int) -> Iterator[tuple[int, int]]:
    for record in found:
        yield at, record.start
        at = record.stop
    yield at, stop


def _in_body(text: str, at: int, source: Source) -> Iterator[Place]:
    fences = list(_fences(text, at, source)) if "AIGC" in text[at:] else []
    found: list[Place] = []
    for record in frontmatter.records(text, at, len(text)):
        source.element()
        if frontmatter.keys_in(text[record.start : record.stop]) >= _ENOUGH_KEYS:
            found.append(_body_place(text, record, at, fences))
        if len(found) > _MAX_PLACES:
            raise LimitExceeded("too-many-elements", path=source.name, limit=_MAX_PLACES)
    for comment in _COMMENT.finditer(text, at):
        source.element()
        if not any(a <= comment.start() < b for a, _, _, b in fences):
            where = (comment.start(), comment.end())
            found.append(Place(comment[1], *where, *where, "front-matter-comment"))
    yield from sorted(found, key=lambda place: place.start)


def _body_place(text: str, record: Record, body: int, fences: list[tuple[int, int, int, int]]) -> Place:
    for start, content, end, stop in fences:
        if content <= record.start < end:
            record = record._replace(stop=min(record.stop, end))
            is_alone = not (text[content : record.start] + text[record.stop : end]).replace("---", "").strip()
            if is_alone and not (text[body:start].strip() and text[stop:].strip()):
                return _place(text, record, "front-matter-fenced", (start, stop))
            return _place(text, record, "front-matter-body")
    after = text[record.stop :].strip()
    if after in ("", "---", "...") or not text[body : record.start].strip():
        return _place(text, record, "front-matter-unfenced")
    return _place(text, record, "front-matter-body")


def _place(text: str, record: Record, problem: str, outer: tuple[int, int] | None = None) -> Place:
    start, stop = outer or (record.start, record.stop)
    return Place(text[record.start : record.stop], record.start, record.stop, start, stop, problem, record.indent)


def _fences(text: str, at: int, source: Source) -> Iterator[tuple[int, int, int, int]]:
    """Yields (start, content, end of content, stop) of the fenced code blocks (CommonMark 4.5)."""
    while opening := _FENCE.search(text, at):
        source.element()
        at = opening.end()
        mark = opening[1]
        for closing in _FENCE.finditer(text, at):
            if closing[1][0] == mark[0] and len(closing[1]) >= len(mark) and not closing[2].strip():
                yield opening.start(), opening.end(), closing.start(), closing.end()
                at = closing.end()
                break
        else:
            yield opening.start(), opening.end(), len(text), len(text)
            return


def _toml(text: str) -> tuple[int, int] | None:
    opening = _FOREIGN[0][2].match(text)
    closing = _TOML_END.search(text, opening.end()) if opening else None
    return (opening.end(), closing.end()) if opening and closing else None


def _mapping(text: str, path: str) -> FrontMatter | None:
    """Returns the front matter to merge into, or None where the text has none.

    Two ``---`` lines around prose are thematic breaks, not front matter.

    Raises:
        UnsupportedFormat: The front matter is YAML, but no mapping.
    """
    block = frontmatter.front_matter(text)
    if block is None or frontmatter.root_indent(text, block) is not None:
        return block
    at, content = frontmatter.first_significant(text, block.content, block.end)
    if content.lstrip()[:1] in tuple("-[{?&*!|>%\"'"):
        line = len(re.findall(r"\r\n|\n|\r", text[:at])) + 1
        raise UnsupportedFormat("markdown-front-matter", path=path, line=line)
    return None


def _refuse_second(text: str, source: Source) -> None:
    """Refuses text whose ``---`` lines would be taken for a second label as soon as front matter stands before them.

    Raises:
        UnsupportedFormat: It has an ``AIGC:`` entry there that is none.
    """
    second = frontmatter.front_matter(text, len(text) - len(text.lstrip("\r\n")))
    found = next(_in_second(text, second), None) if second is not None else None
    if found is not None and all(place.start != found.start for place in places(text, source)):
        line = len(re.findall(r"\r\n|\n|\r", text[: found.start])) + 1
        raise UnsupportedFormat("markdown-second", path=source.name, line=line)


def _block(file: TextFile, place: Place) -> Block:
    problems = (Problem(place.problem, Severity.WARNING, "R60"),) if place.problem else ()
    start, stop = file.offset(place.start), file.offset(place.stop)
    return Block(place.carrier, "AIGC", file.readable(place.text), start, stop, problems)
