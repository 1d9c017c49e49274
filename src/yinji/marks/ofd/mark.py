"""The label on every page of an OFD (GB/T 33190-2016; GB 45438-2025 5.1): a layer of real text in an embedded font.

Decisions, and why:

* **A layer, not an annotation.** Readers may hide annotations, and some show none; what is on a page stays on it when
  it is printed or taken out.
* **Signed documents.** A signature of OFD covers parts by their digests, and sealed documents cover all of them; there
  is no kind of change that the standard lets pass. They are refused.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from yinji.containers.source import Source
from yinji.containers.zip.directory import Archive
from yinji.containers.zip.document import packed
from yinji.containers.zip.locations import resolved
from yinji.containers.zip.xml import Element, XmlPart
from yinji.errors import Malformed
from yinji.marks.base import MarkExample
from yinji.marks.layout import PLACES
from yinji.marks.ofd.font import NAME, true_type
from yinji.marks.ofd.layer import MILLIMETRES, Look, Numbers, layer, layers
from yinji.marks.ofd.page import Area, area_of, first, identifiers, told_highest
from yinji.marks.page import FINE, laid_out, where_of
from yinji.marks.parts import Parts, PartsMark, Wish, refuse_signed
from yinji.marks.pdf.font import Subset, subset
from yinji.marks.pdf.stamp import CONTRAST
from yinji.marks.places import stands_at

_MEDIA_TYPE: Final = "application/ofd"
_ENTRY: Final = b"OFD.xml"
_SIGNATURES: Final = "Signatures.xml"
_A4: Final = Area(0.0, 0.0, 210.0, 297.0)
_MOST_PAGES: Final = 20_000


class OfdMark(PartsMark):
    """Labels every page."""

    name: ClassVar[str] = "ofd"
    media_types: ClassVar[frozenset[str]] = frozenset({_MEDIA_TYPE})
    places: ClassVar[tuple[str, ...]] = ("start", "end", *PLACES)

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        entry = (
            f'{head}<ofd:OFD {space} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>'
            "0123456789abcdef0123456789abcdef</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
            "</ofd:DocBody></ofd:OFD>"
        )
        document = (
            f"{head}<ofd:Document {space}><ofd:CommonData><ofd:MaxUnitID>2</ofd:MaxUnitID><ofd:PageArea>"
            "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>"
            '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>'
        )
        page = f'{head}<ofd:Page {space}><ofd:Content><ofd:Layer ID="2"/></ofd:Content></ofd:Page>'
        parts = [("OFD.xml", entry), ("Doc_0/Document.xml", document), ("Doc_0/Pages/Page_0/Content.xml", page)]
        yield MarkExample("page", packed(parts), _MEDIA_TYPE)

    def _opened(self, source: Source) -> Parts:
        parts = Parts(Archive.open(source))
        for name in parts.archive.names:
            if posixpath.basename(name.decode("utf-8", "replace")) == _SIGNATURES:
                is_used = any(parts.xml(name).named("Signature"))
                refuse_signed(parts, name if is_used else None)
        return parts

    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        face = subset(wish.words)
        roots = [resolved(_ENTRY.decode(), root.text) for root in parts.xml(_ENTRY).named("DocRoot")]
        made = [_Labelled(parts, wish, face, root) for root in roots]
        for document in made:
            document.put()
        sizes = [size for document in made for size in document.sizes]
        if not sizes:
            raise Malformed("zip-missing", path=parts.source.name, name="Page")
        ink = min(sizes) * face.ink(wish.words) / MILLIMETRES
        return {"pages": len(sizes), "ink_points": round(ink, 2), "contrast": round(CONTRAST, 1)}


class _Labelled:
    """One document of the file.

    Attributes:
        sizes: Font size of the label on each page, in millimetres.
    """

    def __init__(self, parts: Parts, wish: Wish, face: Subset, root: str) -> None:
        self._parts = parts
        self._wish = wish
        self._face = face
        self._root = root
        self.sizes: list[float] = []

    def put(self) -> None:
        """Puts the label on every page that lacks it.

        Raises:
            Malformed, LimitExceeded, UsageError: It cannot be done.
        """
        parts, wish = self._parts, self._wish
        document = parts.xml(self._root.encode())
        common = next(document.named("CommonData"), None)
        if common is None:
            raise document.broken("CommonData")
        listed = [e for e in document.named("Page") if e.parent is not None and e.parent.name == "Pages"]
        names = list(dict.fromkeys(resolved(self._root, e.attributes.get("BaseLoc", "")) for e in listed))
        if len(names) > _MOST_PAGES:
            raise document.broken("Pages")
        usual = area_of(document, common, "PageArea") or _A4
        where = where_of(wish.place, corner=wish.corner)
        pages: list[tuple[bytes, XmlPart, Area]] = []
        highest = max(identifiers(document), told_highest(document))
        for name in names:
            page = parts.xml(name.encode())
            highest = max(highest, identifiers(page))
            area = area_of(page, page.root, "Area") or usual
            seen = next((s for s in layers(page, wish.words, area) if stands_at(where, s.box, area.size)), None)
            if seen is None:
                pages.append((name.encode(), page, area))
            else:
                self.sizes.append(seen.size)
        if pages:
            self._write(document, common, pages, where, highest)

    def _write(
        self,
        document: XmlPart,
        common: Element,
        pages: list[tuple[bytes, XmlPart, Area]],
        where: str,
        highest: int,
    ) -> None:
        resources = self._resources(document, common)
        if resources is not None:
            highest = max(highest, identifiers(self._parts.xml(resources)))
        numbers = Numbers(highest)
        font = numbers.next()
        has_others = first(document, common, "DefaultCS") is not None
        space = numbers.next() if has_others else 0
        look = Look(self._wish.words, self._face, font, f' ColorSpace="{space}"' if space else "")
        for name, page, area in pages:
            points = area.width / MILLIMETRES, area.height / MILLIMETRES
            layout = laid_out(points, self._wish.min_height, look.words, where, look.face)
            self.sizes.append(layout.em / FINE * MILLIMETRES)
            tag = page.root.tag
            new = layer(look, layout, area, numbers, tag)
            content = first(page, page.root, "Content")
            if content is not None:
                edit = page.inserting(content, new, room=0)
            else:
                wrapped = f"<{tag}Content>".encode() + new + f"</{tag}Content>".encode()
                actions = first(page, page.root, "Actions")
                edit = (
                    (actions.start, actions.start, wrapped) if actions else page.inserting(page.root, wrapped, room=0)
                )
            self._parts.edit(name, page, edit)
        self._add_resources(document, common, resources, font, space)
        self._tell_highest(numbers.highest)

    def _resources(self, document: XmlPart, common: Element) -> bytes | None:
        """The name of the part that holds what all pages share, or None."""
        for name in ("PublicRes", "DocumentRes"):
            found = first(document, common, name)
            if found is not None and (at := resolved(self._root, found.text).encode()) in self._parts:
                return at
        return None

    def _add_resources(
        self, document: XmlPart, common: Element, resources: bytes | None, font: int, space: int
    ) -> None:
        """Adds the font, and the colours where the document has others of its own."""
        parts = self._parts
        if resources is None:
            tag = document.root.tag
            resources = self._free(resolved(self._root, "YinjiRes.xml"))
            uri = f'xmlns:{tag[:-1]}="{document.root.uri}"' if tag else f'xmlns="{document.root.uri}"'
            parts.changes[resources] = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag}Res {uri} BaseLoc="Res"></{tag}Res>'.encode()
            )
            area = first(document, common, "PageArea")
            at = document.stop(area) if area is not None else document.opened(common)
            told = f"<{tag}PublicRes>{posixpath.basename(resources.decode())}</{tag}PublicRes>".encode()
            parts.edit(self._root.encode(), document, (at, at, told))
        part = parts.xml(resources)
        tag = part.root.tag
        folder = resolved(
            resources.decode(), posixpath.join(part.root.attributes.get("BaseLoc", ""), "yinji-label.ttf")
        )
        file = self._free(folder)
        parts.changes[file] = true_type(self._wish.words)
        row = (
            f'<{tag}Font ID="{font}" FontName="{NAME}" FamilyName="{NAME}" Bold="true"><{tag}FontFile>'
            f"{posixpath.basename(file.decode())}</{tag}FontFile></{tag}Font>"
        )
        self._add_resource(resources, "Fonts", row)
        if space:
            self._add_resource(resources, "ColorSpaces", f'<{tag}ColorSpace ID="{space}" Type="RGB"/>')

    def _add_resource(self, name: bytes, kind: str, row: str) -> None:
        """Adds a row to a list of resources, or the list with it."""
        part = self._parts.xml(name)
        there = first(part, part.root, kind)
        tag = part.root.tag
        new = row if there is not None else f"<{tag}{kind}>{row}</{tag}{kind}>"
        self._parts.edit(name, part, part.inserting(there or part.root, new.encode(), room=0))

    def _free(self, name: str) -> bytes:
        """The first name like this one that no part has."""
        stem, ending = posixpath.splitext(name)
        number, found = 1, name.encode()
        while found in self._parts:
            number += 1
            found = f"{stem}-{number}{ending}".encode()
        return found

    def _tell_highest(self, highest: int) -> None:
        """Sets ``MaxUnitID``."""
        document = self._parts.xml(self._root.encode())
        element = next(document.named("MaxUnitID"), None)
        if element is not None:
            start, stop, _ = document.emptying(element)
            self._parts.edit(self._root.encode(), document, (start, stop, str(highest).encode()))
