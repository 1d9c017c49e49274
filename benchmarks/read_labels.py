"""What reading a label costs, as a ratio to opening a file, reading 64 KB of it and closing it.

Run: python benchmarks/read_labels.py [--others] [NAME ...]

Each case is a file of an ordinary size, made by a real encoder when the benchmark runs, in as many copies as a folder
has files, so that neither side lives off the processor's cache. Floor and readers take turns; a figure is the median
over the rounds of the processor time per file, which other load on the machine does not stretch. ``yinji.read`` is
called as a caller calls it, with a path, in a process that has read a file before. Names choose among the cases;
``--others`` adds what other readers need, in one run: exiftool (``-stay_open``, wall clock of the other process),
mutagen and tinytag, and Pillow's ``Image.open``. They do not look for this label in most formats, only read metadata.
"""

from __future__ import annotations

import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import pillow_heif

import samples
import yinji
from yinji.containers.registry import BUILT_IN, by_name
from yinji.testing import Sample, labelled

ROUNDS = int(os.environ.get("ROUNDS", "21"))
IMPORTS = 30
BYTES = 96 << 20
"""Of all copies of one file together."""
MIN_FILES, MAX_FILES = 100, 500
OTHER_FILES = 40

Maker = Callable[[Path], None]


class Case(NamedTuple):
    """One kind of file: its name in the table, the container that writes its label, and how it is made."""

    name: str
    format: str
    ending: str
    make: Maker


def picture(size: tuple[int, int], **options: Any) -> Maker:
    return lambda path: samples.picture(size=size).save(path, **options)


def animation(path: Path) -> None:
    frames = [samples.picture(size=(320, 240)).rotate(angle) for angle in (90, 180)]
    samples.picture(size=(320, 240)).save(path, save_all=True, append_images=frames, duration=100)


def camera(path: Path) -> None:
    samples.picture(size=(1200, 900)).save(path, quality=80, exif=samples.camera_exif())


def ffmpeg(*options: str) -> Maker:
    def make(path: Path) -> None:
        clip = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=8")
        tone = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=8")
        subprocess.run(("ffmpeg", "-v", "error", "-y", *clip, *tone, *options, "-shortest", path), check=True)

    return make


def sound(*options: str) -> Maker:
    def make(path: Path) -> None:
        tone = ("-f", "lavfi", "-i", "anoisesrc=color=brown:amplitude=0.4:duration=12,aformat=cl=stereo")
        tags = ("-metadata", "title=一个音", "-metadata", "artist=Yinji")
        subprocess.run(("ffmpeg", "-v", "error", "-y", *tone, *tags, *options, path), check=True)

    return make


def pdf(**options: Any) -> Maker:
    """Twelve pages, each with a picture and some text, as qpdf's library saves them."""

    def make(path: Path) -> None:
        import pikepdf

        with pikepdf.new() as document:
            for number in range(12):
                page = document.add_blank_page(page_size=(595, 842))
                image = io.BytesIO()
                samples.picture(size=(200 + number, 150)).save(image, "JPEG", quality=80)
                content = pikepdf.Stream(document, image.getvalue())
                content.Type, content.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
                content.Width, content.Height, content.BitsPerComponent = 200 + number, 150, 8
                content.ColorSpace, content.Filter = pikepdf.Name.DeviceRGB, pikepdf.Name.DCTDecode
                page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=content))
                page.Contents = pikepdf.Stream(document, b"q 400 0 0 300 90 400 cm /Im Do Q\n" * (1 + number))
            document.docinfo["/Title"], document.docinfo["/Producer"] = "A document", "a printer"
            with document.open_metadata(set_pikepdf_as_editor=False) as metadata:
                metadata["dc:title"] = "标题"
            document.save(path, **options)

    return make


def markdown(path: Path) -> None:
    paragraph = "A paragraph of plain words, with a [link](https://example.org/) and some `code`. 还有几个汉字。\n\n"
    sections = (f"## Section {number}\n\n{paragraph * 6}- one\n- two\n\n" for number in range(40))
    path.write_text("---\ntitle: 'A page'\ndate: 2025-09-01\ntags: [a, b]\n---\n\n# A page\n\n" + "".join(sections))


