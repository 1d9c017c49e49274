"""Whether bytes that are named as a text are one: whatever else they are, no label is found in them, nor missed."""

from __future__ import annotations

import codecs
from typing import Final

from yinji.errors import Malformed

_NEVER: Final = bytes(sorted({*range(0x01, 0x09), 0x0B, *range(0x10, 0x1B), *range(0x1C, 0x20)}))
"""Control bytes that no encoding of text uses (WHATWG MIME Sniffing, binary data byte), without NUL; and without the
shifts (SO, SI) and the ESC of ISO 2022, in which Korean, Chinese and Japanese texts are written."""

_LOOKED_AT: Final = 1024
_FEW: Final = 100
"""One control byte in so many is a slip of whoever pasted the text; ciphertext and compressed data have one in ten."""

_WIDE: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def refuse_binary(data: bytes, path: str, wide: str = "") -> None:
    """Refuses bytes that are no text in any encoding: NUL, or many control bytes at their front.

    Args:
        data: The whole file. UTF-16 has NUL in half of its bytes; it is known by its byte order mark.
        path: Name for the message.
        wide: The byte order of UTF-16 that is known otherwise.

    Raises:
        Malformed: It is no text.
    """
    if wide := wide or _WIDE.get(data[:2], ""):
        text = data[: len(data) & ~1].decode(wide, "surrogatepass")
        if (at := text.find("\0")) >= 0:
            raise Malformed("not-text", path=path, offset=len(text[:at].encode(wide, "surrogatepass")), byte="0x0000")
    elif (place := byte_of_no_text(data)) >= 0:
        raise Malformed("not-text", path=path, offset=place, byte=f"0x{data[place]:02X}")


def byte_of_no_text(data: bytes) -> int:
    """Returns where bytes that are not UTF-16 stop to be text, or -1."""
    front = data[:_LOOKED_AT]
    if len(front) - len(front.translate(None, _NEVER)) > max(1, len(front) // _FEW):
        return next(at for at, byte in enumerate(front) if byte in _NEVER)
    return data.find(0)
