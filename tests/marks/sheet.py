"""Draws ``docs/pictures/labels-on-pictures.png``: the label on many grounds. Run it after a change of the look."""

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from yinji.marks.base import MarkRequest
from yinji.marks.image import ImageMark

OUTPUT = Path(__file__).parents[2] / "docs/pictures/labels-on-pictures.png"
TILE = (300, 200)
GAP = 12


def gradient(size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def hills(size: tuple[int, int]) -> Image.Image:
    picture = gradient(size, (246, 214, 178), (214, 132, 120))
    draw = ImageDraw.Draw(picture)
    width, height = size
    draw.ellipse((width * 0.62, height * 0.16, width * 0.76, height * 0.37), fill=(255, 243, 214))
    for step, colour in enumerate(((176, 108, 120), (122, 84, 116), (70, 60, 96))):
        base = height * (0.5 + 0.15 * step)
        points = [(x, base + height * 0.1 * ((x * (3 + step) // width + step) % 2)) for x in range(0, width + 40, 40)]
        draw.polygon([*points, (width, height), (0, height)], fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(1.2))


def noise(size: tuple[int, int]) -> Image.Image:
    # A fixed pattern: Image.effect_noise would differ from run to run.
    width, height = size
    values = bytes(
        (x * x * 31 + y * y * 17 + x * y * 7) * 2654435761 >> 13 & 255 for y in range(height) for x in range(width)
    )
    return Image.frombytes("L", size, values).convert("RGB")


def stripes(size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for x in range(0, sum(size), 16):
        draw.line((x, 0, x - size[1], size[1]), fill=(36, 74, 160), width=7)
    return picture


def halves(size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    picture.paste((12, 12, 14), (0, 0, size[0] * 4 // 5, size[1]))
    return picture


def avatar(size: tuple[int, int]) -> Image.Image:
    side = min(size)
    picture = gradient((side, side), (120, 190, 190), (40, 96, 120)).convert("RGBA")
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    picture.putalpha(mask)
    return picture


def pictures() -> Iterator[tuple[Image.Image, str, str]]:
    """Yields (picture, words, place)."""
    chinese, short, english = "人工智能生成", "AI生成", "AI-generated"
    yield Image.new("RGB", TILE, "white"), chinese, ""
    yield Image.new("RGB", TILE, "black"), short, ""
    yield Image.new("RGB", TILE, (128, 128, 128)), english, ""
    yield gradient(TILE, (96, 150, 236), (206, 226, 246)), chinese, ""
    yield hills(TILE), short, ""
    yield noise(TILE), chinese, ""
    yield stripes(TILE), english, "top-left"
    yield halves(TILE), chinese, ""
    yield gradient(TILE, (250, 214, 60), (240, 120, 40)), "内容由AI生成，请注意甄别", "bottom"
    yield avatar(TILE), short, ""
    yield gradient((300, 40), (60, 60, 70), (20, 20, 26)), chinese, ""
    yield gradient((40, 200), (90, 200, 160), (30, 90, 90)), english, ""
    yield gradient((40, 200), (240, 240, 240), (190, 190, 200)), chinese, ""
    yield hills((64, 64)), chinese, ""
    yield hills((32, 32)), short, ""


def labelled(picture: Image.Image, words: str, place: str) -> Image.Image:
    original, marked = io.BytesIO(), io.BytesIO()
    picture.save(original, "PNG")
    original.seek(0)
    ImageMark().draw(original, marked, MarkRequest(words, place, min_height=0.08, media_type="image/png"))
    with Image.open(marked) as result:
        return result.convert("RGBA")


def sheet() -> Image.Image:
    width = 4 * TILE[0] + 5 * GAP
    result = Image.new("RGB", (width, 3 * TILE[1] + 4 * GAP), (233, 235, 239))
    x, y = GAP, GAP
    for picture, words, place in pictures():
        if x + picture.width > width:
            x, y = GAP, y + TILE[1] + GAP
        shown = labelled(picture, words, place)
        result.paste(shown, (x, y), shown)
        x += picture.width + GAP
    return result


def main() -> None:
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    sheet().quantize(256, dither=Image.Dither.NONE).save(OUTPUT, optimize=True)
    print(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
