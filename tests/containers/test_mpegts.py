"""MPEG transport streams are recognised in all packet lengths, and never called unlabelled."""

from __future__ import annotations

from pathlib import Path

import pytest

import samples
from yinji.containers.base import Example
from yinji.containers.model import State
from yinji.containers.mpegts import MpegTs, is_stream
from yinji.containers.reading import read
from yinji.containers.registry import sniff
from yinji.containers.source import Source
from yinji.errors import UnsupportedFormat
from yinji.testing import LABEL, Sample, check_damage, check_tiny, reading_of

TS = MpegTs()
EXAMPLES = list(MpegTs.examples())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
@pytest.mark.parametrize("named", [False, True])
def test_every_packet_length_is_recognised(example: Example, named: bool) -> None:
    with Source.open(example.data, name=example.name if named else "") as source:
        assert sniff(source).name == "mpegts"
        reading = read(source)
    assert reading.state is State.UNSUPPORTED
    assert [problem.code for problem in reading.problems] == ["mpegts-no-carrier"]


def test_real_files(sample_dir: Path) -> None:
    with Source.open(samples.video("ts")) as source:
        reading = read(source)
        assert (reading.format, reading.state, source.reads) == ("mpegts", State.UNSUPPORTED, 1)


def test_writing_is_refused_with_advice() -> None:
    sample = Sample(*EXAMPLES[0])
    with Source.open(sample.data) as source, pytest.raises(UnsupportedFormat) as caught:
        TS.write(source, LABEL, reading_of(TS, sample), in_place=False)
    assert "MP4" in caught.value.advice.en
    assert not TS.writable
    assert TS.carrier == ""


def test_other_bytes_are_no_stream() -> None:
    assert not is_stream(b"")
    assert not is_stream(b"G" * 3)
    assert not is_stream(EXAMPLES[0].data[:500])
    assert reading_of(TS, Sample("x.ts", b"G\0\0\0")).state is State.MALFORMED


def test_harm() -> None:
    check_tiny(TS)
    for example in EXAMPLES:
        check_damage(TS, Sample(*example), mutations=40)
        with Source.open(example.data) as source:
            assert [tuple(span) for span in TS.media(source)] == [(0, len(example.data))]


@pytest.mark.parametrize("name", ["index.ts", "index.mts"])
def test_typescript_is_text_and_no_damaged_video(name: str) -> None:
    with Source.open(b"import { read } from './labels';\n" * 40, name=name) as source:
        assert (read(source).format, read(source).state) == ("text", State.UNSUPPORTED)
    with Source.open(b"\0\1\2\3" * 90, name=name) as source:
        assert (read(source).format, read(source).state) == ("mpegts", State.MALFORMED)
