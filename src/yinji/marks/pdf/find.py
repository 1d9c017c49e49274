"""Which labels of ours a page bears, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.pdf import text as pdf_text
from yinji.containers.pdf.document import Document
from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Dictionary, Ref, String, Value
from yinji.marks.pdf.pages import Page, dictionary_in
from yinji.marks.pdf.stamp import rectangle, said
from yinji.marks.pdf.write import FONT, NAME
from yinji.marks.places import place_of

_LAST: Final = 4
"""Our streams stand last in a page's content, one for each label."""
_LONGEST: Final = 512
_SIZE: Final = re.compile(rb"/%s ([0-9]{1,6}(?:\.[0-9]{1,6})?) Tf" % FONT.encode())
_CALLED: Final = re.compile(rb"q /(%s[0-9]{0,9}) Do Q" % NAME.encode())


class Seen(NamedTuple):
    """A label of ours on a page.

    Attributes:
        words: What its text says.
        em: Its font size in points as displayed.
        box: Left, top, right, bottom on the displayed page, in points.
        place: Where that is, as :data:`yinji.marks.layout.PLACES` has it.
    """

    words: str
    em: float
    box: tuple[float, float, float, float]
    place: str


def labels(document: Document, page: Page) -> Iterator[Seen]:
    """Yields the labels of a page: forms that the end of its content draws, and annotations.

    Raises:
        Malformed, LimitExceeded: The page is broken.
    """
    for form, place in (*_drawn(document, page), *_annotated(document, page)):
        content = document.stream(form)
        words = said(content)
        sizes = [float(size) for size in _SIZE.findall(content)]
        if words is None or not sizes or len(place) != 4:
            continue
        box = page.geometry.displayed(place)
        width, height = page.geometry.size
        if box[0] < width and box[1] < height and box[2] > 0 and box[3] > 0:
            yield Seen(words, min(sizes) * page.geometry.unit, box, place_of(box, (width, height)))


def _drawn(document: Document, page: Page) -> Iterator[tuple[Indirect, tuple[float, ...]]]:
    old = page.resources
    forms = dictionary_in(document, old.dictionary.get("XObject"), old) if old is not None else None
    if old is None or forms is None or not any(entry.key.startswith(NAME) for entry in forms.dictionary.entries):
        return
    listed = document.resolve(page.node.dictionary.get("Contents"))
    for item in (listed if isinstance(listed, list) else [])[-_LAST:]:
        stream = document.load(item) if isinstance(item, Ref) else None
        if stream is None or stream.data_at < 0 or stream.stop - stream.data_at > _LONGEST:
            continue
        for name in _CALLED.findall(document.stream(stream)):
            form = forms.dictionary.get(name.decode())
            loaded = document.load(form) if isinstance(form, Ref) else None
            if loaded is not None:
                box = _numbers(document, loaded.dictionary.get("BBox"))
                matrix = _numbers(document, loaded.dictionary.get("Matrix"))
                if len(box) == 4 and len(matrix) == 6:
                    yield loaded, rectangle(matrix, box[2], box[3])


def _annotated(document: Document, page: Page) -> Iterator[tuple[Indirect, tuple[float, ...]]]:
    listed = document.resolve(page.node.dictionary.get("Annots"))
    for item in listed if isinstance(listed, list) else []:
        document.source.element()
        annotation = document.load(item) if isinstance(item, Ref) else None
        if annotation is None or not _is_ours(document, annotation):
            continue
        looks = document.resolve(annotation.dictionary.get("AP"))
        form = looks.get("N") if isinstance(looks, Dictionary) else None
        loaded = document.load(form) if isinstance(form, Ref) else None
        if loaded is not None:
            yield loaded, _numbers(document, annotation.dictionary.get("Rect"))


def _is_ours(document: Document, annotation: Indirect) -> bool:
    name = annotation.dictionary.get("NM")
    flags = annotation.dictionary.integer("F") or 0
    is_shown = not flags & (2 | 32) and flags & 4
    if not isinstance(name, String) or not is_shown:
        return False
    return pdf_text.decoded(document.string(name, annotation))[0] == NAME


def _numbers(document: Document, value: Value) -> tuple[float, ...]:
    listed = document.resolve(value)
    return tuple(float(n) for n in listed if isinstance(n, (int, float))) if isinstance(listed, list) else ()
