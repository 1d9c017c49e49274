"""Finds the plate that :mod:`yinji.marks.scene.gltf.draw` added, and measures it in the start view."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from yinji.marks.scene.geometry import Matrix, Vector, bounds_of, inverse, moved, product_of
from yinji.marks.scene.gltf import graph
from yinji.marks.scene.gltf.draw import KEY, Start
from yinji.marks.scene.gltf.file import GltfFile
from yinji.marks.scene.plate import Plate, make
from yinji.marks.scene.view import share_before, share_beside

_SAME: Final = 3.0
"""Mean difference of grey values below which a picture is the one that was drawn; another font release moves edges."""
_SMALLEST: Final = -0.999
"""Cosine of the angle by which a plate may be turned away from the viewer."""


def find(file: GltfFile, document: dict[str, Any], start: Start, words: str) -> tuple[Plate, float] | None:
    """Returns the plate with these words and its measured share of the start view's short side, or None.

    The plate counts only where it is one of the nodes of the start scene, shows the picture of these very words, and
    stands whole inside the view, in front of the content.
    """
    for number in start.graph.world:
        note = _note(start.graph.node(number))
        if note.get("words") != words:
            continue
        aspect = (start.camera[1].aspect or 1.0) if start.camera is not None else 1.0
        plate = make(words, float(note["share"]), str(note["place"]), aspect=aspect)
        share = _share(start, number)
        if share > 0 and _shows(file, document, start.graph.node(number), plate):
            return plate, share * plate.ink / plate.height
    return None


def _note(node: dict[str, Any]) -> dict[str, Any]:
    extras = node.get("extras")
    note = extras.get(KEY) if isinstance(extras, dict) else None
    return note if isinstance(note, dict) else {}


def _share(start: Start, number: int) -> float:
    """Height of the plate as a share of the view's short side; 0 where it is not wholly seen."""
    node = start.graph.node(number)
    primitive = start.graph.document["meshes"][node["mesh"]]["primitives"][0]
    box = graph.bounds_of_accessor(start.graph.document["accessors"][primitive["attributes"]["POSITION"]])
    matrix = start.graph.world[number]
    if start.camera is not None:
        back = inverse(start.graph.world[start.camera[0]])
        if back is None:
            return 0.0
        matrix = product_of(back, matrix)
    elif start.backward:
        matrix = product_of((-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1), matrix)
    seen = bounds_of(moved(matrix, corner) for corner in box.corners) if box is not None else None
    if seen is None or not _faces(matrix):
        return 0.0
    if start.camera is not None:
        return share_before(start.camera[1], seen.low, seen.high)
    return share_beside(start.content(without=number), seen.low, seen.high)


def _faces(matrix: Matrix) -> bool:
    """Whether the plate stands upright and faces the viewer."""
    origin = moved(matrix, (0, 0, 0))
    axes: list[Vector] = []
    for unit in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)):
        x, y, z = (a - b for a, b in zip(moved(matrix, unit), origin, strict=True))
        length = (x * x + y * y + z * z) ** 0.5
        axes.append((x / length, y / length, z / length) if length else (0.0, 0.0, 0.0))
    return axes[0][0] >= -_SMALLEST and axes[1][1] >= -_SMALLEST


def _shows(file: GltfFile, document: dict[str, Any], node: dict[str, Any], plate: Plate) -> bool:
    """Whether the texture of the node's mesh is the picture of the words."""
    from PIL import Image, ImageChops, ImageStat

    material = document["materials"][document["meshes"][node["mesh"]]["primitives"][0]["material"]]
    texture = document["textures"][material["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
    data = file.content(document, document["images"][texture["source"]]["bufferView"])
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as picture:
            if picture.size != plate.picture.size:
                return False
            gap = ImageChops.difference(picture.convert("RGBA"), plate.picture)
    except (OSError, SyntaxError, Image.DecompressionBombError):
        return False
    return max(ImageStat.Stat(gap).mean) < _SAME
