"""Damaged copies of files, the same from the same seed."""

from __future__ import annotations

import random
from typing import Final

from yinji.testing.samples import LABEL

GARBAGE: Final = (b"\0", b"AIGC", b"{", bytes(range(256)), b"\xff\xd8\xff\xe1\xff\xff", b"\0" * 5000)
_WORDS: Final = (
    *(
        b"AIGC",
        b"AIGC{",
        b"aigc",
        b'{"Label":"1"',
        b'{"AIGC":{"Label":"1","ContentProducer":"x"}}',
        LABEL.to_json().encode(),
    ),
    *(
        b"<?xpacket begin=",
        b"http://ns.adobe.com/xap/1.0/\0",
        b"---\n",
        b"<!--",
        b"ID3\4\0\0",
        b"JUNK",
        b"free",
        b"\xec",
    ),
)


def crossed(chance: random.Random, one: bytes, other: bytes) -> bytes:
    """Returns a file with a word that matters to readers, or with a piece of another one, put in at some place."""
    at = chance.randrange(len(one) + 1)
    match chance.randrange(4):
        case 0:
            start = chance.randrange(len(other) + 1)
            return one[:at] + other[start : start + chance.choice((8, 64, 1000))] + one[at:]
        case 1:
            return one[:at] + chance.choice(GARBAGE + _WORDS) + one[at:]
        case 2:
            word = chance.choice(_WORDS)
            return one[:at] + word + one[at + len(word) :]
        case _:
            return one


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Returns a copy with one to four kinds of damage, most of it near the start, where structures are."""
    result = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if not result:
            break
        reach = len(result) if chance.random() < 0.4 else min(len(result), 2048)
        at = chance.randrange(reach)
        match chance.randrange(7):
            case 0:
                result[at] ^= 1 << chance.randrange(8)
            case 1:
                result[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF))
            case 2:
                result[at : at + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1")
                )
            case 3:
                del result[at : at + chance.choice((1, 2, 4, 16, 300))]
            case 4:
                piece = result[at : at + chance.choice((1, 4, 16, 300))]
                result[at:at] = piece
            case 5:
                result[at:at] = chance.randbytes(chance.choice((1, 4, 16)))
            case _:
                del result[at:]
    return bytes(result)
