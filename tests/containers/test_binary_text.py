"""What is named a text and is none is damaged, never unlabelled; every encoding that people write in is text."""

from __future__ import annotations

import codecs
import random

import pytest

import yinji
from yinji.containers.model import State
from yinji.errors import YinjiError
from yinji.testing import LABEL

CHINESE, JAPANESE, KOREAN = "一段文字。\n" * 40, "日本語の文章です。\n" * 40, "한국어 문장입니다.\n" * 40
GARBAGE = random.Random(3).randbytes(5000)
TEXTS = {
    "empty": b"",
    "utf-8": CHINESE.encode(),
    "utf-16": codecs.BOM_UTF16_LE + CHINESE.encode("utf-16-le"),
    "utf-16 of Motorola": codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"),
    "gb18030": CHINESE.encode("gb18030"),
    "hz": CHINESE.encode("hz"),
    "big5": "標題：一段文字\n".encode("big5") * 40,
    "shift-jis": JAPANESE.encode("shift-jis"),
    "iso-2022-jp": JAPANESE.encode("iso-2022-jp"),
    "iso-2022-kr": KOREAN.encode("iso-2022-kr"),
    "latin-1": "Ça va très bien à l'été\n".encode("latin-1") * 40,
    "one slip": b"words\x08 and more words\n" * 1 + b"words\n" * 400 + b"\x1a",
}
NO_TEXTS = {
    "ciphertext": GARBAGE,
    "behind a tag": b"<p>" + GARBAGE,
    "without zeros": GARBAGE.replace(b"\0", b""),
    "zeros": bytes(5000),
    "a tail of zeros": b"# A text\n" * 600 + bytes(512),
    "a few bytes": b"\x01\x02\x03",
    "utf-16 without its mark": CHINESE.encode("utf-16-le") + "words".encode("utf-16-le"),
    "zeros behind a mark": codecs.BOM_UTF16_LE + bytes(64),
}


@pytest.mark.parametrize("ending", ["md", "html"])
def test_texts_and_what_is_none(ending: str) -> None:
    for cases, state in ((TEXTS, State.UNLABELLED), (NO_TEXTS, State.MALFORMED)):
        for name, data in cases.items():
            for thorough in (False, True):
                reading = yinji.read(data, filename=f"a.{ending}", thorough=thorough)
                assert reading.state is state, name
                assert [p.code for p in reading.problems] == ["not-text"] * (state is State.MALFORMED), name


@pytest.mark.parametrize("ending", ["md", "html"])
def test_no_label_goes_into_what_is_no_text(ending: str, tmp_path: object) -> None:
    with pytest.raises(YinjiError) as refusal:
        yinji.label(GARBAGE, LABEL, filename=f"a.{ending}", output=f"{tmp_path}/b.{ending}", metadata_only=True)
    assert refusal.value.code == "not-text"
