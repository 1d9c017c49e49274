"""Planning the change that leaves exactly one label in an SVG: bytes are put in and taken out, the rest stays."""

from __future__ import annotations

from collections.abc import Iterator

from yinji.containers import xmp
from yinji.containers.edits import smallest
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.svg.document import Document, Element, Packet
from yinji.containers.svg.parser import parse
from yinji.errors import Malformed, UnsupportedFormat


def plan(source: Source, json: str) -> Splice:
    """Returns the edits: the label into the first packet or a new one, every other copy of a label out of the file.

    Raises:
        UnsupportedFormat: A label is mixed into other words.
        UnreadableInput: The file cannot be edited safely.
    """
    document = parse(source)
    if document.damage is not None:
        raise document.damage
    if document.root is None:
        raise Malformed("svg-no-root", path=source.name, name="")
    edits: list[Edit] = []
    for number, packet in enumerate(document.packets):
        edits += _packet_edits(source, document, packet, json, is_target=number == 0)
    for item in document.improvised:
        holds_packet = any(item.start <= p.start and p.stop <= item.stop for p in document.packets[:1])
        if item.start == item.stop or holds_packet:
            raise UnsupportedFormat("svg-label-place", path=source.name, key=item.key)
        edits.append(Edit(document.offset(item.start), document.offset(item.stop), b""))
    if not document.packets:
        edits.append(_insertion(document, document.root, json))
    return Splice.of(_outermost(edits))


def _packet_edits(source: Source, document: Document, packet: Packet, json: str, *, is_target: bool) -> Iterator[Edit]:
    alone, at, given = document.alone(packet)
    if is_target:
        new = xmp.with_label(alone, json)
    elif xmp.labels(alone):
        new = xmp.without_other_labels(alone)
    else:
        return
    if new[at : at + len(given)] != given:
        raise Malformed("svg-not-xml", path=source.name, reason="the label could not be set")
    new = new[:at] + new[at + len(given) :]
    start, stop = document.offset(packet.start), document.offset(packet.stop)
    yield from smallest(start, source.read(start, stop - start), document.encoding.encoded(new))


def _insertion(document: Document, root: Element, json: str) -> Edit:
    """Puts a packet into ``metadata``: the one that is there, or a new one behind the title and description."""
    packet = xmp.with_label(None, json)
    existing = next(iter(document.metadata), None)
    if existing is not None and not existing.is_empty:
        return _edit(document, existing.close, existing.close, packet)
    prefix = f"{root.prefix}:" if root.prefix else ""
    name = f"{prefix}metadata".encode()
    if existing is not None:
        own = f"{existing.prefix}:metadata" if existing.prefix else "metadata"
        return _edit(document, existing.inner - 2, existing.inner, b">" + packet + f"</{own}>".encode())
    whole = b"<" + name + b">" + packet + b"</" + name + b">"
    if root.is_empty:
        return _edit(document, root.inner - 2, root.inner, b">" + whole + f"</{prefix}svg>".encode())
    at = document.place or root.inner
    return _edit(document, at, at, whole)


def _edit(document: Document, start: int, stop: int, data: bytes) -> Edit:
    return Edit(document.offset(start), document.offset(stop), document.encoding.encoded(data))


def _outermost(edits: list[Edit]) -> list[Edit]:
    """Drops edits inside other edits: a label in a label."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda each: (each.start, -each.stop)):
        if not kept or edit.start >= kept[-1].stop:
            kept.append(edit)
    return kept
