"""Whether bytes may hold a label: what lets a quick reading stop early, and pass over metadata unopened."""

from __future__ import annotations

from typing import Final

from yinji.containers.model import Block

_NAME: Final = "AIGC"
_BYTES: Final = b"AIGC"

_FOLDED: Final = bytes(range(256)).lower()
_G, _B, _P, _X = b"gbpx"


def may_hold_label(block: Block) -> bool:
    """Judges by the name alone: cheap, and wrong only towards looking further."""
    if isinstance(block.value, bytes):
        return _BYTES in block.value
    if block.key.lower() == "aigc":
        return bool(block.value.strip("\0 \t\r\n"))  # an emptied place is a trace, and the label may stand elsewhere
    return _NAME in block.value


def shows_sign(data: bytes) -> bool:
    """Whether plain metadata show anything of a label, of another scheme's record, or of an XMP packet.

    For metadata that are neither compressed nor enciphered, in any encoding that spells ASCII in one byte or in two.
    Where there is no sign there is no label, nor the trace of one, whatever else may be wrong with the bytes. Signs are
    the name and the keys of labels, what other schemes' records are known by, and packets, in any case.
    """
    small = data.translate(_FOLDED, b"\0") if 0 in data else data.lower()
    last = small.rfind  # takes half as long as a search from the front, where there is nothing to find
    return (  # written out, and a rare letter of each word first: most metadata are short, and each search is a call
        (_G in small and last(b"aigc") >= 0)
        or (_B in small and last(b"label") >= 0)
        or (
            _P in small
            and last(b"pro") >= 0
            and (last(b"produce") >= 0 or last(b"propa") >= 0 or last(b"serviceprovider") >= 0)
        )
        or (_X in small and (last(b"xmp") >= 0 or last(b"exporttype") >= 0))
    )
