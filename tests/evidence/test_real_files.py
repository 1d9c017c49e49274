"""Real files from real tools: people's cameras, editors and encoders give no evidence; generators do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import samples
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.evidence.base import Basis, Evidence, Inspected, Says, Strength
from yinji.evidence.registry import gather
from yinji.regimes.base import Tier
from yinji.regimes.registry import regime


def evidence_of(path: Path) -> tuple[Evidence, ...]:
    with Source.open(path) as source:
        return gather(Inspected(source, read(source, thorough=True)))


@pytest.mark.usefixtures("sample_dir")
@pytest.mark.parametrize("kind", samples.JPEGS)
def test_jpegs_of_people_give_no_evidence(kind: str) -> None:
    assert evidence_of(samples.jpeg(kind)) == ()


@pytest.mark.usefixtures("sample_dir")
@pytest.mark.parametrize("kind", samples.PNGS)
def test_pngs_of_people_give_no_evidence(kind: str) -> None:
    assert evidence_of(samples.png(kind)) == ()


@pytest.mark.usefixtures("sample_dir")
def test_films_and_sounds_from_ffmpeg_give_no_evidence() -> None:
    for path in (samples.video("mp4"), samples.audio("mp3"), samples.audio("m4a")):
        assert evidence_of(path) == ()


def png(path: Path, **texts: str) -> Path:
    info = PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    Image.new("RGB", (8, 8), "white").save(path, pnginfo=info)
    return path


def test_a_png_of_a_local_tool_is_suspected(tmp_path: Path) -> None:
    graph = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 1}}})
    evidence = evidence_of(png(tmp_path / "a.png", prompt=graph, Software="GIMP 2.10"))
    assert [(e.detail["trace"], e.strength) for e in evidence] == [("comfyui-prompt", Strength.STRONG)]
    assert regime().decide(evidence).tier is Tier.SUSPECTED


def test_a_png_with_plain_words_under_the_same_key_is_not(tmp_path: Path) -> None:
    assert evidence_of(png(tmp_path / "a.png", prompt="draw your house", Software="GIMP 2.10")) == ()


@pytest.mark.parametrize("encoded", [b"ASCII\0\0\0", b"UNICODE\0"])
def test_parameters_in_the_exif_of_a_jpeg(tmp_path: Path, encoded: bytes) -> None:
    words = "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"
    body = words.encode("utf-16-be" if encoded == b"UNICODE\0" else "ascii")
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = encoded + body
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    (item,) = evidence_of(path)
    assert (item.detail["trace"], item.says, item.basis) == ("a1111-comment", Says.AI, Basis.TRACE)


def test_an_image_service_in_exif_make(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Ideogram AI"
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    assert [e.detail["trace"] for e in evidence_of(path)] == ["ideogram"]


def test_a_private_record_in_exif_is_a_trace_and_not_the_label(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = json.dumps({"aigc_info": {"aigc_label_type": 1}, "product": "doubao"})
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    (item,) = evidence_of(path)
    assert (item.detector, item.basis) == ("other-schemes", Basis.TRACE)
    assert regime().decide([item]).tier is Tier.SUSPECTED


def test_a_cut_file_is_never_called_unlabelled(tmp_path: Path) -> None:
    whole = png(tmp_path / "whole.png", Title="x" * 400).read_bytes()
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole[:200])
    (item,) = evidence_of(cut)
    assert item.basis is Basis.FAILURE
    verdict = regime().decide([item])
    assert (verdict.tier, verdict.reasons[0].rule) == (Tier.NONE, "R62")
