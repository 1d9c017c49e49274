"""OpenDocument files (ISO/IEC 26300): the label is the user-defined field ``AIGC`` of ``meta.xml``.

The guides name no place for these formats; this one is our own. It is where the format keeps fields that users define,
and it is what LibreOffice shows under custom properties.
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
from yinji.containers.zip.xml import PADDING, Element, XmlPart, quoted, set_one
from yinji.errors import Encrypted, WouldBreakCredentials
from yinji.labels.aigc import AigcLabel

META: Final = b"meta.xml"
MANIFEST: Final = b"META-INF/manifest.xml"

_OFFICE: Final = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_META: Final = "urn:oasis:names:tc:opendocument:xmlns:meta:1.0"
_MANIFEST: Final = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_SIGNATURES: Final = (b"META-INF/documentsignatures.xml", b"META-INF/macrosignatures.xml")
_WHOLE: Final = "encrypted-package"
_MEDIA_TYPE: Final = "application/vnd.oasis.opendocument."


class _OpenDocument:
    """What all OpenDocument files share."""

    kind: ClassVar[Kind] = Kind.DOCUMENT
    media_type: ClassVar[str] = ""
    extensions: ClassVar[tuple[str, ...]] = ()
    carrier: ClassVar[str] = "odf-user-defined"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if extension not in self.extensions:
            return 0
        return 90 if head.startswith(LOCAL) else 10

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields what ``meta.xml`` tells of people and programs, labels in it, signatures and C2PA manifests.

        Raises:
            Encrypted: The document is under a password.
            Malformed, Truncated, LimitExceeded: The package cannot be read.
        """
        archive = Archive.open(source)
        data = _meta(archive)
        if data is not None:
            for key, text in zip_quick.fields(data):
                if not is_label(key, text):
                    yield block(archive, META, "odf-meta", key, text)
            if zip_quick.may_hold_label(data):
                for element in _labels(XmlPart(data, source, META.decode())):
                    carrier = self.carrier if element.name == "user-defined" else "odf-meta"
                    yield block(archive, META, carrier, _key(element), element.text)
        yield from signatures(archive, (name for name in _SIGNATURES if name in archive))
        yield from credentials(archive)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the field; of all parts only ``meta.xml`` changes, and the manifest where there was none.

        Raises:
            WouldBreakCredentials: A digital signature covers ``meta.xml``.
            Malformed, Encrypted: The package cannot be edited safely.
        """
        archive = Archive.open(source)
        data = _meta(archive)
        _refuse_signed(archive)
        if data is None:
            changes = {META: _new_meta(label), MANIFEST: _with_entry(archive)}
            return plan(archive, changes, stored=(META,))
        part = XmlPart(data, source, META.decode())
        parent = next((e for e in part.elements if (e.uri, e.name) == (_OFFICE, "meta")), None)
        if parent is None:
            raise part.broken("office:meta")
        found = _labels(part)
        others = [element for element in found if element.name != "user-defined"]
        if others:
            part = XmlPart(part.applied(map(part.emptying, others)), source, META.decode())
            parent = next(e for e in part.elements if (e.uri, e.name) == (_OFFICE, "meta"))
            found = _labels(part)
        prefix = part.prefix_of(_META)
        field = _field(label, prefix or "meta", "" if prefix else f' xmlns:meta="{_META}"')
        in_place = is_editable_in_place(archive.find(META))
        changes = {META: set_one(part, found, parent, lambda _: field, in_place=in_place)}
        return plan(archive, changes, stored=(META,))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields all parts but ``meta.xml``, the list of parts, signatures and C2PA manifests."""
        return media(Archive.open(source), {META, MANIFEST, *_SIGNATURES, CREDENTIALS})

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a document with a user-defined field, and one without ``meta.xml``."""
        yield Example(f"fields.{cls.extensions[0]}", _example(cls.media_type, with_meta=True))
        yield Example(f"bare.{cls.extensions[0]}", _example(cls.media_type, with_meta=False))


class Odt(_OpenDocument):
    """Texts and their templates."""

    name: ClassVar[str] = "odt"
    media_type: ClassVar[str] = _MEDIA_TYPE + "text"
    extensions: ClassVar[tuple[str, ...]] = ("odt", "ott", "odm", "oth")


class Ods(_OpenDocument):
    """Spreadsheets and their templates."""

    name: ClassVar[str] = "ods"
    media_type: ClassVar[str] = _MEDIA_TYPE + "spreadsheet"
    extensions: ClassVar[tuple[str, ...]] = ("ods", "ots")


class Odp(_OpenDocument):
    """Presentations and their templates."""

    name: ClassVar[str] = "odp"
    media_type: ClassVar[str] = _MEDIA_TYPE + "presentation"
    extensions: ClassVar[tuple[str, ...]] = ("odp", "otp")


class Odg(_OpenDocument):
    """Drawings and their templates."""

    name: ClassVar[str] = "odg"
    media_type: ClassVar[str] = _MEDIA_TYPE + "graphics"
    extensions: ClassVar[tuple[str, ...]] = ("odg", "otg")


def _meta(archive: Archive) -> bytes | None:
    """Returns ``meta.xml``, or None when there is none.

    Raises:
        Encrypted: The manifest says that it, or the whole package, is enciphered.
    """
    entry = archive.find(META)
    archive.fetch((entry, archive.find(MANIFEST) if entry is None else None))
    data = None if entry is None else archive.content(entry)
    if data is None or not data.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").startswith(b"<"):
        _refuse_encrypted(archive)
    return data


def _refuse_encrypted(archive: Archive) -> None:
    manifest = archive.find(MANIFEST)
    if manifest is None:
        return
    part = XmlPart(archive.content(manifest), archive.source, MANIFEST.decode())
    for element in part.named("encryption-data"):
        path = element.parent.attributes.get("full-path", "") if element.parent else ""
        if path in (META.decode(), _WHOLE):
            raise Encrypted("odf-encrypted", path=archive.source.name, name=path)


def _refuse_signed(archive: Archive) -> None:
    for name in _SIGNATURES:
        if name in archive:
            part = XmlPart(archive.content(archive.require(name)), archive.source, name.decode())
            covered = {reference.attributes.get("URI", "").lstrip("/") for reference in part.named("Reference")}
            if META.decode() in covered:
                raise WouldBreakCredentials("document-signed", path=archive.source.name, part=name.decode())


def _key(element: Element) -> str:
    return element.attributes.get("name", "") if element.name == "user-defined" else element.name


def _labels(part: XmlPart) -> list[Element]:
    """Returns the fields that are labels: user-defined ones of the name, and others that say what a label says."""
    fields = (element for element in part.elements if element.parent is not None and element.parent.name == "meta")
    return [element for element in fields if is_label(_key(element), element.text)]


def _field(label: AigcLabel, prefix: str, declaration: str) -> bytes:
    opening = f'<{prefix}:user-defined{declaration} {prefix}:name="{NAME}" {prefix}:value-type="string">'
    return opening.encode() + quoted(label.to_json()) + f"</{prefix}:user-defined>".encode()


def _new_meta(label: AigcLabel) -> bytes:
    opening = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<office:document-meta xmlns:office="{_OFFICE}" xmlns:meta="{_META}" office:version="1.2"><office:meta>'
    )
    room = b" " * PADDING
    return opening.encode() + _field(label, "meta", "") + room + b"</office:meta></office:document-meta>"


def _with_entry(archive: Archive) -> bytes:
    """Returns the list of parts with ``meta.xml`` in it.

    Raises:
        Malformed: The package has no list, or it is no XML.
    """
    part = XmlPart(archive.content(archive.require(MANIFEST)), archive.source, MANIFEST.decode())
    if any(entry.attributes.get("full-path") == META.decode() for entry in part.named("file-entry")):
        return part.applied([])
    tag = part.prefix_of(_MANIFEST) or part.root.prefix
    name, attribute = (f"{tag}:file-entry", f"{tag}:") if tag else ("file-entry", "")
    row = f'<{name} {attribute}full-path="{META.decode()}" {attribute}media-type="text/xml"/>'
    return part.applied([part.inserting(part.root, row.encode(), room=0)])


def _example(media_type: str, *, with_meta: bool) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    rows = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{type}"/>'
        for path, type in (
            ("/", media_type),
            ("content.xml", "text/xml"),
            *((("meta.xml", "text/xml"),) if with_meta else ()),
        )
    )
    content = f'{head}<office:document-content xmlns:office="{_OFFICE}" office:version="1.2"><office:body/>'
    manifest = (
        f'{head}<manifest:manifest xmlns:manifest="{_MANIFEST}" manifest:version="1.2">{rows}</manifest:manifest>'
    )
    meta = (
        f'{head}<office:document-meta xmlns:office="{_OFFICE}" xmlns:meta="{_META}" office:version="1.2"><office:meta>'
        "<meta:generator>Yinji example</meta:generator>"
        '<meta:user-defined meta:name="Project">项目 A</meta:user-defined></office:meta></office:document-meta>'
    )
    parts = [("content.xml", content + "</office:document-content>"), *([("meta.xml", meta)] if with_meta else [])]
    return packed([*parts, ("META-INF/manifest.xml", manifest)], mimetype=media_type)
