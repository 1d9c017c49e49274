"""Whether a block may hold a label: what lets a quick reading stop before the media payload."""

from __future__ import annotations

from typing import Final

from yinji.containers.model import Block

_NAME: Final = "AIGC"
_BYTES: Final = b"AIGC"


def may_hold_label(block: Block) -> bool:
    """Judges by the name alone: cheap, and wrong only towards looking further."""
    if isinstance(block.value, bytes):
        return _BYTES in block.value
    if block.key.upper() == _NAME:
        return bool(block.value.strip("\0 \t\r\n"))  # an emptied place is a trace, and the label may stand elsewhere
    return _NAME in block.value
