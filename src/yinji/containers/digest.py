"""The digest of the media alone: what stays the same whatever is written into the metadata of a file."""

from __future__ import annotations

import hashlib
from typing import Final

from yinji.containers.base import Container
from yinji.containers.source import Source
from yinji.errors import Truncated
from yinji.limits import MIB

PIECE: Final = 1 * MIB
"""Bytes hashed at a time, so that memory stays flat with the size of the file."""


def media_digest(container: Container, source: Source) -> str:
    """Returns the SHA-256 (lower-case hex) over the media of a file: the spans of ``Container.media``, in order.

    It is the same before and after a label is written, passed on or carried over, and for two files that differ in
    their metadata only. It is a hash of bytes, not of what they decode to: a re-encoded copy has another one.

    Raises:
        Malformed, Truncated, LimitExceeded: The media cannot be told from the rest, or there is none since the file is
            damaged.
        StorageError: The operating system refused.
    """
    return of_media(container, source)[0]


def of_media(container: Container, source: Source) -> tuple[str, int]:
    """Returns the same, and how many bytes the media has."""
    digest, size = hashlib.sha256(), 0
    for part in container.media(source):
        if isinstance(part, bytes):
            digest.update(part)
            size += len(part)
            continue
        at, stop = part
        size += stop - at
        while at < stop:
            piece = source.payload(at, min(PIECE, stop - at))
            if not piece:
                raise Truncated("truncated", path=source.name, offset=at, needed=stop - at, size=source.size)
            digest.update(piece)
            at += len(piece)
    if not size:  # all broken files would share the digest of nothing: where the walk knows of damage, it says so
        for _ in container.blocks(source, thorough=True):
            pass
    return digest.hexdigest(), size