def text(path: Path) -> None:
    path.write_text("A line of plain words, and no place for a label. 还有几个汉字。\n" * 400)


_BARE = ("-map_metadata", "-1")
CASES = (
    Case("jpeg", "jpeg", "jpg", picture((1200, 900), quality=80)),
    Case("jpeg of a camera", "jpeg", "jpg", camera),
    Case("jpeg, progressive", "jpeg", "jpg", picture((1200, 900), quality=80, progressive=True)),
    Case("png", "png", "png", picture((760, 540))),
    Case("gif", "gif", "gif", picture((640, 480))),
    Case("gif, animated", "gif", "gif", animation),
    Case("tiff", "tiff", "tif", picture((400, 300))),
    Case("webp", "webp", "webp", picture((1200, 900), quality=80)),
    Case("heic", "heic", "heic", picture((1200, 900), quality=80)),
    Case("avif", "avif", "avif", picture((800, 600), quality=80)),
    Case("mp4, moov last", "mp4", "mp4", ffmpeg("-c:v", "mpeg4", "-b:v", "250k")),
    Case("mp4, moov first", "mp4", "mp4", ffmpeg("-c:v", "mpeg4", "-b:v", "250k", "-movflags", "+faststart")),
    Case("mp4, fragmented", "mp4", "mp4", ffmpeg("-c:v", "mpeg4", "-movflags", "+frag_keyframe+empty_moov")),
    Case("mov", "mov", "mov", ffmpeg("-c:v", "mpeg4", "-b:v", "250k")),
    Case("mkv", "matroska", "mkv", ffmpeg("-c:v", "mpeg4", "-b:v", "250k")),
    Case("webm", "webm", "webm", ffmpeg("-c:v", "libvpx", "-b:v", "250k", "-c:a", "libopus")),
    Case("avi", "avi", "avi", ffmpeg("-c:v", "mpeg4", "-b:v", "250k")),
    Case("flv", "flv", "flv", ffmpeg("-c:v", "flv1", "-b:v", "250k", "-c:a", "libmp3lame", "-ar", "44100")),
    Case("m4a", "m4a", "m4a", sound("-c:a", "aac")),
    Case("mp3", "mp3", "mp3", sound("-c:a", "libmp3lame")),
    Case("mp3 without tag", "mp3", "mp3", sound("-c:a", "libmp3lame", *_BARE, "-id3v2_version", "0")),
    Case("wav", "wav", "wav", sound("-ar", "16000")),
    Case("aiff", "aiff", "aiff", sound("-ar", "16000")),
    Case("flac", "flac", "flac", sound("-c:a", "flac", "-ar", "16000")),
    Case("ogg", "ogg", "ogg", sound("-c:a", "libvorbis")),
    Case("opus", "opus", "opus", sound("-c:a", "libopus")),
    Case("pdf, table", "pdf", "pdf", pdf()),
    Case("pdf, streams", "pdf", "pdf", pdf(object_stream_mode=2)),
    Case("markdown", "markdown", "md", markdown),
    Case("plain text", "text", "txt", text),
)
"""Those whose container is built in are measured."""


_BUFFER = bytearray(65536)
"""Kept at hand: one that the C library gives back each time makes the floor up to four times as high."""


def floor(path: str) -> None:
    """Open, read 64 KB, close."""
    fd = os.open(path, os.O_RDONLY)
    os.preadv(fd, (_BUFFER,), 0)
    os.close(fd)


def read(path: str) -> None:
    """What a caller does: asks for the answer, and for the label where there is one."""
    reading = yinji.read(path)
    if reading.state == "labelled":
        label = reading.found[0].label
        assert label is not None and label.produce_id


