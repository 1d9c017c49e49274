"""Text files as characters that know their bytes: UTF-8, UTF-16, and anything else without losing a byte."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from yinji.containers.source import Source
from yinji.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class TextFile:
    """A decoded text.

    Attributes:
        text: The characters, without a byte order mark. Bytes that are no UTF-8 stand as lone surrogates;
            an odd last byte of UTF-16 is left out.
        mark: Length of the byte order mark.
        codec: Name of the encoding.
    """

    text: str
    mark: int
    codec: str

    @staticmethod
    def raw(source: Source) -> bytes:
        """Returns the bytes of the whole file.

        Raises:
            LimitExceeded: It is longer than one allocation may be.
        """
        if source.size > source.limits.one_read:
            raise LimitExceeded("text-too-long", path=source.name, size=source.size, limit=source.limits.one_read)
        return source.read(0, source.size)

    @classmethod
    def read(cls, source: Source) -> TextFile:
        """Reads the whole file.

        Raises:
            LimitExceeded: As :meth:`raw`.
        """
        return cls.of(cls.raw(source))

    @classmethod
    def of(cls, data: bytes) -> TextFile:
        """Decodes by the byte order mark; without one it is UTF-8, as Markdown and the guide have it."""
        for order_mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
            if data.startswith(order_mark):
                return cls(data[2 : len(data) & ~1].decode(codec, "surrogatepass"), 2, codec)
        mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
        return cls(data[mark:].decode("utf-8", "surrogateescape"), mark, "utf-8")

    def encoded(self, text: str) -> bytes:
        """Returns characters in the encoding of this file."""
        return text.encode(self.codec, "surrogateescape" if self.codec == "utf-8" else "surrogatepass")

    def offset(self, at: int) -> int:
        """Returns the byte position in the file of the character ``at``."""
        return self.mark + len(self.encoded(self.text[:at]))

    def readable(self, text: str) -> str:
        """Returns characters as text that can be shown: bytes that are no UTF-8 are taken for GB 18030."""
        if self.codec != "utf-8" or text.isascii():
            return text
        return self.encoded(text).decode("utf-8" if _is_clean(text) else "gb18030", "replace")

    @property
    def newline(self) -> str:
        """The first line end of the text, or a line feed."""
        first = min((at for mark in "\r\n" if (at := self.text.find(mark)) >= 0), default=-1)
        if first < 0:
            return "\n"
        return "\r\n" if self.text[first : first + 2] == "\r\n" else self.text[first]


def _is_clean(text: str) -> bool:
    return not any("\udc80" <= char <= "\udcff" for char in text)
