"""Earlier revisions of a document: an incremental update hides what it takes out, and leaves it in the file (7.5.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers.pdf.document import Document
from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Dictionary, Ref
from yinji.containers.pdf.xref import InUse, Packed
from yinji.errors import UnreadableInput

_REVISIONS_MAX: Final = 256


def earlier_information(document: Document) -> Iterator[Indirect]:
    """Yields the information dictionaries that the newest revision no longer has, the latest first.

    What is damaged in an earlier revision is passed over: nothing of the newest one depends on it.
    """
    seen: set[InUse | Packed] = set()
    try:
        sections = [section for section, _ in zip(document.sections(), range(_REVISIONS_MAX), strict=False)]
    except UnreadableInput:
        return
    for turn in range(len(sections)):
        ref = next((info for s in sections[turn:] if (info := s.trailer.get("Info")) is not None), None)
        if not isinstance(ref, Ref):
            continue
        try:
            entry = next((e for s in sections[turn:] if (e := s.rows.find(ref.number)) is not None), None)
            if not isinstance(entry, (InUse, Packed)) or entry in seen:
                continue
            seen.add(entry)
            loaded = document.at(ref.number, entry) if turn else None
        except UnreadableInput:
            continue
        if loaded is not None and isinstance(loaded.value, Dictionary):
            yield loaded
