"""A scene gets both labels: the plate that is seen and the metadata that is read."""

from __future__ import annotations

from pathlib import Path

import pytest

import scene_files as files
import yinji
from yinji.labels.aigc import AigcLabel
from yinji.marks.base import MarkRequest
from yinji.marks.scene.mark import SceneMark

LABEL = AigcLabel.first("001191110000MA0TE5T00Q10001", "scene-1")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("box.glb", files.glb(files.box())),
        ("box.gltf", files.embedded(files.box())),
        ("avatar.vrm", files.glb(files.avatar(0))),
    ],
)
def test_a_scene_gets_both_labels(tmp_path: Path, name: str, data: bytes) -> None:
    source, output = tmp_path / name, tmp_path / f"labelled-{name}"
    source.write_bytes(data)
    result = yinji.label(source, LABEL, output=output)
    assert result.drawn is not None
    assert result.drawn.ink_height >= result.drawn.needed_height == 50
    assert yinji.read(output).found[0].label == LABEL
    with output.open("rb") as file:
        assert SceneMark().find(file, MarkRequest("AI生成")) is not None
    assert source.read_bytes() == data
