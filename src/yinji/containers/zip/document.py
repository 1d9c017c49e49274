"""What documents that are ZIP archives have in common."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

from yinji.containers.model import Block
from yinji.containers.zip import quick as zip_quick
from yinji.containers.zip.directory import HAS_DESCRIPTOR, STORED, Archive, Entry
from yinji.containers.zip.xml import Element, XmlPart
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

NAME: Final = "AIGC"
CREDENTIALS: Final = b"META-INF/content_credential.c2pa"
"""Where C2PA 2.1 (A.4) keeps the manifest store of documents that are ZIP archives."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def block(
    archive: Archive, name: bytes, carrier: str, key: str, value: bytes | str, *problems: Problem | None
) -> Block:
    """Returns a block that stands in one part of the archive."""
    entry = archive.require(name)
    _, stop = archive.data(entry)
    return Block(carrier, key, value, entry.start, stop, tuple(problem for problem in problems if problem))


def is_label(key: str, value: str) -> bool:
    """Whether a property is a label: by its name, or by what it says."""
    return key.upper() == NAME or looks_like_label(value)


def labels_in(part: XmlPart) -> list[Element]:
    """Returns the innermost elements that are labels, the root aside."""
    found = [element for element in part.elements[1:] if is_label(element.name, element.text)]
    around = {id(element.parent) for element in found}
    return [element for element in found if id(element) not in around]


def fields(archive: Archive, name: bytes, carrier: str) -> Iterator[Block]:
    """Yields the general properties in a part; one that says what a label says is among them, whatever its name.

    Raises:
        Malformed: The part is missing, or seems to hold a label and is no XML.
    """
    data = archive.content(archive.require(name))
    found = [(key, text) for key, text in zip_quick.fields(data) if not is_label(key, text)]
    if zip_quick.may_hold_label(data):
        part = XmlPart(data, archive.source, name.decode("utf-8", "replace"))
        found += [(element.name, element.text) for element in labels_in(part)]
    yield from (block(archive, name, carrier, key, text) for key, text in found)


def credentials(archive: Archive) -> Iterator[Block]:
    """Yields the C2PA manifest store, if there is one."""
    if CREDENTIALS in archive:
        entry = archive.require(CREDENTIALS)
        yield Block("c2pa", CREDENTIALS.decode(), b"", entry.start, entry.start + entry.packed)


def signatures(archive: Archive, names: Iterable[bytes]) -> Iterator[Block]:
    """Yields a note for each part that signs others."""
    for name in names:
        shown = name.decode("utf-8", "replace")
        note = Problem("signed-document", Severity.NOTE, "", {"part": shown})
        yield block(archive, name, "document-signature", shown, "", note)


def is_editable_in_place(entry: Entry | None) -> bool:
    """Whether a part of the same length can take the place of this one."""
    return entry is not None and entry.method == STORED and not entry.flags & HAS_DESCRIPTOR


def packed(parts: Iterable[tuple[str, str]], *, mimetype: str = "") -> bytes:
    """Returns an archive of small parts, for examples: the media type first and stored, the rest deflated."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype:
            archive.writestr(zipfile.ZipInfo("mimetype", _EPOCH), mimetype)
        for name, text in parts:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()
