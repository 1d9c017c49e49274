"""What a glTF document says of its start view: the nodes of its scene, its first camera, the box of its content."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import inf, tan
from typing import Any, Final

from yinji.errors import LimitExceeded
from yinji.marks.scene.geometry import (
    IDENTITY,
    Bounds,
    Matrix,
    Vector,
    bounds_of,
    composed,
    moved,
    product_of,
    transposed,
)
from yinji.marks.scene.gltf.file import GltfFile
from yinji.marks.scene.view import Camera

_MOST_NODES: Final = 200_000
_INTEGERS: Final = {5120: 127.0, 5121: 255.0, 5122: 32767.0, 5123: 65535.0}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes of the start scene.

    Attributes:
        scene: Number of the scene.
        world: Matrix of each node that belongs to it, in the order in which they are met.
        parent: The node above each that has one.
    """

    file: GltfFile
    document: Json
    scene: int
    world: dict[int, Matrix]
    parent: dict[int, int]

    def node(self, number: int) -> Json:
        found: Json = self.document["nodes"][number]
        return found

    @property
    def camera(self) -> tuple[int, Camera] | None:
        """The first camera, and the number of its node."""
        for number in self.world:
            if "camera" in self.node(number):
                return number, _camera(self.document["cameras"][self.node(number)["camera"]])
        return None

    def content(self, without: int | None = None) -> Bounds | None:
        """The box of all meshes at rest, but that of one node."""
        points: list[Vector] = []
        for number, matrix in self.world.items():
            node = self.node(number)
            if "mesh" in node and number != without:
                where = self._bound(node["skin"]) if "skin" in node else matrix
                for box in self._boxes(node["mesh"]):
                    points += [moved(where, corner) for corner in box.corners]
        return bounds_of(points)

    def _bound(self, number: int) -> Matrix:
        """Where the joints of a skin hold a mesh at rest, whatever its own node says: told by the first of them."""
        skin = self.document["skins"][number]
        joint = self.world.get(skin["joints"][0], IDENTITY)
        if "inverseBindMatrices" not in skin:
            return joint
        accessor = self.document["accessors"][skin["inverseBindMatrices"]]
        at = int(accessor.get("byteOffset", 0))
        data = self.file.content(self.document, accessor["bufferView"])[at : at + 64]
        return product_of(joint, transposed(struct.unpack("<16f", data))) if len(data) == 64 else IDENTITY

    def _boxes(self, mesh: int) -> list[Bounds]:
        accessors = self.document.get("accessors", [])
        numbers = [p["attributes"].get("POSITION") for p in self.document["meshes"][mesh]["primitives"]]
        return [box for n in numbers if n is not None and (box := bounds_of_accessor(accessors[n])) is not None]


def bounds_of_accessor(accessor: Json) -> Bounds | None:
    """Returns the box that the accessor of positions promises, or None."""
    if "min" not in accessor or "max" not in accessor:
        return None
    unit = _INTEGERS.get(accessor["componentType"], 1.0) if accessor.get("normalized") else 1.0
    low, high = ([float(v) / unit for v in accessor[name]] for name in ("min", "max"))
    return bounds_of([(low[0], low[1], low[2]), (high[0], high[1], high[2])])


def of(file: GltfFile, document: Json) -> Graph | None:
    """Returns the start scene's graph; None of a document without a scene. Wrong types and numbers raise what they do.

    Raises:
        LimitExceeded: Too many nodes.
    """
    scenes = document.get("scenes", [])
    number = int(document.get("scene", 0))
    if not scenes:
        return None
    world: dict[int, Matrix] = {}
    parent: dict[int, int] = {}
    nodes = document.get("nodes", [])
    waiting: list[tuple[int, int, Matrix]] = [(n, -1, IDENTITY) for n in reversed(scenes[number].get("nodes", []))]
    while waiting:
        node, above, matrix = waiting.pop()
        if node in world:
            continue
        if len(world) >= _MOST_NODES:
            raise LimitExceeded("too-many-segments", limit=_MOST_NODES)
        world[node] = product_of(matrix, _local(nodes[node]))
        if above >= 0:
            parent[node] = above
        waiting += [(child, node, world[node]) for child in reversed(nodes[node].get("children", []))]
    return Graph(file, document, number, world, parent)


def _local(node: Json) -> Matrix:
    if "matrix" in node:
        return transposed(node["matrix"])
    return composed(
        [float(v) for v in node.get("translation", (0, 0, 0))],
        [float(v) for v in node.get("rotation", (0, 0, 0, 1))],
        [float(v) for v in node.get("scale", (1, 1, 1))],
    )


def _camera(camera: Json) -> Camera:
    if camera["type"] == "orthographic":
        lens = camera["orthographic"]
        up = abs(float(lens["ymag"]))
        return Camera(up, abs(float(lens["xmag"])) / up, float(lens["znear"]), float(lens["zfar"]), False)
    lens = camera["perspective"]
    far = float(lens.get("zfar", inf))
    return Camera(tan(float(lens["yfov"]) / 2), float(lens.get("aspectRatio", 0.0)), float(lens["znear"]), far, True)
