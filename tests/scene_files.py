"""Small scenes of every kind, for the tests: a box, what surrounds it, and the ways in which a file can hold it."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

Point = tuple[float, float, float]
PERSPECTIVE = {"type": "perspective", "perspective": {"yfov": 0.8, "znear": 0.05}}
WIDE = {"type": "perspective", "perspective": {"yfov": 0.6, "aspectRatio": 1.5, "znear": 0.1, "zfar": 100}}
PARALLEL = {"type": "orthographic", "orthographic": {"xmag": 3, "ymag": 2, "znear": 0.1, "zfar": 50}}


def box(low: Point = (-1, -1, -1), high: Point = (1, 1, 1), **members: Any) -> tuple[dict[str, Any], bytes]:
    """Returns a document and its buffer: a box of one colour; ``members`` replace those of the document."""
    points = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    order = (0, 1, 3, 0, 3, 2, 4, 6, 7, 4, 7, 5, 0, 4, 5, 0, 5, 1, 2, 3, 7, 2, 7, 6, 0, 2, 6, 0, 6, 4, 1, 5, 7, 1, 7, 3)
    data = b"".join(struct.pack("<3f", *p) for p in points) + struct.pack("<36H", *order)
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "by hand"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [0.5, 0.2, 0.15, 1], "metallicFactor": 0}}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 8, "type": "VEC3", "min": list(low), "max": list(high)},
            {"bufferView": 1, "componentType": 5123, "count": 36, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 96}, {"buffer": 0, "byteOffset": 96, "byteLength": 72}],
        "buffers": [{"byteLength": 168}],
    }
    return document | members, data


def seen_by(camera: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Returns the box before a camera that hangs, turned and scaled, in other nodes."""
    document, data = box()
    document["cameras"] = [camera]
    document["nodes"] += [
        {"children": [2], "translation": [0, 1, 0], "scale": [2, 2, 2]},
        {"matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0.5, 3, 1], "children": [3]},
        {"camera": 0, "rotation": [-0.1736, 0, 0, 0.9848], "name": "eye"},
    ]
    document["scenes"][0]["nodes"] = [0, 1]
    return document, data


def skinned() -> tuple[dict[str, Any], bytes]:
    """Returns a box drawn in centimetres whose joint stands in metres, as many characters are."""
    document, data = box((-30, 0, -20), (30, 180, 20))
    weights = struct.pack("<4B", 0, 0, 0, 0) * 8 + struct.pack("<4f", 1, 0, 0, 0) * 8
    matrix = struct.pack("<16f", 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, -90, 0, 1)
    document["nodes"] = [{"mesh": 0, "skin": 0}, {"scale": [0.01] * 3, "children": [2]}, {"translation": [0, 90, 0]}]
    document["scenes"][0]["nodes"] = [0, 1]
    document["skins"] = [{"joints": [2], "inverseBindMatrices": 4}]
    for start, length in ((168, 32), (200, 128), (328, 64)):
        document["bufferViews"].append({"buffer": 0, "byteOffset": start, "byteLength": length})
    document["accessors"] += [
        {"bufferView": 2, "componentType": 5121, "count": 8, "type": "VEC4"},
        {"bufferView": 3, "componentType": 5126, "count": 8, "type": "VEC4"},
        {"bufferView": 4, "componentType": 5126, "count": 1, "type": "MAT4"},
    ]
    document["meshes"][0]["primitives"][0]["attributes"] |= {"JOINTS_0": 2, "WEIGHTS_0": 3}
    document["buffers"] = [{"byteLength": 392}]
    return document, data + weights + matrix


def avatar(version: int) -> tuple[dict[str, Any], bytes]:
    """Returns an upright box that says it is a VRM avatar of version 0 or 1."""
    name = "VRM" if version == 0 else "VRMC_vrm"
    told = {"specVersion": "0.0", "materialProperties": [{"name": "skin", "shader": "VRM_USE_GLTFSHADER"}]}
    extension = told if version == 0 else {"specVersion": "1.0"}
    return box((-0.3, 0, -0.2), (0.3, 1.8, 0.2), extensions={name: extension}, extensionsUsed=[name])


def glb(scene: tuple[dict[str, Any], bytes], *, chunk: bytes = b"") -> bytes:
    """Returns a binary file, if wanted with a chunk of another kind behind the buffer."""
    document, data = scene
    text = json.dumps(document, indent=1).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I", len(text)) + b"JSON" + text
    if data:
        body += struct.pack("<I", len(data)) + b"BIN\0" + data
    if chunk:
        body += struct.pack("<I", len(chunk)) + b"XTRA" + chunk
    return b"glTF" + struct.pack("<II", 2, 12 + len(body)) + body


def embedded(scene: tuple[dict[str, Any], bytes]) -> bytes:
    """Returns a text file that holds its buffer."""
    document, data = scene
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    return json.dumps(document | {"buffers": [{"byteLength": len(data), "uri": uri}]}, indent=2).encode()


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Returns document and buffer of a binary file."""
    length = int.from_bytes(data[12:16], "little")
    start = 20 + length + 8
    size = int.from_bytes(data[20 + length : 24 + length], "little")
    return json.loads(data[20 : 20 + length]), data[start : start + size]
