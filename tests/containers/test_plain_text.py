"""Plain text has no place for a label: the answer is "unsupported", never "no label" (R61)."""

from __future__ import annotations

import pytest

from yinji.containers.model import State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.containers.text.plain import PlainText
from yinji.errors import UnsupportedFormat
from yinji.testing import LABEL, Sample, check_sniffed, check_tiny, media_hash, survives

TEXT = PlainText()


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.srt", "a.log", "unnamed"])
@pytest.mark.parametrize("data", [b"1,2\n", "文字\n".encode(), "文字\n".encode("utf-16"), b"AIGC is short for\n"])
def test_unsupported_with_advice(name: str, data: bytes) -> None:
    with Source.open(data, name=name) as source:
        answer = read(source)
        assert answer.state is State.UNSUPPORTED
        assert [problem.code for problem in answer.problems] == ["no-official-carrier"]
        assert answer.found == ()
        with pytest.raises(UnsupportedFormat) as refusal:
            TEXT.write(source, LABEL, answer, in_place=False)
    assert ".md" in refusal.value.advice.en
    assert ".md" in refusal.value.advice.zh
    assert media_hash(TEXT, data)


@pytest.mark.parametrize(
    "data",
    [
        LABEL.to_json().encode() + b"\ntext\n",
        b"\xef\xbb\xbf" + LABEL.to_json(wrapped=True).encode() + b"\ntext\n",
        f"AIGC: {LABEL.to_json()}\n".encode("utf-16"),
        ("---\nAIGC:\n" + "".join(f"  {k}: '{v}'\n" for k, v in LABEL.items()) + "---\ntext\n").encode(),
    ],
    ids=["bare", "wrapped", "keyed", "front matter"],
)
def test_a_record_at_the_start_is_shown_with_a_caution(data: bytes) -> None:
    with Source.open(data, name="a.txt") as source:
        answer = read(source, thorough=True)
    assert [found.label for found in answer.found] == [LABEL]
    assert "no-official-carrier" in {problem.code for problem in answer.found[0].problems}
    assert "no-official-carrier" in {problem.code for problem in answer.problems}


def test_sniffing_and_hostile_bytes() -> None:
    for example in TEXT.examples():
        check_sniffed(TEXT, Sample("text.txt", example.data))
    check_tiny(TEXT)
    for data in (b"{" * 4096, b'{"a":' * 800, b"AIGC " * 2000, b"---\nAIGC:\n" + b" '" * 2000, bytes(range(256))):
        assert survives(TEXT, data).state is State.UNSUPPORTED
