"""Pillow drops every label; what is saved through the adapter or inside its block keeps it, once."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from PIL import Image

import samples
import yinji
from yinji.containers.model import State
from yinji.errors import Truncated, UnsupportedFormat
from yinji.pipelines import pillow

LABEL = yinji.AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
ENDINGS = pytest.mark.parametrize("ending", ["jpg", "png", "gif"])


@pytest.fixture
def upload(sample_dir: Path, tmp_path: Path) -> Path:
    path = tmp_path / "upload.png"
    yinji.label(samples.png("rgb"), LABEL, output=path, metadata_only=True)
    return path


def labels(path: Path | bytes) -> list[object]:
    return [found.label for found in yinji.read(path, thorough=True).found]


@ENDINGS
def test_pillow_alone_loses_the_label_and_the_adapter_keeps_it(ending: str, upload: Path, tmp_path: Path) -> None:
    lost, kept = tmp_path / f"lost.{ending}", tmp_path / f"kept.{ending}"
    with Image.open(upload) as image:
        small = image.convert("RGB").resize((40, 30))
    small.save(lost)
    assert yinji.read(lost).state is State.UNLABELLED
    result = pillow.save(small, kept, source=upload)
    assert result is not None
    assert (result.label, result.path) == (LABEL, str(kept))
    assert labels(kept) == [LABEL]
    with Image.open(lost) as one, Image.open(kept) as other:
        assert one.tobytes() == other.tobytes()


def test_options_files_and_bytes(upload: Path, tmp_path: Path) -> None:
    image = samples.picture(size=(60, 40))
    for source in (upload, str(upload), upload.read_bytes(), io.BytesIO(upload.read_bytes())):
        out = io.BytesIO()
        pillow.save(image, out, source=source, format="JPEG", quality=30, progressive=True)
        assert labels(out.getvalue()) == [LABEL]
        with Image.open(io.BytesIO(out.getvalue())) as made:
            assert made.info["progressive"]
    with (tmp_path / "named.png").open("wb") as file:
        pillow.save(image, file, source=upload)
    assert labels(tmp_path / "named.png") == [LABEL]
    pillow.save(image, tmp_path / "named.png", source=upload)
    assert labels(tmp_path / "named.png") == [LABEL]


def test_without_a_label_it_saves_as_pillow_does(sample_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "plain.jpg"
    assert pillow.save(samples.picture(), path, source=samples.png("rgb")) is None
    assert yinji.read(path).state is State.UNLABELLED


def test_nothing_is_saved_that_would_lose_a_label(upload: Path, tmp_path: Path) -> None:
    path = tmp_path / "no-place.ppm"
    with pytest.raises(UnsupportedFormat):
        pillow.save(samples.picture(), path, source=upload)
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(samples.png("rgb").read_bytes()[:200])
    with pytest.raises(Truncated):
        pillow.save(samples.picture(), tmp_path / "out.jpg", source=damaged)
    with pytest.raises(Truncated), pillow.carrying(damaged):
        raise AssertionError("the block must not run")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["damaged.png", "upload.png"]


def test_every_save_inside_the_block_carries(upload: Path, tmp_path: Path) -> None:
    image = samples.picture(size=(80, 60))
    before, inside, after = (tmp_path / f"{name}.jpg" for name in ("before", "inside", "after"))
    image.save(before)
    with pillow.carrying(upload) as results:
        image.save(inside, quality=80)
        image.resize((20, 20)).save(str(tmp_path / "small.png"), "PNG")
        image.save(tmp_path / "animation.gif", save_all=True, append_images=[image.rotate(90)])
        buffer = io.BytesIO()
        image.save(buffer, format="PNG")
    image.save(after)
    assert [result.format for result in results] == ["jpeg", "png", "gif", "png"]
    for path in (inside, tmp_path / "small.png", tmp_path / "animation.gif", buffer.getvalue()):
        assert labels(path) == [LABEL]
    assert [labels(path) for path in (before, after)] == [[], []]
    with Image.open(tmp_path / "animation.gif") as animation:
        assert getattr(animation, "n_frames", 0) == 2


def test_blocks_nest_and_do_not_reach_other_threads(upload: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    yinji.label(samples.png("rgb"), yinji.AigcLabel.first("OtherCompany", "2"), output=other, metadata_only=True)
    image = samples.picture(size=(30, 20))
    with pillow.carrying(upload):
        with pillow.carrying(other):
            image.save(tmp_path / "inner.jpg")
        image.save(tmp_path / "outer.jpg")
        thread = threading.Thread(target=lambda: image.save(tmp_path / "thread.jpg"))
        thread.start()
        thread.join()
    inner = yinji.read(tmp_path / "inner.jpg").label
    assert inner is not None
    assert inner.producer == "OtherCompany"
    assert labels(tmp_path / "outer.jpg") == [LABEL]
    assert labels(tmp_path / "thread.jpg") == []
