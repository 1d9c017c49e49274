"""Files labelled by other people's tools: each is read, or classified with the named problem (see the README there)."""

from __future__ import annotations

from pathlib import Path

import pytest

from yinji.containers.model import State
from yinji.containers.reading import read
from yinji.containers.source import Source

PEERS = Path(__file__).parent.parent / "fixtures" / "peers"
XMP = ("xmp", "attribute")

# file: format, carrier and shape, ProduceID, problems of the label that must be named
READ = {
    "cntc260-0.0.2.jpg": ("jpeg", *XMP, {"xmp-attribute", "non-string-value"}),
    "cntc260-0.0.2.png": ("png", *XMP, {"xmp-attribute", "non-string-value"}),
    "cntc260-0.0.2.mp4": ("mp4", *XMP, {"xmp-attribute", "non-string-value", "place"}),
    "cntc260-0.0.2.mov": ("mov", *XMP, {"xmp-attribute", "non-string-value", "place"}),
    "cntc260-0.0.2.m4a": ("m4a", *XMP, {"xmp-attribute", "non-string-value", "place"}),
    "cntc260-0.0.2.webp": ("webp", "xmp", "element", {"non-string-value"}),
    "metatoolkit-0.1.1.jpg": ("jpeg", *XMP, {"xmp-namespace", "key-spelling", "characters"}),
    "metatoolkit-0.1.1.png": ("png", "png-text", "repr", {"python-repr", "key-spelling", "place"}),
    "metatoolkit-0.1.1.mp3": ("mp3", "id3-txxx", "bare", {"json-spaces", "key-spelling", "characters"}),
    "metatoolkit-0.1.1.flac": ("flac", "vorbis-comment", "bare", {"json-spaces", "key-spelling", "characters"}),
    "metatoolkit-0.1.1.ogg": ("ogg", "vorbis-comment", "bare", {"json-spaces", "key-spelling", "characters"}),
    "metatoolkit-0.1.1.mov": ("mov", "mdta", "bare", {"json-spaces", "key-spelling", "characters"}),
    "npm-image-aigc-metadata-1.0.4.jpg": ("jpeg", "jpeg-app", "bare", {"before-jfif", "place"}),
    "npm-image-aigc-metadata-1.0.4-cjk.jpg": ("jpeg", "jpeg-app", "bare", {"before-jfif", "place", "characters"}),
    "npm-image-aigc-metadata-1.0.4.png": ("png", "png-text", "bare", {"place"}),
}
NAMED = {
    "metatoolkit-0.1.1.mkv": ("matroska", "video/x-matroska"),
}


def test_every_fixture_is_in_a_table() -> None:
    assert {p.name for p in PEERS.iterdir()} - {"README.md"} == READ.keys() | NAMED.keys()


@pytest.mark.parametrize("name", sorted(READ))
@pytest.mark.parametrize("thorough", [False, True])
def test_read(name: str, thorough: bool) -> None:
    format, carrier, shape, problems = READ[name]
    with Source.open(PEERS / name) as source:
        reading = read(source, thorough=thorough)
    assert (reading.format, reading.state) == (format, State.LABELLED)
    (found,) = reading.found
    assert (found.carrier, found.shape) == (carrier, shape)
    assert problems <= {problem.code for problem in found.problems}
    assert found.label is not None
    expected = {"cntc260": "A2012102390129310", "metatoolkit": "P-测试-1"}.get(name.split("-")[0])
    assert found.label.produce_id == (expected or ("P-测试-1" if "cjk" in name else "P-1"))
    assert all(text for problem in found.problems for text in problem.text)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_named_honestly(name: str) -> None:
    with Source.open(PEERS / name) as source:
        reading = read(source)
    assert (reading.format, reading.media_type) == NAMED[name]
    if reading.state is State.UNSUPPORTED:
        assert [problem.code for problem in reading.problems] == ["unsupported-format"]
    else:
        assert reading.state is State.LABELLED
    assert reading.state is not State.UNLABELLED
