"""The label on every page of a PDF (GB 45438-2025 5.1): real text in an embedded font, in the margin of each page.

Decisions, and why:

* **Content, or an annotation.** The label becomes part of each page's content, where copying, printing and taking pages
  out keep it. In a signed document that would break the signature, whose validators accept annotations at most: there
  it is a locked, printed annotation. So it is on a page whose content cannot be decoded.
* **Certified documents.** ``/P 1`` allows nothing and ``/P 2`` forms alone; a label is refused, for it would make the
  certification invalid. ``/P 3`` allows annotations.
* **One update.** Nothing that was there changes: the update adds one font, a form for each kind of page and a new
  version of each page's dictionary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, BinaryIO, ClassVar, Final, NamedTuple

from yinji.containers.pdf.document import Document
from yinji.containers.pdf.samples import plain, with_streams
from yinji.containers.pdf.signatures import FORMS_ONLY, NO_CHANGES, catalog_of, permission, signature_flags
from yinji.containers.splice import Splice
from yinji.errors import Malformed, UnsupportedFormat, UsageError, WouldBreakCredentials
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.layout import PLACES
from yinji.marks.page import where_of
from yinji.marks.parts import clause_place
from yinji.marks.pdf.find import labels
from yinji.marks.pdf.font import subset
from yinji.marks.pdf.pages import Geometry, pages
from yinji.marks.pdf.stamp import CONTRAST, Stamp, stamp
from yinji.marks.pdf.write import FONT, Stamper
from yinji.marks.splicing import opened, write

_MEDIA_TYPE: Final = "application/pdf"


class Measured(NamedTuple):
    """A label on a page: ink and what the rule asks of it in points, and its box in the same."""

    ink: float
    needed: float
    box: tuple[float, float, float, float]


class PdfMark:
    """Stamps every page."""

    name: ClassVar[str] = "pdf"
    media_types: ClassVar[frozenset[str]] = frozenset({_MEDIA_TYPE})
    places: ClassVar[tuple[str, ...]] = ("start", "end", *PLACES)

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`. Pages that bear these words already stay as they are.

        Raises:
            WouldBreakCredentials: The document is certified against labels.
            Encrypted: Only a password opens it.
            MissingExtra: fontTools is not installed.
        """
        words = _words(request.words)
        place = self._place(request)
        with opened(original) as source:
            document = Document.open(source)
            signed = _is_signed(document)
            face = subset(words)
            stamper = Stamper(document, face, words)
            stamps: dict[Geometry, Stamp] = {}
            counts: Counter[str] = Counter()
            for page in pages(document):
                counts["pages"] += 1
                made = stamps.get(page.geometry)
                if made is None:
                    made = stamps[page.geometry] = stamp(page.geometry, request, words, place, face, FONT)
                if any(seen.words == words for seen in labels(document, page)):
                    counts["already"] += 1
                else:
                    stamper.put(page, made, into_content=not signed)
            if not counts["pages"]:
                raise Malformed("pdf-no-pages", path=source.name)
            if counts["already"] < counts["pages"]:
                write(source, stamper.update.plan(), marked)
            else:
                write(source, Splice(()), marked)
        detail: dict[str, Any] = {"pages": counts["pages"], "annotations": stamper.annotations} | _form(request)
        if signed:
            detail["signed"] = True
        if counts["already"]:
            detail["already"] = counts["already"]
        measured = [Measured(made.ink, made.needed, made.box) for made in stamps.values()]
        return self._drawn(words, place, measured, detail)

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`: the label counts as there when every page bears it."""
        words = _words(request.words)
        wanted = where_of(self._place(request), corner=request.corner) if request.place else ""
        found: list[Measured] = []
        with opened(content) as source:
            document = Document.open(source)
            ink = subset(words).ink(words)
            for page in pages(document):
                seen = next((s for s in labels(document, page) if s.words == words and wanted in ("", s.place)), None)
                if seen is None:
                    return None
                wanted = seen.place
                needed = request.min_height * min(page.geometry.size)
                found.append(Measured(seen.em * ink, needed, seen.box))
        if not found:
            return None
        detail: dict[str, Any] = {"pages": len(found), "where": wanted}
        return self._drawn(words, request.place or clause_place(wanted), found, detail | _form(request))

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        yield MarkExample("table", plain(), _MEDIA_TYPE)
        yield MarkExample("streams", with_streams(), _MEDIA_TYPE)

    def _place(self, request: MarkRequest) -> str:
        place = request.place or self.places[0]
        if place not in self.places:
            raise UsageError("no-such-place", place=place, places=", ".join(self.places))
        return place

    def _drawn(self, words: str, place: str, labels: Iterable[Measured], detail: dict[str, Any]) -> Drawn:
        least = min(labels, key=lambda label: label.ink - label.needed)
        measures = {
            "ink_points": round(least.ink, 2),
            "needed_points": round(least.needed, 2),
            "contrast": round(CONTRAST, 1),
        }
        box = tuple(round(edge) for edge in least.box)
        return Drawn(self.name, words, place, "incremental", box=box, detail=detail | measures)


def _form(request: MarkRequest) -> dict[str, str]:
    return {"form": "corner"} if request.corner else {}


def _words(words: str) -> str:
    plain = " ".join(words.split())
    if not plain:
        raise UsageError("no-words")
    return plain


def _is_signed(document: Document) -> bool:
    """Whether signatures must outlive the label.

    Raises:
        WouldBreakCredentials: The document is certified against labels.
        UnsupportedFormat: What its pages show is not in them.
    """
    catalog = catalog_of(document)
    allowed = permission(document, catalog)
    if allowed in (NO_CHANGES, FORMS_ONLY):
        code = "pdf-certified" if allowed == NO_CHANGES else "pdf-certified-forms"
        raise WouldBreakCredentials(code, path=document.source.name)
    if document.resolve(catalog.dictionary.get("NeedsRendering")) is True:
        raise UnsupportedFormat("pdf-xfa", path=document.source.name)
    return bool(allowed or signature_flags(document, catalog))
