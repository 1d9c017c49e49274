"""Label on a 12 Mpx JPEG against decode + draw + encode with Pillow, in one run: prints milliseconds and ratios.

CPU time counts this process and the one that changes the blocks.
"""

import argparse
import io
import time
from pathlib import Path

from PIL import Image, ImageDraw

from yinji.marks.base import MarkRequest
from yinji.marks.face import font
from yinji.marks.image import ImageMark
from yinji.marks.jpeg.pool import POOL

BUDGET = 0.7


def photo(width: int, height: int) -> bytes:
    coarse = [Image.effect_noise((width // 16, height // 16), 60).resize((width, height), 3) for _ in range(3)]
    fine = Image.effect_noise((width, height), 12)
    picture = Image.merge("RGB", [Image.blend(c, fine, 0.2) for c in coarse])
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=90)
    return output.getvalue()


def pillow(data: bytes) -> None:
    picture = Image.open(io.BytesIO(data))
    draw = ImageDraw.Draw(picture)
    draw.text(
        (picture.width - 1200, picture.height - 250), "人工智能生成", font=font(180), fill="white", stroke_width=4
    )
    picture.save(io.BytesIO(), "JPEG", quality=90)


def mark(data: bytes) -> str:
    return ImageMark().draw(io.BytesIO(data), io.BytesIO(), MarkRequest("人工智能生成")).method


def processor_seconds() -> float:
    """CPU time so far of this process and of the warm worker."""
    total = time.process_time()
    for worker in POOL.idle():
        fields = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / 100
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    arguments = parser.parse_args()
    data = photo(4000, 3000)
    start = time.perf_counter()
    method = mark(data)
    print(f"{len(data)} bytes, way: {method}, first call {1e3 * (time.perf_counter() - start):.0f} ms")
    figures: dict[str, list[tuple[float, float]]] = {"pillow": [], "yinji": []}
    for _ in range(arguments.runs):
        for name, work in (("pillow", pillow), ("yinji", mark)):
            cpu, wall = processor_seconds(), time.perf_counter()
            work(data)
            figures[name].append((processor_seconds() - cpu, time.perf_counter() - wall))
    for number, kind in enumerate(("CPU", "wall clock")):
        best = {name: min(v[number] for v in values) for name, values in figures.items()}
        ratio = best["yinji"] / best["pillow"]
        print(
            f"{kind}: Pillow {best['pillow'] * 1e3:.0f} ms, Yinji {best['yinji'] * 1e3:.0f} ms, "
            f"ratio {ratio:.2f}, budget {BUDGET}"
        )


if __name__ == "__main__":
    main()
