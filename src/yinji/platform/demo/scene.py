"""The virtual scene of the demo: a seal of stone, as binary glTF."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

_BODY: Final = ((-0.5, 0.0, -0.5), (0.5, 1.5, 0.5))
_KNOB: Final = ((-0.3, 1.5, -0.3), (0.3, 2.0, 0.3))
_FACES: Final = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
"""Corners of a box by their bits x, y, z (4, 2, 1), each face seen from outside."""

_JSON, _BIN = b"JSON", b"BIN\0"

Box = tuple[tuple[float, float, float], tuple[float, float, float]]


def seal() -> bytes:
    """Returns a GLB file (glTF 2.0 section 4): two boxes of red stone, flat shaded."""
    buffer = bytearray()
    views: list[dict[str, int]] = []
    accessors: list[dict[str, Any]] = []
    meshes: list[dict[str, Any]] = []
    for box in (_BODY, _KNOB):
        points, normals, order = _box(box)
        first = len(accessors)
        for values, target, type in ((points, 34962, "VEC3"), (normals, 34962, "VEC3")):
            views.append({"buffer": 0, "byteOffset": len(buffer), "byteLength": 12 * len(values), "target": target})
            low, high = ([pick(axis) for axis in zip(*values, strict=True)] for pick in (min, max))
            accessors.append(
                {"bufferView": len(views) - 1, "componentType": 5126, "count": len(values), "type": type}
                | {"min": low, "max": high}
            )
            for value in values:
                buffer += struct.pack("<3f", *value)
        views.append({"buffer": 0, "byteOffset": len(buffer), "byteLength": 2 * len(order), "target": 34963})
        accessors.append({"bufferView": len(views) - 1, "componentType": 5123, "count": len(order), "type": "SCALAR"})
        buffer += struct.pack(f"<{len(order)}H", *order)
        attributes = {"POSITION": first, "NORMAL": first + 1}
        meshes.append({"primitives": [{"attributes": attributes, "indices": first + 2, "material": 0}]})
    stone = {"baseColorFactor": [0.62, 0.17, 0.12, 1], "metallicFactor": 0, "roughnessFactor": 0.55}
    document = {
        "asset": {"version": "2.0", "generator": "Yinji demo"},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(meshes)))}],
        "nodes": [{"mesh": number} for number in range(len(meshes))],
        "meshes": meshes,
        "materials": [{"name": "stone", "pbrMetallicRoughness": stone}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(buffer)}],
    }
    chunks = _chunk(_JSON, json.dumps(document).encode(), b" ") + _chunk(_BIN, bytes(buffer), b"\0")
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _box(box: Box) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]], list[int]]:
    """Returns the corners, the normals and the triangles of a box: four corners a face keep the edges sharp."""
    corners = [tuple(box[number >> 2 - axis & 1][axis] for axis in range(3)) for number in range(8)]
    points: list[tuple[float, ...]] = []
    normals: list[tuple[float, ...]] = []
    order: list[int] = []
    for face in _FACES:
        a, b, c, _ = (corners[number] for number in face)
        one, other = ([q - p for p, q in zip(a, far, strict=True)] for far in (b, c))
        cross = [one[i - 2] * other[i - 1] - one[i - 1] * other[i - 2] for i in range(3)]
        length = sum(value * value for value in cross) ** 0.5
        order += [len(points) + number for number in (0, 1, 2, 0, 2, 3)]
        points += [corners[number] for number in face]
        normals += [tuple(value / length for value in cross)] * 4
    return points, normals, order


def _chunk(kind: bytes, data: bytes, filler: bytes) -> bytes:
    data += filler * (-len(data) % 4)
    return struct.pack("<I4s", len(data), kind) + data
