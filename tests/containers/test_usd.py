"""OpenUSD text layers and USDZ: the harness, every place of a label, alignment, and what OpenUSD itself reads."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pictures import BARE, WRAPPED
from yinji.containers.model import Reading, State
from yinji.containers.reading import read as read_source
from yinji.containers.registry import sniff
from yinji.containers.source import Source
from yinji.containers.usd.container import Usd, Usdz
from yinji.testing import (
    LABEL,
    PROPAGATED,
    Sample,
    check_container,
    labelled,
    media_hash,
    reading_of,
    survives,
)

USD, USDZ = Usd(), Usdz()
BALL = b'\ndef Sphere "Ball" (\n    doc = "a \\"ball\\" (round) }"\n)\n{\n    double radius = 2\n}\n'
_OPENUSD = """
import hashlib, json, sys
from pxr import Sdf
layer = Sdf.Layer.FindOrOpen(sys.argv[1])
data = dict(layer.customLayerData)
label = data.pop("AIGC", None)
layer.customLayerData = data
if not data:
    layer.ClearCustomLayerData() if hasattr(layer, "ClearCustomLayerData") else None
print(json.dumps([label, hashlib.sha256(layer.ExportToString().encode()).hexdigest()]))
"""


def text(metadata: str = "", body: bytes = BALL) -> bytes:
    return b"#usda 1.0\n" + (f"(\n{metadata}\n)\n".encode() if metadata else b"") + body


def data(entries: str) -> str:
    return "    customLayerData = {\n" + entries + "\n    }"


def single(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def double(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


FIELDS = "\n".join(f'string {key} = "{value}"' for key, value in LABEL.items())
PLACES = {
    "single quotes": (text(data(f"string AIGC = {single(BARE)}")), "usd-layer", "bare", set()),
    "double quotes": (text(data(f"string AIGC = {double(BARE)}")), "usd-layer", "bare", set()),
    "three quotes": (text(data(f'string AIGC = """{BARE} """')), "usd-layer", "bare", set()),
    "quoted name": (text(data(f'string "AIGC" = {single(BARE)}')), "usd-layer", "bare", set()),
    "semicolons": (text(data(f"int a = 1; string AIGC = {single(BARE)}; int b = 2")), "usd-layer", "bare", set()),
    "wrapped": (text(data(f"string AIGC = {single(WRAPPED)}")), "usd-layer", "wrapped", set()),
    "dictionary": (text(data(f"dictionary AIGC = {{\n{FIELDS}\n}}")), "usd-layer", "bare", set()),
    "lower case": (text(data(f"string aigc = {single(BARE)}")), "usd-data", "bare", {"key-case", "usd-place", "place"}),
    "misspelt": (text(data(f"string AGIC = {single(BARE)}")), "usd-data", "bare", {"key-name", "usd-place"}),
    "comment": (text(f"    doc = {single(BARE)}"), "usd-data", "bare", {"key-name", "usd-place"}),
    "prim": (
        text(body=f'\ndef Sphere "B" (\n customData = {{\n string AIGC = {single(BARE)}\n }}\n)\n{{\n}}\n'.encode()),
        "usd-data",
        "bare",
        {"usd-place", "place"},
    ),
}


def openusd(content: bytes, path: Path) -> list[str]:
    """The label and a digest of all else, as OpenUSD reads them in a process of its own."""
    import json

    path.write_bytes(content)
    done = subprocess.run([sys.executable, "-c", _OPENUSD, path], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()[-1000:]
    return list(json.loads(done.stdout))


def package(tmp_path: Path, *layers: tuple[str, bytes]) -> bytes:
    """A package by OpenUSD's own writer, with a texture."""
    (tmp_path / "0").mkdir(exist_ok=True)
    (tmp_path / "0" / "colour.png").write_bytes(bytes(range(201)))
    for name, content in layers:
        (tmp_path / name).write_bytes(content)
    script = (
        "import sys; from pxr import Sdf; w = Sdf.ZipFileWriter.CreateNew('out.usdz')\n"
        "[w.AddFile(n, n) for n in sys.argv[1:]]; w.Save()"
    )
    names = [name for name, _ in layers]
    subprocess.run([sys.executable, "-c", script, *names, "0/colour.png"], cwd=tmp_path, check=True, timeout=60)
    return (tmp_path / "out.usdz").read_bytes()


def read(content: bytes, *, thorough: bool = True) -> Reading:
    return reading_of(USD, Sample("x.usda", content), thorough=thorough)


