"""Adds the plate to a glTF document: one mesh of two faces, unlit, with the words as its texture.

Bytes are only added: the JSON grows at the ends of its lists, the buffer at its end. In front of a camera the plate is
a child of the camera's node; elsewhere it is a node of the scene.
"""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from typing import Any, Final

from yinji.errors import UnsupportedFormat
from yinji.marks.scene.geometry import Bounds
from yinji.marks.scene.gltf import graph
from yinji.marks.scene.gltf.file import GltfFile
from yinji.marks.scene.gltf.json_text import JsonText
from yinji.marks.scene.view import Standing, before, beside

KEY: Final = "yinji"
"""Member of the plate's ``extras`` that tells its words, so that it can be found again."""
NAME: Final = "Yinji label"
_UNLIT: Final = "KHR_materials_unlit"
_HALF_TURN: Final = [0, 1, 0, 0]
_ARRAY, _ELEMENTS = 34962, 34963
_FLOAT, _SHORT = 5126, 5123


@dataclass(frozen=True, slots=True)
class Start:
    """The start view of a document.

    Attributes:
        graph: Of its scene.
        camera: Number of the camera's node and the camera, or None.
        backward: Whether the content faces -Z (VRM 0.x).
    """

    graph: graph.Graph
    camera: tuple[int, Any] | None
    backward: bool

    def content(self, without: int | None = None) -> Bounds | None:
        """Box of the content along right, up and towards the viewer."""
        box = self.graph.content(without)
        if box is None or not self.backward:
            return box
        low, high = box
        return Bounds((-high[0], low[1], -high[2]), (-low[0], high[1], -low[2]))


def start_of(file: GltfFile, document: dict[str, Any]) -> Start:
    """Returns the start view.

    Raises:
        UnsupportedFormat: glTF 1.0, or a file without a scene.
    """
    version = str(document["asset"]["version"])
    if not version.startswith("2."):
        raise UnsupportedFormat("scene-version", path=file.name, version=version)
    found = graph.of(file, document)
    if found is None:
        raise UnsupportedFormat("scene-none", path=file.name)
    # VRM 1.0 turned the avatar round: its extension is VRMC_vrm, and it faces +Z as glTF does.
    backward = "VRM" in document.get("extensions", {})
    return Start(found, found.camera, backward)


def add(file: GltfFile, text: JsonText, start: Start, words: str, share: float, place: str) -> tuple[bytes, Standing]:
    """Adds the plate to the text; returns what to add to the buffer, and where the plate stands.

    Raises:
        UsageError: As :func:`yinji.marks.layout.plan`.
    """
    if start.camera is not None:
        standing = before(start.camera[1], words, share, place)
    else:
        standing = beside(start.content(), words, share, place)
    geometry = _geometry(standing)
    data = geometry + standing.plate.png()
    buffer, offset, added = _room(file, text, data)
    mesh = _mesh(text, standing, buffer, offset, len(data) - len(geometry))
    x, y, z = standing.centre
    node: dict[str, Any] = {"name": NAME, "mesh": mesh, "translation": [x, y, z]}
    if start.camera is None and start.backward:
        node |= {"translation": [-x, y, -z], "rotation": _HALF_TURN}
    node["extras"] = {KEY: {"words": words, "place": place, "share": share}}
    number = text.append("nodes", item=node)
    if start.camera is not None:
        text.append("nodes", start.camera[0], "children", item=number)
    else:
        text.append("scenes", start.graph.scene, "nodes", item=number)
    return added, standing


def _geometry(standing: Standing) -> bytes:
    """Returns corners, their places in the picture, and the triangles of a front and a back."""
    width, height = standing.size
    left, right, bottom, top = -width / 2, width / 2, -height / 2, height / 2
    face = ((left, bottom, 0, 1), (right, bottom, 1, 1), (right, top, 1, 0), (left, top, 0, 0))
    corners = [(x, y, 0.0) for x, y, _, _ in face] * 2
    # Seen from behind the picture is turned round, so that the words read from left to right there too.
    places = [(u, v) for _, _, u, v in face] + [(1 - u, v) for _, _, u, v in face]
    triangles = (0, 1, 2, 0, 2, 3, 6, 5, 4, 7, 6, 4)
    return (
        b"".join(struct.pack("<3f", *corner) for corner in corners)
        + b"".join(struct.pack("<2f", *place) for place in places)
        + struct.pack("<12H", *triangles)
    )


