"""Independent readers, each in a process of its own: what a file says and holds according to other people's code."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TIMEOUT = 60
_MUTAGEN = """
import base64, json, sys
import mutagen
file = mutagen.File(sys.argv[1])
tags = {}
for key, value in (file.tags or {}).items() if hasattr(file.tags, "items") else file.tags:
    text = getattr(value, "text", value)
    items = text if isinstance(text, list) else [text]
    tags[str(key)] = [i.decode("utf-8", "replace") if isinstance(i, bytes) else str(i) for i in items]
print(json.dumps({"type": type(file).__name__, "length": getattr(file.info, "length", None), "tags": tags}))
"""


def run(*command: str | os.PathLike[str], input: bytes | None = None, timeout: float = TIMEOUT) -> bytes:
    """Runs a tool and returns its standard output; a failure shows what it said."""
    done = subprocess.run([os.fspath(part) for part in command], input=input, capture_output=True, timeout=timeout)
    assert done.returncode == 0, f"{command[0]} failed: {done.stderr.decode(errors='replace')[-2000:]}"
    return done.stdout


def exiftool(path: Path, *options: str) -> dict[str, Any]:
    """Everything exiftool reads, under ``Group:Tag`` names."""
    out = run("exiftool", "-j", "-G1", "-struct", "-api", "largefilesupport=1", *options, path)
    return json.loads(out)[0]


def exiftool_label(path: Path) -> dict[str, str] | None:
    """The label as exiftool finds it, whatever the carrier; asserts that there is at most one."""
    values = [v for k, v in exiftool(path).items() if k.rpartition(":")[2].lower() == "aigc"]
    assert len(values) <= 1, f"{len(values)} labels in {path}"
    if not values:
        return None
    value = values[0] if isinstance(values[0], dict) else json.loads(values[0])
    return value.get("AIGC", value)


def exiftool_warnings(path: Path) -> list[str]:
    """What exiftool's own check of the structure has to say."""
    out = run("exiftool", "-j", "-validate", "-warning", "-error", "-a", path)
    found = json.loads(out)[0]
    return [str(v) for k, v in found.items() if k in ("Warning", "Error")]


def ffprobe(path: Path) -> dict[str, Any]:
    """Format, streams and their tags as ffprobe sees them."""
    out = run("ffprobe", "-v", "error", "-print_format", "json", "-show_format", "-show_streams", path)
    return json.loads(out)


def ffprobe_label(path: Path) -> dict[str, str] | None:
    """The label in the tags of the format or of a stream."""
    seen = ffprobe(path)
    tables = [seen["format"].get("tags", {})] + [stream.get("tags", {}) for stream in seen["streams"]]
    values = [value for table in tables for key, value in table.items() if key.upper() == "AIGC"]
    if not values:
        return None
    value = json.loads(values[0])
    return value.get("AIGC", value)


def stream_hash(path: Path) -> str:
    """MD5 of every stream's packets, payload untouched by decoding."""
    return run(
        "ffmpeg", "-v", "error", "-i", path, "-map", "0", "-c", "copy", "-f", "streamhash", "-hash", "md5", "-"
    ).decode()


def decoded_hash(path: Path) -> str:
    """MD5 of every decoded frame and sample."""
    return _stream_hash(path)


def _stream_hash(path: Path, *options: str) -> str:
    command = ("ffmpeg", "-v", "error", "-i", path, "-map", "0", *options, "-f", "streamhash", "-hash", "md5", "-")
    return run(*command).decode()


def mutagen(path: Path) -> dict[str, Any]:
    """Type, length and tags as mutagen reads them."""
    return json.loads(run(sys.executable, "-c", _MUTAGEN, path))


def pdfinfo(path: Path) -> dict[str, str]:
    """The information dictionary, custom keys included, as Poppler reads it."""
    lines = run("pdfinfo", "-custom", path).decode("utf-8", "replace").splitlines()
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def pillow_hash(path: Path) -> str:
    """SHA-256 over every frame's pixels, size, mode, palette and duration as Pillow decodes them."""
    from PIL import Image, ImageSequence

    digest = hashlib.sha256()
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            digest.update(f"{frame.mode} {frame.size} {frame.info.get('duration')}".encode())
            digest.update(frame.tobytes())
            digest.update(bytes(frame.getpalette() or ()))
    return digest.hexdigest()
