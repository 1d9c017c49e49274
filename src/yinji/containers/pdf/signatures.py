"""What the signatures of a PDF cover and allow (ISO 32000-1, 12.7.2 and 12.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers.model import Block
from yinji.containers.pdf.document import Document
from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Dictionary, Name, Ref
from yinji.errors import Malformed
from yinji.labels.problem import Problem, Severity

NO_CHANGES: Final = 1
"""The permission of a certification against any change (table 254)."""
FORMS_ONLY: Final = 2
"""That of one which allows filling in forms and signing, and nothing else."""


def catalog_of(document: Document) -> Indirect:
    """Returns the catalog.

    Raises:
        Malformed: There is none.
    """
    root = document.entry("Root")
    loaded = document.load(root) if isinstance(root, Ref) else None
    if loaded is None or not isinstance(loaded.value, Dictionary):
        raise Malformed("pdf-root", path=document.source.name)
    return loaded


def signature_flags(document: Document, catalog: Indirect) -> int:
    """Returns ``/SigFlags`` where it says that the document is signed, or 0."""
    form = document.resolve(catalog.dictionary.get("AcroForm"))
    flags = document.resolve(form.get("SigFlags")) if isinstance(form, Dictionary) else None
    return flags if isinstance(flags, int) and flags & 1 else 0


def permission(document: Document, catalog: Indirect) -> int:
    """Returns ``/P`` of the certification (table 254; 2 where it is left out), or 0 for none."""
    permissions = document.resolve(catalog.dictionary.get("Perms"))
    signature = document.resolve(permissions.get("DocMDP")) if isinstance(permissions, Dictionary) else None
    if not isinstance(signature, Dictionary):
        return 0
    references = document.resolve(signature.get("Reference"))
    for item in references if isinstance(references, list) else []:
        reference = document.resolve(item)
        if isinstance(reference, Dictionary) and reference.get("TransformMethod") == Name("DocMDP"):
            parameters = document.resolve(reference.get("TransformParams"))
            number = document.resolve(parameters.get("P")) if isinstance(parameters, Dictionary) else None
            return number if isinstance(number, int) and 1 <= number <= 3 else FORMS_ONLY
    return FORMS_ONLY


def signature_blocks(document: Document, catalog: Indirect) -> Iterator[Block]:
    """Yields what signatures and a certification say of changes, each with a note."""
    if flags := signature_flags(document, catalog):
        note = Problem("pdf-signed", Severity.NOTE)
        yield Block("pdf-signature", "SigFlags", str(flags), catalog.start, catalog.stop, (note,))
    allowed = permission(document, catalog)
    if allowed:
        note = Problem("pdf-certified", Severity.NOTE, "", {"permission": allowed})
        yield Block("pdf-signature", "DocMDP", str(allowed), catalog.start, catalog.stop, (note,))
