"""RIFF, RF64 and BW64 chunks (Multimedia Programming Interface 1.0, chapter 2; EBU Tech 3306; OpenDML 1.02).

The walk, the sizes and the making of chunks that AVI, WAV and WebP share. All numbers are little-endian.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from yinji.containers.source import Source
from yinji.containers.splice import Edit
from yinji.containers.window import Window
from yinji.errors import LimitExceeded, Malformed, Truncated

GROUPS: Final = frozenset((b"RIFF", b"RF64", b"BW64"))
LISTS: Final = frozenset((b"LIST", b"RIFF"))
HEADER: Final = 8
"""Id and size."""

_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_WIDE: Final = frozenset((b"RF64", b"BW64"))
_UNKNOWN: Final = 0xFFFFFFFF
_MAX: Final = 0xFFFFFFFE
_DS64: Final = b"ds64"
_DS64_FIXED: Final = 28
_DS64_ENTRY: Final = 12
_MAX_ENTRIES: Final = 1024


class Chunk(NamedTuple):
    """One chunk.

    Attributes:
        id: Four characters.
        start: Where the header stands.
        size: Bytes of data, header and padding not counted; of a list its type is counted.
        stop: Behind the padding, where the next chunk begins.
        type: Type of a list, else b"".
    """

    id: bytes
    start: int
    size: int
    stop: int
    type: bytes = b""

    @property
    def body(self) -> int:
        """Where the data begins; the children of a list begin four bytes further on."""
        return self.start + HEADER

    @property
    def end(self) -> int:
        """Where the data ends, in front of the padding."""
        return self.body + self.size


@dataclass(frozen=True, slots=True)
class Form:
    """One RIFF at the top of a file. Files of more than a gigabyte may hold several (OpenDML).

    Attributes:
        id: ``RIFF``, ``RF64`` or ``BW64``.
        type: ``WAVE``, ``WEBP``, ``AVI ``, ``AVIX``.
        start: Where it begins.
        stop: Where it ends by its own account, which may lie behind the end of the file.
        is_open: No size was written, as streams do; it then ends with the file.
        size_at: Where the size to patch stands: four bytes, eight of ``ds64`` in RF64 and BW64.
        sizes: Sizes of chunks that need 64 bits, by id.
    """

    id: bytes
    type: bytes
    start: int
    stop: int
    is_open: bool
    size_at: int
    sizes: Mapping[bytes, int] = field(default_factory=dict)

    @property
    def body(self) -> int:
        """Where its first chunk begins."""
        return self.start + HEADER + 4

    @property
    def size(self) -> int:
        return self.stop - self.start - HEADER


def forms(window: Window) -> Iterator[Form]:
    """Yields the file's RIFFs: one, or several in a row.

    Raises:
        Malformed: The file does not begin with one.
        Truncated: It ends within the first one's header.
    """
    form = _form(window, 0)
    while True:
        yield form
        at = form.stop
        if at + HEADER + 4 > window.source.size or window.peek(at, 4) not in GROUPS:
            return
        window.source.element()
        form = _form(window, at)


def chunks(window: Window, form: Form) -> Iterator[Chunk]:
    """Yields the chunks of a RIFF by their headers alone.

    Raises:
        Malformed: A chunk does not fit, or something else stands where one should.
        Truncated: The file ends before the RIFF does.
    """
    source = window.source
    yield from _walk(window, form.body, min(form.stop, source.size), form.sizes, form.is_open, 1)
    if form.stop > source.size:
        raise Truncated("truncated", path=source.name, offset=form.start, needed=form.size, size=source.size)


def children(window: Window, chunk: Chunk, depth: int = 2) -> Iterator[Chunk]:
    """Yields the chunks of a list.

    Raises:
        Malformed: A chunk does not fit.
        LimitExceeded: Lists are nested too deep.
    """
    yield from _walk(window, chunk.body + 4, chunk.end, {}, False, depth)


def data(window: Window, chunk: Chunk) -> bytes:
    """Returns the data of a chunk, without padding."""
    return window.peek(chunk.body, chunk.size)


def make(id: bytes, data: bytes) -> bytes:
    """Returns a whole chunk, padded to an even length."""
    return id + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) & 1)


def make_list(type: bytes, *members: bytes, id: bytes = b"LIST") -> bytes:
    """Returns a list of whole chunks."""
    return make(id, type + b"".join(members))


def grown(source: Source, form: Form, growth: int) -> Iterator[Edit]:
    """Yields the edit that gives a RIFF its new size; none for one without a size.

    Raises:
        LimitExceeded: It outgrows the 32 bits of its size.
    """
    if not growth or form.is_open:
        return
    size = form.size + growth
    if form.id in _WIDE:
        yield Edit(form.size_at, form.size_at + 8, size.to_bytes(8, "little"))
    elif size > _MAX:
        raise LimitExceeded("riff-too-large", path=source.name, size=size, limit=_MAX)
    else:
        yield Edit(form.size_at, form.size_at + 4, size.to_bytes(4, "little"))


def _form(window: Window, at: int) -> Form:
    source = window.source
    if at == 0 and source.size < HEADER + 4:
        raise Truncated("truncated", path=source.name, offset=0, needed=HEADER + 4, size=source.size)
    header = window.peek(at, HEADER + 4)
    if header[:4] not in GROUPS:
        raise Malformed("riff-not-riff", path=source.name, offset=at)
    size = int.from_bytes(header[4:8], "little")
    if header[:4] in _WIDE:
        return _wide_form(window, at, header)
    is_open = size in (0, _UNKNOWN)
    stop = source.size if is_open else at + HEADER + size
    if stop < at + HEADER + 4:
        raise Malformed("riff-chunk-length", path=source.name, offset=at)
    return Form(header[:4], header[8:], at, stop, is_open, at + 4)


def _wide_form(window: Window, at: int, header: bytes) -> Form:
    """Reads ``ds64``: RIFF size, data size, sample count, then a table of ids and sizes (EBU Tech 3306, 3.4)."""
    source, body = window.source, at + HEADER + 4
    if body + HEADER + _DS64_FIXED > source.size:
        raise Truncated("truncated", path=source.name, offset=body, needed=HEADER + _DS64_FIXED, size=source.size)
    front = window.peek(body, HEADER + _DS64_FIXED)
    length = int.from_bytes(front[4:8], "little")
    if front[:4] != _DS64 or length < _DS64_FIXED or body + HEADER + length > source.size:
        raise Malformed("riff-no-ds64", path=source.name, offset=body)
    riff, media = (int.from_bytes(front[n : n + 8], "little") for n in (8, 16))
    count = min(int.from_bytes(front[32:36], "little"), (length - _DS64_FIXED) // _DS64_ENTRY, _MAX_ENTRIES)
    table = source.read(body + HEADER + _DS64_FIXED, count * _DS64_ENTRY)
    entries = (table[n : n + _DS64_ENTRY] for n in range(0, len(table), _DS64_ENTRY))
    sizes = {entry[:4]: int.from_bytes(entry[4:], "little") for entry in entries}
    stop = at + HEADER + riff
    if stop < body + HEADER + length:
        raise Malformed("riff-chunk-length", path=source.name, offset=at)
    return Form(header[:4], header[8:], at, stop, False, body + HEADER, sizes | {b"data": media})


def _walk(window: Window, at: int, stop: int, sizes: Mapping[bytes, int], is_open: bool, depth: int) -> Iterator[Chunk]:
    source = window.source
    while at + HEADER <= stop:
        source.element(depth)
        front = window.peek(at, min(HEADER + 4, stop - at))
        id, size = front[:4], int.from_bytes(front[4:8], "little")
        if not _is_id(id):
            raise Malformed("riff-chunk-id", path=source.name, offset=at)
        if size == _UNKNOWN:
            size = sizes.get(id, stop - at - HEADER if is_open else size)
        end = at + HEADER + size
        if end > stop:
            kind = Truncated if stop == source.size else Malformed
            raise kind("riff-chunk-length", path=source.name, offset=at)
        after = min(end + _padding(window, end, size, stop), stop)
        if id in LISTS and size < 4:
            raise Malformed("riff-chunk-length", path=source.name, offset=at)
        yield Chunk(id, at, size, after, front[8:12] if id in LISTS else b"")
        at = after


def _padding(window: Window, end: int, size: int, stop: int) -> int:
    """Returns 1 behind odd data, 0 where a writer forgot the padding and the next header follows at once."""
    if not size & 1:
        return 0
    if end + HEADER + 1 > stop:
        return 1
    front = window.peek(end, 5)
    return 0 if front[0] and _is_id(front[:4]) and not _is_id(front[1:5]) else 1


def _is_id(id: bytes) -> bool:
    """Whether four bytes can be an id: printable ASCII, as the specification asks (a few writers end with NUL)."""
    return not id.rstrip(b"\0").translate(None, _PRINTABLE) and id[:1] > b" "
