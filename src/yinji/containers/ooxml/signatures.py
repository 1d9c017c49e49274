"""Digital signatures of Office documents (ISO/IEC 29500-2, clause 10): what they cover."""

from __future__ import annotations

from typing import Final

from yinji.containers.ooxml.package import CUSTOM, RELATIONSHIPS, Package
from yinji.containers.zip.xml import Element, XmlPart

_FOLDER: Final = b"_xmlsignatures/"
_TRANSFORM: Final = "http://schemas.openxmlformats.org/package/2006/RelationshipTransform"
_MAX_RELATED: Final = 16


def signature_parts(package: Package) -> list[bytes]:
    """Returns the parts that hold signatures."""
    return [name for name in package.starting(_FOLDER) if name.lower().endswith(b".xml")]


def covering(package: Package, part: bytes) -> bytes | None:
    """Returns the first signature that a label in ``part`` would break, or None.

    A signature commonly names the relationships that it covers one by one, and not the properties of the document;
    then a new relationship and a new part do it no harm.

    Raises:
        Malformed: A signature cannot be read, so that what it covers is not known.
    """
    for name in signature_parts(package):
        signature = package.xml(name)
        if any(_path(reference) == b"/" + part.lower() for reference in signature.named("Reference")):
            return name
        related = [r for r in signature.named("Reference") if _path(r) == b"/" + RELATIONSHIPS]
        if len(related) > _MAX_RELATED or not all(_names_others(signature, reference) for reference in related):
            return name
    return None


def _path(reference: Element) -> bytes:
    return reference.attributes.get("URI", "").partition("?")[0].partition("#")[0].lower().encode()


def _names_others(signature: XmlPart, reference: Element) -> bool:
    """Whether a reference to the relationships selects some, and ours is not among them."""
    inside = [e for e in signature.elements if reference.start < e.start < reference.closing]
    selects = any(e.name == "Transform" and e.attributes.get("Algorithm") == _TRANSFORM for e in inside)
    groups = {e.attributes.get("SourceType", "") for e in inside if e.name == "RelationshipsGroupReference"}
    return selects and not groups & set(CUSTOM)
