"""The registry: content decides, at most one container is imported, and every other format gets its right name."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import samples
from yinji.containers import foreign, registry
from yinji.containers.base import Container
from yinji.containers.model import Kind, State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.errors import UnsupportedFormat, UsageError


def sniffed(data: bytes, name: str = "") -> registry.Identity:
    return registry.sniff(Source.open(data, name=name))


def test_names_are_unique_and_rows_agree_with_their_containers() -> None:
    names = [row.name for row in registry.BUILT_IN + foreign.ROWS]
    assert len(names) == len(set(names))
    for row, container in zip(registry.BUILT_IN, registry.containers(), strict=False):
        assert isinstance(container, Container)
        assert container.name == row.name
        assert set(row.extensions) == set(container.extensions), row.name
        assert registry.by_name(row.name) is container


def test_unknown_name() -> None:
    with pytest.raises(UsageError) as caught:
        registry.by_name("webp-but-not")
    assert caught.value.code == "no-such-container"


@pytest.mark.parametrize("name", ["jpeg", "png", "mp4", "mp3", "pdf", "markdown"])
def test_sniffing_imports_one_container(name: str) -> None:
    container = registry.by_name(name)
    example = next(iter(container.examples()))
    file = f"x.{container.extensions[0]}"
    code = (
        "import sys; from yinji.containers.registry import sniff; from yinji.containers.source import Source;"
        f"assert sniff(Source.open({example.data!r}, name={file!r})).name == {name!r};"
        "homes = {'jpeg.container', 'png.container', 'bmff.container', 'mp3', 'pdf.container', 'text.markdown',"
        " 'text.plain'};"
        "print(*sorted(h for h in homes if f'yinji.containers.{h}' in sys.modules));"
        "print(*sorted({m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    out = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    homes, roots = out.splitlines()
    assert homes == {"mp4": "bmff.container", "mp3": "mp3", "markdown": "text.markdown"}.get(name, f"{name}.container")
    assert {root for root in roots.split() if not root.startswith("_")} <= {"yinji", "sitecustomize"}


@pytest.mark.parametrize(
    ("ending", "kind", "name"),
    [
        ("mkv", "video", "matroska"),
        ("webm", "video", "webm"),
        ("flv", "video", "flv"),
        ("avi", "video", "avi"),
        ("ts", "video", "mpegts"),
        ("wav", "audio", "wav"),
        ("flac", "audio", "flac"),
        ("ogg", "audio", "ogg"),
        ("opus", "audio", "opus"),
        ("aac", "audio", "aac"),
        ("aiff", "audio", "aiff"),
    ],
)
def test_real_files_of_audio_and_video(ending: str, kind: str, name: str, sample_dir: Path) -> None:
    path = samples.video(ending) if kind == "video" else samples.audio(ending)
    with Source.open(path) as source:
        reading = read(source)
    assert (reading.format, reading.kind) == (name, Kind(kind))
    assert reading.state is (State.UNSUPPORTED if name == "mpegts" else State.UNLABELLED)
    assert registry.by_name(name).name == name


@pytest.mark.parametrize(
    ("format", "name"),
    [("WEBP", "webp"), ("GIF", "gif"), ("TIFF", "tiff"), ("BMP", "bmp"), ("ICO", "ico"), ("DDS", "dds")],
)
def test_pictures_of_other_formats(format: str, name: str) -> None:
    out = io.BytesIO()
    samples.picture().save(out, format)
    identity = sniffed(out.getvalue())
    assert (identity.name, identity.kind, identity.mismatch) == (name, Kind.IMAGE, False)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\0\0\0\x18ftypheic", "heic"),
        (b"\0\0\0\x18ftypavif", "avif"),
        (b"\0\0\0\x18ftypmif1", "heif"),
        (b"\0\0\0\x18ftypcrx ", "cr3"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
        (b"\xff\x0a\xfa", "jxl"),
        (b"glTF\2\0\0\0", "glb"),
        (b"<?xml version='1.0'?>\n<!-- x -->\n<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"<!DOCTYPE html><html>", "html"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "asf"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "rf64"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b"{\\rtf1", "rtf"),
        (bytes(257) + b"ustar\0" + bytes(200), "tar"),
        (b"\x89\x50\0\0 nothing known \1\2\3", "unknown"),
        (b"", "unknown"),
    ],
)
def test_magic(data: bytes, name: str) -> None:
    assert sniffed(data).name == name
    if name in {row.name for row in foreign.ROWS}:
        with pytest.raises(UnsupportedFormat) as caught:
            registry.identify(Source.open(data))
        assert caught.value.details["name"] == name


@pytest.mark.parametrize(
    ("entries", "ending", "name"),
    [
        (["[Content_Types].xml", "word/document.xml"], "", "docx"),
        (["[Content_Types].xml", "xl/workbook.xml"], "", "xlsx"),
        (["[Content_Types].xml", "ppt/presentation.xml"], "", "pptx"),
        (["[Content_Types].xml"], "dotx", "docx"),
        (["OFD.xml"], "", "ofd"),
        (["a.txt"], "", "zip"),
        (["a.txt"], "jar", "zip"),
    ],
)
def test_zip_documents(entries: list[str], ending: str, name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for entry in entries:
            archive.writestr(entry, "x")
    assert sniffed(out.getvalue(), f"x.{ending}" if ending else "").name == name


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("application/epub+zip", "epub"),
        ("application/vnd.oasis.opendocument.text", "odt"),
        ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
        ("application/vnd.oasis.opendocument.presentation", "odp"),
    ],
)
def test_documents_with_a_mimetype_entry(media_type: str, name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", media_type)
    assert sniffed(out.getvalue(), f"x.{name}").name == name
    if name == "epub":
        assert sniffed(out.getvalue()).name == name


@pytest.mark.parametrize(
    ("data", "name", "format"),
    [
        (b"# title", "x.md", "markdown"),
        (b"hello", "x.txt", "text"),
        ("你好".encode(), "", "text"),
        (b"hello", "x.py", "text"),
        (b"{}", "x.json", "json"),
        (b"garbage\0", "x.jpg", "jpeg"),
        (b"\0", "x.mp4", "mp4"),
    ],
)
def test_the_ending_decides_where_content_is_silent(data: bytes, name: str, format: str) -> None:
    identity = sniffed(data, name)
    assert (identity.name, identity.mismatch) == (format, False)


def test_content_wins_over_the_ending_and_says_so() -> None:
    data = next(iter(registry.by_name("png").examples())).data
    for name, mismatch in (("x.jpg", True), ("x.webp", True), ("x.png", False), ("x.bin", False), ("", False)):
        reading = read(Source.open(data, name=name))
        assert reading.format == "png"
        assert ("extension-mismatch" in [p.code for p in reading.problems]) == mismatch
        assert reading.state is (State.UNSUPPORTED if name == "mpegts" else State.UNLABELLED)


def test_ambiguous_boxes_follow_the_ending_else_mp4() -> None:
    data = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
    assert [sniffed(data, n).name for n in ("", "x.mp4", "x.m4a", "x.m4v")] == ["mp4", "mp4", "m4a", "m4v"]
    assert sniffed(b"\0\0\0\x14ftypqt  ", "x.mp4").name == "mov"
