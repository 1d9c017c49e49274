"""Where the directory of a ZIP archive lies: its end record, and that of ZIP64 (APPNOTE 6.3.10, 4.3.14 to 4.3.16)."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.errors import Malformed, Truncated
from yinji.limits import KIB

CENTRAL: Final = b"PK\1\2"
END: Final = b"PK\5\6"
END64: Final = b"PK\6\6"
LOCATOR64: Final = b"PK\6\7"

CENTRAL_SIZE: Final = 46
END_SIZE: Final = 22
END64_SIZE: Final = 56
LOCATOR_SIZE: Final = 20

_TAIL: Final = 8 * KIB
"""Second read. It usually holds the whole directory and the small parts that stand in front of it."""
_LONGEST_TAIL: Final = END_SIZE + 0xFFFF
_MAX_ENDS: Final = 256

_END: Final = struct.Struct("<4sHHHHIIH")
_END64: Final = struct.Struct("<4sQ2H2I4Q")


class Ending(NamedTuple):
    """Where the directory of an archive lies.

    Attributes:
        start, size: Position and length of the central directory.
        entries: How many files it names.
        shift: What is added to offsets in the archive to get positions in the file (a program put in front).
        end64: Position of the ZIP64 end record, or -1.
        end: Position of the end record.
        stop: Behind the end record and its comment.
    """

    start: int
    size: int
    entries: int
    shift: int
    end64: int
    end: int
    stop: int


def find_ending(source: Source) -> tuple[Ending, int, bytes]:
    """Returns where the directory lies, and the end of the file as far as it was read: from where, and the bytes.

    Raises:
        Truncated: There is no end record.
        Malformed: An end record is there, but the directory it tells of is not.
    """
    for length in (_TAIL, _LONGEST_TAIL):
        start = max(0, source.size - length)
        tail = source.read(start, source.size - start)
        if (ending := _ending(source, tail, start)) is not None:
            return ending, start, tail
        if start == 0:
            break
    raise Truncated("zip-no-end", path=source.name, offset=source.size)


def _ending(source: Source, tail: bytes, start: int) -> Ending | None:
    """Returns the last end record in the tail that fits the file, or None.

    Raises:
        Malformed: An end record is there, but the directory it tells of is not.
    """
    broken: Malformed | None = None
    at = tail.rfind(END)
    for _ in range(_MAX_ENDS):
        if at < 0:
            break
        if at + END_SIZE <= len(tail):
            try:
                return _checked(source, tail, start, at)
            except Malformed as error:
                if _reaches_end(source, tail, start, at):
                    raise
                broken = broken or error
        at = tail.rfind(END, 0, at)
    if broken is not None and start == 0:
        raise broken
    if broken is not None and source.size - start >= _LONGEST_TAIL:
        raise broken
    return None


def _reaches_end(source: Source, tail: bytes, start: int, at: int) -> bool:
    (comment,) = struct.unpack_from("<H", tail, at + END_SIZE - 2)
    return start + at + END_SIZE + int(comment) == source.size


def _checked(source: Source, tail: bytes, start: int, at: int) -> Ending:
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(tail, at)
    end = start + at
    end64, behind = -1, end
    if at >= LOCATOR_SIZE and tail[at - LOCATOR_SIZE :][:4] == LOCATOR64:
        end64, count, size, offset = _end64(source, end)
        behind = end64
    elif disk or first_disk or here != count:
        raise Malformed("zip-split", path=source.name)
    shift = behind - size - offset
    is_stray = shift and not count and end + END_SIZE + comment != source.size  # bytes that look like one, or remains
    if shift < 0 or count * CENTRAL_SIZE > size or is_stray:
        raise Malformed("zip-directory", path=source.name, offset=end)
    if shift and count and source.read_up_to(offset, 4) == CENTRAL:
        raise Malformed("zip-two-directories", path=source.name, first=offset, second=offset + shift)
    return Ending(offset + shift, size, count, shift, end64, end, min(end + END_SIZE + comment, source.size))


def _end64(source: Source, end: int) -> tuple[int, int, int, int]:
    """Returns position, entries, size and offset that the ZIP64 end record tells (APPNOTE 4.3.14)."""
    (told,) = struct.unpack("<Q", source.read(end - LOCATOR_SIZE + 8, 8))
    for at in (end - LOCATOR_SIZE - END64_SIZE, told):
        if at >= 0 and source.read_up_to(at, 4) == END64 and at + END64_SIZE <= end - LOCATOR_SIZE:
            _, _, _, _, disk, first_disk, here, count, size, offset = _END64.unpack(source.read(at, END64_SIZE))
            if disk or first_disk or here != count:
                raise Malformed("zip-split", path=source.name)
            return at, count, size, offset
    raise Malformed("zip-directory", path=source.name, offset=end - LOCATOR_SIZE)
