"""The label in a text (GB 45438-2025 5.1): words at the start, the end or a suitable place in the middle."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO, ClassVar, Final

from yinji.errors import UsageError
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.text.encoding import decoded, encoded, read
from yinji.marks.text.markdown import Line, plain_lines, quoted, visible_lines

_MARKDOWN: Final = "text/markdown"


class TextMark:
    """Puts the label into plain text and Markdown as a paragraph of its own; every other byte stays."""

    name: ClassVar[str] = "text"
    media_types: ClassVar[frozenset[str]] = frozenset({"text/plain", _MARKDOWN})
    places: ClassVar[tuple[str, ...]] = ("start", "end", "middle")

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`. A text that says the words already stays as it is."""
        wanted = request.place or self.places[0]
        words = " ".join(request.words.split())
        if wanted not in self.places:
            raise UsageError("no-such-place", place=wanted, places=", ".join(self.places))
        if not words:
            raise UsageError("no-words")
        name = str(getattr(original, "name", "") or "")
        data = read(original)
        bom, encoding, text = decoded(data, name)
        markdown = request.media_type == _MARKDOWN
        lines = visible_lines(text) if markdown else plain_lines(text)
        detail: dict[str, object] = {"encoding": encoding}
        if request.corner:
            detail["form"] = "corner"
        if any(_says(line, words, markdown=markdown) for line in lines):
            marked.write(data)
            return Drawn(self.name, words, wanted, "text", detail=detail | {"already": True})
        at, place = _position(text, lines, wanted)
        paragraph = _paragraph(text, at, quoted(words) if markdown else words)
        split = len(bom) + len(text[:at].encode(encoding))
        marked.write(data[:split] + encoded(paragraph, encoding, words, name) + data[split:])
        return Drawn(self.name, words, place, "text", detail=detail | {"character": at})

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`: a paragraph that says the words, where readers see it.

        A corner mark is so short that it counts as the first or the last line alone.
        """
        words = " ".join(request.words.split())
        markdown = request.media_type == _MARKDOWN
        _, _, text = decoded(read(content), str(getattr(content, "name", "") or ""))
        lines = visible_lines(text) if markdown else plain_lines(text)
        shown = [line for line in lines if line.body and line.text.strip()]
        for number, line in enumerate(shown):
            if _says(line, words, markdown=markdown):
                place = "start" if number == 0 else "end" if number == len(shown) - 1 else "middle"
                if request.place in ("", place) and not (request.corner and place == "middle"):
                    detail = {"form": "corner"} if request.corner else {}
                    return Drawn(self.name, words, place, "text", detail=detail)
        return None

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        yield MarkExample("plain", "春天来了。\n\n花开了。\n".encode(), "text/plain")
        yield MarkExample("markdown", "---\ntitle: 春\n---\n\n# 春天\n\n花开了。\n".encode(), _MARKDOWN)


def _says(line: Line, words: str, *, markdown: bool) -> bool:
    said = line.text.strip()
    if markdown:
        said = said.lstrip("> ").strip()
    return line.visible and said in (words, quoted(words).removeprefix("> "))


def _position(text: str, lines: list[Line], wanted: str) -> tuple[int, str]:
    """Where the paragraph goes, and which of the three places that is.

    A text without a paragraph boundary has no middle, and one that ends inside a code block has no visible end; the
    nearest place that will be seen is taken instead.
    """
    start = next((line.start for line in lines if line.body), len(text))
    end_visible = not lines or lines[-1].ends_visible
    if wanted == "middle":
        middle = start + (len(text) - start) // 2
        boundaries = [line.start for line in lines if line.boundary and line.start > start]
        if boundaries:
            return min(boundaries, key=lambda at: abs(at - middle)), "middle"
        wanted = "end"
    if wanted == "end" and end_visible:
        return len(text), "end"
    return start, "start"


def _paragraph(text: str, at: int, words: str) -> str:
    """The words with as many line ends around them as make a paragraph, in the text's own style."""
    found = re.search(r"\r\n|\n|\r", text)
    newline = found.group() if found else "\n"
    before, after = text[:at], text[at:]
    lead = ""
    if before:
        lead = "" if _ends_blank(before) else newline if before.endswith(("\n", "\r")) else newline * 2
    if after:
        return lead + words + newline + ("" if after[:1] in "\r\n" else newline)
    ended = not before or before.endswith(("\n", "\r"))
    return lead + words + (newline if ended else "")


def _ends_blank(before: str) -> bool:
    return re.search(r"(?:\r\n|\n|\r)[ \t]*(?:\r\n|(?<!\r)\n|\r)$", before) is not None
