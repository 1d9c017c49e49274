"""Draws ``docs/pictures/labels-in-scenes.png`` and ``labels-of-the-eu.png``. Run it after a change of the look.

Needs ``tests`` on the path: ``PYTHONPATH=src:tests python tests/marks/sheet_scenes.py``.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image

import scene_files as files
import scenes
import usd_files
from marks import figures
from yinji.marks.base import MarkRequest
from yinji.marks.colour import STYLES
from yinji.marks.image import ImageMark
from yinji.marks.scene.mark import SceneMark

PICTURES = Path(__file__).parents[2] / "docs/pictures"
TILE = (300, 220)
GAP = 12
PAPER = (233, 235, 239)
NIGHT = "#1c2430"


def views(viewer: scenes.Viewer, folder: Path) -> list[Image.Image]:
    """A vase, a pawn, an avatar of either version; a grove before a camera, a stage of OpenUSD, aside and behind."""
    english = "AI-generated · AI生成"
    package = folder / "stage.usdz"
    usd_files.stage(folder / "given.usdc", camera="perspective")
    package.write_bytes(labelled(usd_files.package(folder / "given.usdc"), kind="model/vnd.usdz+zip"))
    seen = figures.before_camera()
    return [
        viewer.picture(labelled(files.glb(figures.scene(figures.vase()))), TILE, background="#dfe5ea", lamp=True),
        viewer.picture(labelled(files.glb(figures.scene(figures.pawn())), english), TILE, background=NIGHT, lamp=True),
        viewer.picture(labelled(files.glb(figures.avatar(0))), TILE, front=-1, background="#b9cbd8", lamp=True),
        viewer.picture(labelled(files.glb(figures.avatar(1))), TILE, background="#f2efe8", lamp=True),
        viewer.picture(labelled(files.glb(seen)), TILE, background="#bcd6ea", lamp=True),
        viewer.picture(labelled(files.glb(seen), place="top-right"), TILE, background=NIGHT, lamp=True),
        viewer.picture(labelled(files.glb(figures.scene(figures.vase()))), TILE, background="#dfe5ea", lamp=True,
                       turn=40, loose=1.15),
        viewer.picture(usd_files.as_glb(package), TILE, background="#c9d3dc", lamp=True),
    ]  # fmt: skip


def labelled(scene: bytes, words: str = "AI生成", place: str = "", kind: str = "model/gltf-binary") -> bytes:
    output = io.BytesIO()
    SceneMark().draw(io.BytesIO(scene), output, MarkRequest(words, place, media_type=kind))
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
    with tempfile.TemporaryDirectory() as folder, scenes.viewer() as viewer:
        shown = {"labels-in-scenes.png": sheet(views(viewer, Path(folder))), "labels-of-the-eu.png": sheet(marks())}
    for name, picture in shown.items():
        picture.quantize(256, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)
        print(f"{PICTURES / name}: {(PICTURES / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
