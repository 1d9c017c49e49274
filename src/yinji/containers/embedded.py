"""Labels glued into bytes that have no fields: comments, private segments and chunks, what follows an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_START: Final = re.compile(
    rb"AIGC[\0=:\s]{0,4}(?=\{)"  # the name, then the object
    rb"|\{\s{0,8}[\"']AIGC[\"']\s{0,8}:"  # the wrapped object
    rb"|\{\s{0,8}[\"'](?:Label|ContentProducer)[\"']\s{0,8}:"  # the object alone
)
_TOKEN: Final = re.compile(rb"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[{}]", re.DOTALL)
MAX_VALUE: Final = 1 << 20
"""Longest value looked at."""


class Embedded(NamedTuple):
    """One label-like value.

    Attributes:
        key: ``AIGC`` where the name stands in front of the value, else "".
        text: The value.
        start: Where the name, or else the value, begins.
        stop: Where the value ends.
    """

    key: str
    text: str
    start: int
    stop: int


def find(data: bytes) -> Iterator[Embedded]:
    """Yields label-like values in the order in which they stand in ``data``."""
    if b"{" not in data:
        return  # a search for one byte costs a hundredth of the expression, and most padding has none
    at = 0
    while match := _START.search(data, at):
        named = match[0][:1] != b"{"
        value = match.end() if named else match.start()
        at = _object_end(data, value)
        yield Embedded("AIGC" if named else "", decoded(data[value:at]), match.start(), at)


def decoded(raw: bytes) -> str:
    """Returns text as writers leave it where no encoding is prescribed: UTF-8, else GB 18030."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _object_end(data: bytes, start: int) -> int:
    """Returns where the object at ``start`` closes; an open one reaches to the first NUL or the end."""
    depth = 0
    for token in _TOKEN.finditer(data, start, start + MAX_VALUE):
        if token[0] == b"{":
            depth += 1
        elif token[0] == b"}":
            depth -= 1
            if depth == 0:
                return token.end()
    stop = data.find(b"\0", start, start + MAX_VALUE)
    return stop if stop > 0 else min(len(data), start + MAX_VALUE)
