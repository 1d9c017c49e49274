"""The pictures of the demo feed, drawn when it is made: mountains in mineral colours, a bowl of noodles, a cat.

Drawn at twice the size and scaled down, which smooths the edges. The same numbers give the same picture every time.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

WIDTH: Final = 1200
HEIGHT: Final = 900
_SCALE: Final = 2

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class View:
    """Mountains at one time of the year.

    Attributes:
        sky: Colours at the top, in the middle and at the bottom.
        disc: Centre, radius and colour of sun or moon.
        ranges: From far to near: colour at the crest, colour at the foot, line of the foot, height.
        seed: What the ridges are drawn by.
        boats: Whether two sails are on the water.
    """

    sky: tuple[Colour, Colour, Colour]
    disc: tuple[float, float, float, Colour]
    ranges: tuple[tuple[Colour, Colour, int, int], ...]
    seed: int
    boats: bool = False


SPRING: Final = View(
    ((217, 185, 133), (234, 210, 164), (207, 174, 120)),
    (880, 190, 62, (201, 69, 42)),
    (
        ((159, 182, 166), (220, 199, 150), 460, 120),
        ((79, 143, 152), (210, 192, 141), 540, 180),
        ((31, 111, 143), (143, 174, 126), 640, 230),
        ((18, 85, 127), (111, 157, 108), 720, 260),
        ((13, 63, 102), (75, 127, 88), 800, 190),
        ((11, 52, 82), (47, 95, 73), 860, 110),
    ),
    7,
    boats=True,
)
AUTUMN: Final = View(
    ((226, 208, 178), (240, 224, 196), (222, 190, 146)),
    (330, 170, 46, (240, 232, 214)),
    (
        ((186, 178, 160), (228, 208, 172), 440, 150),
        ((168, 132, 96), (222, 190, 140), 560, 210),
        ((160, 86, 52), (208, 160, 96), 660, 240),
        ((132, 58, 40), (188, 122, 70), 770, 200),
        ((84, 44, 36), (140, 84, 54), 860, 130),
    ),
    23,
)
SNOW: Final = View(
    ((38, 48, 72), (74, 90, 120), (120, 134, 158)),
    (820, 180, 54, (246, 240, 222)),
    (
        ((150, 166, 190), (104, 120, 148), 470, 140),
        ((196, 208, 224), (116, 134, 164), 570, 220),
        ((222, 230, 240), (104, 126, 160), 680, 240),
        ((238, 242, 248), (82, 106, 144), 790, 200),
        ((248, 250, 252), (60, 82, 120), 870, 120),
    ),
    31,
)


def mountains(view: View = SPRING) -> Image.Image:
    """Draws layered mountains under sun or moon."""
    image = _gradient(view.sky)
    draw = _draw(image)
    x, y, radius, colour = view.disc
    _disc(draw, x, y, radius, colour)
    chance = random.Random(view.seed)  # noqa: S311
    for crest, foot, line, height in view.ranges:
        ridge = _ridge(chance, line, height)
        for column, top in enumerate(ridge):
            _column(draw, column, top, crest, foot)
    for x in (532, 560) if view.boats else ():
        draw.polygon(_scaled((x - 22, 842), (x + 12, 842), (x + 6, 852), (x - 16, 852)), fill=(248, 236, 208))
        draw.polygon(_scaled((x - 4, 812), (x + 12, 836), (x - 4, 836)), fill=(248, 236, 208))
    return _finished(image)


def noodles() -> Image.Image:
    """Draws a bowl of noodle soup with half an egg on a wooden table."""
    image = _gradient(((122, 78, 46), (150, 100, 60), (104, 66, 40)))
    draw = _draw(image)
    for plank in range(60, HEIGHT, 120):
        draw.line(_scaled((0, plank), (WIDTH, plank + 18)), fill=(96, 60, 36), width=4)
    _ellipse(draw, 600, 500, 390, 300, (60, 38, 24))
    _ellipse(draw, 600, 470, 380, 290, (238, 234, 222))
    _ellipse(draw, 600, 460, 330, 245, (46, 92, 120))
    _ellipse(draw, 600, 462, 318, 234, (196, 134, 62))
    chance = random.Random(11)  # noqa: S311
    for _ in range(70):
        _strand(draw, chance)
    _ellipse(draw, 700, 400, 92, 74, (250, 246, 236))
    _ellipse(draw, 704, 402, 48, 40, (236, 150, 44))
    for _ in range(60):
        angle, far = chance.uniform(0, math.tau), chance.uniform(0, 0.8)
        x, y = 600 + 300 * far * math.cos(angle), 462 + 215 * far * math.sin(angle)
        _ellipse(draw, x, y, 9, 6, (88, 142, 62))
    for offset in (0, 46):
        draw.line(_scaled((860 + offset, 120), (1130 + offset, 760)), fill=(58, 30, 18), width=26)
    return _finished(image)


def cat() -> Image.Image:
    """Draws a ginger cat before a round window."""
    image = _gradient(((58, 48, 66), (78, 62, 74), (48, 38, 50)))
    draw = _draw(image)
    _disc(draw, 600, 400, 340, (92, 58, 40))
    _disc(draw, 600, 400, 315, (176, 206, 204))
    for x in range(420, 800, 120):
        draw.line(_scaled((x, 100), (x + 40, 700)), fill=(86, 128, 92), width=14)
    draw.rectangle(_scaled((0, 720), (WIDTH, HEIGHT)), fill=(70, 44, 32))
    ginger, dark, pale = (222, 140, 62), (186, 104, 40), (248, 232, 206)
    _ellipse(draw, 600, 640, 170, 200, ginger)
    _ellipse(draw, 600, 690, 90, 130, pale)
    for side in (-1, 1):
        tip, inner, outer = (600 + side * 120, 270), (600 + side * 30, 340), (600 + side * 140, 400)
        draw.polygon(_scaled(inner, tip, outer), fill=ginger)
        draw.line(_scaled((600 + side * 150, 440), (600 + side * 260, 420)), fill=pale, width=5)
        draw.line(_scaled((600 + side * 150, 462), (600 + side * 264, 470)), fill=pale, width=5)
    _ellipse(draw, 600, 430, 150, 124, ginger)
    for x in (-50, 0, 50):
        draw.line(_scaled((600 + x, 316), (600 + x * 0.7, 366)), fill=dark, width=16)
    for side in (-1, 1):
        _ellipse(draw, 600 + side * 58, 424, 26, 22, (238, 214, 96))
        _ellipse(draw, 600 + side * 58, 424, 8, 20, (30, 24, 22))
    draw.polygon(_scaled((588, 462), (612, 462), (600, 476)), fill=(196, 96, 92))
    return _finished(image)


def _ridge(chance: random.Random, line: int, height: int) -> list[float]:
    """Returns the crest of a range, one value a column: a few bells on a gently waving foot."""
    peaks = [(chance.uniform(0, WIDTH), chance.uniform(50, 130), chance.uniform(0.4, 1)) for _ in range(5)]
    return [
        line
        + 12 * math.sin(x / 90 + line)
        - height * max(share * math.exp(-(((x - at) / spread) ** 2)) for at, spread, share in peaks)
        for x in range(WIDTH)
    ]


def _column(draw: ImageDraw.ImageDraw, x: int, top: float, crest: Colour, foot: Colour) -> None:
    """Draws one column of a range, mineral blue at the crest, fading into mist at the foot."""
    bands = 12
    marks = [top + (HEIGHT - top) * (step / bands) for step in range(bands + 1)]
    for step, (start, stop) in enumerate(pairwise(marks)):
        draw.rectangle(_scaled((x, start), (x + 1, stop)), fill=_mixed(crest, foot, step / (bands - 1)))


def _strand(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    x, y, bend = chance.uniform(380, 720), chance.uniform(330, 600), chance.uniform(-60, 60)
    points = [(x + step * 14, y + bend * math.sin(step / 4)) for step in range(9)]
    inside = [p for p in points if ((p[0] - 600) / 300) ** 2 + ((p[1] - 462) / 216) ** 2 < 1]
    if len(inside) > 1:
        draw.line(_scaled(*inside), fill=(246, 220, 158), width=12, joint="curve")


def _gradient(stops: tuple[Colour, Colour, Colour]) -> Image.Image:
    from PIL import Image

    column = Image.new("RGB", (1, HEIGHT))
    half = HEIGHT // 2
    for y in range(HEIGHT):
        upper, lower = (stops[0], stops[1]) if y < half else (stops[1], stops[2])
        column.putpixel((0, y), _mixed(upper, lower, (y % half) / half))
    return column.resize((WIDTH * _SCALE, HEIGHT * _SCALE), Image.Resampling.BILINEAR)


def _draw(image: Image.Image) -> ImageDraw.ImageDraw:
    from PIL import ImageDraw

    return ImageDraw.Draw(image)


def _finished(image: Image.Image) -> Image.Image:
    from PIL import Image

    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    _ellipse(draw, x, y, radius, radius, colour)


def _ellipse(draw: ImageDraw.ImageDraw, x: float, y: float, across: float, down: float, colour: Colour) -> None:
    draw.ellipse(_scaled((x - across, y - down), (x + across, y + down)), fill=colour)


def _scaled(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
