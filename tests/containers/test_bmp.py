"""BMP has no place for a label: the answer is "unsupported", never "no label" (R61)."""

from __future__ import annotations

import io
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pictures
import samples
from pictures import BARE, WRAPPED
from yinji.containers.bmp import Bmp
from yinji.containers.model import State
from yinji.containers.reading import read
from yinji.containers.registry import identify
from yinji.containers.source import Source
from yinji.errors import UnsupportedFormat
from yinji.testing import (
    LABEL,
    Sample,
    check_damage,
    check_sniffed,
    check_tiny,
    media_hash,
    mutated,
    reading_of,
    survives,
)

BMP = Bmp()
EXAMPLES = {example.name: example.data for example in Bmp.examples()}
PIXEL = EXAMPLES["pixel.bmp"]
REAL = {mode: pictures.saved(samples.picture(mode), "BMP") for mode in ("RGB", "L", "P", "1", "RGBA")}


@pytest.mark.parametrize("data", [*EXAMPLES.values(), *REAL.values()], ids=[*EXAMPLES, *REAL])
def test_unsupported_with_advice(data: bytes) -> None:
    check_sniffed(BMP, Sample("x.bmp", data))
    check_damage(BMP, Sample("x.bmp", data), mutations=40)
    with Source.open(data, name="x.bmp") as source:
        reading = read(source)
        assert reading.state is State.UNSUPPORTED
        (problem,) = reading.problems
        assert "PNG" not in problem.text.en
        with pytest.raises(UnsupportedFormat) as caught:
            identify(source).write(source, LABEL, reading, in_place=False)
    assert (problem.code, caught.value.code) == ("bmp-no-carrier", "bmp-no-carrier")
    assert "PNG" in caught.value.advice.zh
    assert "PNG" in caught.value.advice.en


def test_examples_are_pictures() -> None:
    from PIL import Image

    for data in EXAMPLES.values():
        with Image.open(io.BytesIO(data)) as image:
            assert image.convert("RGB").getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("value", [BARE, WRAPPED, "AIGC" + BARE])
def test_records_behind_and_before_the_pixels_are_shown(value: str) -> None:
    start = len(PIXEL) - 4 + len(value)
    gap = PIXEL[:10] + struct.pack("<I", start) + PIXEL[14:-4] + value.encode() + PIXEL[-4:]
    for data, carrier in ((PIXEL + value.encode(), "bmp-trailer"), (gap, "bmp-gap")):
        reading = reading_of(BMP, Sample("x.bmp", data))
        assert (reading.state, reading.label) == (State.LABELLED, LABEL)
        (found,) = reading.found
        assert found.carrier == carrier
        assert "bmp-no-carrier" in {problem.code for problem in found.problems}


def test_compressed_pixels_say_how_long_they_are() -> None:
    rle = b"\1\x80\0\0\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 8, 1, len(rle), 0, 0, 1, 0)
    start = 14 + 40 + 4
    data = b"BM" + struct.pack("<IHHI", start + len(rle), 0, 0, start) + header + b"\x80\x80\x80\0" + rle
    assert reading_of(BMP, Sample("x.bmp", data + BARE.encode())).label == LABEL
    assert media_hash(BMP, data) == media_hash(BMP, data + BARE.encode())


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"BM", State.MALFORMED),
        (PIXEL[:-1], State.MALFORMED),
        (PIXEL[:14] + b"\x63\0\0\0" + PIXEL[18:], State.MALFORMED),
        (PIXEL[:10] + bytes(4) + PIXEL[14:], State.MALFORMED),
        (PIXEL[:18] + b"\xff\xff\xff\x7f" * 2 + PIXEL[26:], State.MALFORMED),
    ],
)
def test_states(data: bytes, state: State) -> None:
    assert survives(BMP, data).state is state


def test_tiny_files() -> None:
    check_tiny(BMP)


@given(chance=st.randoms(use_true_random=False))
def test_damage_is_met_with_our_errors_alone(chance: random.Random) -> None:
    survives(BMP, mutated(chance, PIXEL + BARE.encode()))
