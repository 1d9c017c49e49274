"""The dictionary of traces: every row finds its trace, and no camera, editor or encoder is taken for a generator."""

from __future__ import annotations

import json
import struct

import pytest

from yinji.containers.model import Block, Kind, Reading, State
from yinji.containers.source import Source
from yinji.evidence.base import Basis, Evidence, Inspected, Says, Strength
from yinji.evidence.generator_trace import GeneratorTrace
from yinji.evidence.traces import _trace, dictionary

PARAMETERS = (
    "a cat, best quality\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x512"
)
GRAPH = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 1}}})
WORKFLOW = json.dumps({"last_node_id": 9, "nodes": [], "links": []})
UUID = "6fa459ea-ee8a-3ca4-894e-db77e160355e"
SIGNATURE = "Signature: " + "Ab3+" * 20


def exif(**tags: str) -> bytes:
    """A TIFF structure with the given texts; UserComment goes to the EXIF directory with its character code."""
    numbers = {"ImageDescription": 0x010E, "Make": 0x010F, "Model": 0x0110, "Software": 0x0131, "Artist": 0x013B}
    comment = tags.pop("UserComment", None)
    first = [(numbers[name], 2, text.encode() + b"\0") for name, text in tags.items()]
    second = [] if comment is None else [(0x9286, 7, b"ASCII\0\0\0" + comment.encode())]
    entries = len(first) + (1 if second else 0)
    at = 8 + 2 + 12 * entries + 4
    directory, values = b"", b""

    def placed(tag: int, kind: int, value: bytes, end: int) -> tuple[bytes, bytes]:
        padded = value if len(value) > 4 else value.ljust(5, b"\0")
        return struct.pack("<HHII", tag, kind, len(padded), end), padded

    for tag, kind, value in sorted(first):
        entry, stored = placed(tag, kind, value, at + len(values))
        directory, values = directory + entry, values + stored
    if second:
        inner_at = at + len(values)
        directory += struct.pack("<HHII", 0x8769, 4, 1, inner_at)
        entry, stored = placed(*second[0], inner_at + 2 + 12 + 4)
        values += struct.pack("<H", 1) + entry + struct.pack("<I", 0) + stored
    return b"II*\0" + struct.pack("<IH", 8, entries) + directory + struct.pack("<I", 0) + values


