"""The media digest: nothing that is written into the metadata changes it, and everything that is not metadata does."""

from __future__ import annotations

import hashlib
import json
import os
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner

import oracles
import samples
import writable
import yinji
from yinji.cli.app import group
from yinji.containers.base import Container
from yinji.containers.digest import PIECE, media_digest
from yinji.containers.registry import by_name
from yinji.containers.source import Source
from yinji.errors import Truncated, UnsupportedFormat
from yinji.limits import MIB

PRODUCER, PLATFORM = "001191110000MA0TE5T00Q10001", "001191110000MA0TE5T00Q20001"
LABEL = yinji.AigcLabel.first(PRODUCER, "20261122-7f3a9c")
OTHER = yinji.AigcLabel.first("SomeCompany", "another-number-0001" * 40, reserved1="S" * 900)


@pytest.mark.parametrize("container", writable.CONTAINERS, ids=writable.NAMES)
def test_label_propagate_and_carry_leave_it_as_it_is(container: Container, tmp_path: Path) -> None:
    for name, data in writable.examples(container):
        plain = tmp_path / name
        plain.write_bytes(data)
        wanted = yinji.media_digest(plain)
        labelled, passed_on = (tmp_path / f"{stem}-{name}" for stem in ("labelled", "passed-on"))
        yinji.label(plain, LABEL, output=labelled, metadata_only=True)
        assert yinji.media_digest(labelled) == wanted
        yinji.propagate(labelled, propagator=PLATFORM, propagate_id="post-42", output=passed_on)
        assert yinji.media_digest(passed_on) == wanted
        yinji.propagate(passed_on, propagator=PLATFORM, propagate_id="post-43", in_place=True)
        assert yinji.media_digest(passed_on) == wanted
        yinji.carry(labelled, plain)
        assert yinji.media_digest(plain) == wanted


@pytest.mark.parametrize("container", writable.CONTAINERS, ids=writable.NAMES)
def test_files_that_differ_only_in_their_label_have_the_same(container: Container, tmp_path: Path) -> None:
    for name, data in writable.examples(container):
        made = [tmp_path / f"{number}-{name}" for number in (1, 2)]
        for path, label in zip(made, (LABEL, OTHER), strict=True):
            yinji.label(data, label, output=path, metadata_only=True, filename=name)
        assert made[0].read_bytes() != made[1].read_bytes()
        assert yinji.media_digest(made[0]) == yinji.media_digest(made[1])


@pytest.mark.parametrize("container", writable.CONTAINERS, ids=writable.NAMES)
def test_it_covers_the_spans_and_nothing_else(container: Container) -> None:
    for name, data in writable.examples(container):
        with Source.open(data, name=name) as source:
            parts = list(container.media(source))  # of a packed table, what it holds
            held = b"".join(part if isinstance(part, bytes) else data[part.start : part.stop] for part in parts)
            assert media_digest(container, source) == hashlib.sha256(held).hexdigest()
        spans = [part for part in parts if not isinstance(part, bytes)]
        changed = bytearray(data)
        start, stop = next((span for span in reversed(spans) if span.stop > span.start), (0, 0))
        if start == stop:  # a scene of metadata alone
            continue
        changed[(start + stop) // 2] ^= 1
        with Source.open(bytes(changed), name=name) as source:
            source_spans = hashlib.sha256(b"".join(bytes(changed)[a:b] for a, b in spans)).hexdigest()
        assert source_spans != yinji.media_digest(data, filename=name)


@pytest.mark.parametrize("make", ["jpeg", "png", "mp4", "mov"])
def test_a_title_written_by_exiftool_leaves_it_as_it_is(make: str, sample_dir: Path, tmp_path: Path) -> None:
    sources = {"jpeg": lambda: samples.jpeg("baseline"), "png": lambda: samples.png("rgb")}
    source = sources.get(make, lambda: samples.video(make))()
    titled = tmp_path / source.name
    titled.write_bytes(source.read_bytes())
    oracles.run("exiftool", "-q", "-overwrite_original", "-XMP-dc:Title=别的标题", "-XMP-dc:Creator=someone", titled)
    assert titled.read_bytes() != source.read_bytes()
    assert yinji.media_digest(titled) == yinji.media_digest(source)


def test_a_re_encoded_copy_has_another(sample_dir: Path, tmp_path: Path) -> None:
    from PIL import Image

    again = tmp_path / "again.jpg"
    with Image.open(samples.jpeg("baseline")) as image:
        image.save(again, quality=70)
    assert yinji.media_digest(again) != yinji.media_digest(samples.jpeg("baseline"))


class Zeros:
    """A remote MP4 with 64 MiB of media that is never held in memory, and the largest request for it."""

    name = "s3://bucket/long.mp4"

    def __init__(self) -> None:
        _, data = writable.examples(by_name("mp4"))[1]
        self.tail = data[: data.index(b"mdat") - 4] + (64 * MIB + 8).to_bytes(4, "big") + b"mdat"
        self.size = len(self.tail) + 64 * MIB
        self.longest = 0

    def read_range(self, start: int, length: int) -> bytes:
        self.longest = max(self.longest, length)
        head = self.tail[start : start + length]
        return head + bytes(length - len(head))


def test_memory_stays_flat() -> None:
    remote = Zeros()
    tracemalloc.start()
    try:
        digest = yinji.media_digest(remote)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert digest == hashlib.sha256(bytes(64 * MIB)).hexdigest()
    assert remote.longest <= PIECE
    assert peak < 8 * MIB


def test_a_file_that_shrinks_meanwhile_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "shrinking.mp4"
    path.write_bytes(writable.examples(by_name("mp4"))[1][1])
    with Source.open(path) as source:
        assert len(source.head) == source.size
        os.truncate(path, source.size - 10)
        with pytest.raises(Truncated):
            media_digest(by_name("mp4"), source)


def test_what_has_no_container_has_no_digest() -> None:
    with pytest.raises(UnsupportedFormat):
        yinji.media_digest(b"\x7fELF" + bytes(100))


def test_the_command_line_shows_it(sample_dir: Path, tmp_path: Path) -> None:
    path = samples.png("rgb")
    shown = CliRunner().invoke(group, ["--lang", "en", "read", "--digest", str(path)], standalone_mode=False)
    assert f"media SHA-256 {yinji.media_digest(path)}" in shown.output
    told = CliRunner().invoke(group, ["read", "--digest", "--json", str(path)], standalone_mode=False)
    assert json.loads(told.output)["media_sha256"] == yinji.media_digest(path)
    damaged = tmp_path / "cut.png"
    damaged.write_bytes(path.read_bytes()[:200])
    told = CliRunner().invoke(group, ["read", "--digest", "--json", str(damaged)], standalone_mode=False)
    assert json.loads(told.output)["media_sha256"] is None
    assert "media_sha256" not in json.loads(
        CliRunner().invoke(group, ["read", "--json", str(path)], standalone_mode=False).output
    )
