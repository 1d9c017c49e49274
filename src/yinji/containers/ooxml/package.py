"""The package around an Office document (ISO/IEC 29500-2): relationships and content types."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.containers.zip import quick as zip_quick
from yinji.containers.zip.directory import Archive
from yinji.containers.zip.xml import XmlPart, quoted
from yinji.errors import Malformed

RELATIONSHIPS: Final = b"_rels/.rels"
TYPES: Final = b"[Content_Types].xml"
CUSTOM_PART: Final = b"docProps/custom.xml"
CUSTOM_TYPE: Final = "application/vnd.openxmlformats-officedocument.custom-properties+xml"

_TRANSITIONAL: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships/"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships/"

CUSTOM: Final = (_TRANSITIONAL + "custom-properties", _STRICT + "customProperties")
EXTENDED: Final = (_TRANSITIONAL + "extended-properties", _STRICT + "extendedProperties")
CORE: Final = (_PACKAGE + "metadata/core-properties", _STRICT + "metadata/core-properties")
SIGNATURES: Final = (_PACKAGE + "digital-signature/origin",)


class Relationship(NamedTuple):
    """One relationship of the package.

    Attributes:
        id, type: As written.
        part: Name of the entry that it leads to.
    """

    id: str
    type: str
    part: bytes


class Package:
    """An Office document as a package of parts.

    Attributes:
        archive: The ZIP.
        relationships: Those of the package itself that lead to parts.
    """

    def __init__(self, source: Source) -> None:
        """Reads the directory and the relationships of the package.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: It is no readable package.
        """
        self.archive: Final = Archive.open(source)
        self._names = {name.replace(b"\\", b"/").lstrip(b"/").lower(): name for name in self.archive.names}
        if len(self._names) != len(list(self.archive.names)):
            raise Malformed("ooxml-equivalent-names", path=source.name)
        properties = [name for key, name in self._names.items() if key[:9] == b"docprops/" and key[-4:] == b".xml"]
        self.archive.fetch(self.archive.find(name) for name in (self.name_of(RELATIONSHIPS), *properties) if name)
        self.relationships: Final = tuple(self._related())

    @cached_property
    def _part(self) -> XmlPart:
        return self.xml(self.name_of(RELATIONSHIPS) or RELATIONSHIPS)

    @property
    def is_strict(self) -> bool:
        """Whether it is written in the strict variant of the standard, with namespaces of its own."""
        return any(relationship.type.startswith(_STRICT) for relationship in self.relationships)

    def name_of(self, name: bytes) -> bytes | None:
        """Returns an entry's own spelling of a part name; part names are compared without case (6.2.2.3)."""
        return self._names.get(name.lower())

    def xml(self, name: bytes) -> XmlPart:
        """Returns a part, parsed.

        Raises:
            Malformed: It is missing, or no XML.
        """
        return XmlPart(
            self.archive.content(self.archive.require(name)), self.archive.source, name.decode("utf-8", "replace")
        )

    def of_type(self, types: tuple[str, ...]) -> list[bytes]:
        """Returns the entries that relationships of a type lead to.

        Raises:
            Malformed: One leads to a part that is not there.
        """
        names = []
        for relationship in self.relationships:
            if relationship.type in types:
                name = self.name_of(relationship.part)
                names.append(self.archive.require(relationship.part).name if name is None else name)
        return list(dict.fromkeys(names))

    def starting(self, prefix: bytes) -> Iterator[bytes]:
        """Yields the entries whose names begin so."""
        return (name for key, name in self._names.items() if key.startswith(prefix))

    def with_relationship(self, part: bytes) -> bytes:
        """Returns the relationships with one to the custom properties ``part`` added."""
        taken = {relationship.attributes.get("Id", "") for relationship in self._part.elements}
        free = next(f"rId{number}" for number in range(1, len(taken) + 2) if f"rId{number}" not in taken)
        root = self._part.root
        type = CUSTOM[self.is_strict]
        new = f'<{root.tag}Relationship Id="{free}" Type="{type}" Target="'.encode() + part + b'"/>'
        return self._part.applied([self._part.inserting(root, new, room=0)])

    def with_content_type(self, part: bytes) -> bytes:
        """Returns the content types with that of the custom properties ``part`` in them.

        Raises:
            Malformed: The list of content types is missing, or no XML.
        """
        types = self.xml(self.name_of(TYPES) or TYPES)
        wanted = b"/" + part
        new = (
            f"<{types.root.tag}Override PartName=".encode()
            + b'"'
            + wanted
            + b'" ContentType="'
            + quoted(CUSTOM_TYPE)
            + b'"/>'
        )
        there = [
            o for o in types.named("Override") if o.attributes.get("PartName", "").lower().encode() == wanted.lower()
        ]
        if not there:
            return types.applied([types.inserting(types.root, new, room=0)])
        if there[0].attributes.get("ContentType") == CUSTOM_TYPE:
            return types.applied([])
        return types.applied([(there[0].start, types.stop(there[0]), new)])

    def _related(self) -> Iterator[Relationship]:
        name = self.name_of(RELATIONSHIPS) or RELATIONSHIPS
        rows = zip_quick.relationships(self.archive.content(self.archive.require(name)))
        if rows is None:
            rows = [element.attributes for element in self._part.named("Relationship")]
        for own in rows:
            target = own.get("Target", "")
            if own.get("TargetMode") != "External" and target:
                path = target.replace("\\", "/").lstrip("/")
                path = posixpath.normpath("/" + path).lstrip("/") if "." in path.split("/") or ".." in path else path
                yield Relationship(own.get("Id", ""), own.get("Type", ""), path.encode("utf-8", "replace"))
