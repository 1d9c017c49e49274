"""Metadata blocks as named texts, so that a dictionary of traces can ask for one field by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from yinji.containers.model import Block
from yinji.errors import UnreadableInput
from yinji.limits import KIB

LONGEST: Final = 256 * KIB
"""Characters of one value that are looked at; the records of local tools (a ComfyUI workflow) reach tens of KiB."""

_PREFIXES: Final = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
}


class Field(NamedTuple):
    """One named text.

    Attributes:
        carrier: The block's carrier.
        key: The carrier's own name of it: a PNG keyword, an EXIF tag, ``prefix:Name`` in XMP, a frame, an atom.
        value: The text, cut at :data:`LONGEST`.
        block: Where it stands.
    """

    carrier: str
    key: str
    value: str
    block: Block


def fields(blocks: Iterable[Block]) -> Iterator[Field]:
    """Yields all named texts of the blocks, in file order; an unreadable packet yields nothing."""
    for block in blocks:
        for key, value in _named(block):
            yield Field(block.carrier, key, value[:LONGEST], block)


def _named(block: Block) -> Iterator[tuple[str, str]]:
    if isinstance(block.value, str):
        yield block.key, block.value
    elif block.carrier == "xmp":
        for (namespace, name), value in xmp_properties(block).items():
            prefix = _PREFIXES.get(namespace)
            yield (f"{prefix}:{name}" if prefix else name), value
    elif block.carrier == "exif":
        yield from _exif_texts(block.value)
    elif block.key:
        yield block.key, block.value[:LONGEST].decode("utf-8", "replace").strip("\0")


def _exif_texts(tiff: bytes) -> Iterator[tuple[str, str]]:
    from yinji.containers import exif

    try:
        read = exif.fields(tiff)
    except UnreadableInput:
        return
    yield from ((field.name, field.text) for field in read)


def xmp_properties(block: Block) -> dict[tuple[str, str], str]:
    """Returns the properties of an XMP block; none when the packet is no XML, which its container has reported."""
    from yinji.containers import xmp

    if not isinstance(block.value, bytes):
        return {}
    try:
        return xmp.properties(block.value)
    except UnreadableInput:
        return {}
