"""The short way through Ogg: one stream, its comment packet, and the last page of the file."""

from __future__ import annotations

import re
from typing import Final

from yinji.containers import vorbis_comment
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block
from yinji.containers.ogg.pages import FIRST, HEADER, MARK, SEGMENTS, checksum
from yinji.containers.ogg.streams import CODECS, TAILS, WHOLE
from yinji.containers.source import Source

_STARTS: Final = tuple((codec.mark, codec.prefix) for codec in CODECS if codec.prefix and not codec.sized)
_START: Final = MARK + b"\0"
_BEGINS: Final = re.compile(re.escape(_START) + b"[" + bytes(flags for flags in range(16) if flags & FIRST) + b"]")
"""The first page of another stream."""


def glance(source: Source) -> list[Block] | None:
    """Settles files of one stream whose comments lie on its second page."""
    head, size = source.head, source.size
    count = head[26]
    if not head.startswith(_START) or not head[5] & FIRST:
        return None
    ends = head[HEADER : HEADER + count]
    body, at = HEADER + count, HEADER + count + sum(ends)
    if sum(value < SEGMENTS for value in ends) != 1 or at + HEADER + SEGMENTS > len(head):
        return None
    for mark, prefix in _STARTS:  # noqa: B007 - the prefix is used below
        if head.startswith(mark, body):
            break
    else:
        return None
    serial = head[14:18]
    lacing = head[at + HEADER : at + HEADER + head[at + 26]]
    first = at + HEADER + len(lacing)
    stop = first + sum(lacing)
    if not head.startswith(_START, at) or head[at + 5] & FIRST or head[at + 14 : at + 18] != serial or stop > size:
        return None
    full = len(lacing) - len(lacing.lstrip(b"\xff"))
    length = SEGMENTS * full + lacing[full]
    page = head if stop <= len(head) else head[:at] + source.look(at, stop - at)
    packet = page[first : first + length]
    if not packet.startswith(prefix) or len(packet) < length:
        return None
    blocks = vorbis_comment.telling(packet[len(prefix) :], first + len(prefix))
    if blocks:
        written = int.from_bytes(page[at + 22 : at + 26], "little")
        if checksum(page[at : at + 22] + bytes(4) + page[at + 26 : stop]) != written:
            return None
        if any(map(may_hold_label, blocks)):
            return blocks
    for length in TAILS if size > WHOLE else (WHOLE,):
        tail = source.look(max(0, size - length), length)
        if size <= WHOLE and _BEGINS.search(tail, stop):
            return None
        last = tail.rfind(_START)
        if last >= 0:
            lacing = tail[last + HEADER : last + HEADER + tail[last + 26]]
            end = last + HEADER + tail[last + 26] + sum(lacing)
            is_end = end == len(tail) or (end < len(tail) and not MARK.startswith(tail[end : end + len(MARK)]))
            has_media = max(0, size - length) + last >= stop
            return blocks if is_end and has_media and tail[last + 14 : last + 18] == serial else None
    return None
