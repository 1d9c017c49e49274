"""The SM3 hash (GB/T 32905): of the OpenSSL behind ``hashlib`` where it has it, else in Python."""

from __future__ import annotations

import hashlib
from typing import Final

_START: Final = (
    0x7380166F,
    0x4914B2B9,
    0x172442D7,
    0xDA8A0600,
    0xA96F30BC,
    0x163138AA,
    0xE38DEE4D,
    0xB0FB0E4E,
)
_MASK: Final = 0xFFFFFFFF


def sm3(message: bytes) -> bytes:
    """Returns the 32-byte hash of a message."""
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", message).digest()
    return sm3_in_python(message)


def sm3_in_python(message: bytes) -> bytes:
    """Returns the 32-byte hash of a message, without OpenSSL."""
    state: tuple[int, ...] = _START
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + (len(message) * 8).to_bytes(8, "big")
    for at in range(0, len(padded), 64):
        state = _compress(state, padded[at : at + 64])
    return b"".join(word.to_bytes(4, "big") for word in state)


def _rotate(x: int, by: int) -> int:
    by %= 32
    return (x << by | x >> (32 - by)) & _MASK


def _compress(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    w = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ _rotate(w[j - 3], 15)
        w.append(x ^ _rotate(x, 15) ^ _rotate(x, 23) ^ _rotate(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        turned = _rotate(a, 12)
        ss1 = _rotate(turned + e + _rotate(0x79CC4519 if j < 16 else 0x7A879D8A, j) & _MASK, 7)
        ff = a ^ b ^ c if j < 16 else a & b | a & c | b & c
        gg = e ^ f ^ g if j < 16 else e & f | ~e & g
        tt1 = ff + d + (ss1 ^ turned) + (w[j] ^ w[j + 4]) & _MASK
        tt2 = gg + h + ss1 + w[j] & _MASK
        a, b, c, d = tt1, a, _rotate(b, 9), c
        e, f, g, h = tt2 ^ _rotate(tt2, 9) ^ _rotate(tt2, 17), e, _rotate(f, 19), g
    return tuple(old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))
