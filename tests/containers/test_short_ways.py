"""Each short way through a common value says what the long way says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import samples
from yinji.containers.model import State
from yinji.containers.reading import _glanced, read_as
from yinji.containers.registry import by_name
from yinji.containers.source import Source
from yinji.containers.text import frontmatter, markdown
from yinji.labels import aigc
from yinji.labels.aigc import AigcLabel
from yinji.limits import Limits
from yinji.testing import LABEL, Sample, labelled

VALUES = st.one_of(st.text("ab1 \"\\'{}&é\t~!", max_size=4), st.sampled_from(("1", "2", "x", "00119111", "")))
ENTRY = frontmatter.entry(LABEL, "", "\n")
PIECES = ("'", "''", '"', "\n", "\r\n", "  ", "#", ": ", "- ", "Label: '2'", "AIGC:", "é", "|", "{", "~", "")


GLANCED = {
    "jpeg": lambda: samples.jpeg("camera"),
    "png": lambda: samples.png("rgb"),
    "mp4": lambda: samples.video("mp4"),
    "m4a": lambda: samples.audio("m4a"),
    "mp3": lambda: samples.audio("mp3", "v24"),
    "wav": lambda: samples.audio("wav"),
    "flac": lambda: samples.audio("flac"),
    "opus": lambda: samples.audio("opus"),
    "avi": lambda: samples.video("avi"),
}


@pytest.mark.parametrize("format", GLANCED)
def test_a_glance_settles_what_encoders_write(format: str, sample_dir: Path) -> None:
    """The harness holds glances to the walk's answer wherever they answer; here they must."""
    path = GLANCED[format]()
    plain = Sample(path.name, path.read_bytes())
    container = by_name(format)
    for sample, count in ((plain, 0), (labelled(container, plain), 1)):
        with Source.open(sample.data, name=sample.name) as source:
            blocks = _glanced(container, source)
        assert blocks is not None
        assert sum("AIGC" in str(block.value) or block.key == "AIGC" for block in blocks) == count


def test_narrow_limits_take_the_walk(sample_dir: Path) -> None:
    with Source.open(samples.jpeg("camera"), limits=Limits()) as source:
        assert _glanced(by_name("jpeg"), source) is None


@given(st.tuples(*[VALUES] * 7))
def test_clean_labels_are_those_without_problems(values: tuple[str, ...]) -> None:
    label = AigcLabel(*values)
    problems = tuple(aigc._problems_of(label))
    assert label.problems() == problems
    assert not (aigc._is_clean(label) and problems)


@given(st.data())
def test_records_of_our_own(data: st.DataObject) -> None:
    text = ENTRY
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text)))
        stop = min(len(text), at + data.draw(st.integers(0, 6)))
        text = text[:at] + data.draw(st.sampled_from(PIECES)) + text[stop:]
    if frontmatter.OWN.fullmatch(text):
        assert frontmatter.decode_front_matter(text) == frontmatter._understood(text)


def test_records_of_our_own_take_the_short_way() -> None:
    assert frontmatter.OWN.fullmatch(ENTRY)
    assert frontmatter.decode_front_matter(ENTRY) == frontmatter._understood(ENTRY)
    assert frontmatter.decode_front_matter(ENTRY).label == LABEL


@given(
    st.lists(st.sampled_from(("---\n", "...\n", "title: x\n", "AIGC", "text\n", "标" * 700, "\xff", "\n")), max_size=9)
)
def test_markdown_without_the_name(parts: list[str]) -> None:
    """The quick reading and the thorough one, which never takes the short way, answer alike."""
    text = "".join(parts).encode()
    with Source.open(text) as source:
        quick = read_as(markdown.Markdown(), source)
    with Source.open(text) as source:
        whole = read_as(markdown.Markdown(), source, thorough=True)
    assert (quick.state, quick.found, quick.problems) == (whole.state, whole.found, whole.problems)
    assert quick.state in (State.UNLABELLED, State.UNREADABLE, State.MALFORMED)
