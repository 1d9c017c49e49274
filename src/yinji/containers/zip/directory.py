"""The directory of a ZIP archive (APPNOTE 6.3.10; ISO/IEC 21320-1), read within bounds.

Names of entries are only ever compared, never used as paths. What the central directory says is held against the local
header before a part is believed, so that no two readers can see different contents in the same file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.containers.zip.ending import CENTRAL, CENTRAL_SIZE, Ending, find_ending
from yinji.errors import Encrypted, LimitExceeded, Malformed, UnsupportedFormat
from yinji.limits import KIB, MIB

LOCAL: Final = b"PK\3\4"
DESCRIPTOR: Final = b"PK\7\x08"

LOCAL_SIZE: Final = 30

STORED: Final = 0
DEFLATED: Final = 8
ENCIPHERED: Final = 1
HAS_DESCRIPTOR: Final = 8
UTF8: Final = 0x800
WIDE: Final = 0xFFFFFFFF
WIDE_COUNT: Final = 0xFFFF
ZIP64_FIELD: Final = 1

_GAP: Final = 16 * KIB
"""Parts this close are fetched in one read."""
_EXTRA: Final = 64
"""What a local header may be longer than its central twin tells; longer ones cost a read more."""
_RATIO_FROM: Final = 1 * MIB
_RATIO: Final = 250

_HEADER: Final = struct.Struct("<4s6H3I5H2I")
_LENGTHS: Final = struct.Struct("<HHH")
_LOCAL: Final = struct.Struct("<4s5H3I2H")


class Entry(NamedTuple):
    """One file in the archive, as the central directory describes it.

    Attributes:
        name: Its name, as bytes.
        at: Position of the central record.
        length: Length of the central record.
        flags, method, stamp, crc: As written; ``stamp`` is date and time in one number.
        packed, size: Bytes as they lie in the file, and as they expand.
        start: Position of the local header in the file.
    """

    name: bytes
    at: int
    length: int
    flags: int
    method: int
    stamp: int
    crc: int
    packed: int
    size: int
    start: int

    @property
    def shown(self) -> str:
        """The name for messages."""
        return self.name.decode("utf-8", "replace")


class Archive:
    """A ZIP archive whose directory has been read.

    Attributes:
        source: The file.
        ending: Where the directory lies.
        directory: Its bytes.
    """

    def __init__(self, source: Source, ending: Ending, stretches: list[tuple[int, bytes]]) -> None:
        self.source: Final = source
        self.ending: Final = ending
        self._stretches = stretches
        self.directory: Final = self.read(ending.start, ending.size)
        self._places = self._walk()
        self._contents: dict[bytes, bytes] = {}
        self._found: dict[bytes, Entry] = {}
        self._spans: dict[bytes, tuple[int, int]] = {}
        self._total = 0

    @classmethod
    def open(cls, source: Source) -> Archive:
        """Reads the directory.

        Raises:
            Truncated: There is no end record: not the whole file, or no archive.
            Malformed: The directory breaks the rules, names a file twice, or can be read in two ways.
            LimitExceeded: It is too large.
        """
        ending, tail_at, tail = find_ending(source)
        return cls(source, ending, [(tail_at, tail)])

    def __contains__(self, name: bytes) -> bool:
        return name in self._places

    @property
    def names(self) -> Iterable[bytes]:
        """All names, in the order of the directory."""
        return self._places.keys()

    def entries(self) -> Iterator[Entry]:
        """Yields all entries, in the order of the directory."""
        return (self._entry(name, at) for name, at in self._places.items())

    def find(self, name: bytes) -> Entry | None:
        """Returns the entry of exactly this name, or None."""
        entry = self._found.get(name)
        if entry is None and (at := self._places.get(name)) is not None:
            entry = self._found[name] = self._entry(name, at)
        return entry

    def require(self, name: bytes) -> Entry:
        """Returns the entry of exactly this name.

        Raises:
            Malformed: There is none.
        """
        entry = self.find(name)
        if entry is None:
            raise Malformed("zip-missing", path=self.source.name, name=name.decode("utf-8", "replace"))
        return entry

    def read(self, at: int, length: int) -> bytes:
        """Returns bytes of the file, from what was fetched before where that holds them."""
        for start, data in self._stretches:
            if start <= at and at + length <= start + len(data):
                return data[at - start : at - start + length]
        return self.source.read(at, length)

    def fetch(self, entries: Iterable[Entry | None]) -> None:
        """Fetches parts that lie close together in as few reads as possible; :meth:`content` then costs none."""
        ranges = sorted(self._range(entry) for entry in entries if entry is not None)
        joined: list[list[int]] = []
        for start, stop in ranges:
            if joined and start - joined[-1][1] <= _GAP:
                joined[-1][1] = max(joined[-1][1], stop)
            else:
                joined.append([start, stop])
        head = len(self.source.head)
        for start, stop in joined:
            is_there = stop <= head or any(a <= start and stop <= a + len(data) for a, data in self._stretches)
            if not is_there and stop - start <= self.source.limits.one_read:
                self._stretches.append((start, self.source.read(start, stop - start)))

    def content(self, entry: Entry) -> bytes:
        """Returns what a part holds, expanded and checked.

        Raises:
            Encrypted: It is enciphered.
            UnsupportedFormat: It is compressed by a method other than deflate.
            Malformed: The local header or the checksum contradicts the directory.
            LimitExceeded: It expands too far.
        """
        if entry.name not in self._contents:
            self._contents[entry.name] = self._expanded(entry)
        return self._contents[entry.name]

    def data(self, entry: Entry) -> tuple[int, int]:
        """Returns where the bytes of a part lie, after holding its local header against the directory.

        Raises:
            Malformed, Truncated: They contradict each other, or lie outside the archive.
        """
        if entry.name in self._spans:
            return self._spans[entry.name]
        header = self.read(entry.start, LOCAL_SIZE + len(entry.name))
        magic, _, flags, method, _, _, crc, packed, size, named, extra = _LOCAL.unpack_from(header)
        start = entry.start + LOCAL_SIZE + named + extra
        same = magic == LOCAL and method == entry.method and header[LOCAL_SIZE:] == entry.name
        same = same and named == len(entry.name) and not (flags ^ entry.flags) & (ENCIPHERED | HAS_DESCRIPTOR)
        if same and not flags & HAS_DESCRIPTOR:
            same = crc == entry.crc and packed in (entry.packed, WIDE) and size in (entry.size, WIDE)
        if not same or start + entry.packed > self.ending.start:
            raise Malformed("zip-mismatch", path=self.source.name, name=entry.shown, offset=entry.start)
        self._spans[entry.name] = start, start + entry.packed
        return self._spans[entry.name]

    def _expanded(self, entry: Entry) -> bytes:
        source, name = self.source, entry.shown
        if entry.flags & ENCIPHERED:
            raise Encrypted("zip-encrypted", path=source.name, name=name)
        if entry.method not in (STORED, DEFLATED):
            raise UnsupportedFormat("zip-method", path=source.name, name=name, method=entry.method)
        self._total += entry.size
        is_bomb = entry.size > _RATIO_FROM and entry.size > _RATIO * entry.packed
        if is_bomb or self._total > source.limits.inflated:
            raise LimitExceeded("zip-bomb", path=source.name, name=name, size=entry.size, packed=entry.packed)
        self.fetch((entry,))
        start, stop = self.data(entry)
        data = self.read(start, stop - start)
        if entry.method == DEFLATED:
            data = self._inflated(data, entry)
        if len(data) != entry.size or zlib.crc32(data) != entry.crc:
            raise Malformed("zip-crc", path=source.name, name=name, offset=start)
        return data

    def _inflated(self, data: bytes, entry: Entry) -> bytes:
        """Expands deflate up to one byte more than the directory promises, so that too much is noticed."""
        engine = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            return engine.decompress(data, entry.size + 1)
        except zlib.error:
            raise Malformed("zip-crc", path=self.source.name, name=entry.shown, offset=entry.start) from None

    def _range(self, entry: Entry) -> tuple[int, int]:
        stop = entry.start + LOCAL_SIZE + len(entry.name) + _EXTRA + entry.packed
        return entry.start, max(entry.start, min(stop, self.ending.start))

    def _walk(self) -> dict[bytes, int]:
        """Returns the offset in the directory of each name's record.

        Raises:
            Malformed: A record is broken, a name stands there twice, or there are more or fewer than was said.
            LimitExceeded: Too many entries.
        """
        directory, count, limits = self.directory, self.ending.entries, self.source.limits
        if count > limits.elements:
            raise LimitExceeded("too-many-elements", path=self.source.name, limit=limits.elements)
        places: dict[bytes, int] = {}
        at = 0
        for _ in range(count):
            if directory[at : at + 4] != CENTRAL or at + CENTRAL_SIZE > len(directory):
                raise Malformed("zip-directory", path=self.source.name, offset=self.ending.start + at)
            named, extra, comment = _LENGTHS.unpack_from(directory, at + 28)
            name = directory[at + CENTRAL_SIZE : at + CENTRAL_SIZE + named]
            if name in places:
                shown = name.decode("utf-8", "replace")
                raise Malformed("zip-duplicate", path=self.source.name, name=shown)
            places[name] = at
            at += CENTRAL_SIZE + named + extra + comment
        if at != len(directory):
            raise Malformed("zip-directory", path=self.source.name, offset=self.ending.start + min(at, len(directory)))
        return places

    def _entry(self, name: bytes, at: int) -> Entry:
        (_, _, _, flags, method, time, date, crc, packed, size, named, extra, comment, disk, _, _, start) = (
            _HEADER.unpack_from(self.directory, at)
        )
        if WIDE in (packed, size, start):
            field = self.directory[at + CENTRAL_SIZE + named : at + CENTRAL_SIZE + named + extra]
            size, packed, start = self._wide(field, (size, packed, start), at)
        if disk not in (0, WIDE_COUNT):
            raise Malformed("zip-split", path=self.source.name)
        start += self.ending.shift
        if start + LOCAL_SIZE + len(name) + packed > self.ending.start:
            raise Malformed("zip-mismatch", path=self.source.name, name=name.decode("utf-8", "replace"), offset=start)
        length = CENTRAL_SIZE + named + extra + comment
        record = self.ending.start + at
        return Entry(name, record, length, flags, method, date << 16 | time, crc, packed, size, start)

    def _wide(self, extra: bytes, values: tuple[int, int, int], at: int) -> list[int]:
        """Returns size, packed size and offset with what the ZIP64 extra field says of them (APPNOTE 4.5.3)."""
        body = next((extra[a:b] for kind, a, b in extra_fields(extra) if kind == ZIP64_FIELD), b"")
        if len(body) < 8 * values.count(WIDE):
            raise Malformed("zip-directory", path=self.source.name, offset=self.ending.start + at)
        numbers = iter(struct.unpack_from(f"<{values.count(WIDE)}Q", body))
        return [next(numbers) if value == WIDE else value for value in values]


def extra_fields(extra: bytes) -> Iterator[tuple[int, int, int]]:
    """Yields (id, start, stop) of the bodies of extra fields."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        yield kind, at + 4, min(at + 4 + length, len(extra))
        at += 4 + length


def head_names(head: bytes) -> list[bytes]:
    """Returns the names of the entries that begin in the first bytes of a file, as far as they stand there whole."""
    names = []
    at = head.find(LOCAL)
    while 0 <= at <= len(head) - LOCAL_SIZE:
        length = int.from_bytes(head[at + 26 : at + 28], "little")
        name = head[at + LOCAL_SIZE : at + LOCAL_SIZE + length]
        if len(name) == length:
            names.append(name)
        at = head.find(LOCAL, at + 4)
    return names
