"""The items of a HEIF file: which picture is shown, of which coded pieces it is made, and where they lie.

ISO/IEC 14496-12, 8.11, and ISO/IEC 23008-12. New coded data go behind the file; the properties that describe them are
added, and only the entries of the items that changed point to them. Everything else stays, metadata included.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed, Truncated, UnsupportedFormat

_MOST_BOXES: Final = 100_000
_CONFIGURATIONS: Final = {b"hvc1": b"hvcC", b"av01": b"av1C"}


class Boxed(NamedTuple):
    """A box: its type, and positions of its first byte, of its payload, and behind it."""

    type: bytes
    start: int
    payload: int
    stop: int


class Place(NamedTuple):
    """Where the data of an item lie, and where in the file that is said."""

    offset: int
    length: int
    offset_at: int
    length_at: int
    base: int


class New(NamedTuple):
    """New data of an item, and the boxes of the properties that replace those of the same kind."""

    data: bytes
    properties: Sequence[bytes]


@dataclass(slots=True)
class Heif:
    """A HEIF file taken apart.

    Attributes:
        data: The whole file.
        name: For messages.
        primary: Number of the item that is shown.
        types: Type of each item.
        places: Where the data of each item lie; those spread over several extents are left out.
        properties: All property boxes, counted from 1 in the file.
        owned: Numbers of each item's properties, in order.
        tiles: Items that a derived item is made of, in order.
        auxiliary: Items that belong to another one, such as its opacity.
    """

    data: bytes
    name: str
    primary: int = 0
    types: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    properties: list[Boxed] = field(default_factory=list)
    owned: dict[int, list[int]] = field(default_factory=dict)
    tiles: dict[int, list[int]] = field(default_factory=dict)
    auxiliary: dict[int, list[int]] = field(default_factory=dict)
    _boxes: dict[bytes, Boxed] = field(default_factory=dict)
    _associations: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _offsets: list[tuple[int, int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, data: bytes, name: str) -> Heif:
        """Takes a file apart.

        Raises:
            Malformed, Truncated: It breaks the rules or ends too early.
            UnsupportedFormat: A sequence of pictures.
        """
        heif = cls(data, name)
        try:
            heif._read()
        except (struct.error, IndexError) as error:
            raise Malformed("mark-not-decodable", path=name, kind="HEIF", reason=str(error)) from error
        return heif

    def _malformed(self, reason: str) -> Malformed:
        return Malformed("mark-not-decodable", path=self.name, kind="HEIF", reason=reason)

    def unsupported(self, variant: str) -> UnsupportedFormat:
        """The error that a variant cannot be labelled."""
        return UnsupportedFormat("mark-variant", path=self.name, kind="HEIF", variant=variant)

    def _inside(self, start: int, stop: int) -> Iterator[Boxed]:
        count = 0
        while start + 8 <= stop:
            size, type = struct.unpack_from(">I4s", self.data, start)
            payload = start + 8
            if size == 1:
                (size,) = struct.unpack_from(">Q", self.data, payload)
                payload += 8
            end = start + size if size else stop
            if end > stop:
                raise Truncated("mark-truncated", path=self.name, kind="HEIF", size=len(self.data))
            count += 1
            if end < payload or count > _MOST_BOXES:
                raise self._malformed(f"box of {size} bytes at {start}")
            yield Boxed(type, start, payload, end)
            start = end

    def _read(self) -> None:
        top = {b.type: b for b in self._inside(0, len(self.data))}
        if b"moov" in top:
            raise self.unsupported("a sequence of pictures")
        if b"meta" not in top:
            raise self._malformed("no picture in it")
        meta = self._boxes[b"meta"] = top[b"meta"]
        inner = {b.type: b for b in self._inside(meta.payload + 4, meta.stop)}
        for needed in (b"pitm", b"iinf", b"iloc", b"iprp"):
            if needed not in inner:
                raise self._malformed(f"no {needed.decode()}")
        self._boxes |= inner
        at, data = inner[b"pitm"].payload, self.data
        (self.primary,) = struct.unpack_from(">I" if data[at] else ">H", data, at + 4)
        self._read_types(inner[b"iinf"])
        self._read_places(inner[b"iloc"])
        self._read_properties(inner[b"iprp"])
        if b"iref" in inner:
            self._read_references(inner[b"iref"])

    def _read_types(self, box: Boxed) -> None:
        skip = 8 if self.data[box.payload] else 6
        for entry in self._inside(box.payload + skip, box.stop):
            version = self.data[entry.payload]
            if entry.type == b"infe" and version >= 2:
                wide = version > 2
                (item,) = struct.unpack_from(">I" if wide else ">H", self.data, entry.payload + 4)
                kind = entry.payload + (10 if wide else 8)
                self.types[item] = self.data[kind : kind + 4]

    def _read_places(self, box: Boxed) -> None:
        version, at = self.data[box.payload], box.payload + 6
        sizes = self.data[box.payload + 4 : box.payload + 6]
        offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
        index_size = sizes[1] & 15 if version else 0
        wide = version == 2
        count = int.from_bytes(self.data[at : at + (4 if wide else 2)], "big")
        at += 4 if wide else 2
        if count > _MOST_BOXES:
            raise LimitExceeded("too-many-segments", path=self.name, limit=_MOST_BOXES)
        for _ in range(count):
            item = int.from_bytes(self.data[at : at + (4 if wide else 2)], "big")
            at += 4 if wide else 2
            method = struct.unpack_from(">H", self.data, at)[0] & 15 if version else 0
            at += (2 if version else 0) + 2
            base = int.from_bytes(self.data[at : at + base_size], "big")
            if base_size and not method:
                self._offsets.append((at, base_size, base))
            at += base_size
            (extents,) = struct.unpack_from(">H", self.data, at)
            at += 2
            for _ in range(extents):
                at += index_size
                offset = int.from_bytes(self.data[at : at + offset_size], "big")
                length = int.from_bytes(self.data[at + offset_size : at + offset_size + length_size], "big")
                if not method and offset_size and not base:
                    self._offsets.append((at, offset_size, offset))
                if extents == 1 and not method:
                    self.places[item] = Place(base + offset, length, at, at + offset_size, base)
                at += offset_size + length_size
        self._sizes = (offset_size, length_size)

    _sizes: tuple[int, int] = (0, 0)

    def _read_properties(self, box: Boxed) -> None:
        for part in self._inside(box.payload, box.stop):
            if part.type == b"ipco":
                self._boxes[b"ipco"] = part
                self.properties = [*self._inside(part.payload, part.stop)]
            elif part.type == b"ipma":
                self._read_associations(part)

    def _read_associations(self, box: Boxed) -> None:
        version, flags = self.data[box.payload], self.data[box.payload + 3]
        (count,) = struct.unpack_from(">I", self.data, box.payload + 4)
        at = box.payload + 8
        if count > _MOST_BOXES:
            raise LimitExceeded("too-many-segments", path=self.name, limit=_MOST_BOXES)
        for _ in range(count):
            (item,) = struct.unpack_from(">I" if version else ">H", self.data, at)
            at += 4 if version else 2
            many = self.data[at]
            at += 1
            for _ in range(many):
                size = 2 if flags & 1 else 1
                value = int.from_bytes(self.data[at : at + size], "big")
                number = value & (0x7FFF if size == 2 else 0x7F)
                if not 0 < number <= len(self.properties):
                    raise self._malformed(f"property {number}")
                self.owned.setdefault(item, []).append(number)
                self._associations[item, number] = (at, size)
                at += size

    def _read_references(self, box: Boxed) -> None:
        wide = self.data[box.payload] > 0
        for part in self._inside(box.payload + 4, box.stop):
            code, size = (">I", 4) if wide else (">H", 2)
            (source,) = struct.unpack_from(code, self.data, part.payload)
            (count,) = struct.unpack_from(">H", self.data, part.payload + size)
            start = part.payload + size + 2
            targets = [struct.unpack_from(code, self.data, start + size * i)[0] for i in range(count)]
            if part.type == b"dimg":
                self.tiles[source] = targets
            elif part.type == b"auxl":
                for target in targets:
                    self.auxiliary.setdefault(target, []).append(source)

    def item(self, number: int) -> bytes:
        """The data of an item.

        Raises:
            UnsupportedFormat: They are not in one piece in the file.
            Truncated: The file ends before they do.
        """
        place = self.places.get(number)
        if place is None or not place.length or min(self._sizes) < 4:
            raise self.unsupported("a picture in several pieces")
        if place.offset + place.length > len(self.data):
            raise Truncated("mark-truncated", path=self.name, kind="HEIF", size=len(self.data))
        return self.data[place.offset : place.offset + place.length]

    def grid(self, number: int) -> bytes:
        """The description of a derived picture, which stands in ``idat`` or in the file."""
        idat = self._boxes.get(b"idat")
        if number in self.places:
            return self.item(number)
        if idat is None:
            raise self._malformed("no description of the tiles")
        return self.data[idat.payload : idat.stop]

    def property(self, item: int, type: bytes) -> bytes:
        """Payload of an item's property, or nothing."""
        found = next(
            (self.properties[n - 1] for n in self.owned.get(item, ()) if self.properties[n - 1].type == type), None
        )
        return self.data[found.payload : found.stop] if found else b""

    def has(self, item: int, type: bytes) -> bool:
        return any(self.properties[n - 1].type == type for n in self.owned.get(item, ()))

    def ordered(self, item: int, *types: bytes) -> list[tuple[bytes, bytes]]:
        """Type and payload of an item's properties of some types, in their order."""
        boxes = (self.properties[n - 1] for n in self.owned.get(item, ()))
        return [(b.type, self.data[b.payload : b.stop]) for b in boxes if b.type in types]

    def rebuilt(self, changes: dict[int, New]) -> bytes:
        """Writes the file with new data for some items.

        Raises:
            UnsupportedFormat: The file has no room for the numbers of new properties.
        """
        fresh: list[bytes] = []
        numbers: dict[bytes, int] = {}
        out = bytearray(self.data)
        for item, new in changes.items():
            for box in new.properties:
                if box not in numbers:
                    fresh.append(box)
                    numbers[box] = len(self.properties) + len(fresh)
                self._point(out, item, box, numbers[box])
        added = b"".join(fresh)
        end = self._boxes[b"meta"].stop
        for at, size, value in self._offsets:
            if value >= end:
                out[at : at + size] = (value + len(added)).to_bytes(size, "big")
        position = len(self.data) + len(added) + 8
        body = bytearray()
        for item, new in changes.items():
            place, (offset_size, length_size) = self.places[item], self._sizes
            base = place.base + len(added) if place.base >= end else place.base
            out[place.offset_at : place.offset_at + offset_size] = (position + len(body) - base).to_bytes(
                offset_size, "big"
            )
            out[place.length_at : place.length_at + length_size] = len(new.data).to_bytes(length_size, "big")
            body += new.data
        ipco = self._boxes[b"ipco"]
        for outer in (self._boxes[b"meta"], self._boxes[b"iprp"], ipco):
            size = int.from_bytes(self.data[outer.start : outer.start + 4], "big")
            if size > 1:
                out[outer.start : outer.start + 4] = (size + len(added)).to_bytes(4, "big")
            elif size == 1:
                out[outer.start + 8 : outer.start + 16] = (outer.stop - outer.start + len(added)).to_bytes(8, "big")
        out[ipco.stop : ipco.stop] = added
        return self._sized(bytes(out)) + struct.pack(">I4s", 8 + len(body), b"mdat") + bytes(body)

    def _sized(self, data: bytes) -> bytes:
        """The file so far; a last box that reached to the end says its size now."""
        last = [*self._inside(0, len(self.data))][-1]
        if self.data[last.start : last.start + 4] == bytes(4):
            at = last.start + len(data) - len(self.data) if last.start else 0
            return data[:at] + (len(data) - at).to_bytes(4, "big") + data[at + 4 :]
        return data

    def _point(self, out: bytearray, item: int, box: bytes, number: int) -> None:
        """Lets an item own a new property in place of the one of the same kind."""
        for old in self.owned.get(item, ()):
            there = self.properties[old - 1]
            payload = self.data[there.payload : there.stop]
            if there.type == box[4:8] and (there.type != b"colr" or payload[:4] == box[8:12]):
                at, size = self._associations[item, old]
                most = 0x7FFF if size == 2 else 0x7F
                if number > most:
                    raise self.unsupported("too many properties")
                value = int.from_bytes(out[at : at + size], "big") & ~most | number
                out[at : at + size] = value.to_bytes(size, "big")
                return


def configuration(type: bytes) -> bytes:
    """Type of the property that describes how items of a type are coded; empty for unknown ones."""
    return _CONFIGURATIONS.get(type, b"")
