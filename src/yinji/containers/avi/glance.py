"""The short way through AVI: the chunks of the first RIFF, those of its header list, and what INFO says."""

from __future__ import annotations

from struct import Struct
from typing import Final

from yinji.containers.avi.places import INFO, LABEL, MEDIA, text_of
from yinji.containers.candidate import may_hold_label, shows_sign
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.stretch import Stretch
from yinji.limits import KIB

_HEADER: Final = Struct("<4sI4s").unpack_from
_CHUNKS_MAX: Final = 512
_AHEAD: Final = 1 * KIB
_INFO_MAX: Final = 64 * KIB
_HOLE_MAX: Final = 64 * KIB
_HOLE_LOOK: Final = 1 * KIB
_SILENT: Final = frozenset((b"idx1", b"avih", b"strh", b"strf", b"strn", b"indx", b"strd", b"vprp", b"dmlh"))
_LISTS: Final = frozenset((b"hdrl", b"strl", b"odml"))


def glance(source: Source) -> list[Block] | None:
    """Settles files of one RIFF that fills them, made of the usual chunks."""
    head, size = source.head, source.size
    limit = int.from_bytes(head[4:8], "little") + 8
    if head[:4] != b"RIFF" or head[8:12] != b"AVI " or limit != size:
        return None
    here = Stretch(source, _AHEAD)
    at = 12
    found: list[Block] = []
    has_media = is_settled = False
    for _ in range(_CHUNKS_MAX):
        if limit - at < 8:
            return found if has_media else None
        kind, type, end, stop = _chunk(here, at, limit)
        if type == MEDIA:
            if is_settled:
                return found
            has_media = True
        elif type == INFO:
            found += _info(here, at, end)
            is_settled = any(map(may_hold_label, found))
        elif type == b"hdrl":
            inner = at + 12
            if stop > len(head):  # as the walk does: room for an index of each stream, and what follows
                here.show(at, min(end - at + 4 * KIB, 64 * KIB, size - at))
            while end - inner >= 8:
                name, type, last, after = _chunk(here, inner, end)
                if type == INFO or (not type and name in (b"C2PA", b"_PMX")):
                    return None
                if type == b"strl" and _has_index(here, inner + 12, last):
                    return None  # of further RIFFs, which may be missing
                inner = after
        elif type:
            return None
        elif kind == b"JUNK":
            _pass(here, at + 8, end)
        elif kind not in _SILENT:
            return None
        at = stop
    return None


def _chunk(here: Stretch, at: int, limit: int) -> tuple[bytes, bytes, int, int]:
    """Returns id, type of a list or b"", end, and where the next chunk begins.

    Raises:
        LookupError: It does not fit, or its padding is not as it should be.
    """
    offset = here.show(at, min(12, limit - at))
    kind, length, type = _HEADER(here.data.ljust(offset + 12, b"\0"), offset)
    end = at + 8 + length
    stop = end + (length & 1)
    if stop > limit or (length & 1 and here.data[here.show(end, 1)]):
        raise LookupError
    if kind != b"LIST":
        if not kind.isalnum() and kind != b"_PMX":
            raise LookupError
        return kind, b"", end, stop
    if length < 4:
        raise LookupError
    return kind, type, end, stop


def _has_index(here: Stretch, at: int, end: int) -> bool:
    """Whether a stream has an index of indexes (OpenDML)."""
    while end - at >= 8:
        kind, _, _, at = _chunk(here, at, end)
        if kind == b"indx":
            return True
    return False


def _info(here: Stretch, at: int, end: int) -> list[Block]:
    """Returns the texts of an INFO list that show a sign of a label, and the label."""
    if end - at > _INFO_MAX:
        raise LookupError
    found = []
    offset = here.show(at, end - at)
    is_plain = not shows_sign(here.data[offset : offset + end - at])
    at += 12
    while end - at >= 8:
        kind, type, last, stop = _chunk(here, at, end)
        if type:
            raise LookupError
        if not is_plain:
            offset = here.show(at, stop - at)
            content = here.data[offset + 8 : offset + last - at]
            if kind.upper() == LABEL or shows_sign(content):
                found.append(Block("riff-info", kind.decode("ascii"), text_of(content), at, stop))
        at = stop
    return found


def _pass(here: Stretch, body: int, end: int) -> None:
    """Passes over filler in which nothing of a label is left."""
    if 8 <= end - body <= _HOLE_MAX:
        length = min(end - body, _HOLE_LOOK)
        offset = here.show(body, length)
        content = here.data[offset : offset + length]
        if b"AIGC" in content or b"ContentProducer" in content:
            raise LookupError
