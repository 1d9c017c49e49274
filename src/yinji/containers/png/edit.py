"""Planning the change that leaves exactly one label in a PNG."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from yinji.containers import embedded, xmp
from yinji.containers.edits import exif_edits, smallest
from yinji.containers.png.chunks import TEXTS, XMP_KEYWORD, Chunk, chunks, make, make_xmp, payload, raw_profile, text_of
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.errors import UnsupportedFormat
from yinji.labels.decode import looks_like_label

_NAME: Final = "AIGC"
_ANIMATION_PADDING: Final = 768
"""FFmpeg takes an animation for a still unless IDAT begins within the first 2 KiB."""
_STRUCTURED: Final = frozenset((b"caBX", b"iCCP", b"sPLT", b"IDAT", b"fdAT", b"PLTE", b"IHDR", b"IEND"))


def plan(source: Source, json: str) -> Splice:
    """Returns the edits: the label into the XMP packet before IDAT, every other copy of a label out of the file.

    Raises:
        UnsupportedFormat: A label lies where it cannot be replaced.
        Malformed, LimitExceeded: The file cannot be edited safely.
    """
    walked = list(chunks(source))
    first_image = next((c.start for c in walked if c.type == b"IDAT"), walked[-1].start)
    packets = _packets(source, walked)
    target = next(iter(packets), None)
    edits: list[Edit] = []
    for chunk in walked:
        if chunk in packets:
            edits += _packet_edits(source, chunk, packets[chunk], json, is_target=chunk == target, before=first_image)
        elif chunk.type in TEXTS:
            edits += _text_edits(source, chunk)
        elif chunk.type == b"eXIf":
            edits += _exif_edits(source, chunk)
        elif chunk.type not in _STRUCTURED:
            edits += _private_edits(source, chunk)
    if target is None or target.start > first_image:
        animated = any(chunk.type == b"acTL" for chunk in walked)
        padding = _ANIMATION_PADDING if animated else xmp.PADDING
        packet = xmp.with_label(packets[target] if target else None, json, padding=padding)
        at = _place(walked, first_image)
        edits.append(Edit(at, at, make_xmp(packet)))
    edits += [Edit(item.start, item.stop, b"") for item in labels_behind(source, walked[-1].stop)]
    return Splice.of(edits)


def _place(walked: list[Chunk], first_image: int) -> int:
    """Behind IHDR; in an animation behind acTL, which some programs look for at the front only."""
    leading = [chunk.stop for chunk in walked if chunk.type in (b"IHDR", b"acTL") and chunk.stop <= first_image]
    return max(leading, default=walked[0].stop)


def _packets(source: Source, walked: list[Chunk]) -> dict[Chunk, bytes]:
    """Returns the XMP packets in file order."""
    found = {}
    for chunk in walked:
        if chunk.type == b"iTXt":
            text = text_of(chunk.type, payload(source, chunk)[0], source, chunk.start)
            if text.keyword == XMP_KEYWORD:
                found[chunk] = text.text
    return found


def _packet_edits(
    source: Source, chunk: Chunk, packet: bytes, json: str, *, is_target: bool, before: int
) -> Iterator[Edit]:
    if is_target and chunk.start > before:
        yield Edit(chunk.start, chunk.stop, b"")
    elif is_target:
        yield from _rewritten(source, chunk, make_xmp(xmp.with_label(packet, json)))
    elif xmp.labels(packet):
        yield from _rewritten(source, chunk, make_xmp(xmp.without_other_labels(packet)))


def _rewritten(source: Source, chunk: Chunk, new: bytes) -> Iterator[Edit]:
    """Yields the change of a chunk; at equal length the value and the checksum apart, so that both are small."""
    old = source.read(chunk.start, chunk.stop - chunk.start)
    if len(old) != len(new):
        yield from smallest(chunk.start, old, new)
        return
    yield from smallest(chunk.start, old[:-4], new[:-4])
    yield from smallest(chunk.stop - 4, old[-4:], new[-4:])


def _text_edits(source: Source, chunk: Chunk) -> Iterator[Edit]:
    text = text_of(chunk.type, payload(source, chunk)[0], source, chunk.start)
    value = text.text.decode("utf-8", "replace")
    if text.keyword.upper() == _NAME or looks_like_label(value):
        yield Edit(chunk.start, chunk.stop, b"")
        return
    raw = raw_profile(text.keyword, text.text)
    if raw is not None and _holds_label(*raw):
        raise UnsupportedFormat("png-raw-profile", path=source.name, offset=chunk.start)


def _holds_label(carrier: str, value: bytes) -> bool:
    return bool(xmp.labels(value)) if carrier == "xmp" else any(exif_edits(value, 0))


def _exif_edits(source: Source, chunk: Chunk) -> Iterator[Edit]:
    data, _ = payload(source, chunk)
    prefix = len(data) - len(data.removeprefix(b"Exif\0\0"))
    changed = bytearray(data)
    for edit in exif_edits(data[prefix:], prefix):
        changed[edit.start : edit.stop] = edit.data
    if changed != data:
        yield from _rewritten(source, chunk, make(chunk.type, bytes(changed)))


def _private_edits(source: Source, chunk: Chunk) -> Iterator[Edit]:
    data, _ = payload(source, chunk)
    named = chunk.type.upper() == _NAME.encode()
    found = [item for item in embedded.find(data) if item.key or named or looks_like_label(item.text)]
    rest = data
    for item in reversed(found):
        rest = rest[: item.start] + rest[item.stop :]
    if named or (found and not rest.strip(b"\0 \r\n\t")):
        yield Edit(chunk.start, chunk.stop, b"")
    elif found:
        yield Edit(chunk.start, chunk.stop, make(chunk.type, rest))
