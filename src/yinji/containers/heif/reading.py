"""What the metadata items of a HEIF file say: XMP, EXIF, and texts that small tools put there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers import embedded
from yinji.containers.bmff.boxes import Box
from yinji.containers.bmff.meta import Meta
from yinji.containers.bmff.movie import movie_places
from yinji.containers.embedded import Embedded
from yinji.containers.heif.items import AHEAD, Item, Items, Spot, content, parse_items, spots
from yinji.containers.model import Block
from yinji.containers.window import Window
from yinji.errors import Encrypted, UnreadableInput
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity
from yinji.limits import MIB

_NAME: Final = "AIGC"
_TEXT_MAX: Final = 1 * MIB
_BLANK: Final = b"\0 \t\r\n"


def file_items(window: Window, top: list[Box]) -> list[Items]:
    """Returns the item tables at the top of the file: one, in a file that keeps to the standard."""
    return [items for box in top if box.kind == b"meta" and (items := parse_items(window, box)) is not None]


def movie_items(window: Window, top: list[Box]) -> list[Items]:
    """Returns the item tables of a sequence and its tracks."""
    metas = [
        place.box
        for box in top
        if box.kind == b"moov"
        for place in movie_places(window, box)
        if isinstance(place, Meta)
    ]
    return [items for meta in metas if (items := parse_items(window, meta)) is not None]


def item_blocks(window: Window, meta: Items) -> Iterator[Block]:
    """Yields what the metadata items say, in the order of their bytes.

    Raises:
        Encrypted, UnreadableInput: An item that may hold the label cannot be looked into; all others were yielded.
        Malformed, Truncated, LimitExceeded: An item lies where it cannot.
    """
    reason: UnreadableInput | None = None
    placed: list[tuple[list[Spot], Item]] = []
    for item in meta.items:
        if not item.is_metadata or item.id not in meta.locations:
            continue
        if (error := closed(window, meta, item)) is not None:
            reason = reason or error
            continue
        if item.is_protected or meta.locations[item.id].reference:
            continue
        if places := spots(window, meta, item.id):
            placed.append((places, item))
    placed.sort(key=lambda pair: pair[0][0])
    if placed:
        low, high = placed[0][0][0].start, max(spot.stop for places, _ in placed for spot in places)
        if high - low <= AHEAD:
            window.fetch_ahead(low, high - low)
    for places, item in placed:
        yield from _blocks_of(window, meta, item, places)
    if reason is not None:
        raise reason


def closed(window: Window, meta: Items, item: Item) -> UnreadableInput | None:
    """Returns why an item cannot be looked into."""
    if item.kind == b"uri " or not (item.is_xmp or item.kind == b"Exif"):
        return None
    values = {"path": window.source.name, "item": item.id}
    if item.is_protected:
        return Encrypted("heif-protected-item", **values)
    if meta.locations[item.id].reference:
        return UnreadableInput("heif-external-item", **values)
    if item.encoding not in ("", "deflate"):
        return UnreadableInput("heif-item-encoding", **values, encoding=item.encoding)
    return None


def _blocks_of(window: Window, meta: Items, item: Item, places: list[Spot]) -> Iterator[Block]:
    start, stop = places[0].start, max(places[-1].stop, places[0].start)
    if item.is_xmp:
        packet = packet_of(window, item, places)
        yield Block("xmp", "", packet, start, stop, tuple(_xmp_problems(meta, item, packet, start)))
    elif item.kind == b"Exif":
        data = content(window, places)
        yield Block("exif", "", data[exif_start(data) :], start, stop)
    elif sum(spot.stop - spot.start for spot in places) <= _TEXT_MAX:
        for found in text_labels(item, content(window, places)):
            yield Block("heif-item", found.key or item.name, found.text, start, stop)


def _xmp_problems(meta: Items, item: Item, packet: bytes, start: int) -> Iterator[Problem]:
    described = meta.described_by(item)
    if not packet.strip(_BLANK):
        yield Problem("heif-item-blank", Severity.WARNING, "R62", {"offset": start, "length": len(packet)})
    elif described and meta.primary is not None and meta.primary not in described and _NAME.encode() in packet:
        yield Problem("heif-not-primary", Severity.WARNING, "R47", {"item": described[0]})
    if item.encoding:
        yield Problem("compressed", Severity.WARNING, "R47")


def packet_of(window: Window, item: Item, places: list[Spot]) -> bytes:
    """Returns the packet of an XMP item, inflated where it is stored so."""
    data = content(window, places)
    return window.source.inflate(data, places[0].start) if item.encoding == "deflate" else data


def exif_start(data: bytes) -> int:
    """Returns where the TIFF structure begins: behind the four bytes that say how far it is (ISO/IEC 23008-12 A.2.1).

    Files of some writers have the offset but not what it jumps over, or the other way round.
    """
    offset = 4 + int.from_bytes(data[:4], "big")
    for start in (offset, 4, 10, 0):
        if data[start : start + 4] in (b"II*\0", b"MM\0*"):
            return start
    return min(offset, len(data))


def text_labels(item: Item, data: bytes) -> list[Embedded]:
    """Returns the labels in an item of another media type."""
    named = item.name.upper() == _NAME
    return [found for found in embedded.find(data) if found.key or named or looks_like_label(found.text)]
