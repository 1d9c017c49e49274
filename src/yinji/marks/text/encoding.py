"""Text files as characters, in an encoding that gives exactly the same bytes back."""

from __future__ import annotations

import codecs
from typing import BinaryIO, Final

from yinji.errors import LimitExceeded, Malformed, UsageError

MOST_BYTES: Final = 64 << 20
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read(file: BinaryIO) -> bytes:
    """Returns the whole file.

    Raises:
        LimitExceeded: It is longer than :data:`MOST_BYTES`.
    """
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise LimitExceeded("too-many-bytes", path=str(getattr(file, "name", "") or ""), limit=MOST_BYTES)
    return data


def decoded(data: bytes, name: str) -> tuple[bytes, str, str]:
    """Returns the byte order mark, the encoding and the text; decoding must be exact both ways.

    Raises:
        Malformed: It is in none of the encodings.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            candidates = [(bom, encoding)]
            break
    else:
        candidates = [(b"", "utf-8"), (b"", "gb18030")]
    for bom, encoding in candidates:
        try:
            text = data[len(bom) :].decode(encoding)
            exact = text.encode(encoding) == data[len(bom) :]
        except UnicodeError:
            continue
        if exact and "\0" not in text:
            return bom, encoding, text
    raise Malformed("text-encoding", path=name, encoding=" / ".join(e for _, e in candidates))


def encoded(paragraph: str, encoding: str, words: str, name: str) -> bytes:
    """Returns what is put into a text in its encoding.

    Raises:
        UsageError: The encoding lacks characters of the words.
    """
    try:
        return paragraph.encode(encoding)
    except UnicodeError as error:
        raise UsageError("text-cannot-write", path=name, encoding=encoding, words=words) from error
