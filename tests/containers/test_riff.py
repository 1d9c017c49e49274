"""RIFF chunks: sizes, padding, lists, RF64, several RIFFs in a row, and what does not fit."""

from __future__ import annotations

import struct

import pytest

from yinji.containers import riff
from yinji.containers.riff import Chunk, Form, children, chunks, forms, grown, make, make_list
from yinji.containers.source import Source
from yinji.containers.window import Window
from yinji.errors import LimitExceeded, Malformed, Truncated, YinjiError
from yinji.limits import Limits


def window(data: bytes, **limits: int) -> Window:
    return Window(Source.open(data, limits=Limits(**limits)))


def walked(data: bytes) -> list[Chunk]:
    view = window(data)
    return [chunk for form in forms(view) for chunk in chunks(view, form)]


def test_chunks_lists_and_padding() -> None:
    info = make_list(b"INFO", make(b"ISFT", b"odd"), make(b"INAM", b"even"))
    data = make_list(b"WAVE", make(b"fmt ", bytes(16)), info, make(b"data", b"abc"), id=b"RIFF")
    view = window(data)
    (form,) = forms(view)
    assert (form.type, form.stop, form.size, form.is_open) == (b"WAVE", len(data), len(data) - 8, False)
    found = list(chunks(view, form))
    assert [(c.id, c.size, c.type) for c in found] == [(b"fmt ", 16, b""), (b"LIST", 28, b"INFO"), (b"data", 3, b"")]
    assert found[-1].stop == len(data) == found[-1].end + 1
    assert [(c.id, riff.data(view, c)) for c in children(view, found[1])] == [(b"ISFT", b"odd"), (b"INAM", b"even")]


def test_padding_that_was_forgotten() -> None:
    body = b"one " + struct.pack("<I", 3) + b"abc" + make(b"two ", b"zz") + b"end " + struct.pack("<I", 1) + b"x"
    assert [c.id for c in walked(make(b"RIFF", b"TEST" + body))] == [b"one ", b"two ", b"end "]
    unpadded = b"RIFF" + struct.pack("<I", 4 + len(body)) + b"TEST" + body
    assert [c.id for c in walked(unpadded)] == [b"one ", b"two ", b"end "]


def test_streams_have_no_sizes() -> None:
    for size in (0, 0xFFFFFFFF):
        data = (
            b"RIFF" + struct.pack("<I", size) + b"WAVE" + make(b"fmt ", bytes(16)) + b"data\xff\xff\xff\xff" + b"pcm!"
        )
        view = window(data)
        (form,) = forms(view)
        assert form.is_open
        assert [(c.id, c.size) for c in chunks(view, form)] == [(b"fmt ", 16), (b"data", 4)]
        assert list(grown(view.source, form, 100)) == []


def wide(media: bytes, *more: bytes, id: bytes = b"RF64", table: bytes = b"") -> bytes:
    rest = b"data\xff\xff\xff\xff" + media + b"\0" * (len(media) & 1) + b"".join(more)
    riff_size = 4 + 8 + 28 + len(table) + len(rest)
    head = struct.pack("<QQQI", riff_size, len(media), 0, len(table) // 12) + table
    return id + b"\xff\xff\xff\xff" + b"WAVE" + make(b"ds64", head) + rest


@pytest.mark.parametrize("id", [b"RF64", b"BW64"])
def test_wide_sizes(id: bytes) -> None:
    table = b"big " + struct.pack("<Q", 5)
    data = wide(b"12345", b"big \xff\xff\xff\xff" + b"54321\0", make(b"AIGC", b"{}"), id=id, table=table)
    view = window(data)
    (form,) = forms(view)
    found = list(chunks(view, form))
    assert [(c.id, c.size) for c in found] == [(b"ds64", 40), (b"data", 5), (b"big ", 5), (b"AIGC", 2)]
    (edit,) = grown(view.source, form, 10)
    assert (edit.start, edit.stop, edit.data) == (20, 28, struct.pack("<Q", len(data) + 2))


def test_several_in_a_row() -> None:
    first, second = make_list(b"AVI ", make(b"idx1", b""), id=b"RIFF"), make_list(b"AVIX", id=b"RIFF")
    assert [(f.type, f.start) for f in forms(window(first + second))] == [(b"AVI ", 0), (b"AVIX", len(first))]
    assert [f.type for f in forms(window(first + b"garbage behind it"))] == [b"AVI "]


def test_growth_is_bounded() -> None:
    source = Source.open(b"")
    form = Form(b"RIFF", b"AVI ", 0, 0xFFFFFF00, False, 4)
    assert list(grown(source, form, 0)) == []
    (edit,) = grown(source, form, 16)
    assert edit.data == struct.pack("<I", 0xFFFFFF00 - 8 + 16)
    with pytest.raises(LimitExceeded):
        list(grown(source, form, 0x1000))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Truncated),
        (b"RIFF\4\0\0\0", Truncated),
        (b"RIFX\4\0\0\0WAVE", Malformed),
        (b"RIFF\3\0\0\0WAVE", Malformed),
        (make(b"RIFF", b"WAVE" + b"\0\0\0\0\0\0\0\0"), Malformed),
        (make(b"RIFF", b"WAVE" + b"a\x80cd\0\0\0\0"), Malformed),
        (make(b"RIFF", b"WAVE" + b"abcd\xff\0\0\0"), Truncated),
        (make(b"RIFF", b"WAVE" + b"abcd\xff\xff\xff\xff"), Truncated),
        (make(b"RIFF", b"WAVE" + b"abcd\xff\0\0\0") + bytes(1000), Malformed),
        (make(b"RIFF", b"WAVE" + b"LIST\2\0\0\0xx"), Malformed),
        (b"RIFF\xff\0\0\0WAVE" + make(b"abcd", b"x"), Truncated),
        (b"RF64\xff\xff\xff\xffWAVE" + bytes(8), Truncated),
        (b"RF64\xff\xff\xff\xffWAVE" + make(b"fmt ", bytes(40)), Malformed),
        (b"RF64\xff\xff\xff\xffWAVE" + make(b"ds64", bytes(28)), Malformed),
        (wide(b"12345")[:-3], Truncated),
    ],
)
def test_what_does_not_fit(data: bytes, error: type[YinjiError]) -> None:
    with pytest.raises(error):
        walked(data)


def test_counts_and_depth_are_bounded() -> None:
    with pytest.raises(LimitExceeded):
        view = window(make(b"RIFF", b"WAVE" + make(b"abcd", b"") * 200), elements=100)
        list(chunks(view, next(forms(view))))
    with pytest.raises(LimitExceeded):
        view = window(b"".join([make_list(b"AVI ", id=b"RIFF")] * 200), elements=100)
        list(forms(view))
    view = window(make_list(b"deep", make(b"abcd", b"")))
    with pytest.raises(LimitExceeded):
        list(children(view, Chunk(b"LIST", 0, 12, 20, b"deep"), depth=33))
