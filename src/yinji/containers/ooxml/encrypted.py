"""Office documents under a password: a compound file with the enciphered package in it (MS-OFFCRYPTO 2.3, MS-CFB)."""

from __future__ import annotations

import struct
from typing import Final

from yinji.containers.source import Source
from yinji.errors import YinjiError

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_NAMES: Final = ("EncryptedPackage", "EncryptionInfo")
_ENTRY: Final = 128
_MAX_SECTORS: Final = 64
_LAST: Final = 0xFFFFFFFA
_DIFAT_AT: Final = 76
_DIFAT_IN_HEADER: Final = 109


def is_encrypted_package(source: Source) -> bool:
    """Whether a compound file holds an enciphered package, by the names in its directory."""
    if not source.head.startswith(MAGIC):
        return False
    try:
        return any(name in _NAMES for name in _directory(source))
    except (YinjiError, struct.error):
        return False


def _directory(source: Source) -> list[str]:
    """Returns the names of streams and storages, in the order of the directory.

    Raises:
        Truncated: A sector lies behind the end of the file.
    """
    (shift,) = struct.unpack_from("<H", source.head, 30)
    (sector,) = struct.unpack_from("<I", source.head, 48)
    if shift not in (9, 12):
        return []
    size = 1 << shift
    names = []
    for _ in range(_MAX_SECTORS):
        if sector >= _LAST:
            break
        data = source.read((sector + 1) * size, size)
        for at in range(0, size, _ENTRY):
            length = int.from_bytes(data[at + 64 : at + 66], "little")
            names.append(data[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace"))
        sector = _next(source, sector, size)
    return names


def _next(source: Source, sector: int, size: int) -> int:
    """Returns the sector that follows in the chain, out of the file allocation table."""
    block, at = divmod(sector, size // 4)
    if block >= _DIFAT_IN_HEADER:
        return _LAST
    (table,) = struct.unpack_from("<I", source.head, _DIFAT_AT + 4 * block)
    if table >= _LAST:
        return _LAST
    (following,) = struct.unpack("<I", source.read((table + 1) * size + 4 * at, 4))
    return int(following)
