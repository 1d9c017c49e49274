"""Writing the item tables of a ``meta`` box: an ``iloc`` whose items have moved, entries for a new XMP item."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from yinji.containers.bmff.boxes import Box, children, full_fields, make_box
from yinji.containers.bmff.changes import Changes, Shift
from yinji.containers.heif.items import IN_FILE, IN_IDAT, XMP_TYPE, Extent, Items, Location, Widths
from yinji.containers.window import Window
from yinji.errors import Malformed

_NARROW: Final = 1 << 16
_WIDE: Final = 1 << 32


def moved(meta: Items, location: Location, shift: Shift) -> Location:
    """Returns an entry with its offsets where the bytes come to lie."""
    idat = meta.inside.get(b"idat")
    if location.method == IN_IDAT and idat is not None:
        origin = idat.body
    elif location.method == IN_FILE and location.reference == 0:
        origin = 0
    else:
        return location
    start = origin + location.base
    steps = [shift(start + e.offset) - (start + e.offset) for e in location.extents]
    by = -(shift(origin) - origin) if origin else 0
    steps = [step + by for step in steps]
    if not any(steps):
        return location
    if location.base and len(set(steps)) == 1:
        return location._replace(base=location.base + steps[0])
    extents = (Extent(e.number, e.offset + step, e.length) for e, step in zip(location.extents, steps, strict=True))
    return location._replace(extents=tuple(extents))


def make_iloc(window: Window, meta: Items, locations: Iterable[Location]) -> bytes:
    """Returns an ``iloc`` box of the same version and widths, wider only where a value asks for it.

    Raises:
        Malformed: An offset is negative, which a broken table makes it.
    """
    entries = tuple(locations)
    iloc = meta.inside[b"iloc"]
    version = 2 if any(e.item >= _NARROW for e in entries) else meta.version
    widths = Widths(
        _width(meta.widths.offset, (x.offset for e in entries for x in e.extents)),
        _width(meta.widths.length, (x.length for e in entries for x in e.extents)),
        _width(meta.widths.base, (e.base for e in entries)),
        meta.widths.number if version else 0,
    )
    number = 4 if version == 2 else 2
    parts = [
        struct.pack(">I", version << 24 | window.number(iloc.body + 1, 3)),
        bytes((widths.offset << 4 | widths.length, widths.base << 4 | widths.number)),
        len(entries).to_bytes(number, "big"),
    ]
    try:
        parts += [_entry(entry, version, number, widths) for entry in entries]
    except OverflowError:
        raise Malformed("bmff-offset-range", path=window.source.name, box="iloc", offset=iloc.start) from None
    return make_box(b"iloc", *parts)


def _width(written: int, values: Iterable[int]) -> int:
    most = max(values, default=0)
    return max(written, 8 if most >= _WIDE else 4 if most else 0)


def _entry(location: Location, version: int, number: int, widths: Widths) -> bytes:
    parts = [location.item.to_bytes(number, "big")]
    if version:
        parts.append(location.method.to_bytes(2, "big"))
    parts.append(location.reference.to_bytes(2, "big"))
    parts.append(location.base.to_bytes(widths.base, "big"))
    parts.append(len(location.extents).to_bytes(2, "big"))
    for extent in location.extents:
        parts.append(extent.number.to_bytes(widths.number, "big"))
        parts.append(extent.offset.to_bytes(widths.offset, "big"))
        parts.append(extent.length.to_bytes(widths.length, "big"))
    return b"".join(parts)


def add_xmp_item(window: Window, meta: Items, changes: Changes) -> int:
    """Books the entries of a new XMP item that describes the primary one, and returns its number.

    Raises:
        Malformed: The tables have no room left.
    """
    iinf = meta.inside[b"iinf"]
    taken = {item.id for item in meta.items} | set(meta.locations)
    item = max(taken, default=0) + 1
    if item == _NARROW:  # as long as there are numbers of 16 bits, tables need not grow
        item = next((free for free in range(1, _NARROW) if free not in taken), item)
    is_wide = item >= _NARROW
    infe = make_box(
        b"infe",
        bytes((3 if is_wide else 2, 0, 0, 0)),
        item.to_bytes(4 if is_wide else 2, "big"),
        bytes(2),
        b"mime\0",
        XMP_TYPE.encode() + b"\0",
    )
    width = 4 if window.number(iinf.body, 1) else 2
    count = window.number(iinf.body + 4, width) + 1
    if count >= 1 << 8 * width:
        raise Malformed("bmff-count", path=window.source.name, box="iinf", offset=iinf.start, count=count)
    changes.replace(iinf.body + 4, iinf.body + 4 + width, count.to_bytes(width, "big"), iinf)
    end = _last_stop(window, iinf, 4 + width)
    changes.replace(end, end, infe, iinf)
    if meta.primary is not None:
        _add_reference(window, meta, item, meta.primary, changes)
    return item


def _last_stop(window: Window, box: Box, skip: int) -> int:
    """Returns where a further child goes: behind the last one, and in front of stray bytes too few to be a box."""
    return max((child.stop for child in children(window, box, skip=skip)), default=box.body + skip)


def _add_reference(window: Window, meta: Items, item: int, target: int, changes: Changes) -> None:
    iref = meta.inside.get(b"iref")
    is_wide = meta.wide_references or max(item, target) >= _NARROW
    if iref is None:
        box = make_box(b"iref", bytes((is_wide, 0, 0, 0)), _reference(b"cdsc", item, (target,), is_wide))
        end = _last_stop(window, meta.box, full_fields(window, meta.box))
        changes.replace(end, end, box, meta.box)
    elif is_wide == meta.wide_references:
        end = _last_stop(window, iref, 4)
        changes.replace(end, end, _reference(b"cdsc", item, (target,), is_wide), iref)
    else:
        entries = (*((r.kind, r.source, r.targets) for r in meta.references), (b"cdsc", item, (target,)))
        box = make_box(b"iref", b"\1\0\0\0", *(_reference(*entry, True) for entry in entries))
        changes.replace(iref.start, iref.stop, box, meta.box)


def _reference(kind: bytes, source: int, targets: tuple[int, ...], is_wide: bool) -> bytes:
    code = "I" if is_wide else "H"
    return make_box(kind, struct.pack(f">{code}H{len(targets)}{code}", source, len(targets), *targets))


def holder(meta: Items, top: Iterable[Box], start: int, stop: int) -> Box | None:
    """Returns the ``mdat`` or ``idat`` that a stretch lies in, whose size follows when the stretch grows."""
    idat = meta.inside.get(b"idat")
    boxes = (*(box for box in top if box.kind == b"mdat"), *((idat,) if idat else ()))
    return next((box for box in boxes if box.body <= start <= stop <= box.stop), None)
