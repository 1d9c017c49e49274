"""ID3v1: the 128 bytes at the end of a file. Many players look at them only where there is no ID3v2 tag."""

from __future__ import annotations

from typing import Final

SIZE: Final = 128
MARK: Final = b"TAG"

_TEXTS: Final = ((b"TIT2", 3, 33), (b"TPE1", 33, 63), (b"TALB", 63, 93), (b"TDRC", 93, 97))
_COMMENT: Final = 97
_TRACK: Final = 126
_GENRE: Final = 127
_NO_GENRE: Final = 255


def as_frames(tag: bytes) -> bytes:
    """Returns what an ID3v1 tag says as frames of ID3v2.4, so that a tag which hides it repeats it.

    The bytes of the texts are taken over as they are, under Latin-1: ID3v1 names no encoding, and players that guess
    one (GBK, say) guess it for both.

    Args:
        tag: The 128 bytes; anything else gives no frames.
    """
    if len(tag) != SIZE or not tag.startswith(MARK):
        return b""
    is_newer = not tag[_TRACK - 1] and tag[_TRACK]  # ID3v1.1: the last two bytes of the comment are a track number
    parts = [_frame(name, _words(tag[start:stop])) for name, start, stop in _TEXTS]
    parts.append(_frame(b"COMM", _words(tag[_COMMENT : _TRACK - 1 if is_newer else _GENRE]), b"eng\0"))
    parts.append(_frame(b"TRCK", str(tag[_TRACK]).encode() if is_newer else b""))
    parts.append(_frame(b"TCON", str(tag[_GENRE]).encode() if tag[_GENRE] != _NO_GENRE else b""))
    return b"".join(parts)


def _words(raw: bytes) -> bytes:
    return raw.partition(b"\0")[0].rstrip(b" ")


def _frame(name: bytes, words: bytes, before: bytes = b"") -> bytes:
    """Returns a Latin-1 frame, nothing for empty words. No frame here reaches the 128 bytes where sizes differ."""
    body = b"\0" + before + words
    return name + len(body).to_bytes(4, "big") + bytes(2) + body if words else b""
