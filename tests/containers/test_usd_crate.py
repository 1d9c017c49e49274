"""Binary layers of OpenUSD: labels read in every place, written without a change of anything that OpenUSD reads."""

from __future__ import annotations

import random
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import crate_files as files
import pytest
from crate_tables import lying
from test_usd import FIELDS, PLACES, data, package, single, text

from pictures import BARE
from yinji.containers.model import State
from yinji.containers.source import Source
from yinji.containers.usd import integers, lz4
from yinji.containers.usd.container import Usd, Usdz
from yinji.errors import Malformed, UnsupportedFormat
from yinji.testing import (
    LABEL,
    PROPAGATED,
    Sample,
    check_container,
    labelled,
    media_hash,
    mutated,
    reading_of,
    survives,
)

USD, USDZ = Usd(), Usdz()
LONG = "\n".join(f'int a{number} = {number}; string s{number} = "text {number}"' for number in range(300))
RICH = files.RICH.encode()
TEXTS = {
    "bare": (text(), ""),
    "rich": (RICH, ""),
    "long": (text(data(f"{LONG}\nstring AIGC = {single(BARE)}")), "usd-layer"),
    "dictionary": (PLACES["dictionary"][0], "usd-layer"),
    "comment": (PLACES["comment"][0], "usd-data"),
    "prim": (PLACES["prim"][0], "usd-data"),
    "nested": (
        text(data(f"string mood = 'calm'\ndictionary in = {{\nstring AIGC = {single(BARE)}\nint n = 1\n}}")),
        "",
    ),
    "made of fields": (text(data(f"dictionary mark = {{\n{FIELDS}\n}}")), "usd-data"),
}
VERSIONS = ("0.14.0", "0.4.0", "0.7.0")
OLDER = files.RICH.replace("    prepend payload = @./payload.usda@</P> (offset = 1)\n", "").encode()
"""What older versions can hold."""


