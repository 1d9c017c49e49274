"""Planning the change that leaves exactly one label in a GIF."""

from __future__ import annotations

from collections.abc import Iterator

from yinji.containers import embedded, xmp
from yinji.containers.edits import smallest
from yinji.containers.gif.blocks import (
    APPLICATION,
    C2PA,
    COMMENT,
    LOOPS,
    PROFILES,
    XMP,
    Part,
    Walk,
    content,
    make,
    make_xmp,
    packet,
)
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.trailer import labels_behind
from yinji.errors import UnsupportedFormat
from yinji.labels.decode import looks_like_label


def plan(source: Source, json: str) -> Splice:
    """Returns the edits: the label into the XMP extension, every other copy of a label out of the file.

    Raises:
        UnsupportedFormat: A comment holds what may be a label, mixed into something else.
        Malformed, Truncated: The file cannot be edited safely.
    """
    walk = Walk(source)
    walked = list(walk.parts())
    target = next((part for part in walked if part.name == XMP), None)
    edits = list(smallest(0, source.head[:6], b"GIF89a"))  # version 87a has no extensions
    for part in walked:
        if part.name == XMP:
            edits += _packet_edits(source, part, json, is_target=part == target)
        elif holds_text(part):
            edits += _text_edits(source, part)
    if target is None:
        at = _place(walk.start, walked)
        edits.append(Edit(at, at, make_xmp(xmp.with_label(None, json))))
    edits += [Edit(item.start, item.stop, b"") for item in labels_behind(source, walk.end)]
    return Splice.of(edits)


def holds_text(part: Part) -> bool:
    """Whether small tools may have left a label in a block: comments and applications without a known structure."""
    if part.label == COMMENT:
        return True
    return part.label == APPLICATION and not part.name.startswith((*LOOPS, *PROFILES, C2PA, XMP)) and part.name != b""


def _place(start: int, walked: list[Part]) -> int:
    """At the head, but behind the loop count, which some players look for in the first block alone."""
    return walked[0].stop if walked and walked[0].name in LOOPS else start


def _packet_edits(source: Source, part: Part, json: str, *, is_target: bool) -> Iterator[Edit]:
    old = packet(source, part)
    if is_target:
        new = xmp.with_label(old, json)
    elif xmp.labels(old):
        new = xmp.without_other_labels(old)
    else:
        return
    yield from smallest(part.start, source.read(part.start, part.stop - part.start), make_xmp(new))


def _text_edits(source: Source, part: Part) -> Iterator[Edit]:
    data = content(source, part)
    found = [item for item in embedded.find(data) if item.key or looks_like_label(item.text)]
    if not found:
        if part.label == COMMENT and looks_like_label(embedded.decoded(data.rstrip(b"\0"))):
            raise UnsupportedFormat("gif-label-place", path=source.name, offset=part.start)
        return
    rest = data
    for item in reversed(found):
        rest = rest[: item.start] + rest[item.stop :]
    left = make(part.label, part.name, rest) if rest.strip(b"\0 \r\n\t") else b""
    yield Edit(part.start, part.stop, left)
