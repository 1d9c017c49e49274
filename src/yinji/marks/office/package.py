"""Office packages as marks change them: relationships and content types of any part (ISO/IEC 29500-2)."""

from __future__ import annotations

import posixpath
from typing import Final, NamedTuple

from yinji.containers.ooxml.encrypted import is_encrypted_package
from yinji.containers.ooxml.package import TYPES, Package
from yinji.containers.ooxml.signatures import signature_parts
from yinji.containers.source import Source
from yinji.containers.zip.xml import Element, XmlPart, quoted
from yinji.errors import Encrypted, Malformed
from yinji.marks.parts import Parts, inside, refuse_signed

TRANSITIONAL: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_RELATED: Final = "http://schemas.openxmlformats.org/package/2006/relationships"


class Target(NamedTuple):
    """What a relationship leads to: its number, the last word of its type, and the part."""

    id: str
    type: str
    part: bytes


class OfficeParts(Parts):
    """An Office document.

    Attributes:
        main: The part of the document itself.
        is_strict: Whether it is written in the strict variant of the standard.
    """

    def __init__(self, source: Source) -> None:
        """Opens a document.

        Raises:
            Encrypted: It is under a password.
            WouldBreakCredentials: It is signed.
            Malformed: It is no readable package, or has no main part.
        """
        if is_encrypted_package(source):
            raise Encrypted("ooxml-encrypted", path=source.name)
        self._package = Package(source)
        super().__init__(self._package.archive)
        refuse_signed(self, next(iter(signature_parts(self._package)), None))
        main = self._package.of_type((f"{TRANSITIONAL}/officeDocument", f"{STRICT}/officeDocument"))
        if not main:
            raise Malformed("zip-missing", path=source.name, name="officeDocument")
        self.main: Final = main[0]
        self.is_strict: Final = self._package.is_strict

    @property
    def space(self) -> str:
        """The namespace of relationship numbers."""
        return STRICT if self.is_strict else TRANSITIONAL

    def targets(self, part: bytes) -> list[Target]:
        """Returns what the relationships of a part lead to inside the package.

        Raises:
            Malformed: They are no XML.
        """
        name = self._relationships_of(part)
        if name not in self:
            return []
        found = []
        for row in self.xml(name).named("Relationship"):
            own = row.attributes
            if own.get("TargetMode") != "External" and own.get("Target"):
                path = posixpath.join("/" + posixpath.dirname(part.decode("utf-8", "replace")), own["Target"])
                wanted = posixpath.normpath(path).lstrip("/").encode("utf-8", "replace")
                there = wanted if wanted in self.changes else self._package.name_of(wanted) or wanted
                found.append(Target(own.get("Id", ""), own.get("Type", "").rpartition("/")[2], there))
        return found

    def relate(self, part: bytes, type: str, target: bytes) -> str:
        """Adds a relationship and returns its number."""
        name = self._relationships_of(part)
        head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        if name not in self:
            self.changes[name] = f'{head}<Relationships xmlns="{_RELATED}"></Relationships>'.encode()
        old = self.xml(name)
        taken = {row.attributes.get("Id", "") for row in old.named("Relationship")}
        free = next(f"rIdYinji{i}" for i in range(1, len(taken) + 2) if f"rIdYinji{i}" not in taken)
        place = posixpath.relpath("/" + target.decode(), "/" + posixpath.dirname(part.decode("utf-8", "replace")))
        row = f'<{old.root.tag}Relationship Id="{free}" Type="{self.space}/{type}" Target="'.encode()
        self.edit(name, old, old.inserting(old.root, row + quoted(place) + b'"/>', room=0))
        return free

    def add(self, name: bytes, data: bytes, content_type: str) -> None:
        """Adds a part with its content type.

        Raises:
            Malformed: The list of content types is missing, or no XML.
        """
        self.changes[name] = data
        types = self._package.name_of(TYPES) or TYPES
        old = self.xml(types)
        row = f'<{old.root.tag}Override PartName="/'.encode() + name + f'" ContentType="{content_type}"/>'.encode()
        self.edit(types, old, old.inserting(old.root, row, room=0))

    def free_name(self, pattern: str) -> bytes:
        """Returns the first name of a pattern with one number in it that no part has."""
        number = 1
        while (name := pattern.format(number).encode()) in self.changes or self._package.name_of(name):
            number += 1
        return name

    def _relationships_of(self, part: bytes) -> bytes:
        folder, _, name = part.rpartition(b"/")
        wanted = (folder + b"/" if folder else b"") + b"_rels/" + name + b".rels"
        return wanted if wanted in self.changes else self._package.name_of(wanted) or wanted


def text_in(part: XmlPart, element: Element) -> str:
    """Returns the text of the runs in an element, as it is shown."""
    return "".join("".join(e.parts) for e in inside(part, element) if e.name == "t")


def tag_of(element: Element) -> tuple[str, str]:
    """Returns the prefix to write a sibling of an element with, and the declaration that it needs."""
    if element.prefix:
        return f"{element.prefix}:", ""
    return "yj:", f' xmlns:yj="{element.uri}"'
