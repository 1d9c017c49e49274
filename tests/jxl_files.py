"""JPEG XL files by the reference encoder, each made once a run; needs ``cjxl`` and ``djxl`` (Debian: libjxl-tools)."""

from __future__ import annotations

import hashlib
import tempfile
from functools import cache
from pathlib import Path

import oracles
import samples
from yinji.containers.bmff.boxes import make_box

JXLS = ("bare", "container", "metadata", "packed", "jpeg", "jpeg-xmp", "animated")


@cache
def jxl(kind: str) -> bytes:
    """One of :data:`JXLS`; the JPEGs can be turned back into what they were."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "x.jxl"
        options = ["-d", "1", "-e", "3", "--num_threads=0"]
        match kind:
            case "jpeg" | "jpeg-xmp":
                source = samples.jpeg("xmp" if kind == "jpeg-xmp" else "camera")
                options = ["--lossless_jpeg=1", "--num_threads=0"]
            case "animated":
                source = samples.png("apng")
            case _:
                source = Path(directory) / "x.png"
                source.write_bytes(samples.png("rgb").read_bytes())
        if kind in ("container", "metadata", "packed"):
            options += ["--container=1"]
        oracles.run("cjxl", source, out, "--quiet", *options)
        if kind in ("metadata", "packed"):
            oracles.run("exiftool", "-q", "-overwrite_original", "-XMP-dc:Rights=© 测试", "-Artist=someone", out)
        data = out.read_bytes()
    return packed(data) if kind == "packed" else data


def packed(data: bytes) -> bytes:
    """The file with its metadata boxes packed, as newer encoders do by default."""
    import brotli

    result, at = b"", 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        box, kind = data[at : at + size], data[at + 4 : at + 8]
        if kind in (b"xml ", b"Exif", b"jumb"):
            box = make_box(b"brob", kind, brotli.compress(box[8:]))
        result, at = result + box, at + size
    return result


def decoded(data: bytes) -> str:
    """SHA-256 of the pixels as the reference decoder gives them, every frame of an animation."""
    with tempfile.TemporaryDirectory() as directory:
        path, out = Path(directory) / "x.jxl", Path(directory) / "x.ppm"
        path.write_bytes(data)
        oracles.run("djxl", path, out, "--quiet", "--num_threads=0")
        digest = hashlib.sha256()
        for frame in sorted(Path(directory).glob("x*.ppm")):
            digest.update(frame.read_bytes())
        return digest.hexdigest()


def rebuilt(data: bytes) -> bytes:
    """The JPEG that a file was made from."""
    with tempfile.TemporaryDirectory() as directory:
        path, out = Path(directory) / "x.jxl", Path(directory) / "x.jpg"
        path.write_bytes(data)
        oracles.run("djxl", path, out, "--quiet", "--num_threads=0")
        return out.read_bytes()