def _room(file: GltfFile, text: JsonText, data: bytes) -> tuple[int, int, bytes]:
    """Finds room for new data: the BIN chunk of a binary file, or else a buffer of its own inside the JSON.

    Returns:
        Number of the buffer, where in it the data begins, and what is added to the BIN chunk.
    """
    buffers = text.value.get("buffers", [])
    if file.binary and file.buffer[1] >= 0 and buffers and "uri" not in buffers[0]:
        length = file.buffer[1]
        pad = -length % 4
        new = bytes(pad) + data + bytes(-len(data) % 4)
        text.replace("buffers", 0, "byteLength", value=length + len(new))
        return 0, length + pad, new
    if file.binary and file.buffer[1] < 0 and not buffers:
        new = data + bytes(-len(data) % 4)
        return text.append("buffers", item={"byteLength": len(new)}), 0, new
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    return text.append("buffers", item={"byteLength": len(data), "uri": uri}), 0, b""


def _mesh(text: JsonText, standing: Standing, buffer: int, offset: int, picture: int) -> int:
    width, height = standing.size
    views = []
    for start, length, target in ((0, 96, _ARRAY), (96, 64, _ARRAY), (160, 24, _ELEMENTS), (184, picture, 0)):
        view = {"buffer": buffer, "byteOffset": offset + start, "byteLength": length}
        views.append(text.append("bufferViews", item=view | ({"target": target} if target else {})))
    high = list(struct.unpack("<3f", struct.pack("<3f", width / 2, height / 2, 0.0)))
    corners: dict[str, Any] = {"bufferView": views[0], "componentType": _FLOAT, "count": 8, "type": "VEC3"}
    position = text.append("accessors", item=corners | {"min": [-high[0], -high[1], 0], "max": high})
    texture = {"bufferView": views[1], "componentType": _FLOAT, "count": 8, "type": "VEC2"}
    coordinates = text.append("accessors", item=texture)
    order = {"bufferView": views[2], "componentType": _SHORT, "count": 12, "type": "SCALAR"}
    indices = text.append("accessors", item=order)
    image = text.append("images", item={"name": NAME, "mimeType": "image/png", "bufferView": views[3]})
    sampler = text.append("samplers", item={"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071})
    used = {"index": text.append("textures", item={"source": image, "sampler": sampler})}
    material = text.append("materials", item=_material(used))
    _tell_vrm(text)
    primitive = {
        "attributes": {"POSITION": position, "TEXCOORD_0": coordinates},
        "indices": indices,
        "material": material,
    }
    return text.append("meshes", item={"name": NAME, "primitives": [primitive]})


def _material(texture: dict[str, int]) -> dict[str, Any]:
    """Returns a material that no light darkens, with or without the extension.

    The corners are cut by MASK, not BLEND: viewers draw blended surfaces late, in an order of their own, and without
    depth, so that the scene could be drawn over the words.
    """
    return {
        "name": NAME,
        "alphaMode": "MASK",
        "pbrMetallicRoughness": {"baseColorTexture": texture, "metallicFactor": 0, "roughnessFactor": 1},
        "emissiveFactor": [1, 1, 1],
        "emissiveTexture": texture,
        "extensions": {_UNLIT: {}},
    }


def _tell_vrm(text: JsonText) -> None:
    """Says that the material is an ordinary one, where VRM 0.x keeps a second list of the same order."""
    if _UNLIT not in text.value.get("extensionsUsed", []):
        text.append("extensionsUsed", item=_UNLIT)
    avatar = text.value.get("extensions", {}).get("VRM", {})
    if len(avatar.get("materialProperties", [])) and len(avatar["materialProperties"]) == len(
        text.value.get("materials", [])
    ):
        properties = ("floatProperties", "vectorProperties", "textureProperties", "keywordMap", "tagMap")
        entry = {"name": NAME, "renderQueue": 2450, "shader": "VRM_USE_GLTFSHADER"} | {p: {} for p in properties}
        text.append("extensions", "VRM", "materialProperties", item=entry)
