"""The label in plain text and Markdown."""

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from yinji.errors import LimitExceeded, Malformed, UnsupportedFormat, UsageError
from yinji.marks.base import Drawn, MarkRequest, PerceptibleMark
from yinji.marks.registry import mark_for, marks
from yinji.marks.text import encoding as text_module
from yinji.marks.text.mark import TextMark

WORDS = "（本文由人工智能生成）"


def mark(data: bytes, place: str = "start", kind: str = "text/plain", words: str = WORDS) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    drawn = TextMark().draw(io.BytesIO(data), output, MarkRequest(words, place, media_type=kind))
    return output.getvalue(), drawn


def rendered(data: bytes) -> list[str]:
    """Block quotations of a Markdown file as a reader sees them."""
    found, depth = [], 0
    for token in MarkdownIt().parse(data.decode()):
        depth += (token.type == "blockquote_open") - (token.type == "blockquote_close")
        if depth and token.type == "inline":
            found.append(token.content)
    return found


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_plain_text_at_start_end_and_middle(newline: str) -> None:
    body = newline.join(["第一段。", "", "第二段。", "", "第三段，长一点。", ""])
    start, drawn = mark(body.encode())
    assert start.decode() == WORDS + newline * 2 + body
    assert (drawn.place, drawn.method) == ("start", "text")
    end, _ = mark(body.encode(), "end")
    assert end.decode() == body + newline + WORDS + newline
    middle, drawn = mark(body.encode(), "middle")
    assert drawn.place == "middle"
    assert newline * 2 + WORDS + newline * 2 in middle.decode()
    assert middle.decode().replace(WORDS + newline * 2, "", 1) == body


def test_final_newline_is_kept_or_not_added() -> None:
    assert mark("一\n\n二".encode(), "end")[0].decode() == f"一\n\n二\n\n{WORDS}"
    assert mark("一".encode())[0].decode() == f"{WORDS}\n\n一"
    assert mark(b"")[0].decode() == f"{WORDS}\n"
    assert mark("一\n\n".encode(), "end")[0].decode() == f"一\n\n{WORDS}\n"


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("gb18030", b""),
    ],
)
@pytest.mark.parametrize("place", TextMark.places)
def test_encodings_are_kept(encoding: str, bom: bytes, place: str) -> None:
    body = "春天来了，花开了。\r\n\r\n第二段镕堃。\r\n"
    data = bom + body.encode(encoding)
    marked, drawn = mark(data, place)
    assert drawn.detail["encoding"] == encoding
    assert marked.startswith(bom)
    said = marked[len(bom) :].decode(encoding)
    assert WORDS in said.split("\r\n")
    assert "\ufeff" not in said
    assert marked.replace((WORDS + "\r\n").encode(encoding), b"", 1).replace(
        "\r\n".encode(encoding), b""
    ) == data.replace("\r\n".encode(encoding), b"")


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=200),
    st.sampled_from(TextMark.places),
    st.sampled_from(["text/plain", "text/markdown"]),
)
def test_marking_adds_one_run_of_bytes_and_twice_changes_nothing(body: str, place: str, kind: str) -> None:
    data = body.encode()
    once, drawn = mark(data, place, kind)
    if drawn.detail.get("already"):
        assert once == data
        return
    at = len(body[: drawn.detail["character"]].encode())
    assert once[:at] == data[:at]
    assert once.endswith(data[at:])
    twice, again = mark(once, place, kind)
    assert again.detail["already"] is True
    assert twice == once


MARKDOWN = """---
title: 春
AIGC: '{"AIGC": {}}'
---

# 春天

第一段。

```python
# 注释

print("第二段")

```

| 甲 | 乙 |
| --- | --- |
| 1 | 2 |

- 一

  接着一

- 二

<!-- 不显示

的内容 -->

最后一段。
"""


@pytest.mark.parametrize("place", TextMark.places)
def test_markdown_is_marked_where_it_shows(place: str) -> None:
    marked, drawn = mark(MARKDOWN.encode(), place, "text/markdown")
    assert drawn.place == place
    front, _, body = marked.decode()[4:].partition("\n---\n")
    assert WORDS not in front
    assert rendered(body.encode()) == [WORDS]
    before = MarkdownIt("commonmark").enable("table").render(MARKDOWN.partition("\n---\n")[2])
    after = MarkdownIt("commonmark").enable("table").render(body)
    assert after.replace(f"<blockquote>\n<p>{WORDS}</p>\n</blockquote>\n", "", 1) == before
    assert mark(marked, place, "text/markdown")[0] == marked


def test_markdown_start_follows_all_front_matter() -> None:
    two = "---\nAIGC: x\n---\n---\ntitle: y\n---\n\n正文\n"
    marked, _ = mark(two.encode(), "start", "text/markdown")
    assert marked.decode() == f"---\nAIGC: x\n---\n---\ntitle: y\n---\n\n> {WORDS}\n\n正文\n"
    toml = "+++\ntitle = 'y'\n+++\n正文\n"
    marked, _ = mark(toml.encode(), "start", "text/markdown")
    assert marked.decode() == f"+++\ntitle = 'y'\n+++\n\n> {WORDS}\n\n正文\n"
    rule = "---\n\n正文，没有前言\n"
    marked, _ = mark(rule.encode(), "start", "text/markdown")
    assert rendered(marked) == [WORDS]


