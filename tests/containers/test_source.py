"""Sources: what may be opened, and that nothing is read beyond its bounds."""

from __future__ import annotations

import io
import os
import socket
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from yinji.containers.model import State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.errors import LimitExceeded, Malformed, NotRegularFile, StorageError, Truncated, UsageError
from yinji.limits import DEFAULT

DATA = bytes(range(256)) * 40


class Remote:
    """An object store's answer, with a count of what was asked for."""

    name = "s3://bucket/cat.png"

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.asked: list[tuple[int, int]] = []

    @property
    def size(self) -> int:
        return len(self._data)

    def read_range(self, start: int, length: int) -> bytes:
        self.asked.append((start, length))
        return self._data[start : start + length]


def test_every_kind_of_input_gives_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(DATA)
    with path.open("rb") as file:
        for input in (path, str(path), os.fspath(path), DATA, bytearray(DATA), memoryview(DATA), file, Remote(DATA)):
            with Source.open(input) as source:
                assert source.size == len(DATA)
                assert source.head == DATA[:4096]
                assert source.read(5000, 300) == DATA[5000:5300]
                assert source.read_up_to(len(DATA) - 3, 10) == DATA[-3:]
                assert source.read_up_to(len(DATA), 10) == b""
                assert source.payload(100, 5) == DATA[100:105]
                assert source.reads == (1 if isinstance(input, Remote) else 3)
                assert (source.fileno() is None) == (not isinstance(input, (str, Path)))


def test_names_and_endings(tmp_path: Path) -> None:
    (tmp_path / "A.JPG").write_bytes(b"x")
    with Source.open(tmp_path / "A.JPG") as source:
        assert source.extension == "jpg"
    assert Source.open(io.BytesIO(b"x"), name="b.tar.PNG").extension == "png"
    assert Source.open(Remote(b"x")).extension == "png"
    assert Source.open(b"x").extension == ""


def test_a_source_is_handed_on() -> None:
    source = Source.open(b"x")
    assert Source.open(source) is source


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"x")
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "fifo")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "socket"))
    cases = {
        "link": "symbolic-link",
        "fifo": "not-a-file",
        "socket": "not-a-file",
        ".": "directory",
    }
    with unix:
        for name, code in cases.items():
            with pytest.raises(NotRegularFile) as caught:
                Source.open(tmp_path / name)
            assert caught.value.code == code
            assert caught.value.text.zh and caught.value.advice.zh
    with pytest.raises(NotRegularFile):
        Source.open("/dev/null")


def test_missing_and_unusable_inputs(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        Source.open(tmp_path / "missing")
    assert caught.value.code == "not-found"
    with pytest.raises(StorageError):
        Source.open(tmp_path / "missing" / "too")
    with pytest.raises(UsageError):
        Source.open(42)  # type: ignore[arg-type]
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as pipe, os.fdopen(write_end, "wb"), pytest.raises(UsageError) as refused:
        Source.open(pipe)
    assert refused.value.code == "not-seekable"


def test_reading_stays_inside() -> None:
    source = Source.open(DATA)
    for at, length in ((len(DATA), 1), (0, len(DATA) + 1), (-1, 1), (5, -1)):
        with pytest.raises(Truncated):
            source.read(at, length)


def test_bounds() -> None:
    small = replace(DEFAULT, one_read=100, total_bytes=250, elements=3, depth=2)
    source = Source.open(DATA, limits=small)
    with pytest.raises(LimitExceeded) as caught:
        source.read(0, 101)
    assert caught.value.code == "too-large-read"
    for at in (0, 100):
        source.read(at, 100)
    with pytest.raises(LimitExceeded) as caught:
        source.read(200, 100)
    assert caught.value.code == "too-many-bytes"
    with pytest.raises(LimitExceeded) as caught:
        source.element(3)
    assert caught.value.code == "too-deep"
    source.element()
    source.element()
    with pytest.raises(LimitExceeded) as caught:
        source.element()
    assert caught.value.code == "too-many-elements"


def test_clock() -> None:
    source = Source.open(DATA, limits=replace(DEFAULT, seconds=-1.0))
    with pytest.raises(LimitExceeded) as caught:
        source.read(0, 1)
    assert caught.value.code == "too-slow"


def test_inflation_is_counted_over_the_whole_reading() -> None:
    source = Source.open(DATA, limits=replace(DEFAULT, inflated=1000))
    assert source.inflate(zlib.compress(b"x" * 600)) == b"x" * 600
    with pytest.raises(LimitExceeded):
        source.inflate(zlib.compress(b"x" * 600))
    with pytest.raises(Malformed):
        Source.open(b"").inflate(b"not deflate")
    with pytest.raises(Malformed):
        Source.open(b"").inflate(zlib.compress(b"x" * 600)[:-5])


def test_a_file_that_shrinks_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with Source.open(path) as source:
        os.truncate(path, 6000)
        with pytest.raises(Truncated):
            source.read(5000, 2000)


def test_a_failing_device_is_a_storage_error() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(StorageError) as caught:
        Source.open(Failing(DATA)).read(0, 1)
    assert caught.value.code == "cannot-read"
    with pytest.raises(StorageError):
        read(Source.open(Failing(DATA), name="x.png"))


@pytest.mark.parametrize("name", ["zeros.png", "zeros.jpg", "zeros.mp4", "zeros.bin"])
def test_a_sparse_gigabyte_costs_next_to_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with Source.open(path) as source:
        reading = read(source, thorough=True)
        assert source.bytes_read < 1 << 20
    assert reading.state in (State.MALFORMED, State.UNREADABLE, State.UNSUPPORTED)


def test_a_sparse_gigabyte_behind_a_real_start(tmp_path: Path) -> None:
    from yinji.containers.jpeg.container import Jpeg

    path = tmp_path / "sparse.jpg"
    with path.open("wb") as file:
        file.write(next(iter(Jpeg.examples())).data[:-2])
        file.truncate(1 << 30)
    with Source.open(path) as source:
        reading = read(source)
        assert source.bytes_read < 1 << 20
    assert reading.state in (State.MALFORMED, State.UNREADABLE)
