"""Draws ``docs/pictures/labels-on-video.png`` and ``labels-in-sound.png``. Run it after a change of either.

Needs ``tests`` on the path: ``PYTHONPATH=src:tests python tests/marks/moving_sheet.py``.
"""

import io
import subprocess
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from marks.sheet import hills
from yinji.marks.audio.mark import AudioMark
from yinji.marks.audio.speech import CLIPS
from yinji.marks.base import MarkRequest
from yinji.marks.face import font
from yinji.marks.video.mark import VideoMark

FOLDER = Path(__file__).parents[2] / "docs/pictures"
SIZE = (300, 169)
TIMES = (0.0, 1.9, 2.1)
GAP = 12
PAPER = (233, 235, 239)
PIECE = "0.12*sin(2*PI*(220+55*floor(mod(t*3\\,5)))*t)+0.06*sin(2*PI*(440+110*floor(mod(t*3\\,5)))*t)+0.01*random(0)"
RATE = 16000
TALL = 110


def ffmpeg(*arguments: str | Path, input: bytes = b"") -> bytes:
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True, input=input).stdout


def evening(size: tuple[int, int]) -> Iterator[Image.Image]:
    """Three seconds of hills, with a sun that sets and a balloon that drifts by; ten frames a second."""
    ground = hills(size)
    width, height = size
    for number in range(30):
        frame = ground.copy()
        draw = ImageDraw.Draw(frame)
        x, y = width * (0.72 - 0.016 * number), height * (0.62 - 0.006 * number)
        side = min(size) * 0.11
        draw.polygon(((x - side * 0.6, y), (x + side * 0.6, y), (x, y + side * 1.9)), fill=(120, 60, 50))
        draw.ellipse((x - side, y - side * 1.3, x + side, y + side), fill=(214, 74, 62))
        draw.ellipse((x - side * 0.45, y - side * 1.3, x + side * 0.45, y + side), fill=(246, 222, 190))
        draw.rectangle((x - side * 0.22, y + side * 1.7, x + side * 0.22, y + side * 2.1), fill=(84, 50, 40))
        yield frame


def filmed(folder: Path, size: tuple[int, int], *, turned: bool = False) -> Path:
    """Encodes the evening, stored on its side if wanted, as phones do."""
    path = folder / f"{size[0]}.mp4"
    frames = (f.rotate(-90, expand=True) if turned else f for f in evening(size))
    stored = size[::-1] if turned else size
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-r", "10", "-s"]
    coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10", "-crf", "16"]
    ffmpeg(*raw, f"{stored[0]}x{stored[1]}", "-i", "-", *coded, path, input=b"".join(f.tobytes() for f in frames))
    if not turned:
        return path
    upright = path.with_stem(f"{path.stem}-turned")
    ffmpeg("-i", path, "-c", "copy", "-metadata:s:v", "rotate=90", upright)
    return upright


def on_video(folder: Path) -> Image.Image:
    """Frames at the start, just before and just after two seconds, of a clip and of one that is stored on its side."""
    sizes = {False: (640, 360), True: (360, 640)}
    width = sum(3 * (SIZE[1] * w // h + GAP) for w, h in sizes.values()) + GAP
    sheet = Image.new("RGB", (width, SIZE[1] + 2 * GAP + 20), PAPER)
    draw, left = ImageDraw.Draw(sheet), GAP
    for turned, size in sizes.items():
        source, labelled = filmed(folder, size, turned=turned), folder / "labelled.mp4"
        with source.open("rb") as original, labelled.open("wb") as marked:
            VideoMark().draw(original, marked, MarkRequest("AI生成", min_seconds=2.0, media_type="video/mp4"))
        shown = SIZE[1] * size[0] // size[1], SIZE[1]
        for time in TIMES:
            data = ffmpeg("-ss", str(time), "-i", labelled, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-")
            sheet.paste(Image.open(io.BytesIO(data)).resize(shown, Image.Resampling.LANCZOS), (left, GAP))
            place = left + shown[0] // 2, SIZE[1] + GAP + 8
            draw.text(place, f"{time:.1f} s", fill=(70, 74, 84), font=font(15), anchor="mt")
            left += shown[0] + GAP
    return sheet


def in_sound(folder: Path) -> Image.Image:
    """Spectrograms of the rhythm and of the spoken label, each in front of a piece of music."""
    source = folder / "piece.wav"
    ffmpeg("-f", "lavfi", "-i", f"aevalsrc={PIECE}:s={RATE}:d=2.4", source)
    strips = []
    for style in ("rhythm", "speech"):
        output = io.BytesIO()
        request = MarkRequest(next(iter(CLIPS)), media_type="audio/wav", style=style)
        AudioMark().draw(io.BytesIO(source.read_bytes()), output, request)
        samples = np.asarray(array("h", output.getvalue()[44:]), np.float32) / 32768
        strips.append((style, spectrogram(samples)))
    width = max(strip.width for _, strip in strips)
    sheet = Image.new("RGB", (width + 34, len(strips) * (TALL + 30)), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (style, strip) in enumerate(strips):
        top = number * (TALL + 30) + 14
        sheet.paste(strip, (34, top))
        draw.text((34, top - 13), style, "black")
        for kilohertz in (0, 2, 4):
            draw.text((2, top + TALL - 10 - kilohertz * TALL // 4 * (TALL - 12) // TALL), f"{kilohertz} kHz", "black")
        for second in range(strip.width // 120 + 1):
            draw.text((34 + second * 120, top + TALL + 2), f"{second} s", "black")
    return sheet


def spectrogram(samples: Any) -> Image.Image:
    """Up to 4 kHz, 120 columns a second, 70 dB from white to dark."""
    hop, window = RATE // 120, 512
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop] * np.hanning(window)
    power = 20 * np.log10(np.abs(np.fft.rfft(frames))[:, : window // 4].T[::-1] + 1e-6)
    share = np.clip((power - power.max() + 70) / 70, 0, 1)[..., None]
    colours = np.array([255, 255, 255]) * (1 - share) + np.array([28, 52, 96]) * share
    return Image.fromarray(colours.astype(np.uint8)).resize((colours.shape[1], TALL), Image.Resampling.BILINEAR)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, sheet in (("labels-on-video", on_video(Path(folder))), ("labels-in-sound", in_sound(Path(folder)))):
            sheet.quantize(200, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