def files(case: Case, data: bytes, directory: Path) -> list[str]:
    count = max(MIN_FILES, min(MAX_FILES, BYTES // len(data)))
    paths = [str(directory / f"{number}.{case.ending}") for number in range(count)]
    for path in paths:
        Path(path).write_bytes(data)
    return paths


def once(work: Callable[[str], object], paths: list[str]) -> float:
    """Returns the processor time per file."""
    start = time.process_time()
    for path in paths:
        work(path)
    return (time.process_time() - start) / len(paths)


def medians(paths: list[str], *works: Callable[[str], object]) -> list[float]:
    for work in works:
        once(work, paths)
    rounds = [[once(work, paths) for work in works] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


@contextmanager
def exiftool() -> Iterator[Callable[[str], object]]:
    """Yields a function that has one waiting exiftool read a file."""
    command = ("exiftool", "-stay_open", "True", "-@", "-")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        pipe, answer = process.stdin, process.stdout

        def read(path: str) -> None:
            pipe.write(f"-j\n{path}\n-execute\n".encode())
            pipe.flush()
            while answer.readline() != b"{ready}\n":
                pass

        yield read
        pipe.write(b"-stay_open\nFalse\n")
        pipe.flush()


def others() -> dict[str, Callable[[str], object]]:
    """The readers of the same process; each is measured where it takes the format."""
    import mutagen
    from PIL import Image
    from tinytag import TinyTag

    def pillow(path: str) -> None:
        with Image.open(path):
            pass

    def mutagen_file(path: str) -> None:
        if mutagen.File(path) is None:
            raise ValueError(path)

    return {"mutagen": mutagen_file, "tinytag": TinyTag.get, "Pillow": pillow}


def other_ratios(paths: list[str], base: float) -> str:
    some = paths[:OTHER_FILES]
    with exiftool() as read:
        for path in some[:2]:
            read(path)
        start = time.perf_counter()
        for path in some:
            read(path)
        cells = [f"{(time.perf_counter() - start) / len(some) / base:9.0f}"]
    for work in others().values():
        try:
            work(some[0])
        except Exception:  # whatever other people's readers raise for what they do not read
            cells.append(f"{'-':>9}")
        else:
            cells.append(f"{once(work, some) / base:9.1f}")
    return "".join(cells)


def import_ratio() -> float:
    """What ``import yinji`` costs in a new process, as a ratio to one that does nothing: the least of many runs."""

    def least(code: str) -> float:
        costs = []
        for _ in range(IMPORTS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(costs)

    return least("import yinji") / least("pass")


def main(arguments: list[str]) -> None:
    pillow_heif.register_heif_opener()
    with_others = "--others" in arguments
    chosen = [argument for argument in arguments if not argument.startswith("-")]
    built_in = {row.name for row in BUILT_IN}
    further = "".join(f"{name:>9}" for name in ("exiftool", *others())) if with_others else ""
    print(f"{'case':28} {'size':>8} {'floor µs':>9} {'read µs':>8} {'ratio':>6} {'state':10}{further}")
    ratios: dict[str, list[float]] = {}
    for case in CASES:
        if case.format not in built_in or (chosen and not any(name in case.name for name in chosen)):
            continue
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / f"plain.{case.ending}"
            case.make(plain)
            sample = Sample(plain.name, plain.read_bytes())
            container = by_name(case.format)
            versions = {"no label": sample.data}
            if container.writable:
                versions["labelled"] = labelled(container, sample).data
            for version, data in versions.items():
                paths = files(case, data, Path(folder))
                base, cost = medians(paths, floor, read)
                ratios.setdefault(case.format, []).append(cost / base)
                state = yinji.read(paths[0]).state
                extra = other_ratios(paths, base) if with_others else ""
                figures = f"{len(data):8} {base * 1e6:9.1f} {cost * 1e6:8.1f} {cost / base:6.2f}"
                print(f"{f'{case.name}, {version}':28} {figures} {state:10}{extra}", flush=True)
    print(json.dumps({"import yinji": round(import_ratio(), 2)}))
    every = [statistics.median(values) for values in ratios.values()]
    print(json.dumps({"median over formats": round(statistics.median(every), 2), "worst format": round(max(every), 2)}))


if __name__ == "__main__":
    main(sys.argv[1:])
