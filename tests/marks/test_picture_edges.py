"""Every picture format at the edges: tiny and extreme sizes, transparent pictures, bytes that end too early."""

import io

import pytest
from PIL import Image

from noise import noise
from yinji.errors import UnreadableInput, UsageError, YinjiError
from yinji.marks.base import MarkRequest
from yinji.marks.image import ImageMark
from yinji.marks.registry import mark_for

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "BMP")
REQUEST = MarkRequest("AI生成")


def encoded(kind: str, picture: Image.Image) -> bytes:
    output = io.BytesIO()
    picture.save(output, kind)
    return output.getvalue()


def test_every_format_is_registered() -> None:
    assert {mark_for(t).name for t in ImageMark.media_types} == {"image"}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [(16, 16), (32, 32), (3000, 32), (32, 3000)])
def test_sizes(kind: str, size: tuple[int, int]) -> None:
    output = io.BytesIO()
    drawn = ImageMark().draw(io.BytesIO(encoded(kind, Image.new("RGB", size, (90, 120, 60)))), output, REQUEST)
    assert drawn.ink_height >= drawn.needed_height
    assert drawn.contrast >= 4.4
    assert 0 <= drawn.box[0] < drawn.box[2] <= size[0]
    assert 0 <= drawn.box[1] < drawn.box[3] <= size[1]
    found = ImageMark().find(io.BytesIO(output.getvalue()), REQUEST)
    assert found is not None
    assert found.box == drawn.box


@pytest.mark.parametrize("kind", FORMATS)
def test_one_pixel_has_no_room(kind: str) -> None:
    output = io.BytesIO()
    with pytest.raises(UsageError) as caught:
        ImageMark().draw(io.BytesIO(encoded(kind, Image.new("RGB", (1, 1)))), output, REQUEST)
    assert caught.value.code == "label-does-not-fit"
    assert not output.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("length", [0, 12, 30, 60])
def test_files_that_end_too_early(kind: str, length: int) -> None:
    output = io.BytesIO()
    data = encoded(kind, noise((64, 64), 80).convert("RGB"))[:length]
    with pytest.raises(YinjiError if length < 12 else UnreadableInput):
        ImageMark().draw(io.BytesIO(data), output, REQUEST)
    assert not output.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF"])
def test_nothing_but_transparency_still_bears_the_label(kind: str) -> None:
    output = io.BytesIO()
    drawn = ImageMark().draw(io.BytesIO(encoded(kind, Image.new("RGBA", (200, 160)))), output, REQUEST)
    assert drawn.contrast >= 4.5
    assert ImageMark().find(io.BytesIO(output.getvalue()), REQUEST) is not None


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF"])
def test_the_enclosing_rectangle_of_what_is_opaque_counts(kind: str) -> None:
    picture = Image.new("RGBA", (400, 300))
    picture.paste((60, 90, 160, 255), (100, 50, 300, 150))
    drawn = ImageMark().draw(io.BytesIO(encoded(kind, picture)), io.BytesIO(), REQUEST)
    left, top, right, bottom = drawn.box
    assert drawn.needed_height == 5
    assert 100 <= left < right <= 300
    assert 50 <= top < bottom <= 150
