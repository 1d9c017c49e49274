"""glTF, GLB and VRM: the harness, every place of a label, JSON of every shape, and what pygltflib reads."""

from __future__ import annotations

import json
import struct
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pictures import BARE, WRAPPED
from yinji.containers.gltf.container import Glb, Gltf, Vrm
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.registry import sniff
from yinji.containers.source import Source
from yinji.testing import (
    LABEL,
    PROPAGATED,
    Sample,
    applied,
    check_container,
    labelled,
    media_hash,
    reading_of,
    survives,
)

GLTF, GLB = Gltf(), Glb()
VALUE = json.dumps(BARE)
CONTEXT = '{"dc":"http://purl.org/dc/elements/1.1/","TC260":"http://www.tc260.org.cn/ns/AIGC/1.0/"}'


def scene(asset: str = "", more: str = "") -> bytes:
    return ('{"asset":{"version":"2.0"' + asset + '},"scenes":[{"nodes":[]}]' + more + "}").encode()


def packet(label: str = f'"TC260:AIGC":{VALUE}') -> str:
    return ',"extensions":{"KHR_xmp_json_ld":{"packets":[{"@context":' + CONTEXT + f',{label},"dc:title":"x"}}]}}}}'


def binary(text: bytes, *chunks: tuple[bytes, bytes], version: int = 2) -> bytes:
    """A GLB by the tests' own hand."""
    text += b" " * (-len(text) % 4)
    if version == 1:
        body = struct.pack("<II", len(text), 0) + text + b"".join(data for _, data in chunks)
    else:
        body = b"".join(struct.pack("<I4s", len(data), kind) + data for kind, data in ((b"JSON", text), *chunks))
    return struct.pack("<4sII", b"glTF", version, 12 + len(body)) + body


