"""Labels in documents that are ZIP archives: what changes part by part, and how that makes a mark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from typing import Any, BinaryIO, ClassVar, Final, NamedTuple

from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.zip.directory import Archive
from yinji.containers.zip.edit import plan
from yinji.containers.zip.xml import Element, XmlPart
from yinji.errors import UsageError, WouldBreakCredentials
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.splicing import opened, write

INK: Final = "212121"
GROUND: Final = "FFFFFF"
EDGE: Final = "8C8C8C"


class Wish(NamedTuple):
    """What a document is to say.

    Attributes:
        words: The words, white space collapsed.
        place: One of the mark's places.
        language: As a language tag: that of the first words.
        corner: Whether it is a corner mark.
        min_height: Height of the words as a share of the short side of a slide or page; 0 for a readable size.
    """

    words: str
    place: str
    language: str
    corner: bool = False
    min_height: float = 0.0

    @classmethod
    def of(cls, request: MarkRequest, places: tuple[str, ...]) -> Wish:
        """Checks a request.

        Raises:
            UsageError: No words, or no such place.
        """
        words = " ".join(request.words.split())
        place = request.place or places[0]
        if not words:
            raise UsageError("no-words")
        if place not in places:
            raise UsageError("no-such-place", place=place, places=", ".join(places))
        language = "en" if request.language == "en" else "zh-CN"
        return cls(words, place, language, request.corner, request.min_height)

    def form(self) -> dict[str, str]:
        """Returns what :attr:`Drawn.detail` tells of a corner mark."""
        return {"form": "corner"} if self.corner else {}


def clause_place(place: str) -> str:
    """Returns the place of clause 5.1, start or end, that an edge or corner of every page, or a first line, means."""
    return "end" if place == "end" or place.startswith("bottom") else "start"


class Parts:
    """The parts of an archive with their changes, until all of them are written in one go.

    Attributes:
        archive: What is changed.
        changes: New contents of parts, also of new ones.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive: Final = archive
        self.changes: Final[dict[bytes, bytes]] = {}

    @property
    def source(self) -> Source:
        return self.archive.source

    def __contains__(self, name: bytes) -> bool:
        return name in self.changes or name in self.archive

    def content(self, name: bytes) -> bytes:
        """Returns what a part holds, with the changes so far.

        Raises:
            Malformed, Encrypted, LimitExceeded, UnsupportedFormat: It is missing or cannot be read.
        """
        if name in self.changes:
            return self.changes[name]
        return self.archive.content(self.archive.require(name))

    def xml(self, name: bytes) -> XmlPart:
        """Returns a part, parsed.

        Raises:
            Malformed: It is missing, or no XML.
        """
        return XmlPart(self.content(name), self.source, name.decode("utf-8", "replace"))

    def edit(self, name: bytes, part: XmlPart, *edits: tuple[int, int, bytes]) -> None:
        """Changes a part that was parsed, in one go: a second call for the same part would undo the first."""
        self.changes[name] = part.applied(edits)

    def plan(self) -> Splice:
        """Returns the splice of all changes; every other part keeps its compressed bytes."""
        return plan(self.archive, self.changes, stored=())


def inside(part: XmlPart, element: Element) -> list[Element]:
    """Returns the elements that stand in another, at any depth."""
    first = bisect_right(part.elements, element.start, key=lambda e: e.start)
    behind = bisect_left(part.elements, part.stop(element), lo=first, key=lambda e: e.start)
    return part.elements[first:behind]


def children(part: XmlPart, element: Element) -> list[Element]:
    """Returns the elements that stand directly in another; as :meth:`XmlPart.children`, without a walk over all."""
    return [e for e in inside(part, element) if e.parent is element]


def refuse_signed(parts: Parts, signature: bytes | None) -> None:
    """Refuses a document whose signature would no longer hold.

    Raises:
        WouldBreakCredentials: There is a signature.
    """
    if signature is not None:
        shown = signature.decode("utf-8", "replace")
        raise WouldBreakCredentials("document-signed", path=parts.source.name, part=shown)


class PartsMark(ABC):
    """A mark on documents that are ZIP archives. A subclass says how the words are put into the parts.

    Putting them in is idempotent: where they stand already, nothing changes. So a document bears a label exactly when
    putting it in changes nothing, which is how :meth:`find` looks for it.
    """

    name: ClassVar[str]
    media_types: ClassVar[frozenset[str]]
    places: ClassVar[tuple[str, ...]]

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`.

        Raises:
            WouldBreakCredentials: A digital signature covers the document.
            Encrypted: It is under a password.
        """
        wish = Wish.of(request, self.places)
        with opened(original) as source:
            parts = self._opened(source)
            detail = self._put(parts, wish, request.media_type)
            write(source, parts.plan(), marked)
        if not parts.changes:
            detail["already"] = True
        return self._drawn(wish, detail)

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`: putting the label in would change nothing."""
        asked = Wish.of(request, self.places)
        with opened(content) as source:
            for place in (asked.place,) if request.place else self.places:
                parts = self._opened(source)
                detail = self._put(parts, asked._replace(place=place), request.media_type)
                if not parts.changes:
                    said = place if request.place else clause_place(place)
                    return self._drawn(asked._replace(place=said), detail)
        return None

    def _drawn(self, wish: Wish, detail: dict[str, Any]) -> Drawn:
        return Drawn(self.name, wish.words, wish.place, "parts", detail=detail | wish.form())

    @abstractmethod
    def _opened(self, source: Source) -> Parts:
        """Returns the parts of a document that may be changed."""

    @abstractmethod
    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        """Puts the words in and says where; changes nothing where they stand already."""
