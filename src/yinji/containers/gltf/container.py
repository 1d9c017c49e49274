"""glTF 2.0 as text and binary, and VRM avatars: the label is ``asset.extras.AIGC`` (a place of our own).

No guide names a place for virtual scenes; ``asset.extras`` is where glTF lets anyone describe the file (checklist R61).
Labels in ``KHR_xmp_json_ld`` packets and in other extras are read, and replaced by the one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.base import Example, Span
from yinji.containers.edits import smallest
from yinji.containers.gltf.json import Member, Scene, check, cuts, scan, scan_far, text_of
from yinji.containers.gltf.layout import MAGIC, Layout, of_binary, of_text
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.xmp import NAMESPACE
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Problem, Severity

RESERVE: Final = 1024
"""Spaces left behind the label, so that a propagator's half fits without moving anything."""

_PLACE: Final = ("asset", "extras")
_PACKETS: Final = ("extensions", "KHR_xmp_json_ld", "packets")
_TOLD: Final = ("generator", "copyright", "version")
_SPACE: Final = b" \t\r\n"
_STARTS: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")


class Gltf:
    """glTF in one text file, whatever its buffers are."""

    name: ClassVar[str] = "gltf"
    media_type: ClassVar[str] = "model/gltf+json"
    kind: ClassVar[Kind] = Kind.SCENE
    extensions: ClassVar[tuple[str, ...]] = ("gltf",)
    carrier: ClassVar[str] = "gltf-extras"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        """Rates by the ending; JSON alone says nothing."""
        return 20 if extension in self.extensions and _STARTS.match(head) else 10 if extension in self.extensions else 0

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields who made the asset and every label, in file order; buffers are not read.

        Raises:
            Malformed, Truncated, LimitExceeded: The JSON cannot be read.
        """
        layout = self._layout(source)
        text = layout.text(source)
        scene, damage = scan_far(text, source)
        told = [scene.members[p] for key in _TOLD if (p := ("asset", key)) in scene.members]
        told = [*dict.fromkeys((*told, *_unnamed(text, scene)))]
        for member in sorted((*told, *scene.labels), key=lambda each: each.start):
            yield _block(text, layout, scene, member)
        if damage is not None:
            raise damage
        if ("asset",) not in scene.members:
            raise Malformed("gltf-no-asset", path=source.name)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the label into ``asset.extras``; all other bytes of the JSON stay as they are."""
        layout = self._layout(source)
        text = layout.text(source)
        scene = scan(text, source)
        check(text, source)
        if scene.doubled:
            raise Malformed("gltf-doubled", path=source.name, key=scene.doubled[0].key)
        new = _edited(text, scene, label.to_json(), source)
        if layout.length_at >= 0 and len(new) != len(text):
            new = new.rstrip(_SPACE + b"\0")
            new += b" " * (-len(new) % 4)
        edits = [*layout.lengths(len(new) - len(text)), *smallest(layout.start, text, new)]
        return Splice.of(edits)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields the scene without ``asset`` and labels, then the buffers."""
        layout = self._layout(source)
        scene = scan(layout.text(source), source)
        asset = scene.members.get(("asset",))
        out = sorted((*cuts(scene), *([(asset.value, asset.stop)] if asset else [])))
        at = scene.start
        for start, stop in out:
            if start >= at:
                yield Span(layout.start + at, layout.start + start)
            at = max(at, stop)
        yield Span(layout.start + at, layout.start + scene.stop)
        yield from layout.rest

    def _layout(self, source: Source) -> Layout:
        return of_text(source)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields an empty scene: short, and as people write it."""
        yield Example("short.gltf", _SHORT)
        yield Example("long.gltf", json.dumps(json.loads(_SHORT), indent=2).encode())
        yield Example("extras.gltf", _SHORT.replace(b'"2.0"', b'"2.0","extras":{"mood":"calm"}'))


