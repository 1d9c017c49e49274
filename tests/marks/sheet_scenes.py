"""Draws ``docs/pictures/labels-in-scenes.png`` and ``labels-of-the-eu.png``. Run it after a change of the look.

Needs ``tests`` on the path: ``PYTHONPATH=src:tests python tests/marks/sheet_scenes.py``.
"""

import io
from pathlib import Path

from PIL import Image

import scene_files as files
import scenes
from yinji.marks.base import MarkRequest
from yinji.marks.colour import STYLES
from yinji.marks.image import ImageMark
from yinji.marks.scene.mark import SceneMark

PICTURES = Path(__file__).parents[2] / "docs/pictures"
TILE = (300, 220)
GAP = 12
PAPER = (233, 235, 239)


def views(viewer: scenes.Viewer) -> list[Image.Image]:
    """A cube, an avatar of either version, something flat, and two cameras; from aside and from behind."""
    cube, flat = files.glb(files.box()), files.glb(files.box((-2, 0, -2), (2, 0.05, 2)))
    seen = files.glb(files.seen_by(files.PERSPECTIVE))
    english = "AI-generated · AI生成"
    return [
        viewer.picture(labelled(cube), TILE),
        viewer.picture(labelled(cube, english), TILE, background="#1c2430"),
        viewer.picture(labelled(files.glb(files.avatar(0))), TILE, front=-1),
        viewer.picture(labelled(files.glb(files.avatar(1))), TILE, background="#f2efe8"),
        viewer.picture(labelled(flat), TILE, turn=35, loose=1.2),
        viewer.picture(labelled(seen), TILE),
        viewer.picture(labelled(seen, place="top-right"), TILE, background="#1c2430"),
        viewer.picture(labelled(files.glb(files.box((-1, -1, -0.01), (1, -0.98, 0.01)))), TILE, turn=180),
    ]


def labelled(scene: bytes, words: str = "AI生成", place: str = "") -> bytes:
    output = io.BytesIO()
    SceneMark().draw(io.BytesIO(scene), output, MarkRequest(words, place, media_type="model/gltf-binary"))
    return output.getvalue()


def marks() -> list[Image.Image]:
    """The EU's three marks in four variants, on light, dark and between."""
    tiles = []
    grounds = ((245, 240, 230), (24, 28, 40), (96, 140, 190), (200, 120, 90))
    for number, words in enumerate(("AI", "AI GENERATED", "AI MODIFIED")):
        for shift, style in enumerate(STYLES):
            original, marked = io.BytesIO(), io.BytesIO()
            Image.new("RGB", (TILE[0], 110), grounds[(number + shift) % 4]).save(original, "PNG")
            original.seek(0)
            request = MarkRequest(words, "top-right", 0.2, media_type="image/png", style=style)
            ImageMark().draw(original, marked, request)
            tiles.append(Image.open(marked).convert("RGB"))
    return tiles


def sheet(tiles: list[Image.Image], columns: int = 4) -> Image.Image:
    width, height = tiles[0].size
    rows = -(-len(tiles) // columns)
    result = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), PAPER)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        result.paste(tile, (GAP + column * (width + GAP), GAP + row * (height + GAP)))
    return result


def main() -> None:
    with scenes.viewer() as viewer:
        shown = {"labels-in-scenes.png": sheet(views(viewer)), "labels-of-the-eu.png": sheet(marks())}
    for name, picture in shown.items():
        picture.quantize(256, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)
        print(f"{PICTURES / name}: {(PICTURES / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
