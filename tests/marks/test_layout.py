"""Size and place of a label: arithmetic over all sizes."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yinji.errors import UsageError
from yinji.marks.exif import STORED, UPRIGHT, displayed_size, read_exif, stored_box
from yinji.marks.face import LabelFace
from yinji.marks.layout import PLACES, Box, is_wide, needed_height, plan

FACE = LabelFace()
WORDS = ["AI生成", "人工智能生成", "内容由AI生成，请注意甄别", "AI-generated", "AI로 생성된 콘텐츠"]


@given(st.integers(1, 40_000), st.sampled_from([5, 3, 7, 10, 25]))
def test_needed_height_is_the_exact_ceiling(short: int, percent: int) -> None:
    assert needed_height(short, percent / 100) == max(1, math.ceil(Fraction(percent * short, 100)))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(32, 30_000),
    st.integers(32, 30_000),
    st.sampled_from(WORDS),
    st.sampled_from(PLACES),
)
def test_every_size_holds_the_whole_label(width: int, height: int, words: str, place: str) -> None:
    layout = plan(Box(0, 0, width, height), words, 0.05, place, FACE)
    box = layout.box
    short = min(width, height)
    assert 0 <= box.left < box.right <= width
    assert 0 <= box.top < box.bottom <= height
    assert layout.em * FACE.ink(words) >= layout.needed >= 0.05 * short
    zone = 0.03 * short + 1
    assert {
        "right": width - box.right,
        "left": box.left,
    }.get(place.rpartition("-")[2], 0) <= zone
    assert (height - box.bottom if place.startswith("bottom") else box.top) <= zone
    drawn = sorted(c for piece in layout.pieces for c in piece.text)
    assert drawn == sorted(words.replace(" ", ""))
    across = (box.height, box.width) if layout.turned else (box.width, box.height)
    for piece in layout.pieces:
        assert piece.x >= 0
        assert piece.x + FACE.advance(piece.text) * piece.size <= across[0] + 1
        assert piece.y - 0.7 * piece.size >= 0
        assert piece.y <= across[1]


def test_capitals_beside_ideographs_are_as_high_as_the_rule_asks() -> None:
    layout = plan(Box(0, 0, 1000, 1000), "AI生成", 0.05, "", FACE)
    latin = next(p for p in layout.pieces if p.text == "AI")
    assert latin.size * FACE.ink("A") >= layout.needed == 50


def test_a_strip_is_wrapped_or_turned() -> None:
    stacked = plan(Box(0, 0, 32, 3000), "人工智能生成", 0.05, "", FACE)
    assert stacked.lines > 1
    assert not stacked.turned
    turned = plan(Box(0, 0, 32, 3000), "AI-generated", 0.05, "", FACE)
    assert turned.turned
    assert turned.box.height > turned.box.width


def test_lines_do_not_begin_with_closing_punctuation() -> None:
    layout = plan(Box(0, 0, 100, 400), "内容由AI生成，请注意甄别", 0.08, "", FACE)
    assert layout.lines > 1
    assert not any(piece.text.startswith("，") for piece in layout.pieces)


def test_the_area_may_be_a_part_of_the_picture() -> None:
    layout = plan(Box(100, 50, 400, 250), "AI生成", 0.05, "bottom-right", FACE)
    assert layout.needed == 10
    assert layout.box.left >= 100
    assert layout.box.right <= 400
    assert layout.box.bottom <= 250


@pytest.mark.parametrize(
    ("words", "share", "place", "size", "code"),
    [
        ("", 0.05, "", (100, 100), "no-words"),
        (" \t", 0.05, "", (100, 100), "no-words"),
        ("生" * 81, 0.05, "", (9000, 9000), "words-too-long"),
        ("AI生成", 0.05, "centre", (100, 100), "no-such-place"),
        ("AI生成", 1.5, "", (100, 100), "bad-share"),
        ("AI生成", float("nan"), "", (100, 100), "bad-share"),
        ("人工智能生成", 0.9, "", (100, 100), "label-does-not-fit"),
        ("AI生成", 0.05, "", (1, 1), "label-does-not-fit"),
    ],
)
def test_what_cannot_be_laid_out_is_said(words, share, place, size, code) -> None:
    with pytest.raises(UsageError) as caught:
        plan(Box(0, 0, *size), words, share, place, FACE)
    assert caught.value.code == code
    assert all(caught.value.text)
    assert all(caught.value.advice)
    assert "{" not in caught.value.text.en + caught.value.text.zh


@given(st.integers(1, 8), st.integers(1, 60), st.integers(1, 60), st.data())
def test_boxes_map_to_stored_pixels_as_pillow_turns_them(orientation: int, width: int, height: int, data) -> None:
    from PIL import Image

    shown_width, shown_height = displayed_size((width, height), orientation)
    left = data.draw(st.integers(0, shown_width - 1))
    top = data.draw(st.integers(0, shown_height - 1))
    box = (left, top, data.draw(st.integers(left + 1, shown_width)), data.draw(st.integers(top + 1, shown_height)))
    shown = Image.new("L", (shown_width, shown_height))
    shown.paste(255, box)
    stored = shown
    for method in STORED[orientation]:
        stored = stored.transpose(Image.Transpose(method))
    assert stored.size == (width, height)
    assert stored.getbbox() == stored_box(box, (width, height), orientation)
    back = stored
    for method in UPRIGHT[orientation]:
        back = back.transpose(Image.Transpose(method))
    assert back.tobytes() == shown.tobytes()


@given(st.binary(max_size=80))
def test_broken_exif_counts_as_absent(tail: bytes) -> None:
    for head in (b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0\x01\0"):
        assert 1 <= read_exif(head + tail).orientation <= 8


def test_wide_is_what_fills_a_square() -> None:
    assert is_wide("由")
    assert is_wide("로")
    assert not is_wide("AI-generated é")