class Glb(Gltf):
    """Binary glTF: the JSON chunk changes, the buffer stays as it is."""

    name = "glb"
    media_type = "model/gltf-binary"
    extensions = ("glb",)

    def score(self, head: bytes, extension: str) -> int:
        if head[:4] != MAGIC or (extension == "vrm") != (self.name == "vrm"):
            return 0
        return 100

    def _layout(self, source: Source) -> Layout:
        return of_binary(source)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields an empty scene without and with a buffer."""
        ending = cls.extensions[0]
        yield Example(f"empty.{ending}", _binary(_SHORT))
        yield Example(f"buffer.{ending}", _binary(_SHORT, bytes(range(64))))


class Vrm(Glb):
    """VRM avatars: binary glTF under an ending of its own."""

    name = "vrm"
    extensions = ("vrm",)


def _block(text: bytes, layout: Layout, scene: Scene, member: Member) -> Block:
    start, stop = layout.start + member.start, layout.start + member.stop
    value = text_of(text[member.value : member.stop])
    if member.path == _PLACE:
        return Block("gltf-extras", member.key, value, start, stop)
    if member not in scene.labels:
        return Block("gltf-asset", member.key, value, start, stop)
    if member.path[:3] == _PACKETS:
        problems = () if _is_bound(text, member) else (Problem("gltf-namespace", Severity.ERROR, "R49"),)
        return Block("xmp-json-ld", "AIGC" if not problems else member.key, value, start, stop, problems)
    place = ".".join(map(str, (*member.path, member.key)))
    return Block(
        "gltf-json", member.key, value, start, stop, (Problem("gltf-place", Severity.WARNING, "R61", {"place": place}),)
    )


def _unnamed(text: bytes, scene: Scene) -> list[Member]:
    """Returns what reads as a label in ``asset`` and its extras under another name."""
    members = (m for m in scene.members.values() if m.path in (_PLACE, _PLACE[:1]) and m not in scene.labels)
    strings = (m for m in members if text[m.value : m.value + 1] == b'"')
    return [member for member in strings if looks_like_label(text_of(text[member.value : member.stop]))]


def _is_bound(text: bytes, member: Member) -> bool:
    """Whether a name in a packet stands for the prescribed namespace: in full, or by a prefix that is bound to it."""
    if member.key.startswith(NAMESPACE):
        return True
    prefix = member.key.rpartition(":")[0]
    bound = rb'"' + re.escape(prefix.encode()) + rb'"\s*:\s*"' + re.escape(NAMESPACE.encode()) + rb'"'
    return bool(prefix) and re.search(bound, text) is not None


def _edited(text: bytes, scene: Scene, label: str, source: Source) -> bytes:
    """Returns the text with exactly one label."""
    value = json.dumps(label, ensure_ascii=False).encode()
    target = scene.members.get((*_PLACE, "AIGC"))
    edits = [(*member.cut, b"") for member in scene.labels if member is not target]
    edits += [(member.value, member.stop, b'""') for member in _unnamed(text, scene)]
    if target is not None:
        stop = _end_of_space(text, target.stop)
        room = stop - target.value - len(value)
        edits.append((target.value, stop, value + b" " * (room if room >= 0 else RESERVE)))
    else:
        edits.append(_insertion(text, scene, value, source))
    pieces, at = [], 0
    for start, stop, data in sorted(edits):
        if start < at:  # a label inside a label goes with it
            continue
        pieces += [text[at:start], data]
        at = stop
    return b"".join((*pieces, text[at:]))


def _end_of_space(text: bytes, at: int) -> int:
    """Returns where a run of spaces ends; line ends behind the value belong to the layout of the text."""
    while at < len(text) and text[at] == 0x20:
        at += 1
    return at


def _insertion(text: bytes, scene: Scene, value: bytes, source: Source) -> tuple[int, int, bytes]:
    """Returns the edit that puts the label at the front of ``asset.extras``, which comes into being if need be."""
    asset, extras = scene.members.get(("asset",)), scene.members.get(_PLACE)
    if asset is None or text[asset.value : asset.value + 1] != b"{":
        raise Malformed("gltf-no-asset", path=source.name)
    member = b'"AIGC":' + value + b" " * RESERVE
    if extras is None:
        at = asset.value + 1
        return at, at, b'"extras":{' + member + b"}" + _comma(text, asset, scene)
    if text[extras.value : extras.value + 1] != b"{":
        raise Malformed("gltf-extras", path=source.name, offset=extras.value)
    at = extras.value + 1
    return at, at, member + _comma(text, extras, scene)


def _comma(text: bytes, parent: Member, scene: Scene) -> bytes:
    """Returns what parts a new first member from those that stay."""
    path = (*parent.path, parent.key)
    stays = any(m.path == path and m not in scene.labels for m in scene.members.values())
    return b"," if stays else b""


_SHORT: Final = b'{"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[]}]}'


def _binary(text: bytes, buffer: bytes = b"") -> bytes:
    text += b" " * (-len(text) % 4)
    body = len(text).to_bytes(4, "little") + b"JSON" + text
    if buffer:
        body += len(buffer).to_bytes(4, "little") + b"BIN\0" + buffer
    return MAGIC + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body
