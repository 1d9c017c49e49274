"""The label in Word, Excel and PowerPoint documents (GB 45438-2025 5.1): words that a reader of the document sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final, cast

from yinji.containers.ooxml.samples import examples
from yinji.containers.source import Source
from yinji.marks.base import MarkExample
from yinji.marks.office import sheets, slides, word
from yinji.marks.office.package import OfficeParts
from yinji.marks.parts import Parts, PartsMark, Wish

_TYPE: Final = "application/vnd.openxmlformats-officedocument."
DOCX: Final = _TYPE + "wordprocessingml.document"
XLSX: Final = _TYPE + "spreadsheetml.sheet"
PPTX: Final = _TYPE + "presentationml.presentation"


class _OfficeMark(PartsMark):
    """What the three have in common."""

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        (media_type,) = cls.media_types
        return (MarkExample(example.name, example.data, media_type) for example in examples(cls.name))

    def _opened(self, source: Source) -> Parts:
        return OfficeParts(source)


class WordMark(_OfficeMark):
    """Labels every page of a text in its header, or its footer, or the text in its first line."""

    name: ClassVar[str] = "docx"
    media_types: ClassVar[frozenset[str]] = frozenset({DOCX})
    places: ClassVar[tuple[str, ...]] = word.PLACES

    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        return word.put(cast(OfficeParts, parts), wish)


class SheetMark(_OfficeMark):
    """Labels every sheet of a workbook."""

    name: ClassVar[str] = "xlsx"
    media_types: ClassVar[frozenset[str]] = frozenset({XLSX})
    places: ClassVar[tuple[str, ...]] = sheets.PLACES

    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        return sheets.put(cast(OfficeParts, parts), wish)


class SlideMark(_OfficeMark):
    """Labels every slide of a presentation."""

    name: ClassVar[str] = "pptx"
    media_types: ClassVar[frozenset[str]] = frozenset({PPTX})
    places: ClassVar[tuple[str, ...]] = slides.PLACES

    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        return slides.put(cast(OfficeParts, parts), wish)
