"""The font that comes with the package."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from yinji.errors import UsageError
from yinji.marks.face import FONT, LabelFace, check_words, font, ink_mask

FOLDER = files("yinji.marks").joinpath("fonts")
DATA = Path(str(files("yinji.regimes"))) / "data"
NOTO = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")


def test_the_font_covers_what_the_list_says_and_is_small() -> None:
    with FOLDER.joinpath(FONT).open("rb") as file:
        covered = {chr(c) for c in TTFont(file).getBestCmap()}
    listed = set(FOLDER.joinpath("characters.txt").read_text("utf-8").rstrip("\n"))
    assert listed == covered - {" ", "\u3000"}
    assert set(map(chr, range(33, 127))) <= listed
    assert set("人工智能生成合成疑似，。、：（）") <= listed
    assert len(FOLDER.joinpath(FONT).read_bytes()) < 80_000


def test_it_bears_a_name_of_its_own_and_its_licence() -> None:
    with FOLDER.joinpath(FONT).open("rb") as file:
        names = TTFont(file)["name"]
    said = " ".join(str(record) for record in names.names if record.nameID in (1, 3, 4, 6, 16))
    assert "Yinji" in said
    assert "Noto" not in said
    assert "Source" not in said
    assert "SIL OPEN FONT LICENSE" in FOLDER.joinpath("OFL.txt").read_text("utf-8")


def test_the_same_bytes_come_out_again(tmp_path: Path) -> None:
    if not NOTO.exists():  # the source font is needed only by those who change the subset
        assert FOLDER.joinpath(FONT).read_bytes()[:4] == b"OTTO"
        return
    tool = Path(__file__).parents[2] / "tools/build_font.py"
    output = tmp_path / FONT
    subprocess.run([sys.executable, tool, NOTO, "--output", output], check=True, capture_output=True)
    assert output.read_bytes() == FOLDER.joinpath(FONT).read_bytes()


@pytest.mark.parametrize(
    "words", ["AI生成", "Généré par l’IA", "AI로 생성된 콘텐츠", "内容由AI生成，请注意甄别", "KI-generiert"]
)
def test_label_words_can_be_drawn(words: str) -> None:
    check_words(words)
    canvas = Image.new("L", (900, 80))
    ink_mask(words, 48, canvas, 5, 60)
    box = canvas.getbbox()
    assert box is not None
    assert box[2] - box[0] > 24 * len(words) * 0.6


def wordings(values: object, inside: bool = False) -> Iterator[str]:
    """All strings below the keys of a rule that hold what a label says."""
    if isinstance(values, str) and inside:
        yield values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from wordings(value, inside or key in {"words", "corner", "short", "sentence"})


def test_the_words_of_every_regime_can_be_drawn_and_no_glyph_is_empty() -> None:
    found: set[str] = set()
    for path in sorted(DATA.glob("*/20*.toml")):
        found |= {*wordings(tomllib.loads(path.read_text("utf-8")))}
    assert {"AI生成", "AI GENERATED"} <= found
    with FOLDER.joinpath(FONT).open("rb") as file:
        covered = TTFont(file).getBestCmap()
    for words in found:
        check_words(words)
        assert {ord(c) for c in words} <= covered.keys()
    for character in {c for words in found for c in words} - set(" \u3000"):
        canvas = Image.new("L", (60, 60))
        ink_mask(character, 40, canvas, 8, 45)
        assert canvas.getbbox(), character


def test_nothing_that_passes_is_missing_in_the_font() -> None:
    with FOLDER.joinpath(FONT).open("rb") as file:
        covered = TTFont(file).getBestCmap()
    passed = set()
    for number in (*range(0xD800), *range(0xE000, 0x11000), *range(0x1F000, 0x20000)):
        with suppress(UsageError):
            check_words(chr(number))
            passed.add(number)
    assert passed == {n for n in covered if n < 0x11000}


@pytest.mark.parametrize("words", ["龘生成", "AI\n生成", "AI🙂", "\u0000AI", "AI\u00a0生成", "AI\u001c生成"])
def test_missing_glyphs_are_named_and_never_drawn_as_boxes(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_words(words)
    assert caught.value.code == "missing-glyph"
    named = caught.value.details["characters"]
    assert named in ("龘", "U+000A", "🙂", "U+0000", "U+00A0", "U+001C")
    assert named in caught.value.text.zh


def test_flat_ideographs_do_not_set_the_height() -> None:
    face = LabelFace()
    assert face.ink("人工智能生成") > 0.85
    assert face.ink("AI") == pytest.approx(0.741, abs=0.01)
    assert font(20.5).size == 20.5
