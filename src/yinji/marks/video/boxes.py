"""Boxes of ISO base media files (ISO/IEC 14496-12), as far as replacing samples needs them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import BinaryIO, Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, Truncated

_MOST_BOXES: Final = 10_000
MOST_SAMPLES: Final = 10_000_000


class Box(NamedTuple):
    """A box in a file or in a byte string."""

    kind: bytes
    start: int
    body: int
    stop: int


def top_level(file: BinaryIO, size: int) -> list[Box]:
    """Lists the boxes of a file.

    Raises:
        Malformed, Truncated, LimitExceeded: The structure is broken.
    """
    boxes: list[Box] = []
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        box = _box(head, at, size)
        if box.stop > size:
            raise Truncated("mark-truncated", kind="MP4", size=size)
        boxes.append(box)
        if len(boxes) > _MOST_BOXES:
            raise LimitExceeded("too-many-segments", limit=_MOST_BOXES)
        at = box.stop
    return boxes


def _box(head: bytes, at: int, end: int) -> Box:
    length = int.from_bytes(head[:4], "big")
    body = 8
    if length == 1:
        length, body = int.from_bytes(head[8:16], "big"), 16
    elif length == 0:
        length = end - at
    if length < body:
        raise Malformed("mark-not-decodable", kind="MP4", reason=f"box at {at}")
    return Box(head[4:8], at, at + body, at + length)


def children(data: bytes, start: int = 0) -> Iterator[Box]:
    """Yields the boxes of a byte string; a tail too short for a box is passed over.

    Raises:
        Malformed: One leads beyond the end.
    """
    at = start
    while at + 8 <= len(data):
        box = _box(data[at : at + 16], at, len(data))
        if box.stop > len(data):
            raise Malformed("mark-not-decodable", kind="MP4", reason=f"box {box.kind!r}")
        yield box
        at = box.stop


def child(data: bytes, *path: bytes) -> bytes | None:
    """Returns the body of the first box at a path of kinds."""
    for kind in path:
        found = next((b for b in children(data) if b.kind == kind), None)
        if found is None:
            return None
        data = data[found.body : found.stop]
    return data


def box(kind: bytes, body: bytes) -> bytes:
    """Makes a box.

    Raises:
        LimitExceeded: It would not fit its 32-bit size.
    """
    if len(body) + 8 >= 1 << 32:
        raise LimitExceeded("too-many-bytes", limit=(1 << 32) - 9)
    return struct.pack(">I4s", len(body) + 8, kind) + body


Change = Callable[[bytes], bytes | None]


def edited(data: bytes, changes: Mapping[bytes, Change], start: int = 0) -> bytes:
    """Returns a body whose boxes of the given kinds went through a function; None leaves a box out."""
    out, kept = [data[:start]], start
    for found in children(data, start):
        change = changes.get(found.kind)
        if change is not None:
            out.append(data[kept : found.start])
            fresh = change(data[found.body : found.stop])
            out.append(b"" if fresh is None else box(found.kind, fresh))
            kept = found.stop
    out.append(data[kept:])
    return b"".join(out)


def table(body: bytes, format: str, *, skip: int = 4) -> list[tuple[int, ...]]:
    """Reads a counted table of a full box.

    Raises:
        Malformed: It is shorter than it says.
    """
    row = struct.Struct(">" + format)
    count = int.from_bytes(body[skip : skip + 4], "big")
    data = body[skip + 4 : skip + 4 + count * row.size]
    if len(data) != count * row.size or len(body) < skip + 4:
        raise Malformed("mark-not-decodable", kind="MP4", reason="sample table")
    return list(row.iter_unpack(data))


def written(head: bytes, format: str, rows: Sequence[tuple[int, ...]]) -> bytes:
    """Writes a counted table."""
    row = struct.Struct(">" + format)
    return head + len(rows).to_bytes(4, "big") + b"".join(row.pack(*r) for r in rows)


def expanded(runs: Sequence[tuple[int, ...]], count: int) -> list[int]:
    """Expands (count, value) runs to exactly ``count`` values, zeros where they end early."""
    values: list[int] = []
    for run, value in runs:
        values += [value] * min(run, count - len(values))
    return values + [0] * (count - len(values))


def runs(values: Sequence[int]) -> list[tuple[int, ...]]:
    """Packs values as (count, value) runs."""
    return [(sum(1 for _ in group), value) for value, group in groupby(values)]
