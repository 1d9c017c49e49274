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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, ClassVar, Final, TypeGuard

from yinji.errors import LimitExceeded, Malformed, UsageError
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.face import check_words, require_pillow
from yinji.marks.layout import PLACES, needed_height
from yinji.marks.scene.gltf import draw as gltf
from yinji.marks.scene.gltf.file import opened
from yinji.marks.scene.gltf.find import find as find_gltf
from yinji.marks.scene.gltf.json_text import JsonText
from yinji.marks.scene.plate import FRAME, Plate
from yinji.marks.scene.usd import draw as usd
from yinji.marks.scene.usd.stage import Stage, read

_BROKEN: Final = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What a document raises whose members are not of the types and numbers that its format gives them."""
_MOST_BYTES: Final = 4 << 30
_USD: Final = frozenset({"model/vnd.usd", "model/vnd.usdz+zip"})


class SceneMark:
    """Puts a plate into glTF, GLB, VRM, USD text layers and USDZ; every byte of theirs stays."""

    name: ClassVar[str] = "scene"
    media_types: ClassVar[frozenset[str]] = frozenset({"model/gltf+json", "model/gltf-binary"}) | _USD
    places: ClassVar[tuple[str, ...]] = ("bottom", "top", *PLACES[:4])

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`. A scene that shows the words already stays as it is.

        Raises:
            MissingExtra: Pillow, or OpenUSD for its formats, is not installed.
        """
        require_pillow()
        check_words(request.words)
        place = request.place or self.places[0]
        if place not in self.places:
            raise UsageError("no-such-place", place=place, places=", ".join(self.places))
        with _reading(original) as name:
            if request.media_type in _USD:
                return _draw_usd(original, marked, request, place, name)
            return _draw_gltf(original, marked, request, place, name)

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`. The height is that which the start view shows now."""
        require_pillow()
        with _reading(content) as name:
            if request.media_type in _USD:
                with _copied(content, name) as path:
                    return _found_in_stage(read(path, name), request)
            return _found_in_gltf(content, request, name)

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        yield MarkExample("triangle", json.dumps(_TRIANGLE).encode(), "model/gltf+json")


def _draw_gltf(original: BinaryIO, marked: BinaryIO, request: MarkRequest, place: str, name: str) -> Drawn:
    present = _found_in_gltf(original, replace(request, place=""), name)
    if _suffices(present):
        _copy(original, marked)
        return present
    file = opened(original, name)
    text = JsonText(file.text)
    start = gltf.start_of(file, text.value)
    added, standing = gltf.add(file, text, start, request.words, request.min_height, place)
    file.write(marked, text.result(), added)
    return _drawn(request, standing.plate, standing.share, camera=start.camera is not None)


def _found_in_gltf(content: BinaryIO, request: MarkRequest, name: str) -> Drawn | None:
    file = opened(content, name)
    document = JsonText(file.text).value
    start = gltf.start_of(file, document)
    found = find_gltf(file, document, start, request.words)
    if found is None or request.place not in ("", found[0].place):
        return None
    return _drawn(request, *found, camera=start.camera is not None, already=True)


def _draw_usd(original: BinaryIO, marked: BinaryIO, request: MarkRequest, place: str, name: str) -> Drawn:
    with _copied(original, name) as path:
        usd.check(path, name)
        stage = read(path, name)
        present = _found_in_stage(stage, replace(request, place=""))
        if _suffices(present):
            _copy(original, marked)
            return present
        splice, standing = usd.add(original, path, stage, request.words, request.min_height, place)
        with path.open("rb") as file:
            for piece in splice.pieces(path.stat().st_size):
                if isinstance(piece, bytes):
                    marked.write(piece)
                else:
                    file.seek(piece[0])
                    _pass_on(file, marked, piece[1] - piece[0])
    return _drawn(request, standing.plate, standing.share, camera=stage.camera is not None)


def _found_in_stage(stage: Stage, request: MarkRequest) -> Drawn | None:
    for plate in stage.plates:
        if plate.note.get("words") == request.words and request.place in ("", plate.note.get("place")):
            found = usd.measured(stage, plate)
            if found is not None:
                return _drawn(request, *found, camera=stage.camera is not None, already=True)
    return None


def _suffices(present: Drawn | None) -> TypeGuard[Drawn]:
    return present is not None and present.ink_height >= present.needed_height


def _drawn(request: MarkRequest, plate: Plate, share: float, *, camera: bool, **detail: Any) -> Drawn:
    """Returns what was done, in the pixels of a start view whose short side has a thousand."""
    return Drawn(
        mark=SceneMark.name,
        words=request.words,
        place=plate.place,
        method="added",
        ink_height=math.floor(round(share * FRAME, 6)),
        needed_height=needed_height(FRAME, request.min_height),
        contrast=plate.contrast,
        detail={"share": round(share, 4), "frame": FRAME, "camera": camera} | detail,
    )


@contextmanager
def _reading(original: BinaryIO) -> Iterator[str]:
    """Turns what a broken document raises into an error of the package; yields the name of the file."""
    name = str(getattr(original, "name", "") or "")
    try:
        yield name
    except _BROKEN as error:
        raise Malformed("scene-broken", path=name, reason=str(error) or type(error).__name__) from error


@contextmanager
def _copied(original: BinaryIO, name: str) -> Iterator[Path]:
    """Yields a copy of a file of OpenUSD's under the ending by which it is known."""
    original.seek(0)
    suffix = usd.suffix_of(original.read(8), name)
    original.seek(0)
    with TemporaryDirectory(prefix="yinji-scene-") as folder:
        path = Path(folder, f"scene{suffix}")
        with path.open("wb") as file:
            if _pass_on(original, file, _MOST_BYTES + 1) > _MOST_BYTES:
                raise LimitExceeded("too-many-bytes", path=name, limit=_MOST_BYTES)
        yield path


def _copy(original: BinaryIO, marked: BinaryIO) -> None:
    original.seek(0)
    shutil.copyfileobj(original, marked, 1 << 20)


def _pass_on(file: BinaryIO, target: BinaryIO, length: int) -> int:
    """Copies up to ``length`` bytes and returns how many there were."""
    copied = 0
    while copied < length and (data := file.read(min(1 << 20, length - copied))):
        target.write(data)
        copied += len(data)
    return copied


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