@cache
def model() -> bytes:
    """A triangle by pygltflib, with a buffer, extras and a copyright."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pygltflib as gl
    points = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    made = gl.GLTF2(
        asset=gl.Asset(version="2.0", generator="测试", copyright="© 测试", extras={"mood": "calm", "n": 1.50}),
        scene=0,
        scenes=[gl.Scene(nodes=[0])],
        nodes=[gl.Node(mesh=0)],
        meshes=[gl.Mesh(primitives=[gl.Primitive(attributes=gl.Attributes(POSITION=0))])],
        accessors=[gl.Accessor(bufferView=0, componentType=5126, count=3, type="VEC3", max=[1, 1, 0], min=[0, 0, 0])],
        bufferViews=[gl.BufferView(buffer=0, byteLength=len(points))],
        buffers=[gl.Buffer(byteLength=len(points))],
    )
    made.set_binary_blob(points)
    return b"".join(made.save_to_bytes())


def loaded(data: bytes, path: Path) -> tuple[dict[str, Any], bytes]:
    """What pygltflib reads: the scene as a dictionary, and the buffer."""
    import pygltflib as gl

    path.write_bytes(data)
    read = gl.GLTF2().load(str(path))
    return json.loads(read.gltf_to_json()), read.binary_blob() or b""


PLACES = {
    "extras": (scene(f',"extras":{{"AIGC":{VALUE}}}'), "gltf-extras", "bare", set()),
    "object": (scene(f',"extras":{{"AIGC":{BARE}}}'), "gltf-extras", "bare", set()),
    "wrapped": (scene(f',"extras":{{"AIGC":{json.dumps(WRAPPED)}}}'), "gltf-extras", "wrapped", None),
    "first": (scene(f',"extras":{{"AIGC":{VALUE},"mood":"calm"}}'), "gltf-extras", "bare", set()),
    "escaped name": (scene(f',"extras":{{"\\u0041IGC":{VALUE}}}'), "gltf-extras", "bare", set()),
    "lower case": (scene(f',"extras":{{"aigc":{VALUE}}}'), "gltf-extras", "bare", {"key-case"}),
    "misspelt": (scene(f',"extras":{{"AGIC":{VALUE}}}'), "gltf-extras", "bare", {"key-name"}),
    "copyright": (scene(f',"copyright":{VALUE}'), "gltf-asset", "bare", {"key-name", "place"}),
    "asset": (scene(f',"AIGC":{VALUE}'), "gltf-json", "bare", {"gltf-place", "place"}),
    "root extras": (scene(more=f',"extras":{{"AIGC":{VALUE}}}'), "gltf-json", "bare", {"gltf-place", "place"}),
    "node": (scene(more=f',"nodes":[{{"extras":{{"AIGC":{VALUE}}}}}]'), "gltf-json", "bare", {"gltf-place", "place"}),
    "packet": (scene(more=packet()), "xmp-json-ld", "bare", {"place"}),
    "packet, in full": (
        scene(more=packet(f'"http://www.tc260.org.cn/ns/AIGC/1.0/AIGC":{VALUE}')),
        "xmp-json-ld",
        "bare",
        {"place"},
    ),
    "packet, other space": (
        scene(more=packet(f'"dc:AIGC":{VALUE}')),
        "xmp-json-ld",
        "bare",
        {"place", "gltf-namespace"},
    ),
}


def read(data: bytes, *, thorough: bool = True) -> Reading:
    return reading_of(GLTF, Sample("x.gltf", data), thorough=thorough)


def test_harness() -> None:
    texts = {
        "pretty": json.dumps(json.loads(scene(',"extras":{"a":[1,{"b":null}]}')), indent=4).encode(),
        "empty extras": scene(',"extras":{}'),
        "bom": b"\xef\xbb\xbf" + scene(),
        "asset last": b'{"scenes":[], "asset" : { "version" : "2.0" } }\n',
        "embedded": scene(more=',"buffers":[{"uri":"data:;base64,' + "A" * 60000 + '"}]'),
        "packets": scene(more=packet('"dc:rights":"y"')),
    }
    doubled = [(f"{name}.gltf", scene(f',"extras":{{"AIGC":{VALUE},"a":1}}', packet())) for name in ("two",)]
    doubled += [("three.gltf", scene(f',"AIGC":{VALUE},"extras":{{"b":2,"Aigc":{VALUE},"AIGC":{VALUE}}}'))]
    check_container(GLTF, [(f"{n}.gltf", d) for n, d in texts.items()], doubled=doubled, mutations=25)
    binaries = {
        "model": model(),
        "version 1": binary(scene(), (b"", bytes(20)), version=1),
        "chunks": binary(scene(), (b"BIN\0", bytes(8)), (b"KEEP", b"this")),
        "unpadded": binary(scene() + b"\n"),
    }
    check_container(GLB, [(f"{n}.glb", d) for n, d in binaries.items()], mutations=25)
    avatar = binary(scene(more=',"extensionsUsed":["VRMC_vrm"],"extensions":{"VRMC_vrm":{"specVersion":"1.0"}}'))
    check_container(Vrm(), [("avatar.vrm", avatar)], mutations=25)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("form", ["gltf", "glb"])
def test_every_place_is_read(name: str, form: str) -> None:
    data, carrier, shape, codes = PLACES[name]
    container, data = (GLB, binary(data)) if form == "glb" else (GLTF, data)
    reading = reading_of(container, Sample(f"x.{form}", data))
    assert reading.state is State.LABELLED
    (found,) = reading.found
    assert (found.label, found.carrier, found.shape) == (LABEL, carrier, shape)
    assert data[found.start :].startswith(
        (b'"AIGC"', b'"aigc"', b'"\\u0041', b'"TC260:', b'"http', b'"dc:', b'"AGIC', b'"copyright')
    )
    if codes is not None:
        assert {problem.code for problem in found.problems} >= codes


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str) -> None:
    data = PLACES[name][0]
    written = labelled(GLTF, Sample("x.gltf", data), PROPAGATED).data
    assert [(f.label, f.carrier) for f in read(written).found] == [(PROPAGATED, "gltf-extras")]
    assert written.count(b"ContentProducer") == 1
    assert media_hash(GLTF, written) == media_hash(GLTF, data)
    before, after = json.loads(data), json.loads(written)
    assert after["asset"]["extras"].pop("AIGC") == PROPAGATED.to_json()
    after["asset"].pop("extras") or None
    assert before["scenes"] == after["scenes"]


def test_other_programs(tmp_path: Path) -> None:
    written = labelled(GLB, Sample("x.glb", model())).data
    before, buffer = loaded(model(), tmp_path / "before.glb")
    after, same_buffer = loaded(written, tmp_path / "after.glb")
    assert after["asset"]["extras"].pop("AIGC") == LABEL.to_json()
    assert (after, same_buffer) == (before, buffer)
    assert media_hash(GLB, written) == media_hash(GLB, model())
    length, kind = struct.unpack_from("<I4s", written, 12)
    assert (length % 4, kind, written[20 + length - 1 : 20 + length]) == (
        0,
        b"JSON",
        written[19 + length : 20 + length],
    )
    assert struct.unpack_from("<I", written, 8)[0] == len(written)
    assert b'"n": 1.5' in written or b'"n":1.5' in written


@pytest.mark.parametrize("form", ["gltf", "glb"])
def test_propagation_is_one_small_edit_in_place(form: str) -> None:
    container = GLB if form == "glb" else GLTF
    written = labelled(container, Sample(f"x.{form}", model() if form == "glb" else scene()))
    with Source.open(written.data) as source:
        splice = container.write(source, PROPAGATED, reading_of(container, written), in_place=True)
    assert splice.moves_nothing
    assert len(splice.edits) == 1
    assert sum(len(edit.data) for edit in splice.edits) < 400
    assert len(applied(splice, written.data)) == len(written.data)


@pytest.mark.parametrize(
    ("data", "state", "code"),
    [
        (b"", State.MALFORMED, "file-empty"),
        (b"[]", State.MALFORMED, "gltf-json"),
        (b"{}", State.MALFORMED, "gltf-no-asset"),
        (scene()[:-1], State.MALFORMED, "gltf-json"),
        (scene() + b"}", State.MALFORMED, "gltf-json"),
        (scene() + b"{}", State.MALFORMED, "gltf-json"),
        (scene(',"x":[1}'), State.MALFORMED, "gltf-json"),
        (scene(',"x":"open'), State.MALFORMED, "gltf-json"),
        (b'{"asset":' + b"[" * 5000 + b"]" * 5000 + b"}", State.UNREADABLE, "too-deep"),
        (b'{"asset":' * 5000 + b"1" + b"}" * 5000, State.UNREADABLE, "too-deep"),
        (scene(',"extras":{"AIGC":"{not a label"}'), State.MALFORMED, ""),
        (scene(',"extras":{"AIGC":""}'), State.MALFORMED, ""),
        (scene(',"extras":[1]'), State.UNLABELLED, ""),
    ],
)
def test_states(data: bytes, state: State, code: str) -> None:
    reading = survives(GLTF, data)
    assert (reading.state, [problem.code for problem in reading.problems]) == (state, [code] if code else [])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"glTF\2\0\0\0", "truncated"),
        (binary(scene())[:-1], "truncated"),
        (binary(scene(), version=1).replace(b"glTF\1", b"glTF\3"), "glb-version"),
        (binary(scene()).replace(b"JSON", b"BIN\0"), "glb-chunk"),
        (binary(scene(), (b"BIN\0", bytes(8)))[:-16] + b"\xff\xff\xff\xffBIN\0" + bytes(8), "glb-chunk"),
        (binary(scene())[:12] + b"\xff\xff\xff\x7f" + binary(scene())[16:], "glb-chunk"),
    ],
)
def test_broken_binaries_are_no_unlabelled_ones(data: bytes, code: str) -> None:
    reading = survives(GLB, data)
    assert (reading.state, [problem.code for problem in reading.problems]) == (State.MALFORMED, [code])


def test_endings_tell_avatars_from_models() -> None:
    for name, format in (("x.glb", "glb"), ("x.vrm", "vrm"), ("x", "glb"), ("x.gltf", "gltf")):
        with Source.open(scene() if format == "gltf" else binary(scene()), name=name) as source:
            assert (sniff(source).name, sniff(source).mismatch) == (format, False)


def test_buffers_are_not_read() -> None:
    data = binary(scene(), (b"BIN\0", bytes(3_000_000)))
    with Source.open(data, name="x.glb") as source:
        read_source(source)
        assert (source.reads <= 2, source.bytes_read < 8192) == (True, True)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.just("AIGC"), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=80)
@given(extras=st.dictionaries(st.text(max_size=5), _JSON, max_size=3), more=_JSON, indent=st.sampled_from([None, 1]))
def test_only_the_label_changes_in_any_json(extras: dict[str, Any], more: Any, indent: int | None) -> None:
    tree = {"asset": {"version": "2.0", "extras": extras}, "extras": more}
    data = json.dumps(tree, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if "\\ud" in json.dumps(tree) or b"AIGC" in data.upper():
        survives(GLTF, data)
        return
    written = json.loads(labelled(GLTF, Sample("x.gltf", data)).data)
    assert written["asset"]["extras"].pop("AIGC") == LABEL.to_json()
    assert written == tree


@settings(max_examples=60)
@given(junk=st.binary(max_size=60), at=st.integers(0, 300))
def test_anything_inside_is_met_with_our_errors_alone(junk: bytes, at: int) -> None:
    for container, data in ((GLTF, PLACES["first"][0]), (GLB, binary(PLACES["packet"][0]))):
        survives(container, data[:at] + junk + data[at:])


BLANKS = {
    "spaces in the string": lambda value: b'"' + b" " * (len(value) - 2) + b'"',
    "zeros in the string": lambda value: b'"' + bytes(len(value) - 2) + b'"',
    "spaces for the string": lambda value: b" " * len(value),
    "zeros for the string": lambda value: bytes(len(value)),
    "an empty string": lambda value: b'""'.ljust(len(value)),
}


@pytest.mark.parametrize("container", [Gltf(), Glb(), Vrm()], ids=lambda container: container.name)
@pytest.mark.parametrize("blank", BLANKS)
def test_a_value_blanked_in_place_is_a_trace(container: Gltf, blank: str) -> None:
    example = next(iter(container.examples()))
    data = labelled(container, Sample(example.name, example.data), LABEL).data
    value = json.dumps(LABEL.to_json()).encode()
    assert data.count(value) == 1
    blanked = data.replace(value, BLANKS[blank](value))
    assert len(blanked) == len(data)
    for thorough in (False, True):
        reading = reading_of(container, Sample(example.name, blanked), thorough=thorough)
        assert (reading.state, reading.label) == (State.MALFORMED, None)
        assert "label-emptied" in {problem.code for found in reading.found for problem in found.problems}


def test_fields_blanked_in_place_are_a_trace() -> None:
    data = labelled(GLB, Sample("x.glb", next(iter(Glb.examples())).data), PROPAGATED).data
    for _, field in PROPAGATED.items():
        if field:
            data = data.replace(b'\\"' + field.encode() + b'\\"', b'\\"' + b" " * len(field.encode()) + b'\\"')
    reading = reading_of(GLB, Sample("x.glb", data))
    assert (reading.state, reading.label) == (State.MALFORMED, None)
    assert "values-emptied" in {problem.code for found in reading.found for problem in found.problems}
