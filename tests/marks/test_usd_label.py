"""The label in USD layers and USDZ packages: read by OpenUSD itself, rendered by another viewer, measured in pixels."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pxr import Usd, UsdGeom

import scenes
import usd_files as files
import yinji
from yinji import YinjiError
from yinji.errors import Malformed, UnsupportedFormat
from yinji.labels.aigc import AigcLabel
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.scene.mark import SceneMark
from yinji.marks.scene.usd.layer import end_of
from yinji.testing import mutated

WORDS = "AI生成"
KINDS = [
    ("usda", "Y", ""),
    ("usda", "Z", "perspective"),
    ("usda.usdz", "Y", "orthographic"),
    ("usda.usdz", "Z", ""),
    ("usdc.usdz", "Y", "perspective"),
    ("usdc.usdz", "Z", ""),
]


@pytest.fixture(scope="module")
def viewer() -> Iterator[scenes.Viewer]:
    with scenes.viewer() as opened:
        yield opened


def media_type(name: str) -> str:
    return "model/vnd.usdz+zip" if name.endswith("usdz") else "model/vnd.usd"


def made(folder: Path, ending: str, **wishes: str) -> bytes:
    layer = folder / f"scene.{ending.partition('.')[0]}"
    data = files.stage(layer, **wishes)
    return files.package(layer) if ending.endswith("usdz") else data


def drawn(data: bytes, ending: str, words: str = WORDS, place: str = "") -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    done = SceneMark().draw(io.BytesIO(data), output, MarkRequest(words, place, media_type=media_type(ending)))
    return output.getvalue(), done


def found(data: bytes, ending: str, words: str = WORDS) -> Drawn | None:
    return SceneMark().find(io.BytesIO(data), MarkRequest(words, media_type=media_type(ending)))


@pytest.mark.parametrize(("ending", "up", "camera"), KINDS)
def test_a_stage_shows_the_words(viewer: scenes.Viewer, tmp_path: Path, ending: str, up: str, camera: str) -> None:
    data = made(tmp_path, ending, up=up, camera=camera)
    labelled, done = drawn(data, ending)
    assert done.ink_height >= done.needed_height == 50
    path = tmp_path / f"labelled.{ending}"
    path.write_bytes(labelled)
    assert files.complaints(path) == []
    stage = Usd.Stage.Open(str(path))
    assert UsdGeom.GetStageUpAxis(stage) == up
    assert UsdGeom.GetStageMetersPerUnit(stage) == 0.01
    assert stage.GetRootLayer().customLayerData["mood"] == "calm"
    assert str(stage.GetDefaultPrim().GetPath()) == "/World"
    parent = "/World/Rig/Eye" if camera else "/World"
    assert stage.GetPrimAtPath(f"{parent}/YinjiLabel").IsValid()
    for size in ((480, 320), (300, 300)):
        left, top, right, bottom = scenes.ink_box(viewer.picture(files.as_glb(path), size)) or (0, 0, 0, 0)
        assert (bottom - top + 1) / min(size) >= 0.05
        assert left > 0
        assert top > 0
        assert right < size[0]
        assert bottom < size[1]
    again = found(labelled, ending)
    assert again is not None
    assert abs(again.ink_height - done.ink_height) <= 1
    assert found(data, ending) is None
    assert drawn(labelled, ending)[0] == labelled


@pytest.mark.parametrize("layer", ["usda", "usdc"])
def test_every_part_of_a_package_stays_and_is_aligned(tmp_path: Path, layer: str) -> None:
    data = made(tmp_path, f"{layer}.usdz")
    labelled, _ = drawn(data, "usdz")
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(io.BytesIO(labelled)) as after:
        assert after.testzip() is None
        assert [i.filename for i in after.infolist()] == ["yinji-label.usda", f"scene.{layer}"]
        for info in after.infolist():
            start = info.header_offset + 30 + int.from_bytes(labelled[info.header_offset + 26 :][:2], "little")
            start += int.from_bytes(labelled[info.header_offset + 28 :][:2], "little")
            assert start % 64 == 0
            assert info.compress_type == zipfile.ZIP_STORED
        assert after.read(f"scene.{layer}") == before.read(f"scene.{layer}")
    again, _ = drawn(labelled, "usdz", "人工智能生成", "top")
    with zipfile.ZipFile(io.BytesIO(again)) as archive:
        assert archive.namelist()[:2] == ["yinji-label-2.usda", "yinji-label.usda"]


def test_every_byte_of_a_layer_stays(tmp_path: Path) -> None:
    data = made(tmp_path, "usda").replace(b'def Xform "World"', b'# a remark { with a brace\ndef Xform "World"')
    labelled, _ = drawn(data, "usda")
    end = labelled.index(b'def Xform "YinjiLabel"')
    assert data.startswith(labelled[: end - 2])
    assert labelled.endswith(data[end - 2 :])


@pytest.mark.parametrize("home", ["", "Cube"])
def test_a_stage_without_a_prim_that_could_hold_it(tmp_path: Path, home: str) -> None:
    for ending in ("usda", "usdc.usdz"):
        data = made(tmp_path, ending, home=home)
        (tmp_path / f"in.{ending}").write_bytes(data)
        labelled, _ = drawn(data, ending)
        (tmp_path / f"out.{ending}").write_bytes(labelled)
        stage = Usd.Stage.Open(str(tmp_path / f"out.{ending}"))
        assert stage.GetPrimAtPath("/YinjiLabel").IsValid()
        told = [{c.partition(":")[0] for c in files.complaints(tmp_path / f"{n}.{ending}")} for n in ("in", "out")]
        assert told[1] <= told[0]


def test_a_plate_that_is_hidden_or_says_something_else_is_not_found(tmp_path: Path) -> None:
    labelled, _ = drawn(made(tmp_path, "usda"), "usda")
    assert (
        found(labelled.replace(b'def Xform "Front"', b'token visibility = "invisible"\n    def Xform "Front"'), "usda")
        is None
    )
    assert found(labelled.replace("AI生成".encode(), "AI合成".encode()), "usda", "AI合成") is None
    assert found(labelled, "usda", "人工智能生成") is None
    moved = labelled.replace(
        b'def Xform "YinjiLabel"', b'def Xform "YinjiLabel" (active = false)\n{}\ndef Xform "Other"'
    )
    assert found(moved, "usda") is not None
    gone = labelled.replace(b'def Xform "YinjiLabel" (', b'def Xform "YinjiLabel" ( active = false')
    assert found(gone, "usda") is None


@pytest.mark.parametrize("layer", ["usda", "usdc"])
def test_a_package_gets_both_labels(tmp_path: Path, layer: str) -> None:
    label = AigcLabel.first("001191110000MA0TE5T00Q10001", "scene-1")
    (tmp_path / "scene.usdz").write_bytes(made(tmp_path, f"{layer}.usdz"))
    result = yinji.label(tmp_path / "scene.usdz", label, output=tmp_path / "out.usdz")
    assert result.drawn is not None
    assert yinji.read(tmp_path / "out.usdz").found[0].label == label
    assert files.complaints(tmp_path / "out.usdz") == []
    assert found((tmp_path / "out.usdz").read_bytes(), "usdz") is not None


def test_what_cannot_be_labelled(tmp_path: Path) -> None:
    package = made(tmp_path, "usda.usdz")
    squeezed = io.BytesIO()
    with zipfile.ZipFile(squeezed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scene.usda", b"#usda 1.0\n" + b" " * 500)
    for data, ending, error, code in (
        (made(tmp_path, "usdc"), "usdc", UnsupportedFormat, "scene-crate"),
        (squeezed.getvalue(), "usdz", UnsupportedFormat, "scene-package"),
        (b"#usda 1.0\ndef Xform {", "usda", Malformed, "scene-broken"),
        (b"nothing", "usda", Malformed, "scene-broken"),
        (package[:200], "usdz", YinjiError, ""),
    ):
        with pytest.raises(error) as caught:
            drawn(data, ending)
        assert code in ("", caught.value.code)
        assert str(tmp_path) not in str(caught.value)


def test_damage_raises_nothing_but_our_own(tmp_path: Path) -> None:
    chance = random.Random(45438)
    for ending in ("usda", "usdc.usdz"):
        data = made(tmp_path, ending)
        for _ in range(5):
            with suppress(YinjiError):
                drawn(mutated(chance, data), ending)


def test_the_end_of_a_prim_is_found_in_any_text() -> None:
    text = """#usda 1.0
( doc = "a { brace" )
def "A" ( variants = { string x = "y" } )
{
    string s = '''def "B" {'''
    # def "B" {
    asset f = @b{.png@
    def Sphere "B" { double3 t = (1, 2, 3) dictionary d = { string e = "}" } }
    variantSet "x" = { "y" { def "B" { } } }
}
over "C" { }
"""
    for path, behind in (("/A", "\nover"), ("/A/B", "\n    variantSet"), ("/C", "\n")):
        end = end_of(text, path)
        assert end is not None
        assert text[end] == "}"
        assert text[end + 1 :].startswith(behind)
    assert end_of(text, "/B") is None
    assert end_of("}", "/A") is None
