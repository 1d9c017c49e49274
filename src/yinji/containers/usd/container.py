"""OpenUSD scenes: layers and USDZ packages; the label is ``customLayerData["AIGC"]`` (a place of our own).

No guide names a place for virtual scenes (checklist R61). Labels are read in text and in binary layers, and written
into text layers: a binary one keeps its texts in packed tables, which only OpenUSD's own tools should make anew.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.edits import smallest
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.usd import crate
from yinji.containers.usd.text import NAME, Layer, Value, body_of, is_in_place, scan, with_label
from yinji.containers.zip.directory import STORED, Archive, Entry
from yinji.containers.zip.document import credentials
from yinji.containers.zip.edit import media as other_parts
from yinji.containers.zip.edit import plan
from yinji.errors import Malformed, UnreadableInput, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

TEXT: Final = b"#usda "
CRATE: Final = crate.MARK
_LAYERS: Final = (b".usd", b".usda", b".usdc")
_ALIGNMENT: Final = 64
"""Every part of a package begins at a multiple of this (USDZ specification)."""


class Usd:
    """A layer that is a file of its own."""

    name: ClassVar[str] = "usd"
    media_type: ClassVar[str] = "model/vnd.usd"
    kind: ClassVar[Kind] = Kind.SCENE
    extensions: ClassVar[tuple[str, ...]] = ("usda", "usd", "usdc")
    carrier: ClassVar[str] = "usd-layer"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head.startswith((TEXT, CRATE)):
            return 100
        return 10 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields texts of the layer's metadata and every label.

        Raises:
            UnsupportedFormat: A binary layer of an unknown version.
            Malformed, LimitExceeded: The layer cannot be read.
        """
        layer, damage = _read(source.read(0, source.size), source, source.name)
        yield from _blocks_of(layer, 0)
        if damage is not None:
            raise damage

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into ``customLayerData``; all other bytes stay as they are.

        Raises:
            UnsupportedFormat: A binary layer.
        """
        text = source.read(0, source.size)
        _require_text(text, source, source.name)
        return Splice.of(smallest(0, text, with_label(text, label.to_json(), source)))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the layer without its metadata and without labels; of a binary layer everything."""
        if source.head.startswith(CRATE):
            yield Span(0, source.size)
        else:
            yield from _scene(source.read(0, source.size), source, 0)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields an empty sphere: alone, with metadata, with data of its own."""
        yield Example("sphere.usda", _SPHERE)
        metadata = b'#usda 1.0\n(\n    defaultPrim = "Ball"\n    upAxis = "Y"\n)\n'
        yield Example("metadata.usda", metadata + _SPHERE[10:])
        own = b'#usda 1.0\n(\n    customLayerData = {\n        string mood = "calm"\n    }\n)\n'
        yield Example("data.usda", own + _SPHERE[10:])


class Usdz:
    """A package of layers and textures, stored and aligned; the label is in its first layer."""

    name: ClassVar[str] = "usdz"
    media_type: ClassVar[str] = "model/vnd.usdz+zip"
    kind: ClassVar[Kind] = Kind.SCENE
    extensions: ClassVar[tuple[str, ...]] = ("usdz",)
    carrier: ClassVar[str] = "usd-layer"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head[:4] != b"PK\3\4":
            return 0
        named = head[30 : 30 + int.from_bytes(head[26:28], "little")].lower()
        return 100 if named.endswith(_LAYERS) else 60 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields texts of the layers' metadata and every label.

        Raises:
            UnsupportedFormat: A layer is binary and of an unknown version.
            Malformed, Truncated, LimitExceeded: The package cannot be read.
        """
        archive = Archive.open(source)
        yield from credentials(archive)
        damage: UnreadableInput | UnsupportedFormat | None = None
        for number, entry in enumerate(_layers(archive)):
            layer, broken = _read(archive.content(entry), source, entry.shown)
            at = archive.data(entry)[0] if entry.method == STORED else entry.start
            yield from _blocks_of(layer, at, is_root=number == 0, whole=None if entry.method == STORED else at)
            damage = damage or broken
        if damage is not None:
            raise damage

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the first layer; its length changes by multiples of 64, so all parts stay aligned."""
        archive = Archive.open(source)
        changes: dict[bytes, bytes] = {}
        for number, entry in enumerate(_to_write(archive)):
            text = archive.content(entry)
            _require_text(text, source, entry.shown)
            json = label.to_json() if number == 0 else None
            changes[entry.name] = with_label(text, json, source, step=_ALIGNMENT)
        return plan(archive, changes, stored=tuple(changes))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the layers without metadata and labels, and all other parts, in the order of the file."""
        archive = Archive.open(source)
        texts = {e.name: e for e in _layers(archive) if not archive.content(e).startswith(CRATE)}
        spans = list(other_parts(archive, texts.keys()))
        for entry in texts.values():
            if entry.method == STORED:
                spans += _scene(archive.content(entry), source, archive.data(entry)[0])
        yield from sorted(spans)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a package of one layer, and one with a texture behind it."""
        yield Example("sphere.usdz", _package((b"sphere.usda", _SPHERE)))
        yield Example("texture.usdz", _package((b"sphere.usda", _SPHERE), (b"0/colour.png", bytes(range(99)))))


def _read(data: bytes, source: Source, name: str) -> tuple[Layer, UnreadableInput | UnsupportedFormat | None]:
    """Returns what a layer says as far as it can be read, and what stopped that, if anything did."""
    if not data.startswith(CRATE):
        return scan(data, source)
    layer = Layer()
    try:
        found = crate.values(data, source, name)
    except (UnreadableInput, UnsupportedFormat) as error:
        return layer, error
    for value in found:
        is_label = value.key.upper() == NAME or looks_like_label(value.text)
        (layer.labels if is_label else layer.told).append(value)
    return layer, None


def _require_text(layer: bytes, source: Source, name: str) -> None:
    if layer.startswith(CRATE):
        raise UnsupportedFormat("usd-crate", path=source.name, layer=name)


def _layers(archive: Archive) -> list[Entry]:
    """Returns the layers, the one that the package opens with first."""
    found = sorted((e for e in archive.entries() if e.name.lower().endswith(_LAYERS)), key=lambda e: e.start)
    if not found:
        raise Malformed("usdz-no-layer", path=archive.source.name)
    return found


def _to_write(archive: Archive) -> list[Entry]:
    """Returns the first layer, and the further ones that a label could be taken from.

    Binary layers behind it stay as they are; should one hold a second label, reading back refuses the file.
    """
    first, *others = _layers(archive)
    return [first, *(e for e in others if not archive.content(e).startswith(CRATE))]


def _blocks_of(layer: Layer, at: int, *, is_root: bool = True, whole: int | None = None) -> Iterator[Block]:
    for value in sorted((*layer.labels, *layer.told), key=lambda each: each.start):
        start, stop = (at + value.start, at + value.stop) if whole is None else (whole, whole)
        carrier = "usd-layer" if is_in_place(value) or value not in layer.labels else "usd-data"
        yield Block(carrier, value.key, value.text, start, stop, tuple(_problems(layer, value, is_root)))


def _problems(layer: Layer, value: Value, is_root: bool) -> Iterator[Problem]:
    if value in layer.labels and not (is_root and is_in_place(value)):
        yield Problem("usd-place", Severity.WARNING, "R61")


def _scene(text: bytes, source: Source, at: int) -> Iterator[Span]:
    layer, damage = scan(text, source)
    if damage is not None:
        raise damage
    start, has_begun = body_of(text, layer), False
    for value in sorted(layer.labels, key=lambda each: each.start):
        if value.start >= start:
            has_begun = has_begun or bool(text[start : value.start].strip())
            yield Span(at + start, at + value.start)
            start = value.stop
            if not has_begun:  # white space in front of the scene is none of it, with or without a label there
                start = len(text) - len(text[start:].lstrip())
    yield Span(at + start, at + len(text))


_SPHERE: Final = b'#usda 1.0\n\ndef Sphere "Ball"\n{\n    double radius = 2\n}\n'


def _package(*parts: tuple[bytes, bytes]) -> bytes:
    """Returns a package: stored, each part aligned by an extra field."""
    out, directory = b"", b""
    for name, data in parts:
        pad = -(len(out) + 30 + len(name) + 4) % _ALIGNMENT
        extra = struct.pack("<HH", 0x1986, pad) + bytes(pad)
        fixed = struct.pack("<HHHIIII", 10, 0, 0, 0x00210000, zlib.crc32(data), len(data), len(data))
        at = len(out)
        out += b"PK\3\4" + fixed + struct.pack("<HH", len(name), len(extra)) + name + extra + data
        directory += b"PK\1\2" + struct.pack("<H", 10) + fixed
        directory += struct.pack("<5H2I", len(name), 0, 0, 0, 0, 0, at) + name
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(parts), len(parts), len(directory), len(out), 0)
    return out + directory + end
