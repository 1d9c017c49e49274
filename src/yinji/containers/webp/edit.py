"""Planning the change that leaves exactly one label in a WebP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers import embedded, xmp
from yinji.containers.edits import exif_edits, smallest
from yinji.containers.riff import Chunk, chunks, data, grown, make
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.containers.webp.chunks import (
    BODY,
    C2PA,
    EXIF,
    EXTENDED,
    FLAGS,
    HAS_XMP,
    IMAGE,
    XMP,
    flags,
    make_extended,
    open_form,
)
from yinji.containers.window import Window
from yinji.labels.decode import looks_like_label

NAME: Final = "AIGC"


def plan(source: Source, json: str) -> Splice:
    """Returns the edits: the label into the XMP chunk, every other copy of a label out of the file.

    Raises:
        Malformed, Truncated: The file cannot be edited safely.
        LimitExceeded: It would outgrow the size that RIFF can tell.
    """
    window = Window(source)
    form = open_form(window)
    walked = list(chunks(window, form))
    packets = {chunk: data(window, chunk) for chunk in walked if chunk.id == XMP}
    target = next(iter(packets), None)
    edits = list(_flag_edits(window, walked))
    for chunk in walked:
        if chunk in packets:
            edits += _packet_edits(source, chunk, packets, json)
        elif chunk.id == EXIF:
            edits += _exif_edits(window, chunk)
        elif is_foreign(chunk):
            edits += _text_edits(window, chunk)
    if target is None:
        at = walked[-1].stop
        pad = b"\0" * (at % 2)
        edits.append(Edit(at, at, pad + make(XMP, xmp.with_label(None, json))))
    edits += grown(source, form, sum(edit.growth for edit in edits))
    edits += [Edit(item.start, item.stop, b"") for item in labels_behind(source, form.stop)]
    return Splice.of(edits)


def is_foreign(chunk: Chunk) -> bool:
    """Whether a chunk is none that the format defines."""
    return chunk.id not in IMAGE and chunk.id not in (EXTENDED, XMP, EXIF, C2PA)


def _flag_edits(window: Window, walked: list[Chunk]) -> Iterator[Edit]:
    """A packet is announced in VP8X, which a simple file has to be given first."""
    if walked[0].id != EXTENDED:
        yield Edit(BODY, BODY, make_extended(window, walked))
    elif (old := flags(window)) != old | HAS_XMP:
        yield Edit(FLAGS, FLAGS + 1, bytes((old | HAS_XMP,)))


def _packet_edits(source: Source, chunk: Chunk, packets: dict[Chunk, bytes], json: str) -> Iterator[Edit]:
    """Yields the change of one packet; the format allows one, so a second that adds nothing goes altogether."""
    target = next(iter(packets))
    old = source.read(chunk.start, chunk.stop - chunk.start)
    packet = packets[chunk]
    if chunk == target:
        yield from smallest(chunk.start, old, make(XMP, xmp.with_label(packet, json)))
    elif _own(packet) <= _own(packets[target]):
        yield Edit(chunk.start, chunk.stop, b"")
    elif xmp.labels(packet):
        yield from smallest(chunk.start, old, make(XMP, xmp.without_other_labels(packet)))


def _own(packet: bytes) -> set[tuple[tuple[str, str], str]]:
    """Returns the properties of a packet without labels."""
    if not packet.strip(b"\0 \t\r\n"):
        return set()
    return {item for item in xmp.properties(packet).items() if item[0][1].upper() != NAME}


def _exif_edits(window: Window, chunk: Chunk) -> Iterator[Edit]:
    block = data(window, chunk)
    prefix = len(block) - len(block.removeprefix(b"Exif\0\0"))
    yield from exif_edits(block[prefix:], chunk.body + prefix)


def _text_edits(window: Window, chunk: Chunk) -> Iterator[Edit]:
    payload = data(window, chunk)
    is_named = chunk.id.upper() == NAME.encode()
    found = [item for item in embedded.find(payload) if item.key or is_named or looks_like_label(item.text)]
    rest = payload
    for item in reversed(found):
        rest = rest[: item.start] + rest[item.stop :]
    if is_named or (found and not rest.strip(b"\0 \r\n\t")):
        yield Edit(chunk.start, chunk.stop, b"")
    elif found:
        yield Edit(chunk.start, chunk.stop, make(chunk.id, rest))
