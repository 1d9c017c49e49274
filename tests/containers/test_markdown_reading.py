"""Every way in which public Markdown files carry the label is read, and its place is named (R60)."""

from __future__ import annotations

import json

import pytest

from yinji.containers.model import Reading, State
from yinji.containers.reading import read_as
from yinji.containers.source import Source
from yinji.containers.text.markdown import Markdown
from yinji.errors import UnsupportedFormat
from yinji.limits import Limits
from yinji.testing import LABEL, Sample, check_container, reading_of, survives

MARKDOWN = Markdown()
ROWS = list(LABEL.items())


def mapping(quote: str = "'", indent: str = "  ", order: list[tuple[str, str]] | None = None, at: str = "") -> str:
    rows = [f"{at}{indent}{key}: {quote}{value}{quote}" for key, value in order or ROWS]
    return "\n".join([f"{at}AIGC:", *rows]) + "\n"


def reading(text: str | bytes, name: str = "page.md") -> Reading:
    data = text if isinstance(text, bytes) else text.encode()
    quick = reading_of(MARKDOWN, Sample(name, data), thorough=False)
    thorough = reading_of(MARKDOWN, Sample(name, data))
    assert quick.state is thorough.state
    return thorough


def codes(answer: Reading) -> set[str]:
    return {problem.code for found in answer.found for problem in found.problems}


def test_harness() -> None:
    check_container(
        MARKDOWN,
        [
            ("empty.md", b""),
            ("crlf.md", b"---\r\ntitle: x\r\n---\r\n\r\ntext\r\n"),
            ("bom.md", b"\xef\xbb\xbf# heading\n"),
            ("utf16.md", "---\ntitle: 标题\n---\n正文 😀\n".encode("utf-16")),
            ("rule.md", b"---\nSome prose between two rules\n---\nmore\n"),
            ("gbk.md", "# 标题\n".encode("gb18030")),
        ],
        doubled=[
            ("two.md", f"---\n{mapping()}---\n---\n{mapping()}title: x\n---\ntext\n".encode()),
            ("tail.md", f"---\na: 1\n{mapping()}---\ntext\n\n{mapping()}".encode()),
            ("comment.md", f"---\n{mapping()}---\ntext\n<!-- AIGC: {LABEL.to_json()} -->\n".encode()),
        ],
        ends_itself=False,
    )


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("indent", ["  ", "   ", "    ", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_conforming_dialects(quote: str, indent: str, newline: str, codec: str) -> None:
    text = f"---\ntitle: 标题\n{mapping(quote, indent)}tags: [a]\n---\n正文\n".replace("\n", newline)
    answer = reading(text.encode(codec))
    assert [found.label for found in answer.found] == [LABEL]
    assert codes(answer) == set()
    assert answer.found[0].carrier == "front-matter"
    assert answer.found[0].shape == "yaml"
    at = answer.found[0]
    assert (
        text.encode(codec)[at.start : at.stop].decode("utf-16-le" if codec == "utf-16" else "utf-8").startswith("AIGC:")
    )


def test_any_order() -> None:
    answer = reading(f"---\n{mapping(order=sorted(ROWS))}---\n")
    assert answer.label == LABEL


def test_unquoted_values_are_read_and_named() -> None:
    answer = reading("---\nAIGC:\n  Label: 1\n  ContentProducer: 001191110000MA0TE5T00Q10001\n  ProduceID: 007\n---\n")
    assert answer.label is not None
    assert answer.label.label == "1"
    assert answer.label.produce_id == "007"
    assert {"numeric-label", "front-matter-unquoted", "missing-key"} <= codes(answer)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"---\n{mapping()}---\n---\ntitle: x\n---\ntext\n", None),
        (f"---\ntitle: x\n---\n---\n{mapping()}---\ntext\n", "front-matter-second"),
        (f"---\ntitle: x\n---\n\n---\nlang: zh\n{mapping()}---\ntext\n", "front-matter-second"),
        (f"---\nmeta:\n{mapping(at='  ')}  x: 1\n---\ntext\n", "front-matter-nested"),
        (f"# Changes\n\n- one\n\n{mapping()}", "front-matter-unfenced"),
        (f"# Changes\n\n---\n{mapping()}---\n", "front-matter-unfenced"),
        (f"{mapping()}\n# Text\n\nmore\n", "front-matter-unfenced"),
        (f"```yaml\n{mapping()}```\n\n# Text\n", "front-matter-fenced"),
        (f"# Text\n\n~~~~yaml\n---\n{mapping()}---\n~~~~\n", "front-matter-fenced"),
        (f"# Text\n\n```yaml\n{mapping()}```\n\nmore text\n", "front-matter-body"),
        (f"# Text\n\n<!-- AIGC: {LABEL.to_json()} -->\n", "front-matter-comment"),
        (
            "+++\ntitle = 'x'\n[AIGC]\n" + "".join(f"{k} = '{v}'\n" for k, v in ROWS) + "+++\ntext\n",
            "front-matter-toml",
        ),
    ],
)
def test_places(text: str, problem: str | None) -> None:
    answer = reading(text)
    assert [found.label for found in answer.found] == [LABEL]
    assert codes(answer) - {"place"} == ({problem} if problem else set())