def xmp(**properties: str) -> bytes:
    spaces = {
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/",
        "pdf": "http://ns.adobe.com/pdf/1.3/",
    }
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items())
    escape = str.maketrans({"&": "&amp;", "<": "&lt;"})
    inside = "".join(
        f"<{key.replace('_', ':', 1)}>{value.translate(escape)}</{key.replace('_', ':', 1)}>"
        for key, value in properties.items()
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def detect(*blocks: tuple[str, str, bytes | str]) -> list[Evidence]:
    made = tuple(Block(carrier, key, value, 10, 99) for carrier, key, value in blocks)
    reading = Reading("png", "image/png", Kind.IMAGE, State.UNLABELLED, blocks=made)
    return list(GeneratorTrace().detect(Inspected(Source.open(b"x"), reading)))


FOUND = {
    "a1111-parameters": ("png-text", "parameters", PARAMETERS),
    "a1111-comment": ("exif", "", exif(UserComment=PARAMETERS)),
    "a1111-gif-comment": ("jpeg-com", "", PARAMETERS),
    "a1111-postprocessing": ("png-text", "extras", "Postprocess upscale by: 2, Postprocess upscaler: R-ESRGAN"),
    "comfyui-prompt": ("png-text", "prompt", GRAPH),
    "comfyui-workflow": ("png-text", "workflow", WORKFLOW),
    "comfyui-exif": ("exif", "", exif(Model="prompt:" + GRAPH)),
    "comfyui-exif-workflow": ("exif", "", exif(Make="workflow:" + WORKFLOW)),
    "comfyui-comment": ("mdta", "comment", json.dumps({"prompt": json.loads(GRAPH), "workflow": {}})),
    "swarmui-parameters": ("png-text", "parameters", json.dumps({"sui_image_params": {"prompt": "a cat"}})),
    "swarmui-exif": ("exif", "", exif(Model=json.dumps({"sui_image_params": {}}))),
    "invokeai-metadata": ("png-text", "invokeai_metadata", "{}"),
    "invokeai-dream": ("png-text", "Dream", '"a cat" -s 50 -S 123 -W 512 -H 512 -C 7.5 -A k_lms'),
    "novelai-software": ("png-text", "Software", "NovelAI"),
    "novelai-source": ("png-text", "Source", "NovelAI Diffusion V4 7ABFFA2A"),
    "novelai-comment": ("png-text", "Comment", json.dumps({"uc": "bad hands", "scale": 5.0, "seed": 1})),
    "fooocus-comment": ("jpeg-com", "", json.dumps({"prompt": "a", "negative_prompt": "b", "base_model": "c"})),
    "fooocus-scheme": ("png-text", "fooocus_scheme", "fooocus"),
    "easy-diffusion-prompt": ("png-text", "Negative Prompt", ""),
    "easy-diffusion-comment": ("exif", "", exif(UserComment='{"prompt":"a","negative_prompt":"","seed":1}')),
    "easy-diffusion-comment-titles": ("exif", "", exif(UserComment='{"Prompt":"a","Negative Prompt":"","Seed":1}')),
    "draw-things": ("xmp", "", xmp(exif_UserComment='{"c":"a cat","uc":"","steps":20}')),
    "model-hash": ("png-text", "sd:model_hash", "abc"),
    "generation-data": ("png-text", "generation_data", '{"prompt":"a cat"}'),
    "seed": ("png-text", "Seed", "1234567"),
    "hf-job-id": ("png-text", "hf-job-id", "0123"),
    "named-software": ("pdf-info", "Producer", "ChatGPT"),
    "midjourney-job": ("png-text", "Description", f"a cat --v 6 Job ID: {UUID}"),
    "ideogram": ("exif", "", exif(Make="Ideogram AI")),
    "luma-source": ("png-text", "Source", "Luma AI"),
    "luma-comment": ("png-text", "Comment", "Generated by Luma AI's Uni-1 model (https://lumalabs.ai)"),
    "reve": ("xmp", "", xmp(xmp_CreatorTool="reve.com")),
    "aphrodite": ("exif", "", exif(Make="Aphrodite AI")),
    "apple-intelligence": ("xmp", "", xmp(photoshop_Credit="Apple Photos Generative Edit: Clean Up")),
    "google-credit": ("xmp", "", xmp(photoshop_Credit="Made with Google AI")),
    "grok": ("exif", "", exif(Artist=UUID, ImageDescription=SIGNATURE)),
    "samsung": ("jpeg-trailer", "PhotoEditor_Re_Edit_Data", '{"genAIType":1}'),
    "video-tool": ("ilst", "©too", "kling-ai 2.1"),
    "video-comment": ("ilst", "©cmt", "made in pixverse"),
    "veo": ("ilst", "©too", "Google"),
    "suno-id3": ("id3-comm", "", "made with suno; created=2025-01-01T00:00:00Z; id=abc"),
    "suno-comment": ("ilst", "©cmt", "made with suno"),
    "suno-encoder": ("id3-tenc", "TENC", "Suno AI"),
    "music-service-url": ("id3-woas", "WOAS", "https://www.udio.com/songs/abc"),
    "elevenlabs-isft": ("riff-info", "ISFT", "ElevenLabs v2"),
}


@pytest.mark.parametrize("trace", dictionary(), ids=lambda trace: trace.id)
def test_every_row_finds_its_own_trace(trace: object) -> None:
    items = {item.detail["trace"]: item for item in detect(FOUND[trace.id])}  # type: ignore[attr-defined]
    item = items[trace.id]  # type: ignore[attr-defined]
    assert (item.says, item.basis) == (Says.AI, Basis.TRACE)
    assert item.strength is trace.strength  # type: ignore[attr-defined]
    assert item.detail["tool"] == trace.tool  # type: ignore[attr-defined]
    assert item.where["offset"] == 10 and item.where["length"] == 89
    assert item.summary.zh and item.summary.en


def test_weak_traces_are_marked_weak_and_say_so() -> None:
    weak = {trace.id for trace in dictionary() if trace.strength is Strength.WEAK}
    assert weak == {"a1111-postprocessing", "seed", "hf-job-id", "video-comment", "veo"}
    (item,) = detect(FOUND["hf-job-id"])
    assert "单独不足以定论" in item.summary.zh


HUMAN = {
    "camera": (
        "exif",
        "",
        exif(
            Make="Canon",
            Model="Canon EOS R5",
            Software="Firmware Version 1.8.1",
            Artist="Wang Li",
            ImageDescription="                               ",
            UserComment="",
        ),
    ),
    "phone": ("exif", "", exif(Make="HUAWEI", Model="NOH-AN00", Software="NOH-AN00 4.0.0.102(C00E100R7P8)")),
    "phone-google": ("exif", "", exif(Make="Google", Model="Pixel 9", Software="HDR+ 1.0.585804376zd")),
    "camera-comment": ("exif", "", exif(UserComment="a walk by the river, seed: none")),
    "artist-uuid-only": ("exif", "", exif(Artist=UUID)),
    "signature-only": ("exif", "", exif(ImageDescription=SIGNATURE)),
    "short-signature": ("exif", "", exif(Artist=UUID, ImageDescription="Signature: John Hancock")),
    "photoshop": ("xmp", "", xmp(xmp_CreatorTool="Adobe Photoshop 25.9 (Windows)", photoshop_Credit="Xinhua")),
    "photoshop-exif": ("exif", "", exif(Software="Adobe Photoshop CC 2019 (Macintosh)")),
    "lightroom": ("xmp", "", xmp(xmp_CreatorTool="Adobe Lightroom Classic 14.0", dc_description="Imagen de la boda")),
    "gimp": ("png-text", "Software", "GIMP 2.10.36"),
    "gimp-comment": ("png-text", "Comment", "Created with GIMP"),
    "photographers": ("png-text", "Description", "Photo by Leonardo Flux at the runway, Sora town"),
    "imagemagick": ("png-text", "Software", "ImageMagick 7.1.1"),
    "prompt-in-words": ("png-text", "prompt", "Write about your summer"),
    "prompt-in-json": ("png-text", "prompt", '{"question":"what do you see?"}'),
    "workflow-of-an-office": ("png-text", "workflow", "draft -> review -> print"),
    "parameters-of-a-plot": ("png-text", "parameters", "alpha=0.1 steps=20"),
    "parameters-of-a-plot-json": ("png-text", "parameters", '{"steps": 20, "seed": 4}'),
    "model-of-a-lens": ("png-text", "Model", "NIKON Z 9"),
    "title": ("png-text", "Title", "Dream"),
    "dream-in-words": ("png-text", "Dream", "I dreamt of the sea"),
    "seed-of-a-plant": ("png-text", "Seed", "sunflower"),
    "json-comment": ("png-text", "Comment", '{"a":1}'),
    "generation-data-of-people": ("png-text", "generation_data", "the generation of 1968"),
    "ffmpeg": ("ilst", "©too", "Lavf60.16.100"),
    "x264": ("mdta", "encoder", "Lavc60.31.102 libx264"),
    "handbrake": ("ilst", "©too", "HandBrake 1.8.0 2024051500"),
    "airport-film": ("ilst", "©cmt", "Planes on the runway, filmed near Sora"),
    "pages": ("pdf-info", "Producer", "macOS Version 14.5 Quartz PDFContext"),
    "libreoffice": ("pdf-info", "Producer", "LibreOffice 7.4"),
    "word": ("pdf-info", "Creator", "Microsoft® Word for Microsoft 365"),
    "libreoffice-writer": ("pdf-info", "Creator", "Writer"),
    "title-about-ai": ("pdf-info", "Title", "How Stable Diffusion and Midjourney work"),
    "lame": ("id3-tsse", "TSSE", "LAME 64bits version 3.100"),
    "song-comment": ("id3-comm", "", "made with love in Suno, Hokkaido"),
    "artist-link": ("id3-woar", "WOAR", "https://example.com/not-suno.com"),
    "deceptive-link": ("id3-woas", "WOAS", "https://suno.com.example.net/song"),
    "audacity": ("riff-info", "ISFT", "Lavf58.76.100"),
    "notaword": ("exif", "", exif(Software="Comfyuiless 1.0")),
}


@pytest.mark.parametrize("name", HUMAN)
def test_what_people_and_their_tools_write_is_no_trace(name: str) -> None:
    assert detect(HUMAN[name]) == []


def test_one_trace_in_one_field_counts_once() -> None:
    assert len(detect(FOUND["hf-job-id"], FOUND["hf-job-id"])) == 1


def test_a_hundred_thousand_fields_give_one_finding() -> None:
    blocks = (("png-text", f"sd:{number}", "x") for number in range(100_000))
    assert len(detect(*blocks)) == 1


def test_broken_blocks_give_nothing_instead_of_an_error() -> None:
    assert (
        detect(("xmp", "", b"<x:xmpmeta"), ("exif", "", b"II*"), ("exif", "", b""), ("png-text", "prompt", "{" * 9999))
        == []
    )


def test_deep_and_huge_values_are_bounded() -> None:
    deep = '{"nodes":' + "[" * 200_000 + ',"links":1}'
    assert detect(("png-text", "workflow", deep), ("png-text", "Comment", "{" + " " * 3_000_000)) == []


@pytest.mark.parametrize(
    "row",
    [
        {"tool": "t", "carriers": ["x"], "keys": ["k"], "strength": "strong", "source": "s"},
        {
            "tool": "t",
            "carriers": ["x"],
            "keys": ["k"],
            "strength": "strong",
            "source": "s",
            "key_alone": True,
            "equals": ["a"],
        },
        {
            "tool": "t",
            "carriers": ["x"],
            "keys": ["k"],
            "strength": "strong",
            "source": "s",
            "equal": ["a"],
            "key_alone": True,
        },
        {"tool": "t", "carriers": ["x"], "keys": ["k"], "strength": "sure", "source": "s", "key_alone": True},
    ],
    ids=["no-condition", "both", "misspelt", "strength"],
)
def test_rows_that_could_match_by_mistake_are_refused(row: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        _trace("row", row)


def test_every_row_names_its_source() -> None:
    assert all(trace.source and trace.tool for trace in dictionary())
    assert set(FOUND) == {trace.id for trace in dictionary()}
