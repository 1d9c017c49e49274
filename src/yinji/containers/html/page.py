"""The text of a web page as characters that know their bytes, whatever encoding it is in."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.containers.edits import smallest
from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.errors import LimitExceeded

HEAD_TAGS: Final = frozenset(
    ["html", "head", "title", "meta", "link", "base", "basefont", "bgsound", "script", "style", "noscript", "template"]
)
"""Elements that stand in a head."""

_DECLARED: Final = re.compile(rb"""<meta[^<>]*?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_XML: Final = re.compile(r"\s*(?:<\?xml\s|<!DOCTYPE[^>]*XHTML)", re.IGNORECASE)
_XML_CHARSET: Final = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})""")


_ASCII: Final = "".join(map(chr, range(0x20, 0x7F)))


class Page(NamedTuple):
    """A document as characters that know their bytes.

    Attributes:
        text: One character a byte, or decoded UTF-16.
        mark: Length of the byte order mark.
        codec: ``latin-1`` or that of UTF-16.
        charset: What values are written in.
    """

    text: str
    mark: int
    codec: str
    charset: str

    def offset(self, at: int) -> int:
        if self.codec == "latin-1":
            return self.mark + at
        return self.mark + len(self.text[:at].encode(self.codec, self._errors))

    def edits(self, start: int, stop: int, new: str) -> Iterator[Edit]:
        """Yields the change of some characters, without what stays the same at either end of it."""
        old = self.text[start:stop].encode(self.codec, self._errors)
        yield from smallest(self.offset(start), old, new.encode(self.codec, self._errors))

    @property
    def _errors(self) -> str:
        return "strict" if self.codec == "latin-1" else "surrogatepass"

    def value(self, written: str) -> str:
        """Returns an attribute's value, decoded and with its references resolved."""
        if self.codec == "latin-1":
            written = written.encode("latin-1").decode(self.charset, "replace")
        return html.unescape(written)

    @property
    def is_xml(self) -> bool:
        return _XML.match(self.text) is not None


def read(source: Source) -> bytes:
    """Returns the whole page.

    Raises:
        LimitExceeded: It is longer than one allocation may be.
    """
    if source.size > source.limits.one_read:
        raise LimitExceeded("text-too-long", path=source.name, size=source.size, limit=source.limits.one_read)
    return source.read(0, source.size)


def decoded(data: bytes) -> Page:
    """Returns a page: UTF-16 decoded, all other encodings one character a byte."""
    for order, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(order) or data[:2] == "<".encode(codec):
            length = 2 if data.startswith(order) else 0
            body = data[length : len(data) - (len(data) - length) % 2]
            return Page(body.decode(codec, "surrogatepass"), length, codec, codec)
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    return Page(data[mark:].decode("latin-1"), mark, "latin-1", "utf-8" if mark else _charset(data))


def _charset(data: bytes) -> str:
    """Returns the encoding that the page declares, or UTF-8.

    A page whose declaration can be read in single bytes is in no encoding that writes ASCII otherwise, whatever it
    declares: browsers take UTF-16 for UTF-8 there (HTML 13.2.3.2).
    """
    declared = _XML_CHARSET.match(data) or _DECLARED.search(data, 0, 4096)
    try:
        name = codecs.lookup(declared[1].decode()).name if declared else "utf-8"
        if _ASCII.encode().decode(name) != _ASCII:
            return "utf-8"
    except (LookupError, ValueError):
        return "utf-8"
    return {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252"}.get(name, name)
