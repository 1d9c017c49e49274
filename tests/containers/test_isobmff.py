"""MP4, MOV, M4A, M4V, 3GP: real files, written and judged by other people's readers."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

import bmff
import oracles
import samples
from yinji.containers import executors
from yinji.containers.bmff.container import M4a, M4v, Mov, Mp4, ThreeG2, ThreeGp
from yinji.containers.model import Kind, State
from yinji.containers.reading import read
from yinji.containers.registry import by_name, sniff
from yinji.containers.source import Source
from yinji.limits import KIB
from yinji.testing import LABEL, PROPAGATED, check_container

PEERS = Path(__file__).parents[1] / "fixtures" / "peers"
REAL = [
    ("mp4", ""),
    ("mp4", "faststart"),
    ("mp4", "fragmented"),
    ("mov", ""),
    ("mov", "faststart"),
    ("m4v", ""),
    ("3gp", ""),
]
FAMILY = (Mp4, Mov, M4a, M4v, ThreeGp, ThreeG2)


def real_files() -> list[Path]:
    return [samples.video(ending, kind) if kind else samples.video(ending) for ending, kind in REAL] + [
        samples.audio("m4a")
    ]


def written(path: Path, out: Path, label=LABEL, *, in_place: bool = False) -> Path:
    if in_place:
        shutil.copyfile(path, out)
    with Source.open(out if in_place else path) as source:
        reading = read(source, thorough=True)
        splice = by_name(reading.format).write(source, label, reading, in_place=in_place)
        if not in_place:
            executors.write_new(source, splice, out, verify=lambda _: None, overwrite=True, durable=False)
    if in_place:
        executors.write_in_place(out, splice, verify=lambda _: None)
    return out


def found_in(path: Path):
    with Source.open(path) as source:
        return read(source, thorough=True)


@pytest.mark.parametrize("container", FAMILY, ids=lambda c: c.name)
def test_harness(container, sample_dir: Path) -> None:
    real = [p for p in real_files() if p.suffix[1:] == container.name]
    check_container(container(), [(p.name, p.read_bytes()) for p in real], mutations=60)


@pytest.mark.parametrize("in_place", [False, True])
def test_independent_readers(sample_dir: Path, tmp_path: Path, in_place: bool) -> None:
    for path in real_files():
        first = written(path, tmp_path / path.name, in_place=in_place)
        out = written(first, tmp_path / f"again-{path.name}", PROPAGATED, in_place=in_place)
        assert oracles.ffprobe_label(first) == dict(LABEL.items()), path
        assert oracles.exiftool_label(out) == dict(PROPAGATED.items()), path
        assert oracles.stream_hash(out) == oracles.stream_hash(path), path


def test_decodes_the_same(sample_dir: Path, tmp_path: Path) -> None:
    for kind in ("faststart", "fragmented"):
        path = samples.video("mp4", kind)
        out = written(path, tmp_path / path.name)
        assert oracles.decoded_hash(out) == oracles.decoded_hash(path)
        oracles.run("ffmpeg", "-v", "error", "-xerror", "-i", out, "-f", "null", "-")
        new = set(oracles.exiftool_warnings(out)) - set(oracles.exiftool_warnings(path))
        assert all("Duplicate tag 'meta'" in warning for warning in new), new  # beside iTunes' own, by the guide


def test_the_guides_place_byte_for_byte(sample_dir: Path, tmp_path: Path) -> None:
    out = written(samples.video("3gp"), tmp_path / "a.3gp")
    value = LABEL.to_json().encode()
    (meta,) = bmff.payloads(out.read_bytes(), "moov/udta/meta")
    assert meta == bmff.mdta_meta({b"AIGC": value})[8:]
    assert bmff.payloads(out.read_bytes(), "moov/free") == [bytes(1016)] or bmff.payloads(
        out.read_bytes(), "moov/udta/free"
    ) == [bytes(1016)]


def test_header_stays_where_it_is(sample_dir: Path, tmp_path: Path) -> None:
    for kind in ("", "faststart"):
        path = samples.video("mp4", kind) if kind else samples.video("mp4")
        before = [name for name, *_ in bmff.walk(path.read_bytes()) if "/" not in name]
        after = [name for name, *_ in bmff.walk(written(path, tmp_path / path.name).read_bytes()) if "/" not in name]
        assert after == before


def test_in_place_moves_no_media(sample_dir: Path, tmp_path: Path) -> None:
    path = samples.video("mp4", "faststart")
    out = written(path, tmp_path / path.name, in_place=True)
    old, new = path.read_bytes(), out.read_bytes()
    top = [name for name, *_ in bmff.walk(new) if "/" not in name]
    assert top[-1] == "moov" and top[1] == "free"
    mdat = next((start, stop) for name, start, _, stop in bmff.walk(old) if name == "mdat")
    assert new[mdat[0] : mdat[1]] == old[mdat[0] : mdat[1]]
    assert oracles.ffprobe_label(out) == dict(LABEL.items())
    longer = PROPAGATED.propagated(PROPAGATED.propagator, "p" * 3000)
    again = written(out, tmp_path / "again.mp4", longer, in_place=True)
    assert again.read_bytes().count(b"ContentProducer") == 1, "a copy of the label stayed behind"
    assert oracles.ffprobe_label(again) == dict(longer.items())
    assert oracles.stream_hash(again) == oracles.stream_hash(path)


def test_old_header_keeps_no_label_when_a_new_one_is_appended(sample_dir: Path, tmp_path: Path) -> None:
    first = written(samples.video("mp4", "faststart"), tmp_path / "first.mp4")
    out = written(first, tmp_path / "out.mp4", LABEL.propagated("x" * 27, "p" * 3000), in_place=True)
    content = out.read_bytes()
    assert [name for name, *_ in bmff.walk(content) if "/" not in name][-1] == "moov"
    assert content.count(b"ContentProducer") == content.count(b"mdtaAIGC") == 1
    assert oracles.stream_hash(out) == oracles.stream_hash(first)


def test_propagation_is_one_small_write(sample_dir: Path, tmp_path: Path) -> None:
    for path in real_files():
        out = written(path, tmp_path / path.name)
        with Source.open(out) as source:
            reading = read(source, thorough=True)
            splice = by_name(reading.format).write(source, PROPAGATED, reading, in_place=False)
        assert splice.moves_nothing and len(splice.edits) == 1 and len(splice.edits[0].data) < 1024, path


def test_free_box_behind_the_header_takes_the_growth(sample_dir: Path, tmp_path: Path) -> None:
    path = samples.video("mp4", "faststart")
    content = path.read_bytes()
    at = next(stop for name, _, _, stop in bmff.walk(content) if name == "moov")
    roomy = tmp_path / "roomy.mp4"
    oracles.run("ffmpeg", "-v", "error", "-i", path, "-c", "copy", "-movflags", "+faststart", "-moov_size", "0", roomy)
    # ffmpeg leaves a free box of 8 bytes behind moov; make it 4 KiB with every chunk offset moved by hand.
    moved = 4096
    table = bytearray(content[:at])
    for name, _, body, stop in bmff.walk(content):
        if name.endswith("stco"):
            for offset in range(body + 8, stop, 4):
                table[offset : offset + 4] = (int.from_bytes(table[offset : offset + 4], "big") + moved).to_bytes(
                    4, "big"
                )
    roomy.write_bytes(bytes(table) + bmff.box(b"free", bytes(moved - 8)) + content[at:])
    assert oracles.stream_hash(roomy) == oracles.stream_hash(path)
    out = written(roomy, tmp_path / "out.mp4")
    assert out.stat().st_size == roomy.stat().st_size
    assert oracles.ffprobe_label(out) == dict(LABEL.items())
    assert oracles.stream_hash(out) == oracles.stream_hash(path)


def test_beside_itunes_tags_and_cover(sample_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "tagged.m4a"
    shutil.copyfile(samples.audio("m4a"), path)
    cover = tmp_path / "cover.jpg"
    samples.picture().save(cover)
    script = (
        "import sys; from mutagen.mp4 import MP4, MP4Cover; f = MP4(sys.argv[1]); f['\\xa9nam'] = '歌'; "
        "f['----:com.apple.iTunes:NOTE'] = b'kept'; f['covr'] = [MP4Cover(open(sys.argv[2], 'rb').read())]; f.save()"
    )
    oracles.run(sys.executable, "-c", script, path, cover)
    before = oracles.mutagen(path)
    out = written(path, tmp_path / "out.m4a")
    assert oracles.mutagen(out) == before
    assert oracles.ffprobe_label(out) == oracles.exiftool_label(out) == dict(LABEL.items())
    assert oracles.ffprobe(out)["format"]["tags"]["title"] == "歌"
    assert oracles.stream_hash(out) == oracles.stream_hash(path)


def test_other_keys_stay(sample_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "keyed.mp4"
    oracles.run(
        "ffmpeg", "-v", "error", "-i", samples.video("mp4"), "-c", "copy", "-movflags", "use_metadata_tags",
        "-metadata", "scene=forest", "-metadata", "AIGC={}", "-metadata", "take=7", path,
    )  # fmt: skip
    before = oracles.ffprobe(path)["format"]["tags"]
    out = written(path, tmp_path / "out.mp4")
    after = oracles.ffprobe(out)["format"]["tags"]
    assert json.loads(after.pop("AIGC")) == dict(LABEL.items())
    before.pop("AIGC")
    assert after == before and after["scene"] == "forest" and after["take"] == "7"


@pytest.mark.parametrize(
    ("name", "carrier", "shape"),
    [
        ("cntc260-0.0.2.mp4", "xmp", "attribute"),
        ("cntc260-0.0.2.mov", "xmp", "attribute"),
        ("cntc260-0.0.2.m4a", "xmp", "attribute"),
        ("metatoolkit-0.1.1.mov", "mdta", "bare"),
    ],
)
def test_peers(name: str, carrier: str, shape: str, tmp_path: Path) -> None:
    path = PEERS / name
    reading = found_in(path)
    assert reading.state is State.LABELLED
    assert [(f.carrier, f.shape) for f in reading.found] == [(carrier, shape)]
    out = written(path, tmp_path / name)
    again = found_in(out)
    assert [f.label for f in again.found] == [LABEL] and again.found[0].carrier == "mdta"
    assert oracles.ffprobe_label(out) == dict(LABEL.items())
    assert oracles.exiftool_label(out) == dict(LABEL.items())
    assert oracles.stream_hash(out) == oracles.stream_hash(path)


def test_tail_header_costs_few_reads(sample_dir: Path) -> None:
    with Source.open(samples.video("mp4")) as source:
        assert read(source).state is State.UNLABELLED
        head = 4096
        assert source.bytes_read - head < 16 * KIB and source.reads <= 4


@pytest.mark.parametrize(
    ("head", "endings", "name"),
    [
        ("ftypisom ftypiso6 ftypmp41 ftypmp42 ftypavc1 ftypdash ftypiso5 ftypMSNV ftypXAVC", ("mp4", ""), "mp4"),
        ("ftypf4v_", ("f4v", ""), "mp4"),
        ("stypmsdh", ("m4s", ""), "mp4"),
        ("ftypM4A_ ftypM4B_", ("m4a", "m4b", ""), "m4a"),
        ("ftypisom ftypmp42", ("m4a",), "m4a"),
        ("ftypM4V_", ("m4v", ""), "m4v"),
        ("ftypqt__ moov mdat wide free skip pnot", ("mov", ""), "mov"),
        ("ftyp3gp4 ftyp3gp5 ftyp3gr6", ("3gp", ""), "3gp"),
        ("ftyp3g2a", ("3g2", ""), "3g2"),
    ],
)
def test_brands(head: str, endings: tuple[str, ...], name: str) -> None:
    for start, ending in ((start, ending) for start in head.split() for ending in endings):
        brand = start.replace("_", " ").encode()
        content = bmff.box(brand[:4], brand[4:] + bytes(4) + brand[4:])
        scores = {c.name: c().score(content[:64], ending) for c in FAMILY}
        assert [n for n, score in scores.items() if score] == [name] and scores[name] >= 80
        with Source.open(content, name=f"a.{ending}") as source:
            assert sniff(source).name == name


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"avif", b"avis", b"crx ", b"jp2 "])
def test_stills_are_not_claimed(brand: bytes) -> None:
    head = bmff.box(b"ftyp", brand, bytes(4), b"mif1")
    assert [c().score(head, "mp4") for c in FAMILY] == [0] * len(FAMILY)


def test_media_types() -> None:
    assert {c.name: (c.media_type, c.kind) for c in FAMILY} == {
        "mp4": ("video/mp4", Kind.VIDEO),
        "mov": ("video/quicktime", Kind.VIDEO),
        "m4a": ("audio/mp4", Kind.AUDIO),
        "m4v": ("video/x-m4v", Kind.VIDEO),
        "3gp": ("video/3gpp", Kind.VIDEO),
        "3g2": ("video/3gpp2", Kind.VIDEO),
    }
