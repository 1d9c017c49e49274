"""The label in glTF, GLB and VRM, rendered by somebody else's viewer and measured in its pixels."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pygltflib
import pytest
from PIL import Image, ImageChops, ImageStat

import scene_files as files
import scenes
from marks import sheet_scenes
from yinji import YinjiError
from yinji.errors import LimitExceeded, Malformed, Truncated, UnsupportedFormat, UsageError
from yinji.marks.base import Drawn, MarkFinder, MarkRequest
from yinji.marks.registry import mark_for
from yinji.marks.scene.gltf.json_text import JsonText
from yinji.marks.scene.mark import SceneMark
from yinji.testing import mutated

WORDS = "AI生成"
GLB = "model/gltf-binary"
WINDOWS = [(480, 320), (400, 400), (250, 400)]
TALL = ((-0.3, 0.0, -0.2), (0.3, 1.8, 0.2))
FLAT = ((-2.0, 0.0, -2.0), (2.0, 0.05, 2.0))
SCENES: dict[str, bytes] = {
    "cube": files.glb(files.box()),
    "tall": files.glb(files.box(*TALL)),
    "flat": files.glb(files.box(*FLAT)),
    "far away": files.glb(files.box((5000, 20, 7000), (5002, 22, 7002))),
    "tiny": files.glb(files.box((0, 0, 0), (1e-3, 2e-3, 1e-3))),
    "text": files.embedded(files.box()),
    "camera": files.glb(files.seen_by(files.PERSPECTIVE)),
    "camera of a shape": files.glb(files.seen_by(files.WIDE)),
    "skinned": files.glb(files.skinned()),
    "vrm 0": files.glb(files.avatar(0)),
    "vrm 1": files.glb(files.avatar(1)),
    "further chunk": files.glb(files.box(), chunk=b"12345678"),
}


@pytest.fixture(scope="module")
def viewer() -> Iterator[scenes.Viewer]:
    with scenes.viewer() as opened:
        yield opened


def drawn(data: bytes, words: str = WORDS, place: str = "", share: float = 0.05) -> tuple[bytes, Drawn]:
    output = io.BytesIO()
    done = SceneMark().draw(io.BytesIO(data), output, MarkRequest(words, place, share, media_type=GLB))
    return output.getvalue(), done


def found(data: bytes, words: str = WORDS, place: str = "") -> Drawn | None:
    return SceneMark().find(io.BytesIO(data), MarkRequest(words, place, media_type=GLB))


def ink(picture: Any) -> tuple[int, int, int, int]:
    box = scenes.ink_box(picture)
    assert box is not None, "no words are seen"
    return box


def gap(difference: Image.Image) -> float:
    return sum(ImageStat.Stat(difference).mean)


@pytest.mark.parametrize("name", SCENES)
def test_the_words_are_seen_large_enough_in_every_window(viewer: scenes.Viewer, name: str) -> None:
    labelled, done = drawn(SCENES[name])
    assert done.ink_height >= done.needed_height == 50
    front = -1 if name == "vrm 0" else 1
    for size in WINDOWS:
        left, top, right, bottom = ink(viewer.picture(labelled, size, front=front))
        # A row at either end of a glyph is half covered, and counts as not there.
        assert (bottom - top + 1) / min(size) >= 0.05, size
        assert left > 0
        assert top > 0
        assert right < size[0]
        assert bottom < size[1]
    assert scenes.ink_box(viewer.picture(SCENES[name], front=front)) is None, "the test takes something for words"


@pytest.mark.parametrize("loose", [1.0, 1.25])
@pytest.mark.parametrize("turn", [0, 30, 180])
def test_words_are_seen_from_aside_and_from_behind(viewer: scenes.Viewer, turn: float, loose: float) -> None:
    labelled, _ = drawn(files.glb(files.box((-1, -1, -0.01), (1, -0.999, 0.01))))
    picture = viewer.picture(labelled, (400, 400), turn=turn, loose=loose)
    box = ink(picture)
    assert (box[3] - box[1] + 1) / 400 >= (0.04 if turn == 180 else 0.05)
    if turn == 180:  # and are not mirrored: they look as they do from the front
        straight = viewer.picture(labelled, (400, 400), loose=loose)
        front = straight.crop(ink(straight)).resize((90, 30))
        behind = picture.crop(box).resize((90, 30))
        unlike = ImageChops.difference(front, behind.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
        assert gap(ImageChops.difference(front, behind)) < gap(unlike) / 2


def test_a_parallel_projection_shows_them_too(viewer: scenes.Viewer) -> None:
    labelled, done = drawn(files.glb(files.seen_by(files.PARALLEL)))
    box = ink(viewer.picture(labelled, (480, 320)))
    assert (box[3] - box[1] + 1) / 320 >= 0.05
    assert done.detail["camera"] is True


@pytest.mark.parametrize("place", SceneMark.places)
def test_every_place(viewer: scenes.Viewer, place: str) -> None:
    labelled, done = drawn(files.glb(files.seen_by(files.WIDE)), place=place)
    left, top, right, bottom = ink(viewer.picture(labelled, (480, 320)))
    assert done.place == place
    assert (top < 60) if place.startswith("top") else (bottom > 260)
    if place.endswith("left"):
        assert left < 60
    if place.endswith("right"):
        assert right > 420


@pytest.mark.parametrize("background", ["#000000", "#ffffff"])
def test_the_plate_stands_out_from_any_ground(viewer: scenes.Viewer, background: str) -> None:
    labelled, done = drawn(files.glb(files.box((-1, -1, -1), (1, -0.99, 1))))
    picture = viewer.picture(labelled, (400, 400), background=background).convert("L")
    assert done.contrast > 15
    assert min(picture.crop((180, 100, 220, 300)).getextrema()) < 40  # type: ignore[type-var]


def test_other_people_read_them() -> None:
    labelled = [drawn(data)[0] for data in SCENES.values()]
    told = scenes.complaints([*SCENES.values(), *labelled])
    assert told[len(SCENES) :] == told[: len(SCENES)]
    assert sum(map(len, told)) == 4, "a VRM name and a foreign chunk, before and after; nothing else"
    for data in labelled:
        if data.startswith(b"glTF") and b"XTRA" not in data:
            read = pygltflib.GLTF2.load_from_bytes(data)
            node = next(n for n in read.nodes if n.name == "Yinji label")
            material = read.materials[read.meshes[node.mesh].primitives[0].material]
            assert material.extensions == {"KHR_materials_unlit": {}}
            assert "KHR_materials_unlit" in read.extensionsUsed


@pytest.mark.parametrize("name", [n for n in SCENES if n != "text"])
def test_what_was_there_stays(name: str) -> None:
    (before, buffer), (after, longer) = files.parts(SCENES[name]), files.parts(drawn(SCENES[name])[0])
    assert longer.startswith(buffer)
    assert len(longer) % 4 == 0
    for key in ("accessors", "bufferViews", "meshes", "materials", "cameras", "skins"):
        assert after.get(key, [])[: len(before.get(key, []))] == before.get(key, [])
    for old, new in zip(before["nodes"], after["nodes"], strict=False):
        assert {k: v for k, v in new.items() if k != "children"} == {k: v for k, v in old.items() if k != "children"}
        assert new.get("children", [])[: len(old.get("children", []))] == old.get("children", [])
    if name == "further chunk":
        assert drawn(SCENES[name])[0].endswith(b"XTRA12345678")


def test_the_json_is_kept_to_the_letter() -> None:
    odd = (
        files.embedded(files.box())
        .replace(b'"by hand"', b'"by \\u0068and", "copyright" :\t"x"')
        .replace(b"0.15", b"1.50E-1")
    )
    labelled, _ = drawn(b"\xef\xbb\xbf" + odd)
    assert labelled.startswith(b"\xef\xbb\xbf")
    lines = iter(labelled.splitlines())
    kept = [line for line in odd.splitlines() if line.strip(b" ]},")]
    assert sum(any(line.rstrip(b",") in other for other in lines) for line in kept) == len(kept)


def test_a_file_whose_buffer_lies_elsewhere(viewer: scenes.Viewer) -> None:
    document, data = files.box()
    document["buffers"] = [{"byteLength": len(data), "uri": "scene.bin"}]
    for whole in (json.dumps(document).encode(), files.glb((document, b""))):
        labelled, _ = drawn(whole)
        text = labelled if whole[:1] == b"{" else labelled[20 : 20 + int.from_bytes(labelled[12:16], "little")]
        after = json.loads(text)
        assert after["buffers"][0] == document["buffers"][0]
        assert after["buffers"][1]["uri"].startswith("data:application/octet-stream;base64,")
        assert found(labelled) is not None


def test_an_empty_scene_and_a_file_without_buffer(viewer: scenes.Viewer) -> None:
    empty = files.glb(({"asset": {"version": "2.0"}, "scenes": [{}]}, b""))
    labelled, done = drawn(empty)
    assert done.ink_height >= 50
    assert ink(viewer.picture(labelled))


def test_words_of_two_lines(viewer: scenes.Viewer) -> None:
    labelled, _ = drawn(SCENES["cube"], "AI生成 · AI-generated")
    picture = viewer.picture(labelled, (250, 400))
    left, _, right, _ = ink(picture)
    assert left > 0
    assert right < 250


def test_it_is_found_again_and_measured() -> None:
    assert isinstance(mark_for(GLB), MarkFinder)
    for name, data in SCENES.items():
        assert found(data) is None, name
        labelled, done = drawn(data)
        again = found(labelled)
        assert again is not None, name
        assert again.ink_height in (done.ink_height, done.ink_height - 1)
        assert (again.words, again.place) == (WORDS, "bottom")
        assert found(labelled, "人工智能生成") is None
        assert found(labelled, place="top") is None


def test_a_scene_that_shows_the_words_stays_as_it_is() -> None:
    labelled, _ = drawn(SCENES["camera"])
    again, done = drawn(labelled, place="top")
    assert again == labelled
    assert done.detail["already"] is True


def _changed(data: bytes, change: Any) -> bytes:
    document, buffer = files.parts(data)
    change(document)
    return files.glb((document, buffer))


def test_a_plate_that_nobody_sees_is_not_found() -> None:
    labelled, done = drawn(SCENES["cube"])

    def unhooked(document: dict[str, Any]) -> None:
        document["scenes"][0]["nodes"].pop()

    def behind(document: dict[str, Any]) -> None:
        document["nodes"][-1]["translation"][2] = -3

    def turned(document: dict[str, Any]) -> None:
        document["nodes"][-1]["rotation"] = [0, 0, 0.7071, 0.7071]

    def another(document: dict[str, Any]) -> None:
        document["images"][0]["bufferView"] = 0

    def smaller(document: dict[str, Any]) -> None:
        document["nodes"][-1]["scale"] = [0.5, 0.5, 1]

    for change in (unhooked, behind, turned, another):
        assert found(_changed(labelled, change)) is None, change.__name__
    half = found(_changed(labelled, smaller))
    assert half is not None
    assert half.ink_height == pytest.approx(done.ink_height / 2, abs=3)
    assert half.ink_height < half.needed_height


def test_a_label_too_low_is_followed_by_a_right_one() -> None:
    low, done = drawn(SCENES["cube"], share=0.02)
    assert done.ink_height < 50
    again, done = drawn(low)
    assert done.ink_height >= 50
    assert len(again) > len(low)


@pytest.mark.parametrize(
    ("data", "error", "code"),
    [
        (b'{"asset":{"version":"1.0"},"scenes":{}}', UnsupportedFormat, "scene-version"),
        (b"glTF\1\0\0\0" + bytes(12), UnsupportedFormat, "scene-version"),
        (b'{"asset":{"version":"2.0"}}', UnsupportedFormat, "scene-none"),
        (b'{"asset":{"version":"2.0"},"scenes":[{"nodes":[7]}]}', Malformed, "scene-broken"),
        (b'{"asset":{"version":"2.0"},"scenes":[{"nodes":"x"}]}', Malformed, "scene-broken"),
        (b"[1]", Malformed, "scene-broken"),
        (b"[" * 100_000, Malformed, "scene-broken"),
        (b"", Malformed, "scene-broken"),
        (SCENES["cube"][:100], Truncated, "mark-truncated"),
        (SCENES["cube"][:10], Truncated, "mark-truncated"),
    ],
)
def test_what_cannot_be_labelled(data: bytes, error: type[YinjiError], code: str) -> None:
    with pytest.raises(error) as caught:
        drawn(data)
    assert caught.value.code == code


def test_wrong_wishes() -> None:
    for words, place, code in (
        ("AI生成", "middle", "no-such-place"),
        ("", "", "no-words"),
        ("🤖", "", "missing-glyph"),
    ):
        with pytest.raises(UsageError) as caught:
            drawn(SCENES["cube"], words, place)
        assert caught.value.code == code


def test_endless_scenes_end() -> None:
    nodes = [{"children": [(n + 1) % 200_001]} for n in range(200_001)]
    with pytest.raises(LimitExceeded):
        drawn(json.dumps({"asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}], "nodes": nodes}).encode())


def test_damage_raises_nothing_but_our_own() -> None:
    chance = random.Random(45438)
    for name in ("camera", "text", "skinned"):
        for start in (SCENES[name], drawn(SCENES[name])[0]):
            for _ in range(40):
                with suppress(YinjiError):
                    drawn(mutated(chance, start))


def test_text_is_added_where_it_belongs() -> None:
    for before, after in (
        ('{"a":[]}', '{"a":[1,2]}'),
        ('{"a":[0]}', '{"a":[0,1,2]}'),
        ('{"a": [ 0 ] , "b":1}', '{"a": [ 0,1,2 ] , "b":1}'),
        ('{"b":{}}', '{"b":{},"a":[1,2]}'),
        ("{}", '{"a":[1,2]}'),
    ):
        text = JsonText(before)
        first = text.append("a", item=1)
        assert text.append("a", item=2) == first + 1
        assert text.result() == after
    text = JsonText('{"n":[{"x":1},{}], "n":[{"y":2},{}]}')
    text.append("n", 1, "c", item=5)
    text.replace("n", 0, "y", value=3)
    assert text.result() == '{"n":[{"x":1},{}], "n":[{"y":3},{"c":[5]}]}'
    with pytest.raises(ValueError, match="not a list"):
        JsonText('{"a":{}}').append("a", item=1)


def test_the_sheet_of_scenes_in_the_documentation_is_current(viewer: scenes.Viewer, tmp_path: Path) -> None:
    drawn = sheet_scenes.sheet(sheet_scenes.views(viewer, tmp_path))
    with Image.open(sheet_scenes.PICTURES / "labels-in-scenes.png") as kept:
        assert kept.size == drawn.size
        assert max(ImageStat.Stat(ImageChops.difference(kept.convert("RGB"), drawn)).mean) < 4