@pytest.fixture(scope="module")
def crates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Text layers as OpenUSD itself writes them as binary ones."""
    folder = tmp_path_factory.mktemp("crates")
    return files.crates(folder, {name: content for name, (content, _) in TEXTS.items()})


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return files.large(tmp_path_factory.mktemp("large"))


def crate(content: bytes, name: str = "x.usdc") -> Sample:
    return Sample(name, content)


def test_harness(crates: dict[str, bytes], tmp_path: Path) -> None:
    both = files.crates(tmp_path, {"both": text(data(f"string AIGC = {single(BARE)}\nstring aigc = {single(BARE)}"))})
    check_container(
        USD, [("rich.usdc", crates["rich"])], doubled=[("both.usdc", both["both"])], ends_itself=False, mutations=25
    )
    two = package(tmp_path, ("a.usdc", crates["bare"]), ("b.usda", text()))
    three = package(tmp_path, ("a.usdc", both["both"]), ("b.usdc", crates["prim"]))
    check_container(USDZ, [("two.usdz", two)], doubled=[("three.usdz", three)], mutations=25)


@pytest.mark.parametrize("name", [name for name, (_, carrier) in TEXTS.items() if name != "nested"])
def test_labels_are_read_where_openusd_packed_them(name: str, crates: dict[str, bytes], tmp_path: Path) -> None:
    carrier = TEXTS[name][1]
    for container, content in ((USD, crates[name]), (USDZ, package(tmp_path, ("b.usdc", crates[name])))):
        reading = reading_of(container, Sample(f"x.{container.extensions[-1]}", content))
        assert [(found.label, found.carrier) for found in reading.found] == ([(LABEL, carrier)] if carrier else [])
        assert reading.state is (State.LABELLED if carrier else State.UNLABELLED)


def test_openusd_reads_the_label_and_all_else_as_before(crates: dict[str, bytes], large: bytes, tmp_path: Path) -> None:
    """Label, and a longer one that moves the tables: OpenUSD's own text of the layer is the same but for the label."""
    longer = LABEL.propagated(PROPAGATED.propagator, "post-" + "4" * 3001)
    plain = {name: content for name, content in crates.items() if not TEXTS[name][1] and name != "nested"}
    before = {"large": large} | plain
    for version in VERSIONS:
        made = files.crates(tmp_path, {"made": RICH if version == VERSIONS[0] else OLDER}, version)["made"]
        assert made[8:11] == bytes(map(int, version.split(".")))
        before[f"v{version[2:-2]}"] = made
    first = {f"{name}_1": labelled(USD, crate(content)).data for name, content in before.items()}
    second = {f"{name}_2": labelled(USD, crate(first[f"{name}_1"]), longer).data for name in before}
    told = files.told(tmp_path, **before, **first, **second)
    for name, content in before.items():
        assert told[name][0] is None
        assert told[f"{name}_1"] == [LABEL.to_json(), *told[name][1:]], name
        assert told[f"{name}_2"] == [longer.to_json(), *told[name][1:]], name
        assert len(first[f"{name}_1"]) - len(content) < 1600
        assert first[f"{name}_1"][24 : len(content) // 2] == content[24 : len(content) // 2] or len(content) < 4000
        assert {media_hash(USD, each) for each in (first[f"{name}_1"], second[f"{name}_2"])} == {
            media_hash(USD, content)
        }


@pytest.mark.parametrize("name", [name for name, (_, carrier) in TEXTS.items() if carrier or name == "nested"])
def test_every_place_is_replaced_by_the_one(name: str, crates: dict[str, bytes], tmp_path: Path) -> None:
    written = labelled(USD, crate(crates[name]), PROPAGATED).data
    reading = reading_of(USD, crate(written))
    assert [(found.label, found.carrier) for found in reading.found] == [(PROPAGATED, "usd-layer")]
    assert media_hash(USD, written) == media_hash(USD, crates[name])
    assert written.count(b'"ContentProducer"') == 1
    told = files.told(tmp_path, after=written)["after"]
    assert told[0] == PROPAGATED.to_json()


def test_the_digest_tells_scenes_apart(tmp_path: Path) -> None:
    """A value that stands in a table is content as much as one that stands outside."""
    bodies = (
        b"radius = 2\n",
        b"radius = 3\n",
        b'radius = 2\n    string s = "a"\n',
        b'radius = 2\n    string s = "b"\n',
    )
    texts = {f"n{i}": text().replace(b"radius = 2\n", body) for i, body in enumerate(bodies)}
    made = files.crates(tmp_path, texts)
    assert len({media_hash(USD, content) for content in made.values()}) == len(bodies)


def test_openusd_saves_what_was_written(crates: dict[str, bytes], tmp_path: Path) -> None:
    """OpenUSD writes over the tables from the first on: nothing of ours may stand behind them."""
    written = labelled(USD, crate(crates["rich"])).data
    change = "layer.documentation = 'another'; data = dict(layer.customLayerData); data['more'] = 1; "
    again = files.saved(tmp_path, written, change + "layer.customLayerData = data")
    assert reading_of(USD, crate(again)).label == LABEL
    passed = labelled(USD, crate(again), PROPAGATED).data
    (found,) = reading_of(USD, crate(passed)).found
    assert found.label == PROPAGATED
    told = files.told(tmp_path, before=again, after=passed)
    assert told["after"] == [PROPAGATED.to_json(), *told["before"][1:]]
    other = files.saved(tmp_path, written, f"layer.customLayerData = {{'AIGC': {PROPAGATED.to_json()!r}}}")
    assert {found.label for found in reading_of(USD, crate(other)).found} >= {PROPAGATED}
    (found,) = reading_of(USD, crate(labelled(USD, crate(other), PROPAGATED).data)).found
    assert found.label == PROPAGATED


def test_packages_stay_stored_and_aligned(crates: dict[str, bytes], tmp_path: Path) -> None:
    """Other parts keep every byte; what OpenUSD's own writer makes of a layer with a texture is taken as well."""
    before = content = package(tmp_path, ("a.usdc", crates["rich"]), ("b.usdc", crates["prim"]))
    longer = LABEL.propagated(PROPAGATED.propagator, "post-" + "4" * 3001)
    for label in (LABEL, PROPAGATED, longer):
        content = labelled(USDZ, Sample("x.usdz", content), label).data
        with zipfile.ZipFile(BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["a.usdc", "b.usdc", "0/colour.png"]
            assert archive.read("0/colour.png") == bytes(range(201))
            for info in archive.infolist():
                header = content[info.header_offset : info.header_offset + 30]
                lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
                assert info.compress_type == zipfile.ZIP_STORED
                assert (info.header_offset + 30 + lengths) % 64 == 0
        assert media_hash(USDZ, content) == media_hash(USDZ, before)
    told = files.told(tmp_path, before=before, after=content)
    assert told["after"] == [longer.to_json(), *told["before"][1:]]
    sphere = next(example.data for example in USDZ.examples() if example.name == "binary.usdz")
    written = labelled(USDZ, Sample("x.usdz", sphere)).data
    assert files.complaints(tmp_path, written) == files.complaints(tmp_path, sphere)


def test_propagation_is_small_and_in_place(crates: dict[str, bytes], tmp_path: Path) -> None:
    for container, content in ((USD, crates["rich"]), (USDZ, package(tmp_path, ("a.usdc", crates["rich"])))):
        written = labelled(container, Sample(f"x.{container.extensions[0]}", content))
        with Source.open(written.data, name=written.name) as source:
            splice = container.write(source, PROPAGATED, reading_of(container, written), in_place=True)
        assert splice.moves_nothing
        assert sum(len(edit.data) for edit in splice.edits) < 450


def test_of_large_layers_only_tables_are_read(large: bytes, tmp_path: Path) -> None:
    for container, content in ((USD, large), (USDZ, package(tmp_path, ("a.usdc", large)))):
        written = labelled(container, Sample("x.usdz", content)).data
        with Source.open(written, name=f"x.{container.extensions[-1]}") as source:
            assert any(block.key == "AIGC" for block in container.blocks(source, thorough=True))
            assert source.bytes_read < len(content) // 8


@pytest.mark.parametrize("version", ["0.0.1", "0.3.0"])
def test_layers_that_openusd_no_longer_opens_are_read_and_not_written(version: str, tmp_path: Path) -> None:
    made = files.crates(tmp_path, {"old": TEXTS["dictionary"][0], "bare": text()}, version)
    assert made["old"][8:11] == bytes(map(int, version.split(".")))
    assert [found.carrier for found in reading_of(USD, crate(made["old"])).found] == ["usd-layer"]
    assert reading_of(USD, crate(made["bare"])).state is State.UNLABELLED
    with pytest.raises(UnsupportedFormat) as raised:
        labelled(USD, crate(made["bare"]))
    assert raised.value.code == "usd-crate-old"


def test_what_cannot_be_written_is_refused(crates: dict[str, bytes], tmp_path: Path) -> None:
    scene = text().replace(b"double radius", f"string[] said = [{double_quoted(BARE)}]\n    double radius".encode())
    seen = files.crates(tmp_path, {"scene": scene})["scene"]
    assert [found.carrier for found in reading_of(USD, crate(seen)).found] == ["usd-data"]
    bare = crates["bare"]
    contents = struct.unpack_from("<Q", bare, 16)[0]
    first = contents + 8
    twice = bare[: first + 32] + bare[first : first + 16] + bare[first + 48 :]
    for content, error, code in (
        (seen, UnsupportedFormat, "usd-crate-second"),
        (bare[:9] + b"\x63" + bare[10:], UnsupportedFormat, "usd-crate-version"),
        (twice, Malformed, "usd-crate-damaged"),
        (bare[:-20], Malformed, "usd-crate-damaged"),
    ):
        with pytest.raises(error) as raised:
            labelled(USD, crate(content))
        assert raised.value.code == code


def double_quoted(value: str) -> str:
    return '"' + value.replace('"', '\\"') + '"'


def test_damaged_binary_layers_are_told(crates: dict[str, bytes]) -> None:
    for whole in (crates["dictionary"], labelled(USD, crate(crates["rich"])).data):
        chance = random.Random(1)
        for _ in range(100):
            survives(USD, mutated(chance, whole), "x.usdc")
        for cut in range(8, len(whole), 23):
            assert reading_of(USD, crate(whole[:cut])).state is State.MALFORMED
    newer = crates["bare"][:9] + b"\x63" + crates["bare"][10:]
    (problem,) = reading_of(USD, crate(newer)).problems
    assert problem.code == "usd-crate-version"


def test_tables_that_lie_change_nothing_of_the_scene(crates: dict[str, bytes]) -> None:
    """What is not refused holds the label alone, and all else as before."""
    chance = random.Random(45438)
    layers = [crates["rich"], crates["prim"], labelled(USD, crate(crates["rich"])).data]
    for _ in range(100):
        survives(USD, lying(chance, chance.choice(layers)), "x.usdc")


def test_packing_and_unpacking() -> None:
    chance = random.Random(45438)
    for size in (0, 1, 5, 12, 13, 100, 5000, 70_000):
        for content in (chance.randbytes(size), bytes(size), (b"primvars:displayColor\0xform" * size)[:size]):
            front, rest = lz4.matched(content)
            for plain in (b"", b"x", b"label" * 400):
                packed = lz4.ended(front, rest + plain)
                assert lz4.expanded(packed, size + len(plain)) == content + plain
                assert packed.endswith(plain)
                assert len(packed) < len(content + plain) * 1.01 + 16
        numbers = [chance.choice((chance.randrange(1 << 32), n, 0xFFFFFFFF, 70_000)) for n in range(size // 50)]
        assert list(integers.unpacked(integers.packed(numbers), len(numbers))) == numbers
