"""Vorbis comments (Vorbis I, 5; RFC 9639, 8.6; RFC 7845, 5.2): ``AIGC=`` and the value (TC260-PG-202510A C-E, R54).

A vendor string and a list of ``NAME=value`` texts in UTF-8; names are ASCII and case-insensitive. FLAC keeps them in a
metadata block, Ogg in the second packet of a stream. What stands behind the list belongs to the codec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import Final, NamedTuple

from yinji.containers.candidate import shows_sign
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.errors import Malformed
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

KEY: Final = "AIGC"
VENDOR: Final = b"Yinji"
"""Of comments that had to be made new."""

_LENGTH: Final = Struct("<I").unpack_from
_MANY: Final = 500
_PICTURES: Final = frozenset(("METADATA_BLOCK_PICTURE", "COVERART"))


class Comments(NamedTuple):
    """One list of comments.

    Attributes:
        vendor: The encoder's name.
        entries: ``NAME=value`` each, as bytes.
        rest: What stands behind the list: framing bit, padding, binary data.
    """

    vendor: bytes
    entries: tuple[bytes, ...]
    rest: bytes = b""


def parse(source: Source, data: bytes, at: int) -> Comments:
    """Takes a list of comments apart.

    Args:
        source: The file, for its bounds and its name.
        data: From the length of the vendor string on.
        at: Where the smallest structure around them stands, for messages.

    Raises:
        Malformed: A length does not fit.
        LimitExceeded: Too many entries.
    """
    vendor, position = _text(source, data, 0, at)
    count = int.from_bytes(data[position : position + 4], "little")
    if len(data) - position < 4 or count > (len(data) - position) // 4:
        raise Malformed("vorbis-comment", path=source.name, offset=at)
    position += 4
    entries = []
    for _ in range(count):
        source.element(1)
        entry, position = _text(source, data, position, at)
        entries.append(entry)
    return Comments(vendor, tuple(entries), data[position:])


def encode(comments: Comments) -> bytes:
    """Returns the bytes of a list of comments and what stands behind it."""
    count = len(comments.entries).to_bytes(4, "little")
    return b"".join((_sized(comments.vendor), count, *map(_sized, comments.entries), comments.rest))


def _sized(text: bytes) -> bytes:
    return len(text).to_bytes(4, "little") + text


def blocks(comments: Comments, position: Callable[[int], int], problems: tuple[Problem, ...] = ()) -> Iterator[Block]:
    """Yields one block an entry; pictures are left out.

    Args:
        comments: The list.
        position: Where in the file a byte of the list stands, counted from the length of the vendor string.
        problems: What is wrong with the block or packet that holds the list.
    """
    at = 8 + len(comments.vendor)
    for entry in comments.entries:
        stop = at + 4 + len(entry)
        key, text, is_exact = _split(entry)
        if key.upper() not in _PICTURES:
            wrong = () if is_exact else (Problem("vorbis-encoding", Severity.ERROR, "R54"),)
            yield Block("vorbis-comment", key, text, position(at), position(stop), (*problems, *wrong))
        at = stop


def telling(data: bytes, base: int) -> list[Block] | None:
    """Returns the blocks of those entries that show a sign of a label; None where the list does not fit its bytes.

    Args:
        data: As for :func:`parse`, which takes ten times as long where there is nothing to find.
        base: Where it stands in the file, in one piece.
    """
    unpack, size = _LENGTH, len(data)
    at = 8 + unpack(data, 0)[0]
    count = unpack(data, at - 4)[0]
    if count > _MANY:
        return None
    found: list[Block] = []
    is_plain = not shows_sign(data)
    for _ in range(count):
        stop = at + 4 + unpack(data, at)[0]
        if stop > size:
            return None
        if not is_plain and shows_sign(entry := data[at + 4 : stop]):
            key, text, is_exact = _split(entry)
            if key.upper() not in _PICTURES:
                wrong = () if is_exact else (Problem("vorbis-encoding", Severity.ERROR, "R54"),)
                found.append(Block("vorbis-comment", key, text, base + at, base + stop, wrong))
        at = stop
    return found


def holds_label(entry: bytes) -> bool:
    """Whether an entry is a label, by its name or by its value."""
    key, text, _ = _split(entry)
    return key.upper() == KEY or (key.upper() not in _PICTURES and looks_like_label(text))


def with_label(comments: Comments, json: str | None) -> Comments:
    """Returns the list with exactly one label: in the place of the first there was, else at the end.

    Args:
        comments: The list; every other entry stays as it is, in its order.
        json: The value; None for a further list of a file that gets its one label elsewhere in the same step.
    """
    new = [] if json is None else [f"{KEY}={json}".encode()]
    entries: list[bytes] = []
    for entry in comments.entries:
        if holds_label(entry):
            entries += new
            new = []
        else:
            entries.append(entry)
    return comments._replace(entries=(*entries, *new))


def _text(source: Source, data: bytes, position: int, at: int) -> tuple[bytes, int]:
    """Returns the text whose length stands at ``position``, and where the next one begins."""
    start = position + 4
    stop = start + int.from_bytes(data[position:start], "little")
    if start > len(data) or stop > len(data):
        raise Malformed("vorbis-comment", path=source.name, offset=at)
    return data[start:stop], stop


def _split(entry: bytes) -> tuple[str, str, bool]:
    """Returns name, value, and whether the value is the UTF-8 that it should be."""
    name, sign, value = entry.partition(b"=")
    if not sign:
        name, value = b"", entry
    key = name.decode("ascii", "replace")
    try:
        return key, value.decode("utf-8"), True
    except UnicodeDecodeError:
        return key, value.decode("gb18030", "replace"), False
