"""ID3v2 tags of every version, flag and encoding, and tags that lie."""

from __future__ import annotations

import itertools
import struct
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from yinji.containers import xmp
from yinji.containers.id3.edit import tag_edits
from yinji.containers.id3.tag import parse_tag, resynchronised, tag_blocks, unsynchronised
from yinji.containers.model import Reading, State
from yinji.containers.mp3 import Mp3
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.errors import Encrypted, YinjiError
from yinji.labels.aigc import AigcLabel
from yinji.limits import Limits
from yinji.testing import LABEL, applied

BARE = next(e.data for e in Mp3.examples() if "bare" in e.name)
OTHER = AigcLabel.first("某某公司", "ÿ-older")
VALUE = OTHER.to_json()
ASCII = AigcLabel.first("001191110000MA0TE5T00Q10001", "older")


def syncsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def tag(version: int, body: bytes, flags: int = 0) -> bytes:
    return b"ID3" + bytes((version, 0, flags)) + syncsafe(len(body)) + body


def frame(version: int, name: bytes, body: bytes, flags: int = 0) -> bytes:
    if version == 2:
        return name + len(body).to_bytes(3, "big") + body
    size = syncsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
    return name + size + struct.pack(">H", flags) + body


def user_text(encoding: int, value: str, key: str = "AIGC") -> bytes:
    codec = ("latin-1", "utf-16", "utf-16-be", "utf-8")[encoding]
    end = b"\0\0" if encoding in (1, 2) else b"\0"
    return bytes((encoding,)) + key.encode(codec) + end + value.encode(codec)


def reading_of(content: bytes, limits: Limits | None = None) -> Reading:
    with Source.open(content, name="a.mp3", limits=limits or Limits()) as source:
        return read(source, thorough=True)


def labelled(content: bytes, label: AigcLabel = LABEL) -> bytes:
    with Source.open(content, name="a.mp3") as source:
        return applied(Mp3().write(source, label, read(source, thorough=True), in_place=False), content)


def codes(reading: Reading) -> set[str]:
    return {p.code for p in reading.problems}


CASES = {
    "2.2 utf-16": tag(2, frame(2, b"TXX", user_text(1, VALUE))),
    "2.2 latin-1": tag(2, frame(2, b"TXX", user_text(0, ASCII.to_json()))),
    "2.3 latin-1": tag(3, frame(3, b"TXXX", user_text(0, ASCII.to_json()))),
    "2.3 utf-16": tag(3, frame(3, b"TXXX", user_text(1, VALUE))),
    "2.3 utf-16 one mark": tag(
        3, frame(3, b"TXXX", b"\1" + "\ufeffAIGC\0".encode("utf-16-le") + VALUE.encode("utf-16-le"))
    ),
    "2.3 grouped": tag(3, frame(3, b"TXXX", b"\7" + user_text(1, VALUE), 0x20)),
    "2.3 compressed": tag(3, frame(3, b"TXXX", struct.pack(">I", 999) + zlib.compress(user_text(1, VALUE)), 0x80)),
    "2.3 unsynchronised": tag(3, unsynchronised(frame(3, b"TXXX", user_text(1, VALUE)) + bytes(40)), 0x80),
    "2.3 extended": tag(3, struct.pack(">IHI", 6, 0, 20) + frame(3, b"TXXX", user_text(1, VALUE)) + bytes(20), 0x40),
    "2.4 latin-1": tag(4, frame(4, b"TXXX", user_text(0, ASCII.to_json()))),
    "2.4 utf-16": tag(4, frame(4, b"TXXX", user_text(1, VALUE))),
    "2.4 utf-16-be": tag(4, frame(4, b"TXXX", user_text(2, VALUE))),
    "2.4 utf-8": tag(4, frame(4, b"TXXX", user_text(3, VALUE) + b"\0")),
    "2.4 grouped": tag(4, frame(4, b"TXXX", b"\7" + user_text(3, VALUE), 0x40)),
    "2.4 length": tag(4, frame(4, b"TXXX", syncsafe(99) + user_text(3, VALUE), 0x01)),
    "2.4 compressed": tag(4, frame(4, b"TXXX", syncsafe(999) + zlib.compress(user_text(3, VALUE)), 0x09)),
    "2.4 unsynchronised": tag(4, frame(4, b"TXXX", unsynchronised(user_text(1, VALUE)), 0x02), 0x80),
    "2.4 extended": tag(4, syncsafe(6) + b"\1\0" + frame(4, b"TXXX", user_text(3, VALUE)), 0x40),
    "2.4 plain sizes": tag(
        4, b"TXXX" + struct.pack(">IH", len(user_text(3, VALUE)), 0) + user_text(3, VALUE) + frame(4, b"TIT2", b"\3t")
    ),
    "lower case": tag(4, frame(4, b"TXXX", user_text(3, VALUE, "aigc"))),
}


