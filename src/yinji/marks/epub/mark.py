"""The label in electronic books (GB 45438-2025 5.1): a line of text in every document of the reading order."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final
from urllib.parse import unquote

from yinji.containers.html.page import decoded
from yinji.containers.source import Source
from yinji.containers.zip.directory import Archive
from yinji.containers.zip.document import packed
from yinji.errors import Encrypted, Malformed
from yinji.marks.base import MarkExample
from yinji.marks.html.banner import FrameError, insertion
from yinji.marks.parts import Parts, PartsMark, Wish, refuse_signed

_MEDIA_TYPE: Final = "application/epub+zip"
_CONTAINER: Final = b"META-INF/container.xml"
_ENCRYPTION: Final = b"META-INF/encryption.xml"
_SIGNATURES: Final = b"META-INF/signatures.xml"
_PACKAGE: Final = "application/oebps-package+xml"
_PAGES: Final = frozenset(("application/xhtml+xml", "text/html", "text/x-oeb1-document"))


class EpubMark(PartsMark):
    """Puts the label into every document of the spine; the package, its navigation and all else stay."""

    name: ClassVar[str] = "epub"
    media_types: ClassVar[frozenset[str]] = frozenset({_MEDIA_TYPE})
    places: ClassVar[tuple[str, ...]] = ("start", "end")

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        package = (
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest><item id="p" href="p.xhtml" '
            'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="p"/></spine></package>'
        )
        page = (
            '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>一页</title></head><body><p>一段</p></body></html>'
        )
        container = (
            '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            f'<rootfile full-path="p.opf" media-type="{_PACKAGE}"/></rootfiles></container>'
        )
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        parts = [(_CONTAINER.decode(), container), ("p.opf", package), ("p.xhtml", page)]
        data = packed(((name, head + text) for name, text in parts), mimetype=_MEDIA_TYPE)
        yield MarkExample("book", data, _MEDIA_TYPE)

    def _opened(self, source: Source) -> Parts:
        parts = Parts(Archive.open(source))
        refuse_signed(parts, _SIGNATURES if _SIGNATURES in parts else None)
        return parts

    def _put(self, parts: Parts, wish: Wish, media_type: str) -> dict[str, Any]:
        hidden = _enciphered(parts)
        documents = list(dict.fromkeys(_spine(parts)))
        for name, is_old in documents:
            if name in hidden:
                raise Encrypted("zip-encrypted", path=parts.source.name, name=name.decode("utf-8", "replace"))
            page = decoded(parts.content(name))
            try:
                put = insertion(page, wish, is_old=is_old)
            except FrameError:
                put = None
            if put is not None:
                data = parts.content(name)
                at = page.offset(put[0])
                edits = list(page.edits(put[0], put[0], put[1]))
                parts.changes[name] = data[:at] + edits[0].data + data[at:]
        if not documents:
            raise Malformed("zip-missing", path=parts.source.name, name="spine")
        return {"documents": len(documents)}


def _spine(parts: Parts) -> Iterator[tuple[bytes, bool]]:
    """Yields the documents of the reading order that are pages, and whether they are of a time before EPUB 3."""
    for root in parts.xml(_CONTAINER).named("rootfile"):
        if root.attributes.get("media-type", _PACKAGE) != _PACKAGE:
            continue
        name = root.attributes.get("full-path", "")
        package = parts.xml(name.encode())
        is_old = package.root.attributes.get("version", "").startswith(("1", "2"))
        items = {item.attributes.get("id", ""): item.attributes for item in package.named("item")}
        for reference in package.named("itemref"):
            item = items.get(reference.attributes.get("idref", ""), {})
            if item.get("media-type") in _PAGES:
                path = posixpath.join(posixpath.dirname(name), unquote(item.get("href", "").partition("#")[0]))
                yield posixpath.normpath(path).encode(), is_old


def _enciphered(parts: Parts) -> set[bytes]:
    if _ENCRYPTION not in parts:
        return set()
    references = parts.xml(_ENCRYPTION).named("CipherReference")
    return {unquote(reference.attributes.get("URI", "")).encode() for reference in references}
