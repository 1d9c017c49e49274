"""Still and animated pictures of less common formats by real encoders, each made once a run."""

from __future__ import annotations

import io
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import oracles
import samples
from yinji.testing import LABEL

BARE, WRAPPED = LABEL.to_json(), LABEL.to_json(wrapped=True)
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"><TC260:AIGC>'
    + BARE.replace('"', "&quot;")
    + "</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta>"
)
"""A packet with the label and no padding."""

TIFFS = ("raw", "lzw", "jpeg", "g4", "cmyk", "gray16", "pages", "big", "ffmpeg", "exiftool", "motorola")
WEBPS = ("lossy", "lossless", "alpha", "lossless-alpha", "animated", "exif", "icc", "xmp", "ffmpeg", "everything")
GIFS = ("still", "interlaced", "transparent", "animated", "comment", "ffmpeg", "xmp")


@cache
def gif(kind: str) -> bytes:
    """One of :data:`GIFS`; ``still`` is an 87a file, ``xmp`` was given a packet of its own by exiftool."""
    if kind == "ffmpeg":
        return _by_ffmpeg("gif", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=5:duration=1")
    if kind == "xmp":
        return by_exiftool(gif("animated"), "gif", "-XMP-dc:Rights=© 测试")
    options: dict[str, Any] = {}
    image = samples.picture("P")
    match kind:
        case "interlaced":
            options["interlace"] = 1
        case "transparent":
            options["transparency"] = 3
        case "animated":
            frames = [samples.picture().rotate(angle) for angle in (90, 180, 270)]
            options = {"save_all": True, "append_images": frames, "duration": [50, 70, 90, 110], "loop": 0}
        case "comment":
            options["comment"] = "一句话 a comment".encode()
    return saved(image, "GIF", **options)


@cache
def webp(kind: str) -> bytes:
    """One of :data:`WEBPS`; ``xmp`` has a packet by Pillow, ``everything`` an animation with all kinds of metadata."""
    if kind == "ffmpeg":
        return _by_ffmpeg("webp", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=5:duration=1")
    options: dict[str, Any] = {"lossless": kind.startswith("lossless")}
    image = samples.picture()
    if kind in ("alpha", "lossless-alpha"):
        image.putalpha(samples.picture("L"))
    if kind in ("animated", "everything"):
        frames = [samples.picture().rotate(angle) for angle in (90, 180, 270)]
        options |= {"save_all": True, "append_images": frames, "duration": [50, 70, 90, 110]}
    if kind in ("exif", "everything"):
        options["exif"] = samples.camera_exif()
    if kind in ("icc", "everything"):
        options["icc_profile"] = samples.icc_profile()
    if kind in ("xmp", "everything"):
        options["xmp"] = samples.XMP
    return saved(image, "WEBP", **options)


@cache
def tiff(kind: str) -> bytes:
    """One of :data:`TIFFS`; ``exiftool`` has a packet of type 1 and texts in both directories."""
    options: dict[str, Any] = {}
    image = samples.picture({"g4": "1", "cmyk": "CMYK", "gray16": "L"}.get(kind, "RGB"))
    match kind:
        case "lzw" | "jpeg":
            options["compression"] = {"lzw": "tiff_lzw", "jpeg": "jpeg"}[kind]
        case "g4":
            options["compression"] = "group4"
        case "gray16":
            image = image.convert("I;16")
        case "pages":
            options |= {"save_all": True, "append_images": [samples.picture(size=(40, 30)), samples.picture("L")]}
        case "big":
            options["big_tiff"] = True
        case "ffmpeg":
            return _by_ffmpeg("tiff", "-f", "lavfi", "-i", "testsrc2=size=160x120", "-frames:v", "1")
        case "exiftool":
            texts = ("-IFD0:Artist=someone", "-ExifIFD:UserComment=一句话", "-XMP-dc:Rights=© 测试")
            return by_exiftool(tiff("raw"), "tiff", *texts)
        case "motorola":
            return by_exiftool(swapped(tiff("raw")), "tiff", "-IFD0:Artist=someone")
    return saved(image, "TIFF", **options)


def swapped(data: bytes) -> bytes:
    """A classic little-endian TIFF of one page, with its directory and values in the other byte order."""
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 7: 1}
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    out = bytearray(data)
    out[:8] = b"MM\0*" + struct.pack(">I", at)
    out[at : at + 2] = struct.pack(">H", count)
    for place in range(at + 2, at + 2 + 12 * count, 12):
        tag, type, values, offset = struct.unpack_from("<HHII", data, place)
        unit, length = sizes[type], sizes[type] * values * (2 if type == 5 else 1)
        start = place + 8 if length <= 4 else offset
        out[place : place + 12] = struct.pack(">HHII", tag, type, values, offset)
        for number in range(start, start + length, unit):
            out[number : number + unit] = data[number : number + unit][::-1]
    return bytes(out)


def saved(image: Any, format: str, **options: Any) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def by_exiftool(data: bytes, ending: str, *options: str) -> bytes:
    """The file with metadata that exiftool put in."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"picture.{ending}"
        path.write_bytes(data)
        oracles.run("exiftool", "-q", "-overwrite_original", *options, path)
        return path.read_bytes()


def _by_ffmpeg(ending: str, *options: str) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"picture.{ending}"
        oracles.run("ffmpeg", "-v", "error", "-y", *options, path)
        return path.read_bytes()
