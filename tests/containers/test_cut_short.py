"""A file that lacks bytes its own structure promises is "cannot tell", never "no label", and all verbs say so (R62)."""

from __future__ import annotations

from pathlib import Path

import pytest

import heif_files
import oracles
import pdf_files
import phone_photos
import pictures
import samples
import yinji
from yinji.containers.base import Container
from yinji.containers.bmff.boxes import make_box
from yinji.containers.model import State
from yinji.containers.reading import read as read_source
from yinji.containers.registry import containers
from yinji.containers.source import Source
from yinji.errors import Truncated, UnreadableInput
from yinji.testing import LABEL, Sample, labelled, reading_of

WITHOUT_LENGTH = frozenset(("mp3", "aac", "html", "markdown", "srt", "vtt", "ass", "csv", "json", "text", "mpegts"))
"""Rows of frames or packets that may end after any, and texts."""

ENDLESS = frozenset(
    (
        *("streamed.wav", "live.mkv", "live.webm"),  # written before their length was known
        "bare.jxl",  # a codestream that only its decoder could tell the end of
        *("sphere.usda", "metadata.usda", "data.usda"),  # texts; of these, braces that were opened are missed
    )
)
OPEN_ENDS = {"flac": 6, "pdf": 7}
"""Bytes at the end that may be missing: what follows the header of the last frame; the line ``%%EOF``."""

EXAMPLES = [
    pytest.param(container, id=container.name) for container in containers() if container.name not in WITHOUT_LENGTH
]


def states(container: Container, name: str, data: bytes) -> set[State]:
    return {reading_of(container, Sample(name, data), thorough=each).state for each in (False, True)}


def is_written(container: Container, name: str, data: bytes) -> bool:
    try:
        labelled(container, Sample(name, data))
    except UnreadableInput:
        return False
    return True


@pytest.mark.parametrize("container", EXAMPLES)
def test_every_format_with_an_end_of_its_own(container: Container) -> None:
    for example in container.examples():
        name = example.name if "." in example.name else f"{example.name}.{container.extensions[0]}"
        data = example.data.rstrip(b"\0\n")  # padding, and the last line's end
        for kept in (len(data) // 10, len(data) // 2, len(data) * 9 // 10, len(data) - 1):
            found = states(container, name, data[:kept])
            if example.name not in ENDLESS and kept < len(data) - OPEN_ENDS.get(container.name, 0):
                assert State.UNLABELLED not in found, (name, kept)
            if State.UNLABELLED in found and container.writable:
                assert len(found) == 1, (name, kept)
                assert is_written(container, name, data[:kept]), f"{name}: read says that {kept} bytes are all"


def read(data: bytes, name: str) -> set[State]:
    found = set()
    for thorough in (False, True):
        with Source.open(data, name=name) as source:
            reading = read_source(source, thorough)
            found.add(reading.state)
    return found


FILES = {
    "strips.tif": lambda: pictures.tiff("lzw"),
    "tiles.heic": lambda: heif_files.heic("thumbnails"),
    "sequence.avif": lambda: heif_files.avif("animated"),
    "two.jpg": lambda: samples.jpeg("mpf").read_bytes(),
    "gain-map.jpg": phone_photos.jpeg,
    "motion.jpg": lambda: phone_photos.jpeg(with_map=False, with_film=True),
    "film.mp4": lambda: samples.video("mp4").read_bytes(),
    "film.mov": lambda: samples.video("mov").read_bytes(),
    "film.mkv": lambda: samples.video("mkv").read_bytes(),
    "film.avi": lambda: samples.video("avi").read_bytes(),
    "film.flv": lambda: samples.video("flv").read_bytes(),
    "sound.ogg": lambda: samples.audio("ogg").read_bytes(),
    "sound.opus": lambda: samples.audio("opus").read_bytes(),
    "sound.flac": lambda: samples.audio("flac").read_bytes(),
    "sound.wav": lambda: samples.audio("wav").read_bytes(),
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_real_encoders(name: str, tmp_path: Path) -> None:
    data = FILES[name]()
    assert read(data, name) == {State.UNLABELLED}
    for kept in (len(data) // 10, len(data) // 2, len(data) * 9 // 10, len(data) - 2):
        if name == "sound.flac" and kept == len(data) - 2:
            continue  # within the last frame
        assert read(data[:kept], name) == {State.MALFORMED}, kept
        with pytest.raises(UnreadableInput):
            yinji.label(data[:kept], LABEL, metadata_only=True, output=tmp_path / name, filename=name)


def test_media_that_are_missing_whole() -> None:
    """A file that ends between two boxes, RIFFs, tags or pages ends properly; what it tells of is missing still."""
    cuts = {"mp4": b"mdat", "heif": b"mdat", "avi": b"RIFF", "flv": b"\x08\0\0\x11", "ogg": b"OggS", "theora": b"OggS"}
    for container in containers():
        mark = cuts.get(container.name)
        for example in container.examples() if mark else ():
            at = example.data.rfind(mark) - (4 if mark == b"mdat" else 0)
            is_told = (container.name, example.name) not in (("avi", "bare.avi"), ("avi", "named.avi"))
            if at > 0 and is_told and example.name not in ("object.flv", "bare.flv", "inside.heif"):
                assert states(container, example.name, example.data[:at]) == {State.MALFORMED}, example.name


def test_fragments_that_an_index_lists(tmp_path: Path) -> None:
    path = tmp_path / "indexed.mp4"
    sight = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=4")
    flags = ("-g", "25", "-movflags", "+frag_keyframe+empty_moov+global_sidx+default_base_moof")
    oracles.run("ffmpeg", "-v", "error", *sight, *flags, path)
    data = path.read_bytes()
    assert read(data, path.name) == {State.UNLABELLED}
    assert read(data[: data.rfind(b"moof") - 4], path.name) == {State.MALFORMED}
    init = data[: data.index(b"sidx") - 4]
    assert read(init + make_box(b"free", bytes(8)), path.name) == {State.UNLABELLED}  # an initialisation segment


def test_pictures_that_were_taken_out_whole_are_no_damage() -> None:
    """Many programs keep the list of a phone's picture and drop what it lists."""
    for data in (samples.jpeg("mpf").read_bytes(), phone_photos.jpeg(), phone_photos.jpeg(with_film=True)):
        first = data[: data.index(b"\xff\xd9") + 2]
        assert read(first, "a.jpg") == {State.UNLABELLED}
        assert read(first + b"\0" * 40, "a.jpg") == {State.UNLABELLED}


def test_a_flac_says_how_much_is_missing(tmp_path: Path) -> None:
    data = samples.audio("flac").read_bytes()
    with pytest.raises(Truncated) as cut:
        yinji.label(data[: len(data) // 2], LABEL, metadata_only=True, output=tmp_path / "a.flac", filename="a.flac")
    assert cut.value.code == "flac-cut"
    assert 0 < cut.value.details["samples"] < cut.value.details["total"]
    total = data.index(b"fLaC") + 8 + 13
    unknown = data[:total] + bytes((data[total] & 0xF0,)) + bytes(4) + data[total + 5 :]
    assert read(unknown[: len(data) // 2], "piped.flac") == {State.UNLABELLED}


def test_an_update_that_begins_with_its_table_is_missed() -> None:
    data = pdf_files.hybrid()
    assert read(data[: data.rindex(b"trailer")], "a.pdf") == {State.MALFORMED}
