"""Ogg with Vorbis, Opus, Speex, FLAC and Theora: files of ffmpeg, judged by other people's readers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from yinji.containers.model import Reading, State
from yinji.containers.ogg.container import Ogg, Opus, Theora
from yinji.containers.ogg.pages import checksum, make, pages
from yinji.containers.reading import read
from yinji.containers.registry import by_name, sniff
from yinji.containers.source import Source
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel
from yinji.testing import LABEL, PROPAGATED, Sample, applied, check_container, labelled, media_hash, survives

PEER = Path(__file__).parents[1] / "fixtures" / "peers" / "metatoolkit-0.1.1.ogg"
OTHER = AigcLabel.first("001191110000MA0TE5T00Q10001", "older")
VALUE = OTHER.to_json()
OPUS = next(e.data for e in Opus.examples() if e.name.startswith("plain"))
KINDS = {
    "vorbis.ogg": ("-c:a", "libvorbis"),
    "opus.opus": ("-c:a", "libopus"),
    "speex.spx": ("-ar", "16000", "-c:a", "libspeex"),
    "flac.oga": ("-c:a", "flac"),
    "theora.ogv": ("-c:v", "libtheora", "-c:a", "libvorbis"),
}


@pytest.fixture(scope="module")
def files(sample_dir: Path) -> dict[str, Path]:
    made = {}
    for name, options in KINDS.items():
        picture = ("-f", "lavfi", "-i", "testsrc2=d=1:s=160x120") if name == "theora.ogv" else ()
        tone = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1")
        made[name] = sample_dir / name
        title = ("-metadata", "title=一个音")
        oracles.run("ffmpeg", "-v", "error", "-y", *picture, *tone, *options, *title, made[name])
    return made


def comments(*entries: str) -> bytes:
    out = b"\4\0\0\0test" + len(entries).to_bytes(4, "little")
    for entry in entries:
        out += len(entry.encode()).to_bytes(4, "little") + entry.encode()
    return out


def stream(*packets: bytes, serial: int = 7, per_page: int = 255) -> bytes:
    """One packet after the other, each on pages of its own."""
    out, number = b"", 0
    for index, packet in enumerate(packets):
        values = b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,))
        at = 0
        for start in range(0, len(values), per_page):
            own = values[start : start + per_page]
            flags = (1 if start else 0) | (2 if not number else 0) | (4 if index == len(packets) - 1 else 0)
            out += make(flags, bytes(8), serial, number, own, packet[at : at + sum(own)])
            at, number = at + sum(own), number + 1
    return out


HEAD = b"OpusHead\1\1\0\0\x80\xbb\0\0\0\0\0"
PACKET = b"\xf8\xff\xfe"


def opus(*entries: str, padding: bytes = b"", serial: int = 7) -> bytes:
    return stream(HEAD, b"OpusTags" + comments(*entries) + padding, PACKET, PACKET, serial=serial)


def reading_of(content: bytes, *, name: str = "a.opus", thorough: bool = True) -> Reading:
    with Source.open(content, name=name) as source:
        return read(source, thorough=thorough)


def label_in(content: bytes, label: AigcLabel = LABEL, name: str = "a.opus") -> bytes:
    with Source.open(content, name=name) as source:
        return labelled(by_name(sniff(source).name), Sample(name, content), label).data


def serial_pages(content: bytes) -> dict[int, list[int]]:
    """Page numbers by stream; every checksum is recomputed bit by bit, the slow way."""
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value >> 31 else value << 1) & 0xFFFFFFFF
        table.append(value)
    found: dict[int, list[int]] = {}
    end = 0
    for page in pages(Source.open(content), 0):
        data = content[page.start : page.start + 22] + bytes(4) + content[page.start + 26 : page.stop]
        value = 0
        for byte in data:
            value = (value << 8 & 0xFFFFFFFF) ^ table[value >> 24 ^ byte]
        assert value == page.checksum == checksum(data), f"checksum of the page at {page.start}"
        found.setdefault(page.serial, []).append(page.sequence)
        end = page.stop
    assert end == len(content)
    return found


def test_harness(files: dict[str, Path]) -> None:
    two = (f"AIGC={VALUE}", "TITLE=kept", f"aigc={VALUE}")
    chain = opus(f"AIGC={VALUE}", serial=1) + opus("TITLE=kept", f"AIGC={VALUE}", serial=2)
    same = opus(f"AIGC={VALUE}") * 2
    mixed = stream(HEAD, b"OpusTags" + comments(f"AIGC={VALUE}"), serial=1)
    bos, rest = mixed[: 28 + 19], mixed[28 + 19 :]
    second = stream(HEAD, b"OpusTags" + comments(f"AIGC={VALUE}"), PACKET, serial=2)
    woven = bos + second[: 28 + 19] + rest + second[28 + 19 :]
    doubled = [("two.opus", opus(*two)), ("chain.opus", chain), ("same.opus", same), ("woven.opus", woven)]
    names = ("vorbis.ogg", "speex.spx", "flac.oga")
    check_container(Ogg(), [(n, files[n].read_bytes()) for n in names], mutations=40)
    check_container(Opus(), [("opus.opus", files["opus.opus"].read_bytes())], doubled=doubled, mutations=40)
    check_container(Theora(), [("theora.ogv", files["theora.ogv"].read_bytes())], mutations=40)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_independent_readers(files: dict[str, Path], tmp_path: Path, name: str) -> None:
    path, out = files[name], tmp_path / name
    first = label_in(path.read_bytes(), name=name)
    out.write_bytes(label_in(first, PROPAGATED, name))
    assert oracles.ffprobe_label(out) == dict(PROPAGATED.items())
    if name not in ("flac.oga", "speex.spx"):  # exiftool does not look for comments there
        assert oracles.exiftool_label(out) == dict(PROPAGATED.items())
    tags = {key.lower(): value for key, value in oracles.mutagen(out)["tags"].items()}
    assert tags["title"] == ["一个音"] and tags["aigc"] == [PROPAGATED.to_json()]
    assert oracles.decoded_hash(out) == oracles.decoded_hash(path)
    assert oracles.stream_hash(out) == oracles.stream_hash(path)
    before, after = serial_pages(path.read_bytes()), serial_pages(out.read_bytes())
    assert after == before, "no page more, none renumbered"
    if name != "flac.oga":
        assert len(out.read_bytes()) == len(first), "the reserve takes the propagator's half"


def test_many_pages(tmp_path: Path, files: dict[str, Path]) -> None:
    """Comments over several pages; the page count changes, and every later page gets its new number."""
    picture = "METADATA_BLOCK_PICTURE=" + "A" * 65_025 * 2
    content = files["opus.opus"].read_bytes()
    with Source.open(content) as source:
        first, _, *rest = pages(source, 0)
    audio = b"".join(
        make(p.flags, p.position, p.serial, p.sequence + 2, p.segments, content[p.body : p.stop]) for p in rest
    )
    packet = b"OpusTags" + comments(picture)
    packet += bytes(-len(packet) % (65_025 * 3) - 1)
    head = stream(content[first.body : first.stop], packet, PACKET, serial=first.serial)
    head = head[: head.rindex(b"OggS")]
    whole = head + audio
    assert len(serial_pages(whole)[first.serial]) == len(rest) + 4
    full = label_in(label_in(whole[:], AigcLabel.first("001191110000MA0TE5T00Q10001", "x" * 900)), LABEL)
    long = AigcLabel(LABEL.label, LABEL.producer, LABEL.produce_id, "S" * 70_000, LABEL.propagator, "p", "")
    grown = label_in(whole, long)
    for out, label in ((full, LABEL), (grown, long)):
        assert [found.label for found in reading_of(out).found] == [label]
        numbers = serial_pages(out)[first.serial]
        assert numbers == list(range(len(numbers)))
        assert media_hash(Opus(), out) == media_hash(Opus(), whole)
        path = tmp_path / "out.opus"
        path.write_bytes(out)
        assert oracles.stream_hash(path).splitlines()[0] == oracles.stream_hash(files["opus.opus"]).splitlines()[0]
    assert len(serial_pages(grown)[first.serial]) > len(serial_pages(whole)[first.serial])


def test_damage_elsewhere_stays_damage() -> None:
    """Renumbering must not repair the checksum of a page that is broken."""
    content = bytearray(stream(HEAD, b"OpusTags" + comments("A=" + "b" * 64_700), PACKET, PACKET))
    content[-1] ^= 1
    out = label_in(bytes(content))
    with Source.open(out) as source:
        sound = [
            checksum(out[p.start : p.start + 22] + bytes(4) + out[p.start + 26 : p.stop]) == p.checksum
            for p in pages(source, 0)
        ]
    assert len(sound) == 5 and sound == [True, True, True, True, False]


def test_opus_binary_data_is_kept() -> None:
    """RFC 7845, 5.2: behind comments whose following byte is odd, data must stay; zeros are room."""
    data = b"\1binary that stays"
    out = label_in(opus("A=1", padding=data))
    assert data in out and reading_of(out).label == LABEL
    roomy = opus("A=1", padding=bytes(800))
    assert len(label_in(roomy)) == len(roomy)


def test_vorbis_framing_bit_stays(files: dict[str, Path]) -> None:
    out = label_in(files["vorbis.ogg"].read_bytes(), name="a.ogg")
    assert LABEL.to_json().encode() + b"\1" + bytes(1024) in out


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (opus(f"AIGC={VALUE}"), None),
        (opus("A=1", f"Aigc={VALUE}"), "key-case"),
        (opus(f"DESCRIPTION={VALUE}"), "key-name"),
        (opus(serial=1) + opus(f"AIGC={VALUE}", serial=2), None),
        (stream(HEAD, b"OpusTags" + comments("X=" + "y" * 9000, f"AIGC={VALUE}"), PACKET, per_page=10), None),
    ],
)
def test_places(content: bytes, problem: str | None) -> None:
    for thorough in (False, True):
        reading = reading_of(content, thorough=thorough)
        assert reading.state is State.LABELLED and reading.label == OTHER
        assert problem is None or problem in {p.code for p in reading.found[0].problems}
        start, stop = reading.found[0].start, reading.found[0].stop
        assert b"ContentProducer" in content[start:stop]
    out = label_in(content)
    assert out.count(b"ContentProducer") == 1 and [f.label for f in reading_of(out).found] == [LABEL]
    assert media_hash(Opus(), out) == media_hash(Opus(), content)
    serial_pages(out)


def test_emptied_in_place_is_no_clean_file() -> None:
    reading = reading_of(opus("AIGC=" + " " * len(VALUE)))
    assert reading.state is State.MALFORMED and "label-emptied" in {p.code for p in reading.found[0].problems}


def test_c2pa_stream_is_noticed() -> None:
    manifest = make(2, bytes(8), 99, 0, bytes((20,)), b"\0c2pa".ljust(20, b"\0"))
    assert "c2pa" in {block.carrier for block in reading_of(manifest + opus()).blocks}


def test_a_wrong_checksum_is_named_and_never_hidden() -> None:
    content = bytearray(opus("A=1", f"AIGC={VALUE}"))
    content[content.index(b"A=1") + 2] ^= 1
    reading = reading_of(bytes(content))
    assert reading.label == OTHER and "ogg-crc" in {p.code for p in reading.found[0].problems}
    with pytest.raises(Malformed) as raised:
        label_in(bytes(content))
    assert raised.value.code == "ogg-damaged"


def test_peer(tmp_path: Path) -> None:
    out = tmp_path / "out.ogg"
    out.write_bytes(label_in(PEER.read_bytes(), name="a.ogg"))
    assert oracles.ffprobe_label(out) == dict(LABEL.items())
    assert oracles.decoded_hash(out) == oracles.decoded_hash(PEER)
    before, after = oracles.mutagen(PEER)["tags"], oracles.mutagen(out)["tags"]
    assert len(after) == len(before) and str(after).count("ContentProducer") == 1


def test_reads_are_few(files: dict[str, Path]) -> None:
    for name in ("opus.opus", "vorbis.ogg"):
        plain = files[name].read_bytes()
        for content, most in ((plain, 4), (label_in(plain, name=name), 3)):
            with Source.open(content, name=name) as source:
                read(source)
                assert source.reads <= most


def test_propagation_in_place_is_small(files: dict[str, Path]) -> None:
    content = label_in(files["vorbis.ogg"].read_bytes(), name="a.ogg")
    with Source.open(content, name="a.ogg") as source:
        splice = Ogg().write(source, PROPAGATED, read(source, thorough=True), in_place=True)
    assert splice.moves_nothing and sum(len(edit.data) for edit in splice.edits) < 1300
    assert applied(splice, content).count(b"post-42") == 1


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (OPUS[:40], State.MALFORMED),
        (OPUS[:47], State.MALFORMED),
        (OPUS[47:], State.MALFORMED),
        (stream(HEAD, b"OpusTags\xff\xff\xff\xff", PACKET), State.MALFORMED),
        (stream(HEAD, b"OpusTags" + bytes(4) + b"\xff" * 4, PACKET), State.MALFORMED),
        (stream(HEAD, b"NotTags", PACKET), State.MALFORMED),
        (stream(b"\x80kate\0\0\0", b"\x81kate", b"x"), State.UNSUPPORTED),
        (stream(HEAD, b"OpusTags" + bytes(70_000))[: 28 + 19 + 300 + 200], State.MALFORMED),
        (make(2, bytes(8), 7, 0, bytes((19,)), HEAD) + make(2, bytes(8), 8, 0, b"\0", b"") * 100_001, State.UNREADABLE),
    ],
)
def test_hostile(content: bytes, state: State) -> None:
    reading = reading_of(content)
    assert reading.state is state
    assert all(p.text.zh and p.text.en != p.code for p in reading.problems)


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=600), max_size=4), st.integers(1, 4))
def test_any_packets(packets: list[bytes], per_page: int) -> None:
    survives(Opus(), stream(HEAD, b"OpusTags" + comments("A=1"), *packets, per_page=per_page))
    survives(Opus(), stream(HEAD, *packets, PACKET, per_page=per_page))