def test_an_example_in_the_body_is_no_second_label() -> None:
    text = f"---\n{mapping()}---\n# How to label\n\n```yaml\n{mapping(order=[('Label', '9'), *ROWS[1:]])}```\n\nmore\n"
    assert [found.label for found in reading(text).found] == [LABEL]


@pytest.mark.parametrize("quote", ["'", '"', ""])
def test_flow_mapping(quote: str) -> None:
    values = ", ".join(f"{k}: {quote}{v}{quote}" if quote or v else f"{k}: ''" for k, v in ROWS)
    tall = values.replace(", ", ",\n    ")
    for text in (f"AIGC: {{{values}}}\n", f"AIGC: {{\n    {tall}\n  }}\n"):
        answer = reading(f"---\ntitle: x\n{text}lang: zh\n---\n")
        assert answer.label == LABEL


def test_json_string() -> None:
    for value in (f"'{LABEL.to_json()}'", json.dumps(LABEL.to_json(wrapped=True)), LABEL.to_json()):
        assert reading(f"---\nAIGC: {value}\n---\n").label == LABEL


def test_folded_and_escaped_scalars() -> None:
    rows = (
        '  Label: "\\x31"\n'
        "  ContentProducer: 'O''Neill\n    and sons'\n"
        '  ProduceID: "a\\\n    b"\n'
        "  ReservedCode1: '{\"a\":1}'\n"
    )
    label = reading(f"---\nAIGC:\n{rows}---\n").label
    assert label is not None
    assert (label.label, label.producer, label.produce_id) == ("1", "O'Neill and sons", "ab")
    assert label.reserved1 == '{"a":1}'


def test_vendor_dialect_with_a_wrong_label_value() -> None:
    rows = [("Label", "AIGC"), ("ContentProducer", "Minimax Agent AI"), ("ProduceID", "0" * 32), *ROWS[3:]]
    answer = reading(f"---\n{mapping(order=rows)}---\n")
    assert answer.state is State.LABELLED
    assert "label-value" in codes(answer)


@pytest.mark.parametrize("text", ["# A page about AIGC: what it is\n", "AIGC: a word\n", "---\ntitle: AIGC\n---\n", ""])
def test_no_label(text: str) -> None:
    assert reading(text).state is State.UNLABELLED


def test_cut_front_matter_cannot_tell() -> None:
    assert reading(f"---\n{mapping()}").state is State.MALFORMED
    assert reading("---\ntitle: x\n").state is State.MALFORMED


def test_too_long_a_text_cannot_tell() -> None:
    with Source.open(b"x" * 5000, name="x.md", limits=Limits(one_read=4096)) as source:
        assert read_as(MARKDOWN, source).state is State.UNREADABLE


@pytest.mark.parametrize(
    "text",
    [
        "AIGC:\n" * 50_000,
        f"{mapping()}\n" * 3_000,
        "<!-- AIGC: {" * 50_000,
        "---\n" + "a" + " " * 200_000 + "\n---\n",
        "---\nAIGC:\n  Label: '" + " " * 200_000 + "x\n---\n",
        "---\nAIGC: " + "{" * 100_000 + "\n---\n",
        "```\n" * 50_000 + "AIGC",
        "---\nAIGC:\n" + '  Label: "\n' * 8_000 + "---\n",
    ],
    ids=["keys", "records", "comments", "blanks", "quoted", "flow", "fences", "unclosed"],
)
def test_hostile_text_is_answered(text: str) -> None:
    survives(MARKDOWN, text.encode(), "hostile.md")


def test_refuses_other_front_matter() -> None:
    for text in ("+++\ntitle = 'x'\n+++\n", '{\n  "title": "x"\n}\n', "---\n- a\n- b\n---\n", "---\n{a: 1}\n---\n"):
        with Source.open(text.encode(), name="x.md") as source, pytest.raises(UnsupportedFormat) as refusal:
            MARKDOWN.write(source, LABEL, read_as(MARKDOWN, source, thorough=True), in_place=False)
        assert refusal.value.advice.en
        assert refusal.value.text.zh
