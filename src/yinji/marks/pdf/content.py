"""What a page's own content leaves of the graphics state, so that a label behind it stands where it should.

Content may save the state more often than it restores it, or the other way round (ISO 32000-1, 8.4.2 forbids both,
and both are common). The label is drawn behind as many restores as bring back the state in front of the page.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    rb"%[^\r\n]*"  # a comment
    rb"|\((?:[^()\\]|\\.)*"  # a string, up to its first bracket
    rb"|<[0-9A-Fa-f\x00\t\n\x0c\r ]*>"
    rb"|/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*"
    rb"|[^\x00\t\n\x0c\r ()<>\[\]{}/%]+",
    re.DOTALL,
)
_STRING: Final = re.compile(rb"[()]|\\.", re.DOTALL)
_INLINE_END: Final = re.compile(rb"[\x00\t\n\x0c\r ]EI(?=[\x00\t\n\x0c\r /\]>]|$)")


class Balance(NamedTuple):
    """How often content saves and restores the graphics state.

    Attributes:
        lowest: Depth at its lowest, 0 or less.
        last: Depth at the end.
    """

    lowest: int
    last: int

    @property
    def saves(self) -> int:
        """How many saves keep the state in front of the content."""
        return 1 - self.lowest

    @property
    def restores(self) -> int:
        """How many restores bring it back behind the content."""
        return self.saves + self.last


def balance(content: bytes) -> Balance:
    """Counts ``q`` and ``Q`` outside strings, names, comments and inline images."""
    if b"q" not in content and b"Q" not in content:
        return Balance(0, 0)
    depth = lowest = at = 0
    while token := _TOKEN.search(content, at):
        at = token.end()
        word = token[0]
        if word == b"q":
            depth += 1
        elif word == b"Q":
            depth -= 1
            lowest = min(lowest, depth)
        elif word[:1] == b"(":
            at = _string_end(content, at)
        elif word == b"ID":
            ending = _INLINE_END.search(content, at)
            at = ending.end() if ending else len(content)
    return Balance(lowest, depth)


def _string_end(content: bytes, at: int) -> int:
    """Returns the position behind a literal string of which everything up to its first bracket has been read."""
    depth = 1
    while depth and (mark := _STRING.search(content, at)):
        at = mark.end()
        depth += {b"(": 1, b")": -1}.get(mark[0], 0)
    return at if not depth else len(content)