@pytest.mark.parametrize("case", CASES)
def test_read_and_replaced(case: str, tmp_path: Path) -> None:
    content = CASES[case] + BARE
    expected = ASCII if "latin" in case else OTHER
    reading = reading_of(content)
    assert reading.state is State.LABELLED and [f.label for f in reading.found] == [expected]
    out = labelled(content)
    assert [f.label for f in reading_of(out).found] == [LABEL]
    assert out[:4] == content[:4], "the version stays"
    assert out.endswith(BARE)
    path = tmp_path / "a.mp3"
    path.write_bytes(out)
    assert oracles.mutagen(path)["tags"]["TXXX:AIGC"] == [LABEL.to_json()]


@pytest.mark.parametrize("version", [2, 3, 4])
def test_non_ascii_label_in_every_version(version: int, tmp_path: Path) -> None:
    title = frame(version, b"TT2" if version == 2 else b"TIT2", b"\0title")
    path = tmp_path / "a.mp3"
    path.write_bytes(labelled(tag(version, title) + BARE, OTHER))
    assert oracles.ffprobe_label(path) == dict(OTHER.items())
    assert oracles.mutagen(path)["tags"]["TIT2"] == ["title"]


def test_other_frames_keep_their_bytes() -> None:
    before = frame(3, b"APIC", bytes(range(256)) * 3) + frame(3, b"TXXX", user_text(1, VALUE))
    after = frame(3, b"PRIV", b"me\0" + bytes(99)) + frame(3, b"TIT2", b"\0x")
    out = labelled(tag(3, before + after + bytes(2000)) + BARE)
    assert frame(3, b"APIC", bytes(range(256)) * 3) in out and after in out
    assert len(out) == len(tag(3, before + after + bytes(2000)) + BARE)


def test_checksums_and_padding_sizes_are_kept_right() -> None:
    old = frame(3, b"TIT2", b"\0title")
    extended = struct.pack(">IHII", 10, 0x8000, 30, zlib.crc32(old))
    out = labelled(tag(3, extended + old + bytes(30), 0x40) + BARE)
    size, flags, padding, crc = struct.unpack(">IHII", out[10:24])
    end = 10 + sum(byte << shift for byte, shift in zip(out[6:10], (21, 14, 7, 0), strict=True))
    assert (size, flags, padding) == (10, 0x8000, 1024) and crc == zlib.crc32(out[24 : end - padding])
    old = frame(4, b"TIT2", b"\0title")
    out = labelled(tag(4, syncsafe(12) + b"\1\x20\5\0\0\0\0\0" + old, 0x40) + BARE)
    end = 10 + sum(byte << shift for byte, shift in zip(out[6:10], (21, 14, 7, 0), strict=True))
    value = zlib.crc32(out[22:end])
    assert out[17:22] == bytes(value >> shift & 0x7F for shift in (28, 21, 14, 7, 0))


def test_footer_means_no_padding() -> None:
    body = frame(4, b"TIT2", b"\3title")
    content = tag(4, body, 0x10) + b"3DI" + tag(4, body, 0x10)[3:10] + BARE
    out = labelled(content)
    end = out.index(b"3DI")
    assert out[end + 3 : end + 10] == out[3:10] and out[end - 1 : end] == b"}" and out[end + 10 :] == BARE
    assert reading_of(out).label == LABEL


def test_whole_unsynchronised_tag_keeps_its_size_while_padding_lasts() -> None:
    inner = frame(3, b"PRIV", b"x\0\xff\xff\xe0\xff\0") + frame(3, b"TXXX", user_text(1, VALUE)) + bytes(900)
    content = tag(3, unsynchronised(inner), 0x80) + BARE
    out = labelled(content, OTHER.propagated("B" * 27, "post"))
    assert len(out) == len(content)
    assert frame(3, b"PRIV", b"x\0\xff\xff\xe0\xff\0") in resynchronised(out)


def test_xmp_in_a_private_frame() -> None:
    packet = xmp.with_label(None, ASCII.to_json())
    content = tag(4, frame(4, b"PRIV", b"XMP\0" + packet) + frame(4, b"TIT2", b"\3x")) + BARE
    reading = reading_of(content)
    assert reading.label == ASCII and reading.found[0].carrier == "xmp"
    assert [(f.label, f.carrier) for f in reading_of(labelled(content)).found] == [(LABEL, "id3-txxx")]


def test_manifest_store_is_a_block() -> None:
    store = b"\0application/x-c2pa-manifest-store\0c2pa\0\0" + b"jumb"
    blocks = [b.carrier for b in reading_of(tag(4, frame(4, b"GEOB", store)) + BARE).blocks]
    assert blocks == ["c2pa"]


