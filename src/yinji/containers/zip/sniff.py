"""Which document a ZIP archive is: by its media type, else by the names of what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from yinji.containers.source import Source
from yinji.containers.zip.directory import Archive, head_names
from yinji.errors import YinjiError

_MIMETYPE: Final = re.compile(rb"PK\x03\x04.{22}\x08\0..mimetype", re.DOTALL)
_MEDIA_TYPES: Final = (
    (b"application/epub+zip", "epub"),
    (b"application/vnd.oasis.opendocument.text", "odt"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"application/vnd.oasis.opendocument.presentation", "odp"),
    (b"application/vnd.oasis.opendocument.graphics", "odg"),
    (b"application/vnd.xmind.workbook", "xmind"),
)
_OFFICE: Final = ((b"word/", "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx"))
_PACKAGE: Final = (b"[Content_Types].xml", b"_rels/.rels", b"docProps/app.xml", b"docProps/core.xml")
_LAYERS: Final = (b".usd", b".usda", b".usdc")
_XMIND: Final = frozenset((b"metadata.json", b"manifest.json"))


def document(source: Source, named: str) -> str:
    """Names what a ZIP is.

    Args:
        source: The file, which starts as a ZIP does.
        named: The format that its ending promises, or "".

    Returns:
        The name of a format; "zip" when it is none of the documents known.
    """
    head = source.head
    if by_type := _by_media_type(head):
        return by_type
    if by_name := _by_names(head_names(head), named):
        return by_name
    if named:
        return named
    try:
        return _by_names(Archive.open(source).names, named) or "zip"
    except YinjiError:
        return "zip"


def _by_media_type(head: bytes) -> str:
    first = _MIMETYPE.match(head)
    if first is None:
        return ""
    extra = int.from_bytes(head[28:30], "little")
    told = head[first.end() + extra :][:80]
    return next((name for type, name in _MEDIA_TYPES if told.startswith(type)), "")


def _by_names(names: Iterable[bytes], named: str) -> str:
    listed = list(names)
    there = set(listed)
    for folder, name in _OFFICE:
        if (named == name or there.intersection(_PACKAGE)) and any(entry.startswith(folder) for entry in there):
            return name
    if listed and listed[0].lower().endswith(_LAYERS):
        return "usdz"
    if b"OFD.xml" in there:
        return "ofd"
    if b"META-INF/container.xml" in there and b"mimetype" in there:
        return "epub"
    if b"content.json" in there and there & _XMIND:
        return "xmind"
    return ""
