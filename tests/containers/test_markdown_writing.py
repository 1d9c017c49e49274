"""What is written loads as YAML with exactly seven strings, and everything else keeps its bytes."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from yinji.containers.text.markdown import Markdown
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, Sample, labelled, reading_of

MARKDOWN = Markdown()
BODY = "# 标题\n\nA *paragraph*.\n\n---\n\nend"
STAMP = "---\nAIGC:\n" + "".join(f"  {key}: '{value}'\n" for key, value in LABEL.items()) + "---\n"


def written(data: str | bytes, label: AigcLabel = LABEL) -> bytes:
    raw = data if isinstance(data, bytes) else data.encode()
    return labelled(MARKDOWN, Sample("page.md", raw), label).data


def loaded(text: str) -> dict[str, object]:
    match = re.match(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", text, re.DOTALL | re.MULTILINE)
    assert match is not None
    value = yaml.safe_load(match[1])
    assert isinstance(value, dict)
    return value


def test_sample_of_the_guide() -> None:
    assert written(BODY) == (STAMP + BODY).encode()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_merges_into_front_matter(newline: str, mark: bytes) -> None:
    head = '---\n# made by hand\ntitle: "It\'s"\ndate: 2025-09-01\nabout: |\n  two\n  lines\n\n---\n'.replace(
        "\n", newline
    )
    old = mark + (head + BODY.replace("\n", newline)).encode()
    new = written(old)
    start = new.index(b"AIGC:")
    stop = new.index(b"---", start)
    assert new[:start] + new[stop:] == old
    assert new.count(b"\r\n") == new.count(b"\n") * (newline == "\r\n")
    values = loaded(new.decode("utf-8-sig"))
    assert values.pop("AIGC") == dict(LABEL.items())
    assert values == yaml.safe_load(head.split("---")[1])


def test_keeps_the_indentation_of_the_root() -> None:
    new = written("---\n  title: x\n  tags:\n    - a\n---\ntext\n").decode()
    assert loaded(new) == {"title": "x", "tags": ["a"], "AIGC": dict(LABEL.items())}


def test_replaces_where_it_stands() -> None:
    old = f"---\ntitle: x\nAIGC: {{Label: '2'}}\nlang: zh\n---\n{BODY}"
    assert list(loaded(written(old).decode())) == ["title", "AIGC", "lang"]
    assert written(old).decode().endswith(f"lang: zh\n---\n{BODY}")


def test_propagation_keeps_the_producers_half() -> None:
    once = written(BODY)
    twice = written(once, PROPAGATED).decode()
    assert loaded(twice)["AIGC"] == dict(PROPAGATED.items())
    assert twice.endswith(BODY)


@pytest.mark.parametrize(
    ("old", "rest"),
    [
        (f"# T\n\ntext\n\n{STAMP[4:-4]}", "# T\n\ntext\n\n"),
        (f"# T\n\n```yaml\n{STAMP[4:-4]}```\n", "# T\n\n"),
        (f"text\n<!-- AIGC: {LABEL.to_json()} -->\n", "text\n"),
    ],
)
def test_moves_a_stray_label_to_the_front(old: str, rest: str) -> None:
    assert written(old, PROPAGATED).decode().partition("\n---\n")[2] == rest


def test_second_front_matter_goes_and_the_authors_own_stays() -> None:
    old = f"---\ntitle: x\n---\n{STAMP}text\n"
    assert written(old).decode() == f"---\ntitle: x\n{STAMP[4:]}text\n"
    old = f"{STAMP}---\ntitle: x\n---\ntext\n"
    assert written(old, PROPAGATED).decode().endswith("---\n---\ntitle: x\n---\ntext\n")


def test_an_example_in_the_body_is_content() -> None:
    body = f"# How\n\n```yaml\n{STAMP[4:-4]}```\n\nmore\n"
    assert written(body, PROPAGATED).decode().endswith(body)


def test_utf_16_stays_utf_16() -> None:
    old = "---\r\ntitle: 标题 😀\r\n---\r\n正文 😀\r\n".encode("utf-16")
    new = written(old)
    assert new[:2] == old[:2]
    assert loaded(new.decode("utf-16"))["AIGC"] == dict(LABEL.items())
    assert new.decode("utf-16").endswith("---\r\n正文 😀\r\n")


def test_bytes_that_are_no_utf_8_are_kept() -> None:
    old = b"---\ntitle: \xb1\xea\xcc\xe2\n---\n\xff\xfe\xfd\n"
    new = written(old)
    start = new.index(b"AIGC:")
    assert new[:start] + new[new.index(b"---", start) :] == old


VALUES = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@settings(deadline=None, max_examples=80)
@given(VALUES, VALUES, VALUES)
def test_any_value_loads_as_the_same_string(producer: str, number: str, reserved: str) -> None:
    label = AigcLabel("1", producer, number, reserved, "x", "true", "0x10")
    new = written("text\n", label)
    assert yaml.safe_load(new.decode().split("\n---\n")[0][4:])["AIGC"] == dict(label.items())
    assert reading_of(MARKDOWN, Sample("page.md", new)).label == label


KEYS = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.one_of(st.integers(), st.text(max_size=20), st.lists(st.text(max_size=5), max_size=3), st.none(), st.booleans()),
    max_size=5,
)


@settings(deadline=None, max_examples=80)
@given(KEYS, st.booleans())
def test_foreign_keys_load_as_before(values: dict[str, object], flow: bool) -> None:
    head = yaml.safe_dump(values, allow_unicode=True, default_flow_style=flow and None) if values else ""
    if head.lstrip().startswith("{"):
        return
    new = written(f"---\n{head}---\n{BODY}").decode()
    got = loaded(new)
    assert got.pop("AIGC") == dict(LABEL.items())
    assert got == (yaml.safe_load(head) or {})
    assert new.endswith(f"---\n{BODY}")
