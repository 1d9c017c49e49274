"""OpenUSD scenes: layers and USDZ packages; the label is ``customLayerData["AIGC"]`` (a place of our own).

No guide names a place for virtual scenes (checklist R61). Text layers are edited as text, binary ones table by table.
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
from yinji.containers.usd import crate, crate_edit, crate_media, crate_values
from yinji.containers.usd.crate_example import sphere
from yinji.containers.usd.text import NAME, Layer, Value, body_of, is_in_place, scan, with_label
from yinji.containers.usd.window import Window
from yinji.containers.zip.directory import ENCIPHERED, STORED, Archive, Entry
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
        layer, damage = _read(Window(source, source.name), source)
        yield from _blocks_of(layer, 0)
        if damage is not None:
            raise damage

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into ``customLayerData``; a text keeps all other bytes, a binary layer all values.

        Raises:
            UnsupportedFormat: A binary layer whose tables cannot be moved.
        """
        window = Window(source, source.name)
        if window.starts_with(CRATE):
            return crate_edit.spliced(window, label.to_json())
        text = source.read(0, source.size)
        return Splice.of(smallest(0, text, with_label(text, label.to_json(), source)))

    def media(self, source: Source) -> Iterator[Span | bytes]:
        """Yields the layer without its metadata and without labels."""
        window = Window(source, source.name)
        if window.starts_with(CRATE):
            yield from crate_media.media(window)
        else:
            yield from _scene(source.read(0, source.size), source, 0)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a sphere: alone, with metadata, with data of its own, as a binary layer."""
        yield Example("sphere.usda", _SPHERE)
        metadata = b'#usda 1.0\n(\n    defaultPrim = "Ball"\n    upAxis = "Y"\n)\n'
        yield Example("metadata.usda", metadata + _SPHERE[10:])
        own = b'#usda 1.0\n(\n    customLayerData = {\n        string mood = "calm"\n    }\n)\n'
        yield Example("data.usda", own + _SPHERE[10:])
        yield Example("sphere.usdc", sphere())


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
            layer, broken = _read(_window(archive, entry), source)
            at = archive.data(entry)[0] if entry.method == STORED else entry.start
            yield from _blocks_of(layer, at, is_root=number == 0, whole=None if entry.method == STORED else at)
            damage = damage or broken
        if damage is not None:
            raise damage

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into the first layer; its length changes by multiples of 64, so all parts stay aligned."""
        archive = Archive.open(source)
        changes: dict[bytes, bytes | Splice] = {}
        for number, entry in enumerate(_layers(archive)):
            json = label.to_json() if number == 0 else None
            window = _window(archive, entry)
            if not window.starts_with(CRATE):
                changes[entry.name] = with_label(archive.content(entry), json, source, step=_ALIGNMENT)
            elif (splice := crate_edit.spliced(window, json, step=_ALIGNMENT)).edits:
                is_stored = window.source is source
                changes[entry.name] = splice if is_stored else splice.applied(archive.content(entry))
        return plan(archive, changes, stored=tuple(changes))

    def media(self, source: Source) -> Iterator[Span | bytes]:
        """Yields all other parts, then the layers without metadata and labels, each in the order of the file."""
        archive = Archive.open(source)
        layers = _layers(archive)
        yield from other_parts(archive, {entry.name for entry in layers})
        for entry in layers:
            window = _window(archive, entry)
            if window.starts_with(CRATE):
                yield from crate_media.media(window)
            elif entry.method == STORED:
                yield from _scene(archive.content(entry), source, archive.data(entry)[0])

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a package of one layer, one with a texture behind it, and one of a binary layer."""
        yield Example("sphere.usdz", _package((b"sphere.usda", _SPHERE)))
        yield Example("texture.usdz", _package((b"sphere.usda", _SPHERE), (b"0/colour.png", bytes(range(99)))))
        yield Example("binary.usdz", _package((b"sphere.usdc", sphere()), (b"0/colour.png", bytes(range(99)))))


def _read(window: Window, source: Source) -> tuple[Layer, UnreadableInput | UnsupportedFormat | None]:
    """Returns what a layer says as far as it can be read, and what stopped that, if anything did."""
    if not window.starts_with(CRATE):
        return scan(window.read(0, window.size), source)
    layer = Layer()
    try:
        found = crate_values.values(window)
    except (UnreadableInput, UnsupportedFormat) as error:
        return layer, error
    for value in found:
        is_label = value.key.upper() == NAME or looks_like_label(value.text)
        (layer.labels if is_label else layer.told).append(value)
    return layer, None


def _layers(archive: Archive) -> list[Entry]:
    """Returns the layers, the one that the package opens with first."""
    found = sorted((e for e in archive.entries() if e.name.lower().endswith(_LAYERS)), key=lambda e: e.start)
    if not found:
        raise Malformed("usdz-no-layer", path=archive.source.name)
    return found


def _window(archive: Archive, entry: Entry) -> Window:
    """Returns a layer where it stands in the file; a compressed one, and a text, out of memory."""
    source = archive.source
    if entry.method == STORED and not entry.flags & ENCIPHERED:
        start, stop = archive.data(entry)
        window = Window(source, entry.shown, start, stop - start)
        if window.starts_with(CRATE):
            return window
    content = Source.open(archive.content(entry), name=source.name, limits=source.limits)
    return Window(content, entry.shown)


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
