"""Office documents (ISO/IEC 29500): the label is the custom property ``AIGC`` (TC260-PG-20258A 6.1; R58)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.ooxml import samples as ooxml_samples
from yinji.containers.ooxml.encrypted import MAGIC, is_encrypted_package
from yinji.containers.ooxml.package import (
    CORE,
    CUSTOM,
    CUSTOM_PART,
    EXTENDED,
    RELATIONSHIPS,
    TYPES,
    Package,
)
from yinji.containers.ooxml.signatures import covering, signature_parts
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.zip import quick as zip_quick
from yinji.containers.zip.directory import LOCAL
from yinji.containers.zip.document import (
    CREDENTIALS,
    NAME,
    block,
    credentials,
    fields,
    is_editable_in_place,
    is_label,
    labels_in,
    signatures,
)
from yinji.containers.zip.edit import media, plan
from yinji.containers.zip.quick import Property
from yinji.containers.zip.xml import PADDING, Element, XmlPart, quoted, set_one
from yinji.errors import Encrypted, WouldBreakCredentials
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem, Severity

FMTID: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
"""The format of user-defined properties ([MS-OLEPS] 2.21), which the guide prescribes."""

_PROPERTIES: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties",
    "http://purl.oclc.org/ooxml/officeDocument/customProperties",
)
_TYPES: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
    "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes",
)
_FIRST_PID: Final = 2
_STRING: Final = "lpwstr"


class _Office:
    """What Word, Excel and PowerPoint files share: everything but their names."""

    kind: ClassVar[Kind] = Kind.DOCUMENT
    extensions: ClassVar[tuple[str, ...]] = ()
    carrier: ClassVar[str] = "ooxml-custom"
    clause: ClassVar[str] = "TC260-PG-20258A 6.1"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if extension not in self.extensions:
            return 0
        return 90 if head.startswith((LOCAL, MAGIC)) else 10

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields custom properties, the application's and the author's, signatures and C2PA manifests.

        Raises:
            Encrypted: The document is under a password.
            Malformed, Truncated, LimitExceeded: The package cannot be read.
        """
        package = _opened(source)
        custom, related = _custom_parts(package)
        for name in custom:
            problem = None if related else Problem("ooxml-unrelated", Severity.WARNING, "R58")
            yield from _properties(package, name, problem)
        for carrier, types in (("ooxml-app", EXTENDED), ("ooxml-core", CORE)):
            for name in package.of_type(types):
                yield from fields(package.archive, name, carrier)
        for name in _private_parts(package):
            for element in labels_in(package.xml(name)):
                yield block(package.archive, name, "ooxml-part", element.name, element.text)
        yield from signatures(package.archive, signature_parts(package))
        yield from credentials(package.archive)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the property, its relationship and its content type; three parts at most change.

        Raises:
            WouldBreakCredentials: A digital signature covers what would change.
            Malformed, Encrypted: The package cannot be edited safely.
        """
        package = _opened(source)
        custom, related = _custom_parts(package)
        target = custom[0] if custom else CUSTOM_PART
        if (signature := covering(package, target)) is not None:
            raise WouldBreakCredentials("document-signed", path=source.name, part=signature.decode("utf-8", "replace"))
        changes = {name: _changed(package, name, label, is_target=name == target) for name in custom}
        if not custom:
            changes[target] = _new_part(label, strict=package.is_strict)
        if not related:
            changes[package.name_of(RELATIONSHIPS) or RELATIONSHIPS] = package.with_relationship(target)
            changes[package.name_of(TYPES) or TYPES] = package.with_content_type(target)
        private = _private_parts(package)
        for name in (*package.of_type(EXTENDED + CORE), *private):
            part = package.xml(name)
            if second := labels_in(part):
                changes[name] = part.applied(map(part.removal if name in private else part.emptying, second))
        return plan(package.archive, changes, stored=(target,))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields all parts but the properties, the relationships and types that tell of them, and signatures."""
        package = _opened(source)
        properties = package.of_type(CUSTOM + EXTENDED + CORE)
        fixed = (package.name_of(name) for name in (RELATIONSHIPS, TYPES, CUSTOM_PART, CREDENTIALS))
        named = [name for name in fixed if name is not None]
        others = (*_private_parts(package), *package.starting(b"_xmlsignatures/"))
        return media(package.archive, {*properties, *named, *others})

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a document with little in it, one with properties, and one in the strict variant."""
        return ooxml_samples.examples(cls.extensions[0])


class Docx(_Office):
    """Word documents and templates, with and without macros."""

    name: ClassVar[str] = "docx"
    media_type: ClassVar[str] = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    extensions: ClassVar[tuple[str, ...]] = ("docx", "docm", "dotx", "dotm")


class Xlsx(_Office):
    """Excel workbooks and templates, with and without macros."""

    name: ClassVar[str] = "xlsx"
    media_type: ClassVar[str] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    extensions: ClassVar[tuple[str, ...]] = ("xlsx", "xlsm", "xltx", "xltm", "xlsb", "xlam")


class Pptx(_Office):
    """PowerPoint presentations, shows and templates, with and without macros."""

    name: ClassVar[str] = "pptx"
    media_type: ClassVar[str] = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    extensions: ClassVar[tuple[str, ...]] = ("pptx", "pptm", "potx", "potm", "ppsx", "ppsm", "ppam")


def _opened(source: Source) -> Package:
    if is_encrypted_package(source):
        raise Encrypted("ooxml-encrypted", path=source.name)
    return Package(source)


def _custom_parts(package: Package) -> tuple[list[bytes], bool]:
    """Returns the parts with custom properties, and whether a relationship leads to them."""
    if related := package.of_type(CUSTOM):
        return related, True
    lost = package.name_of(CUSTOM_PART)
    return ([lost] if lost else []), False


def _private_parts(package: Package) -> list[bytes]:
    """Returns data parts that small tools have been seen to put a label into."""
    return [
        name for name in package.starting(b"customxml/") if b"aigc" in name.lower() and name.lower().endswith(b".xml")
    ]


def _elements(part: XmlPart) -> list[Element]:
    return [element for element in part.children(part.root) if element.name == "property"]


def _properties(package: Package, name: bytes, problem: Problem | None) -> Iterator[Block]:
    found = zip_quick.properties(package.archive.content(package.archive.require(name)))
    if found is None:
        part = package.xml(name)
        found = [Property(e.attributes, _type(part, e), e.text) for e in _elements(part)]
    pids = [item.attributes.get("pid", "") for item in found]
    for item in found:
        key = item.attributes.get("name", "")
        if is_label(key, item.text):
            told = _departures(item, pids)
            yield block(package.archive, name, "ooxml-custom", key, item.text, problem, *told)
        elif item.text:
            yield block(package.archive, name, "ooxml-property", key, item.text)


def _type(part: XmlPart, element: Element) -> str:
    return next((child.name for child in part.children(element)), "")


def _departures(item: Property, pids: list[str]) -> Iterator[Problem]:
    """Yields in what a property departs from the guide: its type, format and number."""
    if item.type != _STRING:
        yield Problem("ooxml-type", Severity.WARNING, "R58", {"type": item.type or "-"})
    if item.attributes.get("fmtid", "").upper() != FMTID:
        yield Problem("ooxml-fmtid", Severity.WARNING, "R58", {"fmtid": item.attributes.get("fmtid", "-")})
    pid = item.attributes.get("pid", "")
    if not _is_sound(pid) or pids.count(pid) > 1:
        yield Problem("ooxml-pid", Severity.WARNING, "R58", {"pid": pid or "-"})


def _is_sound(pid: str) -> bool:
    return pid.isascii() and pid.isdigit() and len(pid) < 10 and int(pid) >= _FIRST_PID


def _changed(package: Package, name: bytes, label: AigcLabel, *, is_target: bool) -> bytes:
    """Returns a part of custom properties with the label in it, or, if it is not the one, without any."""
    part = package.xml(name)
    if part.root.name != "Properties":
        raise part.broken(part.root.name)
    elements = _elements(part)
    found = [element for element in elements if is_label(element.attributes.get("name", ""), element.text)]
    if not is_target:
        return part.applied(map(part.removal, found))
    taken = [element.attributes.get("pid", "") for element in elements if element not in found[:1]]
    types = _TYPES[part.root.uri == _PROPERTIES[1]]
    prefix = part.prefix_of(types)

    def make(old: Element | None) -> bytes:
        pid = old.attributes.get("pid", "") if old else ""
        if not _is_sound(pid) or pid in taken:
            pid = str(max((int(p) for p in taken if _is_sound(p)), default=_FIRST_PID - 1) + 1)
        return _property(label, pid, part.root.tag, prefix or "vt", "" if prefix else f' xmlns:vt="{types}"')

    in_place = is_editable_in_place(package.archive.find(name))
    return set_one(part, found, part.root, make, in_place=in_place)


def _property(label: AigcLabel, pid: str, tag: str, vt: str, declaration: str = "") -> bytes:
    value = quoted(label.to_json())
    opening = f'<{tag}property fmtid="{FMTID}" pid="{pid}" name="{NAME}"><{vt}:lpwstr{declaration}>'.encode()
    return opening + value + f"</{vt}:lpwstr></{tag}property>".encode()


def _new_part(label: AigcLabel, *, strict: bool) -> bytes:
    declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
    root = f'<Properties xmlns="{_PROPERTIES[strict]}" xmlns:vt="{_TYPES[strict]}">'
    content = _property(label, str(_FIRST_PID), "", "vt") + b" " * PADDING
    return (declaration + root).encode() + content + b"</Properties>"
