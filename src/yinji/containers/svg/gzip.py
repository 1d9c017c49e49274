"""The gzip wrapper of SVGZ (RFC 1952), inflated within bounds."""

from __future__ import annotations

import gzip
import zlib
from typing import Final

from yinji.containers.source import Source
from yinji.errors import LimitExceeded, Malformed

MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 31
_LEVEL: Final = 9


def inflated(source: Source) -> Source:
    """Returns the text inside as a source of its own.

    Raises:
        Malformed: No gzip, or damaged, or cut short.
        LimitExceeded: It expands beyond ``limits.inflated``.
    """
    if source.head[:2] != MAGIC:
        raise Malformed("svgz-not-gzip", path=source.name)
    return Source.open(_text(source), name=source.name, limits=source.limits)


def deflated(text: bytes) -> bytes:
    """Returns a gzip file that is the same whenever it is made."""
    return gzip.compress(text, _LEVEL, mtime=0)


def starts_as_svg(head: bytes) -> bool:
    """Whether the first bytes of a gzip file hold the start of an SVG."""
    try:
        text = zlib.decompressobj(_GZIP).decompress(head, 1024)
    except zlib.error:
        return False
    return b"<svg" in text or b"<!DOCTYPE svg" in text


def _text(source: Source) -> bytes:
    """Inflates every member: gzip files may be several in a row. Anything else behind them is left aside."""
    data = source.read(0, source.size)
    limit = source.limits.inflated
    pieces: list[bytes] = []
    size = 0
    while data[:2] == MAGIC:
        source.element()
        engine = zlib.decompressobj(_GZIP)
        try:
            piece = engine.decompress(data, limit - size + 1)
        except zlib.error:
            if pieces:
                break
            raise Malformed("bad-compression", path=source.name, offset=0) from None
        size += len(piece)
        if size > limit:
            raise LimitExceeded("inflates-too-far", path=source.name, offset=0, limit=limit)
        if not engine.eof:
            raise Malformed("bad-compression", path=source.name, offset=0)
        pieces.append(piece)
        data = engine.unused_data
    return b"".join(pieces)
