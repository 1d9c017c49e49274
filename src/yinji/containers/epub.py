"""EPUB (OCF and OPF, ISO/IEC 23736): the label is ``<meta name="AIGC" content="…"/>`` in the metadata of the package.

The guides name no place for this format; this one is our own: every reading system passes over names it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.zip import quick as zip_quick
from yinji.containers.zip.directory import LOCAL, Archive
from yinji.containers.zip.document import (
    CREDENTIALS,
    NAME,
    block,
    credentials,
    is_editable_in_place,
    is_label,
    packed,
    signatures,
)
from yinji.containers.zip.edit import media, plan
from yinji.containers.zip.xml import Element, XmlPart, quoted, set_one
from yinji.errors import Encrypted, Malformed, WouldBreakCredentials
from yinji.labels.aigc import AigcLabel

CONTAINER: Final = b"META-INF/container.xml"
ENCRYPTION: Final = b"META-INF/encryption.xml"
SIGNATURES: Final = b"META-INF/signatures.xml"
MEDIA_TYPE: Final = "application/epub+zip"

_PACKAGE_TYPE: Final = "application/oebps-package+xml"
_OPF: Final = "http://www.idpf.org/2007/opf"


class Epub:
    """Electronic books of every version that has an OPF package."""

    name: ClassVar[str] = "epub"
    media_type: ClassVar[str] = MEDIA_TYPE
    kind: ClassVar[Kind] = Kind.DOCUMENT
    extensions: ClassVar[tuple[str, ...]] = ("epub",)
    carrier: ClassVar[str] = "epub-meta"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if extension not in self.extensions:
            return 0
        return 90 if head.startswith(LOCAL) else 10

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields labels in each package document, what it tells of people, signatures and C2PA manifests.

        Raises:
            Encrypted: A package document is enciphered.
            Malformed, Truncated, LimitExceeded: The book cannot be read.
        """
        archive = Archive.open(source)
        for name in _packages(archive):
            data = archive.content(archive.require(name))
            for key, text in zip_quick.fields(data):
                if not is_label(key, text):
                    yield block(archive, name, "epub-dc", key, text)
            if zip_quick.may_hold_label(data):
                for element in _labels(XmlPart(data, source, name.decode("utf-8", "replace"))):
                    carrier = self.carrier if element.name == "meta" else "epub-dc"
                    yield block(archive, name, carrier, _key(element), _value(element))
        yield from signatures(archive, [SIGNATURES] if SIGNATURES in archive else [])
        yield from credentials(archive)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the element; of all parts only package documents change.

        Raises:
            WouldBreakCredentials: A digital signature covers the package document.
            Malformed, Encrypted: The book cannot be edited safely.
        """
        archive = Archive.open(source)
        names = _packages(archive)
        _refuse_signed(archive, names)
        changes = {name: _changed(archive, name, label, is_target=name == names[0]) for name in names}
        return plan(archive, changes, stored=names[:1])

    def media(self, source: Source) -> Iterator[Span]:
        """Yields all parts but package documents, signatures and C2PA manifests."""
        archive = Archive.open(source)
        return media(archive, {*_packages(archive), SIGNATURES, CREDENTIALS})

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a book of one page, of version 3 and of version 2."""
        yield Example("book.epub", _book("3.0"))
        yield Example("old.epub", _book("2.0"))


def _packages(archive: Archive) -> list[bytes]:
    """Returns the package documents that the container lists, which are one in all but a few books.

    Raises:
        Encrypted: One is enciphered.
        Malformed: There is none.
    """
    guess = next((name for name in archive.names if name.endswith(b".opf")), None)
    archive.fetch(archive.find(name) for name in (CONTAINER, ENCRYPTION, guess) if name)
    part = XmlPart(archive.content(archive.require(CONTAINER)), archive.source, CONTAINER.decode())
    names = [
        archive.require(root.attributes.get("full-path", "").encode()).name
        for root in part.named("rootfile")
        if root.attributes.get("media-type", _PACKAGE_TYPE) == _PACKAGE_TYPE
    ]
    if not names:
        raise Malformed("zip-missing", path=archive.source.name, name="rootfile")
    if ENCRYPTION in archive:
        ciphered = XmlPart(archive.content(archive.require(ENCRYPTION)), archive.source, ENCRYPTION.decode())
        hidden = {reference.attributes.get("URI", "").encode() for reference in ciphered.named("CipherReference")}
        if name := next((name for name in names if name in hidden), None):
            raise Encrypted("zip-encrypted", path=archive.source.name, name=name.decode("utf-8", "replace"))
    return list(dict.fromkeys(names))


def _refuse_signed(archive: Archive, names: list[bytes]) -> None:
    if SIGNATURES not in archive:
        return
    part = XmlPart(archive.content(archive.require(SIGNATURES)), archive.source, SIGNATURES.decode())
    covered = {reference.attributes.get("URI", "").partition("#")[0].encode() for reference in part.named("Reference")}
    if covered & set(names):
        raise WouldBreakCredentials("document-signed", path=archive.source.name, part=SIGNATURES.decode())


def _key(element: Element) -> str:
    if element.name != "meta":
        return element.name
    return element.attributes.get("name") or element.attributes.get("property", "")


def _value(element: Element) -> str:
    return element.attributes.get("content", "") or element.text


def _labels(part: XmlPart) -> list[Element]:
    fields = (element for element in part.elements[1:] if element.name != "metadata")
    return [element for element in fields if is_label(_key(element), _value(element))]


def _changed(archive: Archive, name: bytes, label: AigcLabel, *, is_target: bool) -> bytes:
    """Returns a package document with the label in it, or, if it is not the one, without any."""
    shown = name.decode("utf-8", "replace")
    part = XmlPart(archive.content(archive.require(name)), archive.source, shown)
    if others := [element for element in _labels(part) if element.name != "meta"]:
        part = XmlPart(part.applied(map(part.emptying, others)), archive.source, shown)
    found = _labels(part)
    if not is_target:
        return part.applied(map(part.removal, found))
    parent = next(part.named("metadata"), None)
    if parent is None:
        raise part.broken("metadata")
    prefix = next((f"{e.prefix}:" for e in (parent, part.root) if e.uri == _OPF and e.prefix), "")
    element = f'<{prefix}meta name="{NAME}" content="'.encode() + quoted(label.to_json()) + b'"/>'
    in_place = is_editable_in_place(archive.find(name))
    return set_one(part, found, parent, lambda _: element, in_place=in_place)


def _book(version: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    container = (
        f'{head}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        f'<rootfile full-path="OEBPS/content.opf" media-type="{_PACKAGE_TYPE}"/></rootfiles></container>'
    )
    package = (
        f'{head}<package xmlns="{_OPF}" version="{version}" unique-identifier="id"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">urn:uuid:1</dc:identifier>'
        "<dc:title>一本书</dc:title><dc:language>zh</dc:language><dc:creator>Yinji example</dc:creator>"
        '<meta property="dcterms:modified">2025-09-01T00:00:00Z</meta></metadata><manifest>'
        '<item id="p" href="page.xhtml" media-type="application/xhtml+xml" properties="nav"/></manifest>'
        '<spine><itemref idref="p"/></spine></package>'
    )
    page = (
        f'{head}<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head>'
        '<title>一页</title></head><body><nav epub:type="toc"><ol><li><a href="page.xhtml">一页</a></li></ol></nav>'
        "<p>A paragraph.</p></body></html>"
    )
    parts = [(CONTAINER.decode(), container), ("OEBPS/content.opf", package), ("OEBPS/page.xhtml", page)]
    return packed(parts, mimetype=MEDIA_TYPE)
