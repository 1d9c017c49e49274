"""A label of ours is found again, with its measures; nothing is found where none was put; none is covered."""

import io
import random

import pytest
from PIL import Image, ImageDraw

from noise import noise
from yinji.errors import Truncated
from yinji.marks.base import Drawn, MarkFinder, MarkRequest
from yinji.marks.face import font
from yinji.marks.image import ImageMark
from yinji.marks.layout import PLACES

WORDS = ("AI生成", "AI生成 · AI-generated", "人工智能生成")


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, kind, **options)
    return output.getvalue()


def ground(name: str, size: tuple[int, int]) -> Image.Image:
    coarse = (max(2, size[0] // 12), max(2, size[1] // 12))
    return {
        "white": Image.new("RGB", size, "white"),
        "black": Image.new("RGB", size, "black"),
        "noise": noise(size, 90).convert("RGB"),
        "clouds": noise(coarse, 110).resize(size, Image.Resampling.BICUBIC).convert("RGB"),
    }[name]


def draw(data: bytes, words: str, **more) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    return_ = ImageMark().draw(io.BytesIO(data), output, MarkRequest(words, **more))
    return output.getvalue(), return_


def find(data: bytes, words: str, **more) -> Drawn | None:
    return ImageMark().find(io.BytesIO(data), MarkRequest(words, **more))


def test_the_mark_is_a_finder() -> None:
    assert isinstance(ImageMark(), MarkFinder)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("name", ["white", "black", "noise", "clouds"])
@pytest.mark.parametrize(("size", "place"), [((600, 400), "top-left"), ((32, 32), "bottom-right"), ((90, 700), "top")])
def test_a_label_is_found_where_it_was_drawn(kind: str, name: str, size: tuple[int, int], place: str) -> None:
    data, drawn = draw(encoded(ground(name, size), kind), "AI生成", place=place)
    found = find(data, "AI生成")
    assert found is not None
    assert (found.words, found.place, found.method) == ("AI生成", place, "found")
    assert (found.ink_height, found.needed_height, found.box) == (drawn.ink_height, drawn.needed_height, drawn.box)
    assert found.contrast == pytest.approx(drawn.contrast, rel=0.1)
    assert find(data, "人工智能生成") is None


@pytest.mark.parametrize("quality", [90, 75, 50])
@pytest.mark.parametrize("words", WORDS)
def test_one_more_compression_leaves_it_to_be_found(quality: int, words: str) -> None:
    data, drawn = draw(encoded(ground("clouds", (500, 380)), "PNG"), words, place="bottom-left")
    again = encoded(Image.open(io.BytesIO(data)), "JPEG", quality=quality)
    found = find(again, words)
    assert found is not None
    assert found.place == "bottom-left"
    assert abs(found.ink_height - drawn.ink_height) <= 1
    assert found.contrast > 3


@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_it_is_found_in_turned_pictures(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data, drawn = draw(encoded(ground("clouds", (300, 420)), "JPEG", exif=exif), "AI生成")
    found = find(data, "AI生成")
    assert found is not None
    assert found.box == drawn.box


def words_like_ours(size: tuple[int, int], chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", size, chance.choice(["white", "black"]))
    brush = ImageDraw.Draw(picture)
    for _ in range(25):
        at = chance.randint(-20, size[0]), chance.randint(-10, size[1])
        text = chance.choice(["合成", "AI创作", "生成内容", "人工", "工智能生", "I生成"])
        brush.text(at, text, fill=chance.choice(["white", "black", "red"]), font=font(chance.choice([10, 14, 20, 26])))
    return picture


def test_nothing_is_found_where_nothing_was_drawn() -> None:
    chance = random.Random(7)
    for number in range(60):
        size = chance.choice([(32, 32), (200, 150), (300, 40)])
        pictures = [ground(name, size) for name in ("noise", "clouds")] + [words_like_ours(size, chance)]
        data = encoded(pictures[number % 3], "PNG")
        assert all(find(data, words) is None for words in WORDS)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_that_has_the_label_stays_as_it_is(kind: str) -> None:
    data, _ = draw(encoded(ground("clouds", (400, 300)), kind), "AI生成")
    again, drawn = draw(data, "AI生成")
    assert again == data
    assert drawn.detail["already"] is True
    assert drawn.contrast >= 4.4


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(("first", "second"), [(WORDS[0], WORDS[1]), (WORDS[1], WORDS[0])])
def test_no_label_of_ours_is_covered_by_another(kind: str, first: str, second: str) -> None:
    data, _ = draw(encoded(ground("clouds", (500, 380)), kind), first, place="bottom-right")
    both, drawn = draw(data, second, place="bottom-right", wordings=WORDS)
    assert drawn.place != "bottom-right"
    assert drawn.detail["instead_of"] == "bottom-right"
    for words, place in ((first, "bottom-right"), (second, drawn.place)):
        found = find(both, words)
        assert found is not None
        assert found.place == place


def test_every_place_may_be_asked_for_alone() -> None:
    data, _ = draw(encoded(ground("noise", (400, 300)), "PNG"), "AI生成", place="top-right")
    assert [p for p in PLACES if find(data, "AI生成", place=p) is not None] == ["top-right"]


def test_a_damaged_picture_is_an_error_and_no_answer() -> None:
    data, _ = draw(encoded(ground("noise", (400, 300)), "PNG"), "AI生成")
    with pytest.raises(Truncated):
        find(data[: len(data) // 2], "AI生成")


@pytest.mark.parametrize(("words", "other"), [("AI生成", "AI合成"), ("人工智能合成", "人工智能生成")])
def test_words_that_differ_in_one_ideograph_are_told_apart(words: str, other: str) -> None:
    for size, place in (((96, 96), "top-left"), ((320, 240), "bottom-left")):
        data, _ = draw(encoded(ground("clouds", size), "PNG"), words)
        for seen in (data, encoded(Image.open(io.BytesIO(data)), "JPEG", quality=40)):
            assert find(seen, words) is not None
            assert find(seen, other) is None
        second = draw(data, other, wordings=(words, other))[1]
        assert (second.place, second.detail["instead_of"]) == (place, "bottom-right")
