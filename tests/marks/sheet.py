"""Draws the label on many grounds, and in every format, for the documentation. Run it after a change of the look."""

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from yinji.marks.base import MarkRequest
from yinji.marks.face import font
from yinji.marks.image import ImageMark
from yinji.marks.picture import plain

OUTPUT = Path(__file__).parents[2] / "docs/pictures/labels-on-pictures.png"
FORMATS = OUTPUT.with_name("labels-on-formats.png")
TILE = (300, 200)
GAP = 12


def gradient(size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def hills(size: tuple[int, int]) -> Image.Image:
    picture = gradient(size, (246, 214, 178), (214, 132, 120))
    draw = ImageDraw.Draw(picture)
    width, height = size
    x, y, side = width * 0.69, height * 0.265, min(width * 0.07, height * 0.105)
    draw.ellipse((x - side, y - side, x + side, y + side), fill=(255, 243, 214))
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


def moving(clear: bool) -> list[Image.Image]:
    """A ball on its way, before a sky or before nothing."""
    frames = []
    for number in range(4):
        frame = Image.new("RGBA", (200, 150), (0, 0, 0, 0)) if clear else hills((200, 150)).convert("RGBA")
        ImageDraw.Draw(frame).ellipse((number * 50, 84, number * 50 + 46, 130), fill=(236, 120, 60, 255))
        frames.append(frame)
    return frames


def sixteen(size: tuple[int, int]) -> Image.Image:
    width, height = size
    values = ((x * y * 3) & 0xFFFF for y in range(height) for x in range(width))
    return Image.frombytes("I;16", size, b"".join(v.to_bytes(2, "little") for v in values))


def formats() -> Iterator[tuple[str, bytes, int]]:
    """Yields (name, file, number of the frame or page to show)."""
    size, turned = (200, 150), Image.Exif()
    turned[0x0112] = 6
    hill = hills(size)
    film = {"save_all": True, "duration": 90, "loop": 0}
    yield "JPEG, EXIF 6", encoded(hills((150, 200)).rotate(90, expand=True), "JPEG", exif=turned), 0
    yield "JPEG, CMYK", encoded(stripes(size).convert("CMYK"), "JPEG"), 0
    yield "PNG, 16 bits", encoded(sixteen(size), "PNG"), 0
    yield "WebP", encoded(noise(size), "WEBP", quality=60), 0
    yield "AVIF", encoded(gradient(size, (20, 60, 120), (4, 10, 30)), "AVIF"), 0
    yield "GIF, frame 1", encoded((g := moving(False))[0], "GIF", append_images=g[1:], **film), 0
    yield "GIF, frame 4", encoded(g[0], "GIF", append_images=g[1:], **film), 3
    yield "APNG, frame 3", encoded((c := moving(True))[0], "PNG", append_images=c[1:], disposal=1, **film), 2
    yield "WebP, frame 4", encoded(g[0], "WEBP", append_images=g[1:], **film), 3
    yield "TIFF, page 2, 1 bit", encoded(hill, "TIFF", save_all=True, append_images=[hill.convert("1")]), 1
    yield "BMP, palette", encoded(hill.quantize(32), "BMP"), 0
    yield "TIFF, JPEG", encoded(halves(size), "TIFF", compression="jpeg"), 0


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, kind, **options)
    return output.getvalue()


def shown(data: bytes, frame: int) -> Image.Image:
    marked = io.BytesIO()
    ImageMark().draw(io.BytesIO(data), marked, MarkRequest("AI生成", min_height=0.08))
    with Image.open(marked) as result:
        result.seek(frame)
        upright = ImageOps.exif_transpose(result)
        return plain(upright).convert("RGBA")


def format_sheet() -> Image.Image:
    width, height, line = 200, 200, 22
    result = Image.new("RGB", (6 * (width + GAP) + GAP, 2 * (height + line + GAP) + GAP), (233, 235, 239))
    brush = ImageDraw.Draw(result)
    for number, (name, data, frame) in enumerate(formats()):
        x, y = GAP + number % 6 * (width + GAP), GAP + number // 6 * (height + line + GAP)
        picture = shown(data, frame)
        result.paste(picture, (x + (width - picture.width) // 2, y + (height - picture.height) // 2), picture)
        brush.text((x + width / 2, y + height + 4), name, fill=(70, 74, 82), font=font(14), anchor="ma")
    return result


SHEETS = {OUTPUT: sheet, FORMATS: format_sheet}


def main() -> None:
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    for output, draw in SHEETS.items():
        draw().quantize(256, dither=Image.Dither.NONE).save(output, optimize=True)
        print(f"{output}: {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