def test_harness(tmp_path: Path) -> None:
    texts = {
        "bare": text(),
        "crlf": text(data("string a = 'b'")).replace(b"\n", b"\r\n"),
        "comment first": b"#usda 1.0\n# (not this)\n( doc = '''it's'''\n)\n" + BALL,
        "assets": text("    subLayers = [@./a(b.usda@, @@@x@y@@@]\n    upAxis = 'Y'"),
        "header only": b"#usda 1.0",
        "empty data": text(data("")),
    }
    doubled = [("two.usda", text(data(f"string AIGC = {single(BARE)}\nstring aigc = {single(BARE)}")))]
    real = [(f"{name}.usda", content) for name, content in texts.items()]
    check_container(USD, real, doubled=doubled, ends_itself=False, mutations=25)
    two = package(tmp_path, ("a.usda", texts["assets"]), ("b.usda", texts["bare"]))
    three = [("both.usdz", package(tmp_path, ("a.usda", doubled[0][1]), ("b.usda", PLACES["prim"][0])))]
    check_container(USDZ, [("two.usdz", two)], doubled=three, mutations=25)


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_read(name: str, tmp_path: Path) -> None:
    content, carrier, shape, codes = PLACES[name]
    for container, each in ((USD, content), (USDZ, package(tmp_path, ("a.usda", content)))):
        reading = reading_of(container, Sample(f"x.{container.extensions[0]}", each))
        assert reading.state is State.LABELLED
        (found,) = reading.found
        assert (found.label, found.carrier, found.shape) == (LABEL, carrier, shape)
        assert {problem.code for problem in found.problems} >= codes


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_replaced_by_the_one(name: str, tmp_path: Path) -> None:
    content = PLACES[name][0]
    written = labelled(USD, Sample("x.usda", content), PROPAGATED).data
    assert [(f.label, f.carrier) for f in read(written).found] == [(PROPAGATED, "usd-layer")]
    assert written.count(b"ContentProducer") == 1
    assert media_hash(USD, written) == media_hash(USD, content)
    assert openusd(written, tmp_path / "x.usda")[0] == PROPAGATED.to_json()


@pytest.mark.parametrize("metadata", ["", '    upAxis = "Z"', data("string mood = 'calm'\nint n = 1")])
def test_openusd_reads_the_label_and_all_else_as_before(metadata: str, tmp_path: Path) -> None:
    content = text(metadata)
    before = openusd(content, tmp_path / "before.usda")
    after = openusd(labelled(USD, Sample("x.usda", content)).data, tmp_path / "after.usda")
    assert before[0] is None
    assert after == [LABEL.to_json(), before[1]]
    packed = labelled(USDZ, Sample("x.usdz", package(tmp_path, ("a.usda", content)))).data
    assert openusd(packed, tmp_path / "after.usdz") == after


def test_packages_stay_stored_and_aligned(tmp_path: Path) -> None:
    content = package(tmp_path, ("a.usda", text()), ("b.usda", text(data("int n = 1"))))
    for label in (LABEL, PROPAGATED, LABEL.propagated(PROPAGATED.propagator, "post-" + "4" * 3001)):
        content = labelled(USDZ, Sample("x.usdz", content), label).data
        with zipfile.ZipFile(BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["a.usda", "b.usda", "0/colour.png"]
            assert archive.read("0/colour.png") == bytes(range(201))
            for info in archive.infolist():
                header = content[info.header_offset : info.header_offset + 30]
                lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
                assert info.compress_type == zipfile.ZIP_STORED
                assert (info.header_offset + 30 + lengths) % 64 == 0


def test_propagation_is_small_and_in_place(tmp_path: Path) -> None:
    for container, content in ((USD, text()), (USDZ, package(tmp_path, ("a.usda", text())))):
        name = f"x.{container.extensions[0]}"
        written = labelled(container, Sample(name, content))
        with Source.open(written.data, name=name) as source:
            splice = container.write(source, PROPAGATED, reading_of(container, written), in_place=True)
        assert splice.moves_nothing
        assert sum(len(edit.data) for edit in splice.edits) < 450


@pytest.mark.parametrize(
    ("content", "state", "code"),
    [
        (b"", State.MALFORMED, "file-empty"),
        (b"#usda", State.MALFORMED, "usd-header"),
        (text()[:-2], State.MALFORMED, "usd-text"),
        (text(data("string a = 'open")), State.MALFORMED, "usd-text"),
        (text() + b"}", State.MALFORMED, "usd-text"),
        (text(body=b"(" * 400), State.UNREADABLE, "too-deep"),
        (text(data("string AIGC = '{not a label'")), State.MALFORMED, ""),
        (text(data("string AIGC = ''")), State.MALFORMED, ""),
        (text(body=b"# a comment with AIGC { and '\n"), State.UNLABELLED, ""),
    ],
)
def test_states(content: bytes, state: State, code: str) -> None:
    reading = survives(USD, content)
    assert (reading.state, [problem.code for problem in reading.problems]) == (state, [code] if code else [])


def test_packages_are_known_without_their_ending(tmp_path: Path) -> None:
    for name, content, format in (
        ("x", package(tmp_path, ("a.usda", text())), "usdz"), ("x.usdz", package(tmp_path, ("a.usda", text())), "usdz"),
        ("x", text(), "usd"), ("x.usda", text(), "usd"), ("x.usdc", b"PXR-USDC" + bytes(80), "usd"),
    ):  # fmt: skip
        with Source.open(content, name=name) as source:
            assert (sniff(source).name, sniff(source).mismatch) == (format, False)


def test_textures_are_not_read(tmp_path: Path) -> None:
    package(tmp_path, ("a.usda", text()))
    (tmp_path / "0" / "colour.png").write_bytes(bytes(2_000_000))
    script = "from pxr import Sdf; w = Sdf.ZipFileWriter.CreateNew('o.usdz'); w.AddFile('a.usda', 'a.usda'); "
    script += "w.AddFile('0/colour.png', '0/colour.png'); w.Save()"
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=60)
    with Source.open(tmp_path / "o.usdz") as source:
        assert read_source(source).state is State.UNLABELLED
        assert source.reads <= 4
        assert source.bytes_read < 65536


@settings(max_examples=60)
@given(junk=st.binary(max_size=60), at=st.integers(0, 400))
def test_anything_inside_is_met_with_our_errors_alone(junk: bytes, at: int) -> None:
    content = PLACES["semicolons"][0]
    survives(USD, content[:at] + junk + content[at:])
