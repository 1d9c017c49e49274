"""Small figures turned on a lathe, for the sheet of scenes: a vase, a pawn, a person, a grove before a camera."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

from scene_files import PERSPECTIVE

Profile = Sequence[tuple[float, float]]
Part = tuple[Profile, tuple[float, float, float], tuple[float, float, float]]
"""A profile (radius and height, from the bottom to the top), its colour, and where it stands."""
_AROUND = 40


def ball(radius: float, *, flat: float = 1.0) -> Profile:
    steps = [math.pi * (i / 20 - 0.5) for i in range(21)]
    return [(radius * math.cos(a), radius * flat * math.sin(a)) for a in steps]


def pill(radius: float, length: float) -> Profile:
    return [(r, y + (length if y >= 0 else 0)) for r, y in ball(radius)]


def smooth(points: Profile, steps: int = 6) -> Profile:
    """Catmull-Rom through the points."""
    padded = [points[0], *points, points[-1]]
    out = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for i in range(steps):
            t = i / steps
            out.append(
                tuple(
                    0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t**2 + (3 * q - p - 3 * r + s) * t**3)
                    for p, q, r, s in zip(a, b, c, d, strict=True)
                )
            )
    return [(max(0.0, r), y) for r, y in (*out, points[-1])]


def vase() -> list[Part]:
    body = smooth([(0.0, 0), (0.42, 0), (0.62, 0.5), (0.5, 1.05), (0.24, 1.4), (0.22, 1.55), (0.34, 1.7)])
    return [(body, (0.1, 0.32, 0.55), (0, 0, 0)), (smooth([(0.34, 1.7), (0.3, 1.72)]), (0.9, 0.9, 0.86), (0, 0, 0))]


def pawn() -> list[Part]:
    foot = smooth([(0.0, 0), (0.55, 0), (0.55, 0.16), (0.4, 0.24), (0.2, 0.5), (0.14, 0.95), (0.3, 1.02), (0.0, 1.1)])
    return [(foot, (0.75, 0.5, 0.2), (0, 0, 0)), (ball(0.3), (0.75, 0.5, 0.2), (0, 1.32, 0))]


def person(front: int) -> list[Part]:
    skin, hair, dress, shoe = (0.9, 0.62, 0.48), (0.16, 0.07, 0.05), (0.16, 0.28, 0.5), (0.1, 0.1, 0.12)
    z = 0.06 * front
    gown = smooth([(0.0, 0.42), (0.34, 0.42), (0.24, 0.8), (0.19, 1.1), (0.21, 1.3), (0.1, 1.4), (0.0, 1.41)])
    parts: list[Part] = [(gown, dress, (0, 0, 0)), (ball(0.2, flat=1.12), skin, (0, 1.62, 0))]
    parts.append((ball(0.215, flat=1.1), hair, (0, 1.66, -z)))
    for side in (-1, 1):
        parts.append((pill(0.07, 0.4), skin, (side * 0.11, 0.12, 0)))
        parts.append((ball(0.1, flat=0.6), shoe, (side * 0.11, 0.06, z / 2)))
        parts.append((pill(0.06, 0.42), dress, (side * 0.28, 0.82, 0)))
        parts.append((ball(0.065), skin, (side * 0.28, 0.74, 0)))
        parts.append((ball(0.026), hair, (side * 0.07, 1.64, front * 0.185)))
    return parts


def grove() -> list[Part]:
    parts: list[Part] = [(smooth([(0.0, 0), (4, 0)], 1), (0.36, 0.5, 0.24), (0, 0, 0))]
    for x, z, size in ((-1.5, -0.6, 1.1), (-0.4, -1.5, 1.5), (0.9, -0.9, 1.25), (1.8, 0.1, 0.8), (-2.2, 0.7, 0.7)):
        parts.append((pill(0.07 * size, 0.4 * size), (0.3, 0.18, 0.1), (x, 0, z)))
        for step in range(3):
            wide, low = 0.5 - 0.12 * step, 0.35 + 0.35 * step
            cone = [(0.0, low * size), (wide * size, low * size), (0.02, (low + 0.6) * size)]
            parts.append((cone, (0.08, 0.34 + 0.06 * step, 0.22), (x, 0, z)))
    return parts


def scene(parts: Sequence[Part], **members: Any) -> tuple[dict[str, Any], bytes]:
    """Returns document and buffer; ``members`` replace those of the document."""
    data = bytearray()
    document: dict[str, Any] = {"asset": {"version": "2.0", "generator": "on a lathe"}, "scene": 0}
    document |= {name: [] for name in ("nodes", "meshes", "materials", "accessors", "bufferViews")}

    def view(values: bytes, kind: int, count: int, shape: str, **limits: Any) -> int:
        document["bufferViews"].append({"buffer": 0, "byteOffset": len(data), "byteLength": len(values)})
        data.extend(values + bytes(-len(values) % 4))
        number = len(document["accessors"])
        document["accessors"].append(
            {"bufferView": number, "componentType": kind, "count": count, "type": shape, **limits}
        )
        return number

    for profile, colour, place in parts:
        points, normals, order = _turned(profile)
        edges = [[pick(p[i] for p in points) for i in range(3)] for pick in (min, max)]
        where = view(struct.pack(f"<{3 * len(points)}f", *sum(points, ())), 5126, len(points), "VEC3",
                     min=edges[0], max=edges[1])  # fmt: skip
        facing = view(struct.pack(f"<{3 * len(normals)}f", *sum(normals, ())), 5126, len(normals), "VEC3")
        index = view(struct.pack(f"<{len(order)}H", *order), 5123, len(order), "SCALAR")
        number = len(document["meshes"])
        document["materials"].append(
            {
                "pbrMetallicRoughness": {"baseColorFactor": [*colour, 1], "metallicFactor": 0, "roughnessFactor": 0.55},
                "doubleSided": True,
            }
        )
        attributes = {"POSITION": where, "NORMAL": facing}
        document["meshes"].append({"primitives": [{"attributes": attributes, "indices": index, "material": number}]})
        document["nodes"].append({"mesh": number, "translation": list(place)})
    document["scenes"] = [{"nodes": list(range(len(document["nodes"])))}]
    document["buffers"] = [{"byteLength": len(data)}]
    return document | members, bytes(data)


def before_camera() -> tuple[dict[str, Any], bytes]:
    document, data = scene(grove(), cameras=[PERSPECTIVE])
    document["nodes"].append({"camera": 0, "translation": [0, 1.5, 5], "rotation": [-0.0698, 0, 0, 0.9976]})
    document["scenes"][0]["nodes"].append(len(document["nodes"]) - 1)
    return document, data


def avatar(version: int) -> tuple[dict[str, Any], bytes]:
    """A person that says it is a VRM avatar; those of version 0 look the other way."""
    name = "VRM" if version == 0 else "VRMC_vrm"
    told = {"specVersion": f"{version}.0"}
    return scene(person(1 if version else -1), extensions={name: told}, extensionsUsed=[name])


def _turned(profile: Profile) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]], list[int]]:
    points, normals, order = [], [], []
    last = len(profile) - 1
    for number, (radius, height) in enumerate(profile):
        before, after = profile[max(0, number - 1)], profile[min(last, number + 1)]
        across, up = after[0] - before[0], after[1] - before[1]
        length = math.hypot(across, up) or 1.0
        for step in range(_AROUND + 1):
            angle = 2 * math.pi * step / _AROUND
            points.append((radius * math.sin(angle), height, radius * math.cos(angle)))
            normals.append((up / length * math.sin(angle), -across / length, up / length * math.cos(angle)))
            if number < last and step < _AROUND:
                a = number * (_AROUND + 1) + step
                b = a + _AROUND + 1
                order += [a, a + 1, b + 1, a, b + 1, b]
    return points, normals, order
