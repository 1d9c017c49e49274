"""Objects behind a network: a labelled file is read in at most four requests, wherever its label stands."""

from __future__ import annotations

import io
import json
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import oracles
import writable
import yinji
from yinji.cli.app import group
from yinji.containers.base import Container
from yinji.containers.bmff.boxes import make_box
from yinji.containers.model import Kind
from yinji.containers.readahead import STRETCH, Readahead
from yinji.containers.registry import by_name
from yinji.containers.source import HEAD_BYTES, Source
from yinji.errors import StorageError, Truncated
from yinji.limits import KIB, MIB
from yinji.testing import LABEL, Sample, labelled, reading_of

MOST = 4
"""Head, tail and two more (carriers 9.4)."""

LARGE_FOR_SURE = {"jpeg", "png", "gif", "mp4", "mov", "m4a", "mp3", "wav", "pdf", "markdown"}


class Remote:
    """An object in a store, and what was asked of it."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self.size = data, f"s3://bucket/{name}", len(data)
        self.asked: list[tuple[int, int]] = []

    def read_range(self, start: int, length: int) -> bytes:
        assert length > 0
        assert start + length <= self.size
        self.asked.append((start, length))
        return self.data[start : start + length]


def large(container: Container, folder: Path) -> bytes | None:
    """Real files of a few MiB, by whatever encoder knows the ending; None where none does."""
    path = folder / f"large.{container.extensions[0]}"
    if path.exists():
        return path.read_bytes()
    try:
        match container.kind:
            case Kind.IMAGE:
                picture().save(path)
            case Kind.VIDEO | Kind.AUDIO:
                encode(container, path)
            case Kind.TEXT:
                path.write_text("# 标题\n\n" + "一段话 a paragraph\n\n" * 100_000)
            case _:
                picture().save(path)
    except (OSError, ValueError, AssertionError, KeyError):
        return None
    data = path.read_bytes()
    return data if reading_of(container, Sample(path.name, data)).state == "unlabelled" else None


def picture() -> object:
    import numpy
    from PIL import Image

    noise = numpy.random.default_rng(45438).integers(0, 256, (700, 900, 3), dtype="uint8")
    return Image.fromarray(noise)


def encode(container: Container, path: Path) -> None:
    noise = random.Random(45438).randbytes(2 * MIB)
    sound = ["-f", "s16le", "-ar", "48000", "-ac", "2", "-i", "-"]
    sight = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "352x288", "-i", "-"]
    quality = {"webm": ["-c:v", "libvpx", "-b:v", "8M", "-deadline", "realtime"]}
    codec = quality.get(path.suffix[1:], ["-c:v", "mpeg4", "-q:v", "2"] if path.suffix not in (".flv", ".avi") else [])
    is_seen = container.kind is Kind.VIDEO
    options = [*sight, *codec] if is_seen else sound
    oracles.run("ffmpeg", "-v", "error", "-y", *options, path, input=noise)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("large")


@pytest.mark.parametrize("container", writable.CONTAINERS, ids=writable.NAMES)
def test_a_labelled_object_takes_four_requests_at_most(container: Container, folder: Path) -> None:
    files = writable.examples(container)
    data = large(container, folder)
    if data is not None:
        files.append((f"large.{container.extensions[0]}", data))
    assert container.name not in LARGE_FOR_SURE or len(data or b"") > 2 * STRETCH
    for name, data in files:
        for in_place in (False, True):
            remote = Remote(labelled(container, Sample(name, data), in_place=in_place).data, name)
            reading = yinji.read(remote)
            assert reading.label == LABEL, name
            assert len(remote.asked) <= MOST, (name, remote.asked)
            assert (reading.reads, reading.bytes_read) == (len(remote.asked), sum(n for _, n in remote.asked))
            assert reading.bytes_read <= MOST * STRETCH or reading.format in ("html", "markdown", "text")


@pytest.mark.parametrize("container", writable.CONTAINERS, ids=writable.NAMES)
def test_a_remote_object_says_what_a_local_file_says(container: Container, folder: Path) -> None:
    for name, data in writable.examples(container):
        for sample in (Sample(name, data), labelled(container, Sample(name, data))):
            for thorough in (False, True):
                near = yinji.read(sample.data, filename=name, thorough=thorough)
                far = yinji.read(Remote(sample.data, name), thorough=thorough)
                assert far.to_dict() == near.to_dict()


def test_stretches_give_the_same_bytes_in_any_order() -> None:
    from hypothesis import given
    from hypothesis import strategies as st

    data = bytes(i * 31 % 251 for i in range(5 * STRETCH))
    places = st.tuples(st.integers(0, len(data)), st.integers(1, 2 * STRETCH))

    @given(st.lists(st.tuples(places, st.booleans()), max_size=60))
    def check(reads: list[tuple[tuple[int, int], bool]]) -> None:
        remote = Remote(data, "x")
        ahead = Readahead(remote.read_range, remote.size)
        for (at, length), is_media in reads:
            length = min(length, len(data) - at)
            if length:
                read = ahead.pass_through if is_media else ahead.read
                assert read(at, length) == data[at : at + length]
        assert ahead.requests == len(remote.asked)

    check()


def test_small_reads_side_by_side_are_one_request() -> None:
    remote = Remote(bytes(10 * MIB), "x.bin")
    with Source.open(remote) as source:
        for at in range(0, 60 * KIB, 16):
            source.read(at, 16)
        assert remote.asked == [(0, STRETCH)]
        source.read(remote.size - 10, 10)
        source.read(remote.size - STRETCH, 4)
        assert remote.asked[1:] == [(remote.size - STRETCH, STRETCH)]
        assert (source.reads, source.bytes_read) == (2, 2 * STRETCH)


def test_structures_far_apart_do_not_bring_the_whole_object() -> None:
    remote = Remote(bytes(400 * MIB), "x.bin")
    with Source.open(remote) as source:
        for at in range(0, remote.size, 2 * MIB):
            source.read(at, 8)
    assert sum(length for _, length in remote.asked) < 4 * MIB


def test_structures_close_together_take_four_requests() -> None:
    remote = Remote(bytes(9 * MIB), "x.bin")
    with Source.open(remote) as source:
        for at in range(0, remote.size, 100 * KIB):
            source.read(at, 8)
        for at in range(0, remote.size, 64 * KIB):
            source.payload(at, 64 * KIB)
    assert len(remote.asked) <= 2 * MOST


@pytest.mark.parametrize("kind", ["png", "gif", "progressive jpeg", "fragmented mp4"])
def test_what_has_to_be_looked_through_takes_four_requests(kind: str, tmp_path: Path) -> None:
    """Nothing but its whole length says that such a file has no label."""
    path = tmp_path / f"x.{kind.rpartition(' ')[2]}"
    if kind.endswith("mp4"):
        sight = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=6")
        oracles.run("ffmpeg", "-v", "error", *sight, "-q:v", "2", "-movflags", "+frag_keyframe+empty_moov", path)
    else:
        picture().save(path, **({"progressive": True, "quality": 95} if "jpeg" in kind else {}))
    remote = Remote(path.read_bytes(), path.name)
    assert remote.size > 6 * STRETCH
    assert yinji.read(remote).state == "unlabelled"
    assert len(remote.asked) <= MOST


def tiff(where: int, *, pages: int = 1) -> bytes:
    """Pages of a MiB each, whose directories stand ``where`` in them, and a MiB behind all that they point to."""
    data = b"II*\0\0\0\0\0"
    pointer = 4
    for _ in range(pages):
        short = {256: 1024, 257: 1024, 258: 8, 259: 1, 262: 1, 277: 1, 278: 1024}
        rows = [(tag, 3, 1, value) for tag, value in short.items()]
        rows += [(273, 4, 1, len(data)), (279, 4, 1, where)]
        table = struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", *row) for row in sorted(rows))
        data += bytes(where)
        data = data[:pointer] + struct.pack("<I", len(data)) + data[pointer + 4 :]
        pointer = len(data) + len(table)
        data += table + bytes(4) + bytes(MIB - where)
    return data + bytes(MIB)


def fragments(number: int, apart: int) -> bytes:
    media = b"".join(make_box(b"moof", bytes(200)) + make_box(b"mdat", bytes(apart)) for _ in range(number))
    first = next(iter(by_name("mp4").examples())).data
    movie = first[first.index(b"moov") - 4 :]
    return make_box(b"ftyp", b"iso5", bytes(4), b"iso5") + movie + media


def picture_with_tail() -> bytes:
    out = io.BytesIO()
    picture().save(out, "JPEG", quality=97)  # type: ignore[attr-defined]
    return out.getvalue() + bytes(3 * MIB)


@pytest.mark.parametrize(
    ("name", "make", "most"),
    [
        ("a.jpg", picture_with_tail, MOST),
        ("a.tif", lambda: tiff(MIB), MOST),
        ("a.tif", lambda: tiff(MIB // 2), MOST),
        ("a.tif", lambda: tiff(MIB // 2, pages=6), MOST + 6),  # each directory says where the next one is
        ("a.mp4", lambda: fragments(8, 1536 * KIB), MOST + 8),  # each box says where the next one is
    ],
)
def test_layouts_that_lead_from_place_to_place(name: str, make: Callable[[], bytes], most: int) -> None:
    """Without a label; what is labelled takes four at most in all of them."""
    data = make()
    remote = Remote(data, name)
    reading = yinji.read(remote)
    assert reading.state == "unlabelled"
    assert len(remote.asked) <= most
    if name != "a.mp4":
        done = Remote(labelled(by_name(reading.format), Sample(name, data)).data, name)
        assert yinji.read(done).label == LABEL
        assert len(done.asked) <= MOST
    else:
        assert reading.bytes_read < 2 * MIB


def test_media_are_not_kept() -> None:
    remote = Remote(bytes(4 * MIB), "x.bin")
    with Source.open(remote) as source:
        source.payload(MIB, MIB)
        source.payload(MIB, MIB)
        assert remote.asked == [(MIB, MIB)] * 2
        assert source.bytes_read == 2 * MIB


def test_local_input_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(bytes(MIB))
    for input in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        with Source.open(input) as source:
            source.read(5000, 16)
            source.read(5016, 16)
            assert source.reads <= 2
            assert source.bytes_read <= HEAD_BYTES + KIB, "the head, and little more than what was asked for"


def test_an_object_that_answers_short_or_not_at_all() -> None:
    class Short(Remote):
        def read_range(self, start: int, length: int) -> bytes:
            return self.data[start : start + length // 2]

    class Broken(Remote):
        def read_range(self, start: int, length: int) -> bytes:
            raise OSError("connection reset")

    name, data = writable.examples(writable.CONTAINERS[0])[0]
    with pytest.raises(Truncated):
        yinji.read(Short(data, name))
    with pytest.raises(StorageError, match="connection reset"):
        yinji.read(Broken(data, name))


def test_stats_say_what_it_cost(tmp_path: Path) -> None:
    path = writable.place(writable.CONTAINERS[0], tmp_path)
    result = CliRunner().invoke(group, ["read", "--stats", "--json", str(path)], standalone_mode=False)
    stats = json.loads(result.output)["stats"]
    assert stats["size"] == path.stat().st_size
    assert 0 < stats["reads"] <= MOST
    assert 0 < stats["bytes_read"] <= 2 * stats["size"]
