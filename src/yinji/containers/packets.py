"""XMP packets as blocks, with what can be wrong with a packet wherever it stands."""

from __future__ import annotations

from yinji.containers.model import Block
from yinji.labels.problem import Problem, Severity

_BLANK = b"\0 \t\r\n"


def packet_block(packet: bytes, start: int, stop: int, *problems: Problem) -> Block:
    """Returns the block of a packet; one of nothing but spaces or zeros is a trace of something removed."""
    if packet and not packet.strip(_BLANK):
        problems += (Problem("xmp-blank", Severity.WARNING, "R62", {"length": len(packet)}),)
    return Block("xmp", "", packet, start, stop, problems)
