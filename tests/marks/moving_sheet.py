"""Draws ``docs/pictures/labels-on-video.png`` and ``labels-in-sound.png``. Run it after a change of either."""

import io
import subprocess
import tempfile
from array import array
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from yinji.marks.audio.mark import AudioMark
from yinji.marks.audio.speech import CLIPS
from yinji.marks.base import MarkRequest
from yinji.marks.video.mark import VideoMark

FOLDER = Path(__file__).parents[2] / "docs/pictures"
SIZE = (300, 169)
TIMES = (0.0, 1.9, 2.1)
PIECE = "0.12*sin(2*PI*(220+55*floor(mod(t*3\\,5)))*t)+0.06*sin(2*PI*(440+110*floor(mod(t*3\\,5)))*t)+0.01*random(0)"
RATE = 16000
TALL = 110


def ffmpeg(*arguments: str | Path) -> bytes:
    return subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], capture_output=True, check=True).stdout


def on_video(folder: Path) -> Image.Image:
    """Frames at the start, just before and just after two seconds."""
    source, labelled = folder / "source.mp4", folder / "labelled.mp4"
    moving = "mandelbrot=s=640x360:r=10,trim=end=3"
    ffmpeg("-f", "lavfi", "-i", moving, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10", source)
    with source.open("rb") as original, labelled.open("wb") as marked:
        VideoMark().draw(original, marked, MarkRequest("AI生成", min_seconds=2.0, media_type="video/mp4"))
    sheet = Image.new("RGB", (len(TIMES) * (SIZE[0] + 8) - 8, SIZE[1] + 18), "white")
    draw = ImageDraw.Draw(sheet)
    for number, time in enumerate(TIMES):
        data = ffmpeg("-ss", str(time), "-i", labelled, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-")
        left = number * (SIZE[0] + 8)
        sheet.paste(Image.open(io.BytesIO(data)).resize(SIZE, Image.Resampling.LANCZOS), (left, 18))
        draw.text((left, 2), f"{time:.1f} s", "black")
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
            sheet.quantize(64).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
