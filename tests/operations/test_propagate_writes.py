"""What propagating in place writes: one small write into the file, counted at the operating system's door."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import samples
import yinji
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
