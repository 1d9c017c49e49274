"""What propagating in place writes: one small write into the file, counted at the operating system's door."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import samples
import yinji
from yinji.containers import executors, readback, undo
from yinji.errors import StorageError
from yinji.testing import IN_PLACE_BYTES

PRODUCER, PLATFORM = "001191110000MA0TE5T00Q10001", "001191110000MA0TE5T00Q20001"


def made(name: str, folder: Path) -> Path:
    """A real file by a real encoder, of a format that leaves room for the propagator."""
    ending = name.partition(".")[2]
    path = folder / name
    if ending in ("jpg", "png", "webp"):
        samples.picture().save(path)
        return path
    source = samples.video(ending) if ending == "mp4" else samples.audio(ending)
    path.write_bytes(source.read_bytes())
    return path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """(call, file name, bytes) of everything that is written to, cut off or moved under a name from now on."""
    seen: list[tuple[str, str, int]] = []

    def told(name: str) -> None:
        real = getattr(os, name)

        def call(fd: int, what: object, *more: object) -> object:
            size = len(what) if isinstance(what, (bytes, memoryview)) else 0
            seen.append((name, Path(os.readlink(f"/proc/self/fd/{fd}")).name, size))
            return real(fd, what, *more)

        monkeypatch.setattr(os, name, call)

    for name in ("write", "pwrite", "ftruncate", "sendfile", "copy_file_range"):
        told(name)
    return seen


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp", "x.mp4", "x.mp3", "x.flac"])
def test_one_write_of_a_few_kilobytes(name: str, tmp_path: Path, calls: list[tuple[str, str, int]]) -> None:
    path = made(name, tmp_path)
    yinji.label(path, yinji.AigcLabel.first(PRODUCER, "20261122-7f3a9c"), in_place=True, metadata_only=True)
    size = path.stat().st_size
    for post in ("post-42", "a-longer-number-of-the-same-post-43"):
        calls.clear()
        yinji.propagate(path, propagator=PLATFORM, propagate_id=post, in_place=True)
        own = [(call, length) for call, file, length in calls if file == path.name]
        assert [call for call, _ in own] == ["pwrite"]
        assert 0 < own[0][1] < IN_PLACE_BYTES
        assert path.stat().st_size == size
        label = yinji.read(path).label
        assert label is not None and (label.producer, label.propagate_id) == (PRODUCER, post)


@pytest.mark.parametrize("how", ["written to", "replaced"])
@pytest.mark.parametrize("verb", ["label", "label in place", "propagate in place", "carry"])
def test_what_another_program_changes_meanwhile_is_not_overwritten(
    verb: str, how: str, sample_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan holds for what was read: where that is no longer there, nothing is written."""
    path, out = made("upload.png", tmp_path), tmp_path / "out.png"
    label = yinji.AigcLabel.first(PRODUCER, "1")
    labelled = tmp_path / "labelled.png"
    yinji.label(path, label, output=labelled, metadata_only=True, durable=False)
    if verb == "propagate in place":
        path = labelled
    theirs = path.read_bytes() + b"theirs"
    real = readback.check

    def check(*arguments: Any, **more: Any) -> None:
        real(*arguments, **more)
        if how == "replaced":
            path.rename(tmp_path / "moved.png")
        path.write_bytes(theirs)

    monkeypatch.setattr(readback, "check", check)
    work: dict[str, Callable[[], object]] = {
        "label": lambda: yinji.label(path, label, output=out, metadata_only=True),
        "label in place": lambda: yinji.label(path, label, in_place=True, metadata_only=True),
        "propagate in place": lambda: yinji.propagate(path, propagator=PLATFORM, propagate_id="2", in_place=True),
        "carry": lambda: yinji.carry(labelled, path),
    }
    if (verb, how) == ("label", "replaced"):
        work[verb]()  # what was opened is whole, whatever has its name now
        assert out.exists()
    else:
        with pytest.raises(StorageError) as caught:
            work[verb]()
        assert caught.value.code == "file-changed"
        assert not out.exists()
    assert path.read_bytes() == theirs
    assert not [each for each in tmp_path.iterdir() if "yinji" in each.name]


def test_a_torn_file_is_brought_back_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the command again after a crash gets what they wanted, not a word about a damaged file."""
    path = made("x.png", tmp_path)
    old = path.read_bytes()
    with monkeypatch.context() as crashing:
        crashing.setattr(undo, "pwrite_all", lambda fd, data, at: os.pwrite(fd, data[: len(data) // 2], at))
        crashing.setattr(
            executors, "_change", lambda path, fd, splice, record, **_: record.apply(fd, splice.edits[: splice.still])
        )
        yinji.label(path, yinji.AigcLabel.first(PRODUCER, "1"), in_place=True, metadata_only=True)
    assert path.read_bytes() != old
    yinji.label(path, yinji.AigcLabel.first(PRODUCER, "2"), in_place=True, metadata_only=True)
    again = yinji.read(path, thorough=True)
    assert (again.state, again.problems, [found.label.produce_id for found in again.found]) == ("labelled", (), ["2"])
