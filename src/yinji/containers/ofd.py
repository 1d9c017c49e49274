"""OFD (GB/T 33190-2016): the label is the ``CustomData`` named ``AIGC`` in the ``DocInfo`` of ``OFD.xml``.

The guides that are known name no place for this format; this one is our own. ``CustomDatas`` (clause 7.4) is where the
format keeps metadata that users define.
"""

from __future__ import annotations

import posixpath
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
from yinji.containers.zip.locations import resolved
from yinji.containers.zip.xml import PADDING, Element, XmlPart, quoted, set_one
from yinji.errors import WouldBreakCredentials
from yinji.labels.aigc import AigcLabel

ENTRY: Final = b"OFD.xml"
_SPACE: Final = "http://www.ofdspec.org/2016"
_SIGNATURE_LIST: Final = b"Signatures.xml"
_MAX_SIGNATURES: Final = 64


class Ofd:
    """Fixed-layout documents of the Chinese national standard."""

    name: ClassVar[str] = "ofd"
    media_type: ClassVar[str] = "application/ofd"
    kind: ClassVar[Kind] = Kind.DOCUMENT
    extensions: ClassVar[tuple[str, ...]] = ("ofd",)
    carrier: ClassVar[str] = "ofd-custom-data"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if extension not in self.extensions:
            return 0
        return 90 if head.startswith(LOCAL) else 10

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields what ``OFD.xml`` tells of people and programs, labels in it, signatures and C2PA manifests.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: The package cannot be read.
        """
        archive = Archive.open(source)
        data = archive.content(archive.require(ENTRY))
        for key, text in zip_quick.fields(data):
            if not is_label(key, text):
                yield block(archive, ENTRY, "ofd-info", key, text)
        if zip_quick.may_hold_label(data):
            for element in _labels(XmlPart(data, source, ENTRY.decode())):
                carrier = self.carrier if element.name == "CustomData" else "ofd-info"
                yield block(archive, ENTRY, carrier, _key(element), element.text)
        yield from signatures(archive, _signature_lists(archive))
        yield from credentials(archive)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the field of the first document in the file; of all parts only ``OFD.xml`` changes.

        Raises:
            WouldBreakCredentials: A digital signature covers ``OFD.xml``.
            Malformed, Encrypted: The package cannot be edited safely.
        """
        archive = Archive.open(source)
        data = archive.content(archive.require(ENTRY))
        _refuse_signed(archive)
        part = XmlPart(data, source, ENTRY.decode())
        if others := [element for element in _labels(part) if element.name != "CustomData"]:
            part = XmlPart(part.applied(map(part.emptying, others)), source, ENTRY.decode())
        found = _labels(part)
        info = next(part.named("DocInfo"), None)
        if info is None:
            raise part.broken("DocInfo")
        tag = info.tag
        datum = f'<{tag}CustomData Name="{NAME}">'.encode() + quoted(label.to_json()) + f"</{tag}CustomData>".encode()
        parent = next((child for child in part.children(info) if child.name == "CustomDatas"), None)
        if parent is None and not found:
            wrapped = f"<{tag}CustomDatas>".encode() + datum + b" " * PADDING + f"</{tag}CustomDatas>".encode()
            changed = part.applied([part.inserting(info, wrapped, room=0)])
        else:
            in_place = is_editable_in_place(archive.find(ENTRY))
            changed = set_one(part, found, parent or info, lambda _: datum, in_place=in_place)
        return plan(archive, {ENTRY: changed}, stored=(ENTRY,))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields all parts but ``OFD.xml``, the lists of signatures and C2PA manifests."""
        archive = Archive.open(source)
        return media(archive, {ENTRY, CREDENTIALS, *_signature_lists(archive)})

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a page of one line, with and without a field of its own."""
        yield Example(
            "fields.ofd",
            _page('<ofd:CustomDatas><ofd:CustomData Name="单位">某单位</ofd:CustomData></ofd:CustomDatas>'),
        )
        yield Example("bare.ofd", _page(""))


def _key(element: Element) -> str:
    return element.attributes.get("Name", "") if element.name == "CustomData" else element.name


def _labels(part: XmlPart) -> list[Element]:
    fields = (e for e in part.elements[1:] if e.name not in ("DocInfo", "CustomDatas", "DocBody"))
    return [element for element in fields if is_label(_key(element), element.text)]


def _signature_lists(archive: Archive) -> list[bytes]:
    return [name for name in archive.names if posixpath.basename(name) == _SIGNATURE_LIST]


def _refuse_signed(archive: Archive) -> None:
    """Looks into each signature that the lists name for a reference to ``OFD.xml`` (clause 18)."""
    for name in _signature_lists(archive):
        part = XmlPart(archive.content(archive.require(name)), archive.source, name.decode("utf-8", "replace"))
        for signature in list(part.named("Signature"))[:_MAX_SIGNATURES]:
            at = resolved(name.decode("utf-8", "replace"), signature.attributes.get("BaseLoc", ""))
            if at.encode() not in archive or _covers(archive, at):
                raise WouldBreakCredentials("document-signed", path=archive.source.name, part=at)


def _covers(archive: Archive, name: str) -> bool:
    part = XmlPart(archive.content(archive.require(name.encode())), archive.source, name)
    files = (resolved(name, reference.attributes.get("FileRef", "")) for reference in part.named("Reference"))
    return ENTRY.decode() in files


def _page(custom: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    space = f'xmlns:ofd="{_SPACE}"'
    entry = (
        f'{head}<ofd:OFD {space} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        "<ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID><ofd:Creator>Yinji example</ofd:Creator>"
        f"{custom}</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )
    document = (
        f"{head}<ofd:Document {space}><ofd:CommonData><ofd:MaxUnitID>3</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>"
        "0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>"
        '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>'
    )
    content = f'{head}<ofd:Page {space}><ofd:Content><ofd:Layer ID="2"/></ofd:Content></ofd:Page>'
    parts = [("OFD.xml", entry), ("Doc_0/Document.xml", document), ("Doc_0/Pages/Page_0/Content.xml", content)]
    return packed(parts)
