"""Planning changes of ID3v2 tags: the label in, other frames byte for byte as they are, padding used and left."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Final

from yinji.containers import xmp
from yinji.containers.id3.tag import (
    FOOTER,
    HEADER,
    KEY,
    UNSYNCHRONISED,
    Frame,
    Tag,
    frame_block,
    frames,
    unsynchronised,
)
from yinji.containers.model import Block
from yinji.containers.splice import Edit
from yinji.errors import Encrypted, Malformed
from yinji.labels.decode import looks_like_label

RESERVE: Final = 1024
"""Padding left behind a label, so that a propagator's half fits without moving the audio."""

_UTF8, _UTF16, _LATIN1 = 3, 1, 0
_V4_UNSYNCHRONISED: Final = 0x02
_V3_HAS_CRC: Final = 0x8000
_V4_HAS_CRC: Final = 0x20
_V4_IS_UPDATE: Final = 0x40


def new_tag(json: str, others: bytes = b"") -> bytes:
    """Returns an ID3v2.4 tag that holds other frames, the label and room for the next writer."""
    held = others + label_frame(4, 0, json)
    return b"ID3\4\0\0" + to_syncsafe(len(held) + RESERVE) + held + bytes(RESERVE)


def to_syncsafe(value: int) -> bytes:
    """Returns a number as four bytes of seven bits.

    Raises:
        Malformed: It needs more than 28 bits.
    """
    if value >= 1 << 28:
        raise Malformed("id3-size", offset=0)
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def label_frame(version: int, flags: int, json: str) -> bytes:
    """Returns the TXXX frame (TXX in 2.2) of the label: UTF-8 in 2.4, else Latin-1 for ASCII, else UTF-16."""
    if version == 4:
        body = bytes((_UTF8,)) + f"{KEY}\0{json}".encode()
        format_flags = _V4_UNSYNCHRONISED if flags & UNSYNCHRONISED else 0
        return b"TXXX" + to_syncsafe(len(body)) + bytes((0, format_flags)) + body
    if json.isascii():
        body = bytes((_LATIN1,)) + f"{KEY}\0{json}".encode("ascii")
    else:
        mark = b"\xff\xfe"
        body = bytes((_UTF16,)) + mark + f"{KEY}\0".encode("utf-16-le") + mark + json.encode("utf-16-le")
    if version == 3:
        return b"TXXX" + struct.pack(">IH", len(body), 0) + body
    return b"TXX" + len(body).to_bytes(3, "big") + body


def label_frames(tag: Tag) -> list[tuple[Frame, Block]]:
    """Returns the frames that hold a label, with their blocks."""
    held = []
    for frame in frames(tag):
        try:
            block = frame_block(tag, frame)
        except Encrypted:
            continue
        if block is not None and _holds_label(block):
            held.append((frame, block))
    return held


def _holds_label(block: Block) -> bool:
    if isinstance(block.value, bytes):
        return block.carrier == "xmp" and bool(xmp.labels(block.value))
    return block.key.casefold() == KEY.casefold() or looks_like_label(block.value)


def tag_edits(tag: Tag, json: str | None) -> list[Edit]:
    """Plans the label into a tag, or (None) out of a tag of a file that gets its one label elsewhere in the same step.

    Returns:
        Edits in positions of the file; their total growth is 0 where the padding suffices.

    Raises:
        Malformed: The tag cannot be edited safely.
    """
    held = label_frames(tag)
    if json is None and not held:
        return []
    last = tag.at
    for frame in frames(tag):
        last = frame.stop
    if json is None and tag.start > 0 and _covers(held, tag, last):
        return [Edit(tag.start, tag.stop, b"")]
    changed = _frame_edits(tag, held, json, last)
    if tag.is_unpacked:
        return [_repacked(tag, changed, last)]
    return _in_padding(tag, changed, last)


def _covers(held: list[tuple[Frame, Block]], tag: Tag, last: int) -> bool:
    """Whether a tag holds nothing but labels; a tag must hold a frame, so it goes as a whole."""
    return all(block.carrier != "xmp" for _, block in held) and sum(f.stop - f.start for f, _ in held) == last - tag.at


def _frame_edits(tag: Tag, held: list[tuple[Frame, Block]], json: str | None, last: int) -> list[Edit]:
    """Returns edits of the frames alone, in positions of the tag's ``inner``."""
    edits: list[Edit] = []
    new = label_frame(tag.version, tag.flags, json) if json is not None else b""
    for frame, block in held:
        if isinstance(block.value, bytes):
            edits.append(_cleared_packet(tag, frame, block.value))
        elif new and block.key == KEY and frame.modern == "TXXX":
            edits.append(Edit(frame.start, frame.stop, new))
            new = b""
        else:
            edits.append(Edit(frame.start, frame.stop, b""))
    if new:
        edits.append(Edit(last, last, new))
    return edits


