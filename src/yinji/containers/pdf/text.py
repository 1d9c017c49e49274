"""Text strings of PDF (ISO 32000-1, 7.9.2.2 and annex D): bytes to text and back."""

from __future__ import annotations

import codecs
import re
from typing import Final

_PDF_DOC: Final = (
    {0x18 + i: c for i, c in enumerate("\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc")}
    | {
        0x80 + i: c
        for i, c in enumerate(
            "\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018"
            "\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e\ufffd"
        )
    }
    | {0xA0: "\u20ac", 0xAD: "\ufffd"}
)
_LANGUAGE: Final = re.compile("\x1b[^\x1b]{0,8}\x1b")


def decoded(data: bytes) -> tuple[str, bool]:
    """Decodes a text string.

    Returns:
        The text, and whether it is proper: UTF-8 without its byte order mark is not, but scripts write it, and
        non-ASCII bytes that happen to be valid UTF-8 are hardly ever meant as PDFDocEncoding.
    """
    if data.startswith(codecs.BOM_UTF16_BE):
        return _LANGUAGE.sub("", data[2:].decode("utf-16-be", "replace")), True
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace"), True
    if data.startswith(codecs.BOM_UTF16_LE):
        return data[2:].decode("utf-16-le", "replace"), False
    if not data.isascii():
        try:
            return data.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    text = data.decode("latin-1")
    return text if data.isascii() and text.isprintable() else text.translate(_PDF_DOC), True


def encoded(text: str) -> bytes:
    """Encodes a text string: ASCII as it is, everything else as UTF-16BE with its byte order mark."""
    if text.isascii() and text.isprintable():
        return text.encode("ascii")
    return codecs.BOM_UTF16_BE + text.encode("utf-16-be", "surrogatepass")


def token(data: bytes) -> bytes:
    """Spells a string: printable ASCII as a literal with ``(``, ``)`` and the backslash escaped, the rest in hex."""
    if data.isascii() and data.decode("ascii").isprintable():
        return b"(" + re.sub(rb"([()\\])", rb"\\\1", data) + b")"
    return b"<" + data.hex().upper().encode() + b">"
