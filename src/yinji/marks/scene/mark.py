"""The label in a virtual scene (GB 45438-2025 5.5): words at an edge of the start view, at least 5 % of its short side.

A plate with the words stands in front of the start view: before the first camera, with which it moves, or before the
content, where viewers look at it from.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO, ClassVar, Final

from yinji.errors import Malformed, UsageError
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.face import check_words, require_pillow
from yinji.marks.layout import PLACES, needed_height
from yinji.marks.scene.gltf import draw as gltf
from yinji.marks.scene.gltf.file import opened
from yinji.marks.scene.gltf.find import find
from yinji.marks.scene.gltf.json_text import JsonText
from yinji.marks.scene.plate import FRAME, Plate

_BROKEN: Final = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What a document raises whose members are not of the types and numbers that glTF gives them."""


class SceneMark:
    """Puts a plate into glTF, GLB and VRM; every byte of theirs stays."""

    name: ClassVar[str] = "scene"
    media_types: ClassVar[frozenset[str]] = frozenset({"model/gltf+json", "model/gltf-binary"})
    places: ClassVar[tuple[str, ...]] = ("bottom", "top", *PLACES[:4])

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`. A scene that shows the words already stays as it is.

        Raises:
            MissingExtra: Pillow is not installed.
        """
        require_pillow()
        check_words(request.words)
        place = request.place or self.places[0]
        if place not in self.places:
            raise UsageError("no-such-place", place=place, places=", ".join(self.places))
        present = self.find(original, replace(request, place=""))
        if present is not None and present.ink_height >= present.needed_height:
            original.seek(0)
            shutil.copyfileobj(original, marked, 1 << 20)
            return present
        with _reading(original) as name:
            file = opened(original, name)
            text = JsonText(file.text)
            start = gltf.start_of(file, text.value)
            added, standing = gltf.add(file, text, start, request.words, request.min_height, place)
            file.write(marked, text.result(), added)
        return _drawn(request, standing.plate, standing.share, start, {})

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`. The height is that which the start view shows now."""
        require_pillow()
        with _reading(content) as name:
            file = opened(content, name)
            document = JsonText(file.text).value
            start = gltf.start_of(file, document)
            found = find(file, document, start, request.words)
        if found is None or (request.place and found[0].place != request.place):
            return None
        return _drawn(request, found[0], found[1], start, {"already": True})

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        yield MarkExample("triangle", json.dumps(_TRIANGLE).encode(), "model/gltf+json")


def _drawn(request: MarkRequest, plate: Plate, share: float, start: gltf.Start, detail: dict[str, Any]) -> Drawn:
    """Returns what was done, in the pixels of a start view whose short side has a thousand."""
    return Drawn(
        mark=SceneMark.name,
        words=request.words,
        place=plate.place,
        method="added",
        ink_height=math.floor(round(share * FRAME, 6)),
        needed_height=needed_height(FRAME, request.min_height),
        contrast=plate.contrast,
        detail={"share": round(share, 4), "frame": FRAME, "camera": start.camera is not None} | detail,
    )


@contextmanager
def _reading(original: BinaryIO) -> Iterator[str]:
    """Turns what a broken document raises into an error of the package; yields the name of the file."""
    name = str(getattr(original, "name", "") or "")
    try:
        yield name
    except _BROKEN as error:
        raise Malformed("scene-broken", path=name, reason=str(error) or type(error).__name__) from error


_TRIANGLE: Final[dict[str, Any]] = {
    "asset": {"version": "2.0"},
    "scene": 0,
    "scenes": [{"nodes": [0]}],
    "nodes": [{"mesh": 0}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
    "accessors": [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]}
    ],
    "bufferViews": [{"buffer": 0, "byteLength": 36}],
    "buffers": [
        {
            "byteLength": 36,
            "uri": "data:application/octet-stream;base64,AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAA",
        }
    ],
}