def _cleared_packet(tag: Tag, frame: Frame, packet: bytes) -> Edit:
    """Rewrites an XMP packet at its own length, everything else in it kept."""
    cleared = xmp.without_other_labels(packet)
    if tag.flags & UNSYNCHRONISED or len(cleared) > len(packet):
        raise Malformed("mp3-label-place", path=tag.file.name, offset=tag.start)
    return Edit(frame.stop - len(packet), frame.stop, cleared.ljust(len(packet)))


def _in_padding(tag: Tag, changed: list[Edit], last: int) -> list[Edit]:
    """Lets the padding give or take the difference; where it is too short, makes the tag larger."""
    growth = sum(edit.growth for edit in changed)
    room = tag.end - last
    tail = b"".join(edit.data for edit in changed if edit.start == edit.stop == last)
    edits = [edit for edit in changed if not edit.start == edit.stop == last]
    size = tag.end - tag.start - HEADER
    if growth <= room and not (tag.has_footer and growth):
        padding = room - growth
        is_clean = not any(tag.inner.read(last, room))
        taken = max(0, growth) if is_clean else room  # what a reader could take for frames does not stay behind ours
        edits.append(Edit(last, last + taken, tail + bytes(taken - growth)))
    else:
        padding = 0 if tag.has_footer else RESERVE
        edits.append(Edit(last, tag.end, tail + bytes(padding)))
        size += growth - room + padding
        edits.append(Edit(tag.start + 6, tag.start + 10, to_syncsafe(size)))
        if tag.has_footer:
            edits.append(Edit(tag.stop - 4, tag.stop, to_syncsafe(size)))
    return edits + _extended_edits(tag, edits, padding)


def _extended_edits(tag: Tag, edits: Iterable[Edit], padding: int) -> list[Edit]:
    """Corrects the padding size and the checksum of an extended header."""
    if tag.extended is None:
        return []
    at = tag.extended
    head = tag.inner.read(at, tag.at - at)
    after = [edit for edit in edits if tag.at <= edit.start and edit.stop <= tag.end]
    return [Edit(at + start, at + start + len(new), new) for start, new in _extended_fields(tag, head, after, padding)]


def _extended_fields(tag: Tag, head: bytes, after: list[Edit], padding: int) -> Iterable[tuple[int, bytes]]:
    if tag.version == 3:
        if len(head) >= 10:
            yield 6, padding.to_bytes(4, "big")
        if len(head) >= 14 and int.from_bytes(head[4:6], "big") & _V3_HAS_CRC:
            data = _content_after(tag, after)
            yield 10, zlib.crc32(data[: len(data) - padding]).to_bytes(4, "big")
    elif len(head) >= 6 and head[5] & _V4_HAS_CRC:
        field = 7 + (1 if head[5] & _V4_IS_UPDATE else 0)
        value = zlib.crc32(_content_after(tag, after))
        yield field, bytes(value >> shift & 0x7F for shift in (28, 21, 14, 7, 0))


def _content_after(tag: Tag, edits: list[Edit]) -> bytes:
    return _applied(tag.inner.read(tag.at, tag.end - tag.at), tag.at, edits)


def _applied(old: bytes, base: int, edits: Iterable[Edit]) -> bytes:
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda e: (e.start, e.stop)):
        pieces += [old[at : edit.start - base], edit.data]
        at = edit.stop - base
    return b"".join((*pieces, old[at:]))


def _repacked(tag: Tag, changed: list[Edit], last: int) -> Edit:
    """Rewrites an unsynchronised tag as a whole, in its old size while the padding lasts."""
    frames_only = _applied(tag.inner.read(tag.at, last - tag.at), tag.at, changed)
    size = tag.stop - tag.start - HEADER
    head = b"" if tag.extended is None else tag.inner.read(tag.extended, tag.at - tag.extended)
    for padding in (size - len(unsynchronised(head + frames_only)) - extra for extra in (0, 1, 2, 3)):
        if padding < 0:
            break
        content = unsynchronised(_with_extended(tag, head, frames_only, padding) + frames_only + bytes(padding))
        if len(content) == size:
            return Edit(tag.start + HEADER, tag.stop, content)
    content = unsynchronised(_with_extended(tag, head, frames_only, RESERVE) + frames_only + bytes(RESERVE))
    return Edit(tag.start + 6, tag.stop, to_syncsafe(len(content)) + content)


def _with_extended(tag: Tag, head: bytes, frames_only: bytes, padding: int) -> bytes:
    if len(head) < 10 or tag.version != 3:
        return head
    crc = zlib.crc32(frames_only).to_bytes(4, "big") if int.from_bytes(head[4:6], "big") & _V3_HAS_CRC else b""
    return head[:6] + padding.to_bytes(4, "big") + crc + head[10 + len(crc) :]


def appended_tag_at(window_tail: bytes, end: int) -> int | None:
    """Returns where the tag starts whose footer is the last thing before ``end``, given the 10 bytes there."""
    if window_tail[:3] != b"3DI" or len(window_tail) < HEADER or not window_tail[5] & FOOTER:
        return None
    size = 0
    for byte in window_tail[6:10]:
        size = size << 7 | byte & 0x7F
    start = end - size - 2 * HEADER
    return start if start >= 0 else None