@pytest.mark.parametrize(
    "body", ["正文\n\n```\n没有结束的代码\n", "正文\n\n<!-- 没有结束\n", "正文\n\n<pre>\n一\n\n二\n"]
)
def test_a_text_that_ends_inside_code_is_marked_where_it_shows(body: str) -> None:
    marked, drawn = mark(body.encode(), "end", "text/markdown")
    assert drawn.place == "start"
    assert rendered(marked) == [WORDS]


def test_words_said_in_code_do_not_count() -> None:
    body = f"```\n{WORDS}\n```\n\n正文\n"
    marked, drawn = mark(body.encode(), "start", "text/markdown")
    assert "already" not in drawn.detail
    assert rendered(marked) == [WORDS]


def test_words_are_escaped_for_markdown() -> None:
    marked, _ = mark("正文\n".encode(), "start", "text/markdown", "*AI* <生成> [x]")
    assert "<em>" not in MarkdownIt().render(marked.decode())
    assert "*AI* &lt;生成&gt; [x]" in MarkdownIt().render(marked.decode())
    assert mark(marked, "start", "text/markdown", "*AI* <生成> [x]")[1].detail["already"] is True


def test_no_paragraph_boundary_means_no_middle() -> None:
    _, drawn = mark("只有一段".encode(), "middle", "text/markdown")
    assert drawn.place == "end"
    marked, drawn = mark("一\n二\n三\n四\n".encode(), "middle")
    assert drawn.place == "middle"
    assert WORDS in marked.decode()


def test_what_cannot_be_marked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as caught:
        mark(b"x", "corner")
    assert caught.value.code == "no-such-place"
    with pytest.raises(UsageError):
        mark(b"x", words="  ")
    for broken in (b"\xff\xfe\x00\xd8", b"\x81", b"a\0b", codecs.BOM_UTF8 + b"\xff"):
        with pytest.raises(Malformed) as malformed:
            mark(broken)
        assert "UTF-8" in malformed.value.advice.en
    with pytest.raises(UsageError) as unwritable:
        mark("正文".encode("gb18030"), words="\ud800")
    assert unwritable.value.code == "text-cannot-write"
    monkeypatch.setattr(text_module, "MOST_BYTES", 10)
    with pytest.raises(LimitExceeded):
        mark(b"x" * 11)


def test_registry_finds_marks_and_says_what_to_do_without_one() -> None:
    assert mark_for("image/jpeg").name == "image"
    assert mark_for("Text/Markdown; charset=utf-8").name == "text"
    assert {m.name for m in marks()} >= {"image", "text"}
    for mark_ in marks():
        assert isinstance(mark_, PerceptibleMark)
        assert mark_.media_types
        for example in mark_.examples():
            assert mark_for(example.media_type) is mark_
            output = io.BytesIO()
            drawn = mark_.draw(io.BytesIO(example.data), output, MarkRequest("AI生成", media_type=example.media_type))
            assert drawn.mark == mark_.name
            assert output.getvalue() != example.data
    for kind in ("application/zip", "", "application/x-nothing"):
        with pytest.raises(UnsupportedFormat) as caught:
            mark_for(kind)
        assert caught.value.code == "no-mark"
        assert "--metadata-only" in caught.value.advice.zh


def test_third_parties_come_through_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from yinji.marks import registry

    built_in = len(marks())
    entry = EntryPoint("zz", "yinji.marks.text.mark:TextMark", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == "yinji.marks" else [])
    registry._others.cache_clear()
    try:
        assert len(marks()) == built_in + 1
    finally:
        registry._others.cache_clear()


def test_every_code_has_its_words() -> None:
    import re
    from pathlib import Path

    from yinji.texts import catalogue

    room = Path(text_module.__file__).parent
    known = catalogue("errors")
    for file in room.glob("*.py"):
        for code in re.findall(
            r'(?:Error|Malformed|Truncated|LimitExceeded|Format)\(\s*"([a-z-]+)"', file.read_text("utf-8")
        ):
            assert known[code]["says"]["zh"]
            assert known[code]["next"]["en"]


@pytest.mark.parametrize("kind", ["text/plain", "text/markdown"])
@pytest.mark.parametrize("place", ["start", "end", "middle"])
def test_it_is_found_again(kind: str, place: str) -> None:
    body = "# 春\n\n第一段。\n\n第二段。\n\n第三段。\n".encode()
    new, _ = mark(body, place, kind)
    for asked in ("", place):
        seen = TextMark().find(io.BytesIO(new), MarkRequest(WORDS, asked, media_type=kind))
        assert seen is not None and seen.place == place
    assert TextMark().find(io.BytesIO(body), MarkRequest(WORDS, media_type=kind)) is None
    other = "end" if place == "start" else "start"
    assert TextMark().find(io.BytesIO(new), MarkRequest(WORDS, other, media_type=kind)) is None


def test_a_corner_mark_is_found_at_the_edges_alone() -> None:
    request = MarkRequest("AI", media_type="text/plain", corner=True)
    seen = TextMark().find(io.BytesIO(mark(b"one\n\ntwo\n", words="AI")[0]), request)
    assert seen is not None and seen.detail["form"] == "corner"
    assert TextMark().find(io.BytesIO(b"one\n\nAI\n\ntwo\n"), request) is None
