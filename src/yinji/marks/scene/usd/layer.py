"""The plate as the text of a layer, and where in a layer's text it goes.

The words are drawn as a mesh of rectangles, row by row of the picture, so that a layer needs no other file for them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from yinji.marks.scene.geometry import Matrix, transposed
from yinji.marks.scene.usd.worker import KEY
from yinji.marks.scene.view import Standing

if TYPE_CHECKING:
    from PIL import Image

NAME: Final = "YinjiLabel"
_ABOVE: Final = 0.01
"""How far the words stand in front of the plate, as a share of its height."""
_ARC: Final = 6
_TOKEN: Final = re.compile(
    r"""(?P<gap>[^"'#@()\[\]{}]*+)(?:(?P<comment>\#[^\n]*+)
    |(?P<string>\"\"\"(?:[^\\"]|\\.|"(?!""))*+\"\"\" | '''(?:[^\\']|\\.|'(?!''))*+'''
        | "(?:[^"\\\n]|\\.)*+" | '(?:[^'\\\n]|\\.)*+')
    |(?P<asset>@@@(?:[^@]|@(?!@@))*+@@@ | @[^@\n]*+@)
    |(?P<mark>[()\[\]{}]))""",
    re.DOTALL | re.VERBOSE,
)
_PRIM: Final = re.compile(r"\b(?:def|over)(?:\s+\w+)?\s+\Z")
_DARK, _LIGHT = 16 / 255 / 12.92, 1.0


def end_of(text: str, path: str) -> int | None:
    """Returns where the inside of a prim ends in the text of a layer, or None where the layer has no such prim."""
    wanted = path.strip("/").split("/")
    stack: list[str | None] = []
    pending: str | None = None
    at = inside = 0
    while token := _TOKEN.match(text, at):
        at = token.end()
        mark = token["mark"]
        if token["string"] and not inside and _PRIM.search(token["gap"]):
            pending = token["string"][1:-1]
        elif mark in ("(", "["):
            inside += 1
        elif mark in (")", "]"):
            inside -= 1
        elif mark == "{" and not inside:
            stack.append(pending)
            pending = None
        elif mark == "}" and not inside:
            if stack == wanted:
                return token.start("mark")
            if not stack:
                return None
            stack.pop()
    return None


def within(path: str, text: str) -> str:
    """Returns the text inside an ``over`` of each prim of the path."""
    for name in reversed(path.strip("/").split("/")):
        text = f'over "{name}"\n{{\n{text}}}\n'
    return text


def written(standing: Standing, matrix: Matrix, words: str, place: str, share: float, *, path: str) -> str:
    """Returns the plate as a prim.

    Args:
        standing: The plate and its size.
        matrix: Where it stands in the axes of the prim around it.
        words: What it says of itself, so that it can be found again.
        place: The same.
        share: The same.
        path: Its own path.
    """
    rows = transposed(matrix)
    lines = ", ".join(f"({', '.join(map(_number, rows[4 * r : 4 * r + 4]))})" for r in range(4))
    return f"""def Xform "{NAME}" (
    customData = {{
        dictionary {KEY} = {{
            string words = {json.dumps(words, ensure_ascii=False)}
            string place = "{place}"
            double share = {_number(share)}
        }}
    }}
)
{{
    matrix4d xformOp:transform = ( {lines} )
    uniform token[] xformOpOrder = ["xformOp:transform"]

    def Xform "Front"
    {{
{_mesh("Plate", [_outline(standing)], 0.0, _DARK, path)}
{_mesh("Words", _rectangles(standing), standing.size[1] * _ABOVE, _LIGHT, path)}
{_material("Plate", _DARK, path)}
{_material("Words", _LIGHT, path)}
    }}

    def Xform "Back" (
        references = <{path}/Front>
    )
    {{
        float xformOp:rotateY = 180
        uniform token[] xformOpOrder = ["xformOp:rotateY"]
    }}
}}
"""


def corners(standing: Standing) -> list[tuple[float, float]]:
    """Returns the corners of the words, by which a plate is known again."""
    return [corner for rectangle in _rectangles(standing) for corner in rectangle]


def _number(value: float) -> str:
    return f"{value:.7g}"


def _mesh(name: str, faces: Sequence[Sequence[tuple[float, float]]], depth: float, light: float, path: str) -> str:
    points = ", ".join(f"({_number(x)}, {_number(y)}, {_number(depth)})" for face in faces for x, y in face)
    flat = [corner for face in faces for corner in face]
    low, high = ((min(axis), max(axis)) for axis in zip(*flat, strict=True))
    extent = ", ".join(f"({_number(x)}, {_number(y)}, {_number(depth)})" for x, y in zip(low, high, strict=True))
    return f"""        def Mesh "{name}" (
            prepend apiSchemas = ["MaterialBindingAPI"]
        )
        {{
            uniform bool doubleSided = 0
            float3[] extent = [{extent}]
            int[] faceVertexCounts = [{", ".join(str(len(face)) for face in faces)}]
            int[] faceVertexIndices = [{", ".join(map(str, range(len(flat))))}]
            rel material:binding = <{path}/Front/{name}Material>
            point3f[] points = [{points}]
            color3f[] primvars:displayColor = [({", ".join([_number(light)] * 3)})] (
                interpolation = "constant"
            )
            uniform token subdivisionScheme = "none"
        }}
