"""A naive writer and walker of ISO base media boxes for the tests, independent of the package."""

from __future__ import annotations

import struct
from collections.abc import Iterator

XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"moof", b"traf", b"mfra", b"ilst")


def box(kind: bytes, *parts: bytes, large: bool = False) -> bytes:
    """A box of 32-bit or 64-bit size."""
    size = sum(map(len, parts))
    head = struct.pack(">I4sQ", 1, kind, size + 16) if large else struct.pack(">I4s", size + 8, kind)
    return head + b"".join(parts)


def hdlr(kind: bytes) -> bytes:
    return box(b"hdlr", bytes(8), kind, bytes(13))


def data(value: bytes, kind: int = 1) -> bytes:
    return box(b"data", struct.pack(">II", kind, 0), value)


def keys(*names: bytes) -> bytes:
    return box(b"keys", struct.pack(">II", 0, len(names)), *(box(b"mdta", name) for name in names))


def mdta_meta(values: dict[bytes, bytes], *, full: bool = True, kind: int = 1) -> bytes:
    items = [box(struct.pack(">I", n), data(value, kind)) for n, value in enumerate(values.values(), 1)]
    return box(b"meta", bytes(4) if full else b"", hdlr(b"mdta"), keys(*values), box(b"ilst", *items))


def mdir_meta(*items: bytes) -> bytes:
    return box(b"meta", bytes(4), hdlr(b"mdir"), box(b"ilst", *items))


def freeform(name: bytes, value: bytes) -> bytes:
    return box(b"----", box(b"mean", bytes(4), b"com.apple.iTunes"), box(b"name", bytes(4), name), data(value))


def walk(
    content: bytes, start: int = 0, stop: int | None = None, path: str = ""
) -> Iterator[tuple[str, int, int, int]]:
    """Yields (path, start, body, stop) of all boxes along the known containers."""
    at, stop = start, len(content) if stop is None else stop
    while at + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", content, at)
        body = at + 8
        if size == 1:
            (size,), body = struct.unpack_from(">Q", content, body), at + 16
        size = size or stop - at
        assert body - at <= size <= stop - at, f"{kind} at {at} has the size {size}"
        name = f"{path}/{kind.decode('latin-1')}".lstrip("/")
        yield name, at, body, at + size
        if kind in CONTAINERS:
            yield from walk(content, body, at + size, name)
        elif kind == b"meta" and content[body + 4 : body + 8] != b"hdlr":
            yield from walk(content, body + 4, at + size, name)
        elif kind == b"meta":
            yield from walk(content, body, at + size, name)
        at += size


def payloads(content: bytes, path: str) -> list[bytes]:
    """The payloads of all boxes of a path."""
    return [content[body:stop] for name, _, body, stop in walk(content) if name == path]


def with_in_moov(content: bytes, *extra: bytes) -> bytes:
    """The file, which ends with its ``moov``, with more boxes at the end of that."""
    start = next(at for name, at, _, _ in walk(content) if name == "moov")
    assert struct.unpack_from(">I", content, start)[0] == len(content) - start, "moov is not the last box"
    return content[:start] + box(b"moov", content[start + 8 :], *extra)


def with_udta(content: bytes, *children: bytes) -> bytes:
    return with_in_moov(content, box(b"udta", *children))