def test_inside_another_file_at_any_position() -> None:
    """What containers of WAV and AIFF use: a tag in the middle of a file, edited within its own range."""
    title = frame(3, b"TIT2", b"\0title")
    content = b"x" * 33 + tag(3, title + frame(3, b"TXXX", user_text(1, VALUE))) + b"y" * 9
    with Source.open(content) as source:
        found = parse_tag(source, 33)
        assert found is not None and found.stop == len(content) - 9
        assert {b.key for b in tag_blocks(found)} == {"TIT2", "AIGC"}
        out = applied(Splice.of(tag_edits(found, LABEL.to_json())), content)
    assert out.startswith(b"x" * 33 + b"ID3") and out.endswith(b"y" * 9)
    with Source.open(out) as source:
        again = parse_tag(source, 33)
        assert again is not None and again.stop == len(out) - 9
        assert {b.key: b.value for b in tag_blocks(again)}["AIGC"] == LABEL.to_json()


def test_encrypted_text_cannot_be_judged() -> None:
    for version, flag in ((3, 0x40), (4, 0x04)):
        secret = frame(version, b"TXXX", b"\x01" + bytes(40), flag)
        reading = reading_of(tag(version, secret) + BARE)
        assert reading.state is State.UNREADABLE and "id3-encrypted" in codes(reading)
        assert reading_of(tag(version, secret + frame(version, b"TXXX", user_text(1, VALUE))) + BARE).label == OTHER
    with Source.open(tag(4, frame(4, b"TXXX", b"\1" + bytes(9), 4))) as source:
        found = parse_tag(source, 0)
        assert found is not None
        with pytest.raises(Encrypted):
            list(tag_blocks(found))


def test_inflating_frame_is_capped() -> None:
    bomb = zlib.compress(bytes(64 << 20), 9)
    for version, flags, head in ((3, 0x80, 4), (4, 0x09, 4)):
        content = tag(version, frame(version, b"TXXX", bytes(head) + bomb, flags)) + BARE
        script = (
            "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20));"
            "from yinji.containers.reading import read; from yinji.containers.source import Source;"
            "r = read(Source.open(sys.stdin.buffer.read(), name='a.mp3'));"
            "print(r.state, [p.code for p in r.problems])"
        )
        said = oracles.run(sys.executable, "-c", script, input=content)
        assert said.decode().strip() == "unreadable ['id3-inflate']"


@pytest.mark.parametrize(
    ("content", "state", "code"),
    [
        (b"ID3\4\0\0\x7f\x7f\x7f\x7f" + BARE, State.MALFORMED, "truncated"),
        (b"ID3\4\0\0\xff\xff\xff\xff" + BARE, State.MALFORMED, "id3-size"),
        (b"ID3\5\0\0\0\0\0\0" + BARE, State.MALFORMED, "id3-version"),
        (tag(2, bytes(20), 0x40) + BARE, State.MALFORMED, "id3-compressed"),
        (tag(3, b"\xff\xff\xff\xff" + bytes(20), 0x40) + BARE, State.MALFORMED, "id3-size"),
        (tag(4, b"\0\0\0\3" + bytes(20), 0x40) + BARE, State.MALFORMED, "id3-size"),
        (tag(4, b"TXXX\0\0\7\x7f\0\0\3AIGC\0") + BARE, State.MALFORMED, "id3-frame"),
        (tag(4, b"junk of another kind") + BARE, State.MALFORMED, "id3-frame"),
        (tag(4, frame(4, b"TXXX", syncsafe(9) + b"no deflate", 9)) + BARE, State.MALFORMED, "id3-frame"),
    ],
)
def test_damage_is_named(content: bytes, state: State, code: str) -> None:
    reading = reading_of(content)
    assert reading.state is state and code in codes(reading)


def test_many_tiny_frames_are_bounded() -> None:
    content = tag(4, frame(4, b"TIT2", b"\3") * 3000) + BARE
    assert "too-many-elements" in codes(reading_of(content, Limits(elements=1000)))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(CASES)),
    st.lists(st.tuples(st.integers(0, 900), st.binary(min_size=1, max_size=6)), max_size=5),
)
def test_damage_raises_only_our_errors(case: str, damage: list[tuple[int, bytes]]) -> None:
    content = bytearray(CASES[case] + BARE + CASES[case])
    for at, replacement in damage:
        content[at : at + len(replacement)] = replacement
    reading_of(bytes(content))
    try:
        out = labelled(bytes(content))
    except YinjiError:
        return
    assert [f.label for f in reading_of(out).found] == [LABEL]


@given(st.binary(max_size=200))
def test_unsynchronisation_round_trip(data: bytes) -> None:
    safe = unsynchronised(data)
    assert resynchronised(safe) == data or data.endswith(b"\xff")
    assert not any(a == 0xFF and b >= 0xE0 for a, b in itertools.pairwise(safe))
