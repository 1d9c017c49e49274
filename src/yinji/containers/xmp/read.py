"""What an XMP packet says: labels in every shape, and all other properties (TC260-PG-20259A 6)."""

from __future__ import annotations

import re
from typing import Final

from yinji.containers.xmp.packet import SIGNATURE, XmpLabel, as_utf8
from yinji.containers.xmp.plain import plain_label
from yinji.containers.xmp.tree import parse

_WRAPPER: Final = re.compile(rb"<\?xpacket[^>]*\?>")


def labels(packet: bytes) -> tuple[XmpLabel, ...]:
    """Returns every property named AIGC, in the order of the packet, whatever its namespace and spelling (R49).

    Raises:
        Malformed: Not well-formed, or with a document type declaration.
        LimitExceeded: Too many or too deeply nested elements.
    """
    packet = packet.removeprefix(SIGNATURE)
    if (plain := plain_label(packet)) is not None:
        return (plain,)
    if not _may_hold_label(packet):
        return ()
    text, _ = as_utf8(packet)
    return tuple(label for label, _ in parse(text).labels)


def shows_none(packet: bytes) -> bool:
    """Whether a packet is one, and neither holds a label nor is empty: :func:`labels` would yield nothing."""
    return b"RDF" in packet and not _may_hold_label(packet.removeprefix(SIGNATURE))


def is_wiped(packet: bytes) -> bool:
    """Whether a packet was overwritten with blanks: nothing is left but white space, zeros and its own wrapper."""
    packet = packet.removeprefix(SIGNATURE)
    if b"RDF" in packet:
        return False
    if not packet.strip(b"\0 \t\r\n"):
        return True
    return not _WRAPPER.sub(b"", as_utf8(packet)[0]).strip(b"\0 \t\r\n")


def properties(packet: bytes) -> dict[tuple[str, str], str]:
    """Returns all property values under (namespace URI, local name); items of arrays are joined by line feeds.

    Raises:
        Malformed, LimitExceeded: As :func:`labels`.
    """
    text, _ = as_utf8(packet.removeprefix(SIGNATURE))
    return {name: "\n".join(values) for name, values in parse(text).properties.items()}


def _may_hold_label(packet: bytes) -> bool:
    return b"aigc" in packet.lower() or b"\0" in packet.strip(b"\0") or b"<!DOCTYPE" in packet
