"""What people type: names, titles, texts, file names. Bounded, and free of what cannot be seen or stored."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from yinji.errors import UsageError
from yinji.labels.declaration import Declaration

_NAME: Final = re.compile(r"\w(?:[\w.·-]{0,30}\w)?")
_NUMBER: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LINE_BREAKS: Final = "\n\t"
_MAX_FILENAME: Final = 120
MAX_NOTE: Final = 500
_MAX_QUERY: Final = 200
_MAX_WORDS: Final = 10


def account_name(text: str) -> str:
    """Returns a sign-in name in its normal form: 1 to 32 letters, digits or ``_ . · -``, in any script.

    Raises:
        UsageError: Too long, empty, or with other signs.
    """
    name = unicodedata.normalize("NFKC", text.strip())
    if not _NAME.fullmatch(name):
        raise UsageError("name-rule")
    return name


def name_key(text: str) -> str:
    """Folds what looks or reads the same: width, case, compatibility forms (``Ａdmin``, ``ADMIN``, ``admin``)."""
    return "".join(c if _is_storable(c) else "\ufffd" for c in _folded(text.strip()))


def line(text: str, *, most: int, code: str) -> str:
    """Returns one line: a title, a display name.

    Raises:
        UsageError: Longer than ``most`` characters.
    """
    tidy = " ".join(_visible(text, keep="").split())
    if len(tidy) > most:
        raise UsageError(code, most=most, length=len(tidy))
    return tidy


def paragraphs(text: str, *, most: int, code: str) -> str:
    """Returns a longer text with its line breaks.

    Raises:
        UsageError: Longer than ``most`` characters.
    """
    tidy = _visible(text.replace("\r\n", "\n").replace("\r", "\n"), keep=_LINE_BREAKS)
    if len(tidy) > most:
        raise UsageError(code, most=most, length=len(tidy))
    return tidy


def declaration(said: Declaration) -> Declaration:
    """Returns a declaration with its note as one tidy line.

    Raises:
        UsageError: The note is too long.
    """
    return replace(said, note=line(said.note, most=MAX_NOTE, code="note-rule"))


def filename(text: str) -> str:
    """Returns a name for display and download: no folders, no invisible or direction-changing signs, bounded."""
    base = re.split(r"[/\\]", text)[-1]
    seen = "".join(c for c in unicodedata.normalize("NFC", base) if unicodedata.category(c)[0] != "C").strip(" .")
    path = PurePosixPath(seen or "file")
    ending = path.suffix[:16]
    return path.name.removesuffix(path.suffix)[: _MAX_FILENAME - len(ending)] + ending


def searchable(*texts: str) -> str:
    """Returns what a search looks through."""
    return _folded("\n".join(texts))


def search_words(query: str) -> tuple[str, ...]:
    """Returns the words of a query, folded as :func:`searchable` does."""
    return tuple(_folded(_visible(query[:_MAX_QUERY], keep="")).split()[:_MAX_WORDS])


def is_number(text: str) -> bool:
    """Tells whether a text can be the number of an item, a draft or an account."""
    return _NUMBER.fullmatch(text) is not None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_storable(character: str) -> bool:
    """Tells control characters and unpaired surrogates from the rest; databases refuse some of them."""
    return unicodedata.category(character) not in ("Cc", "Cs")


def _visible(text: str, *, keep: str) -> str:
    """Drops control characters and unpaired surrogates; a lone line break becomes a space where none is kept."""
    return "".join(c if c in keep or _is_storable(c) else (" " if c in "\n\t\r" else "") for c in text)
