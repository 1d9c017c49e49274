"""A label beside a file whose format has no place for one: an XMP packet in a file of its own (``notes.txt.xmp``).

TC260-PG-20257A and TC260-PG-20259A name XMP for formats that they do not list; that a packet may stand in a file of its
own is ours. The packet names the content that it is about by its digest (``dc:identifier``, ``sha256:`` and hexadecimal
digits), so that a label does not go over to whatever takes the name of the file.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from yinji.containers import xmp
from yinji.containers.xml_text import escaped
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import decode

ENDING: Final = ".xmp"
CARRIER: Final = "xmp-sidecar"
MOST: Final = 1 << 20
"""Bytes of a sidecar that are read."""

_DC: Final = "http://purl.org/dc/elements/1.1/"
_SCHEME: Final = "sha256:"


class Sidecar(NamedTuple):
    """What a sidecar says: the label, if it holds just one that can be understood, and the digest of the content."""

    label: AigcLabel | None
    digest: str


def compose(label: AigcLabel, digest: str, media_type: str) -> bytes:
    """Returns a sidecar.

    Args:
        label: What it says.
        digest: SHA-256 of the media of the file beside it, in hexadecimal digits.
        media_type: Of that file.
    """
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:dc="{_DC}"><dc:identifier>{_SCHEME}{digest}</dc:identifier>'
        f"<dc:format>{escaped(media_type)}</dc:format></rdf:Description></rdf:RDF></x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    )
    return xmp.with_label(packet.encode(), label.to_json())


def parse(packet: bytes) -> Sidecar:
    """Takes a sidecar apart.

    Raises:
        Malformed, LimitExceeded: It is no XMP packet, or none that can be read.
    """
    found = xmp.labels(packet)
    label = decode(found[0].text).label if len(found) == 1 else None
    digest = xmp.properties(packet).get((_DC, "identifier"), "")
    return Sidecar(label, digest.removeprefix(_SCHEME) if digest.startswith(_SCHEME) else "")