"""


def _material(name: str, light: float, path: str) -> str:
    material = f"{name}Material"
    return f"""        def Material "{material}"
        {{
            token outputs:surface.connect = <{path}/Front/{material}/Surface.outputs:surface>

            def Shader "Surface"
            {{
                uniform token info:id = "UsdPreviewSurface"
                color3f inputs:diffuseColor = (0, 0, 0)
                color3f inputs:emissiveColor = ({", ".join([_number(light)] * 3)})
                float inputs:roughness = 1
                color3f inputs:specularColor = (0, 0, 0)
                int inputs:useSpecularWorkflow = 1
                token outputs:surface
            }}
        }}
"""


def _outline(standing: Standing) -> list[tuple[float, float]]:
    """Returns the plate's rounded outline, turning left."""
    overlay = standing.plate.overlay
    width, height = standing.size
    first = overlay.body.crop((0, 0, overlay.size[0], 1)).getbbox()
    radius = (first[0] if first else 0) * width / overlay.size[0]
    radius = min(radius, width / 2, height / 2)
    points = []
    for quarter, (x, y) in enumerate(((1, -1), (1, 1), (-1, 1), (-1, -1))):
        for step in range(_ARC + 1):
            angle = math.radians(90 * (quarter - 1) + 90 * step / _ARC)
            middle = (x * (width / 2 - radius), y * (height / 2 - radius))
            points.append((middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)))
    return points


def _rectangles(standing: Standing) -> list[list[tuple[float, float]]]:
    """Returns the ink of the picture as rectangles in the units of the scene, each turning left."""
    ink = standing.plate.overlay.ink
    across, down = standing.size[0] / ink.width, standing.size[1] / ink.height
    middle = (ink.width / 2, ink.height / 2)
    return [
        [((x - middle[0]) * across, (middle[1] - y) * down) for x, y in ((a, d), (b, d), (b, c), (a, c))]
        for a, b, c, d in sorted(_runs(ink))
    ]


def _runs(ink: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """Yields left, right, top and bottom of rectangles that together are the ink."""
    solid = ink.point([0] * 128 + [255] * 128).tobytes()
    width = ink.width
    begun: dict[tuple[int, int], int] = {}
    for row in range(ink.height + 1):
        line = solid[row * width : (row + 1) * width]
        runs = {found.span() for found in re.finditer(rb"\xff+", line)}
        for run in begun.keys() - runs:
            yield (*run, begun.pop(run), row)
        for run in runs:
            begun.setdefault(run, row)
