"""Still and animated pictures of less common formats by real encoders, each made once a run."""

from __future__ import annotations

import io
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
