"""Memory that a label on a picture of 30,000 x 6,000 pixels takes (180 million), each format in a process of its own.

Prints the size of the file, the most memory the process and its helper held at a time, and the processor time.
"""

import argparse
import io
import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from PIL import Image

from yinji.marks.base import MarkRequest
from yinji.marks.image import ImageMark

WORDS = "人工智能生成"


def tile() -> Image.Image:
    coarse = [Image.effect_noise((75, 15), 60).resize((1500, 300), Image.Resampling.BICUBIC) for _ in range(3)]
    return Image.merge("RGB", coarse)


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, payload: bytes) -> bytes:
        return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))

    deflater, rows, out = zlib.compressobj(1), tile().tobytes(), []
    for y in range(height):
        row = rows[y % 300 * 4500 : (y % 300 + 1) * 4500] * (width // 1500)
        out.append(deflater.compress(b"\0" + row))
    data = b"".join(out) + deflater.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bmp(width: int, height: int) -> bytes:
    row = tile().tobytes("raw", "BGR")[:4500] * (width // 1500)
    head = struct.pack("<2sIIIIiiHHIIIIII", b"BM", 54 + len(row) * height, 0, 54, 40, width, height, 1, 24, *[0] * 6)
    return head + row * height


def saved(width: int, height: int, kind: str, **options: object) -> bytes:
    picture, piece = Image.new("RGB", (width, height)), tile()
    for left in range(0, width, 1500):
        for top in range(0, height, 300):
            picture.paste(piece, (left, top))
    output = io.BytesIO()
    picture.save(output, kind, **options)
    return output.getvalue()


MAKERS = {
    "png": png,
    "bmp": bmp,
    "jpeg": lambda w, h: saved(w, h, "JPEG", quality=85),
    "jpeg with restarts": lambda w, h: saved(w, h, "JPEG", quality=85, restart_marker_rows=1),
    "tiff": lambda w, h: saved(w, h, "TIFF", compression="tiff_deflate"),
}


def measure(path: str) -> None:
    with open(path, "rb") as original, tempfile.TemporaryFile() as marked:
        drawn = ImageMark().draw(original, marked, MarkRequest(WORDS))
    if path.endswith("jpeg"):
        from yinji.marks.jpeg.pool import POOL

        POOL.close()
    own, helper = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps([drawn.method, own.ru_maxrss, helper.ru_maxrss, time.process_time() + helper.ru_utime]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=30_000)
    parser.add_argument("--height", type=int, default=6_000)
    parser.add_argument("--make", nargs=2, default=(), help=argparse.SUPPRESS)
    parser.add_argument("--measure", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        name, path = arguments.make
        Path(path).write_bytes(MAKERS[name](arguments.width, arguments.height))
        return
    if arguments.measure:
        measure(arguments.measure)
        return
    size = ["--width", str(arguments.width), "--height", str(arguments.height)]
    print("format              file MB  most memory MB  helper MB  seconds  way")
    with tempfile.TemporaryDirectory() as folder:
        for name in MAKERS:
            path = Path(folder, "picture." + name.split()[0])
            # In processes of their own: one inherits the most memory of the one that starts it.
            subprocess.run([sys.executable, __file__, *size, "--make", name, str(path)], check=True)
            command = [sys.executable, __file__, "--measure", str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            method, own, helper, seconds = json.loads(done.stdout)
            size_mb, own, helper = path.stat().st_size / 1e6, own / 1e3, helper / 1e3
            print(f"{name:18} {size_mb:8.0f} {own:15.0f} {helper:10.0f} {seconds:8.1f}  {method}")


if __name__ == "__main__":
    main()
