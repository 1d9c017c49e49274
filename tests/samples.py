"""Real files made by real encoders, built once a session and kept in a directory.

Call any function below for a path; :func:`use` (called by the ``sample_dir`` fixture) says where the files go.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import oracles

_directory: Path | None = None
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg"><dc:rights><rdf:Alt>'
    '<rdf:li xml:lang="x-default">© 测试</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>'
    '<?xpacket end="w"?>'
).encode()


def use(directory: Path) -> None:
    """Keeps the files there from now on."""
    global _directory
    _directory = directory


def directory() -> Path:
    global _directory
    if _directory is None:
        _directory = Path(tempfile.mkdtemp(prefix="yinji-samples-"))
    return _directory


def _kept(make: Callable[..., bytes | None]) -> Callable[..., Path]:
    """Makes a file on first use; ``make`` returns its bytes, or writes to the path in its keyword ``to``."""

    @wraps(make)
    def path_of(*arguments: Any) -> Path:
        name = "-".join([make.__name__, *map(str, arguments)])
        made = [p for p in directory().glob(f"{name}.*") if p.suffix != ".part"]
        if made:
            return made[0]
        suffix = arguments[0] if make.__name__ in ("video", "audio") else make.__name__.split("_")[0]
        path = directory() / f"{name}.{ {'jpeg': 'jpg'}.get(suffix, suffix) }"
        part = path.with_suffix(f".{os.getpid()}{path.suffix}")
        data = make(*arguments, to=part)
        if data is not None:
            part.write_bytes(data)
        part.replace(path)
        return path

    return path_of


def picture(mode: str = "RGB", size: tuple[int, int] = (160, 120)) -> Any:
    """A picture with gradients, edges and some noise, the same every time."""
    import numpy
    from PIL import Image

    y, x = numpy.mgrid[0 : size[1], 0 : size[0]]
    noise = numpy.random.default_rng(7).integers(0, 24, (size[1], size[0]))
    planes = [(x * 2 + noise) % 256, (y * 2 + noise) % 256, ((x + y) + noise) % 256]
    image = Image.fromarray(numpy.stack(planes, axis=-1).astype("uint8"))
    return image if mode == "RGB" else image.convert(mode)


def icc_profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


JPEGS = ("baseline", "progressive", "gray", "cmyk", "444", "420", "exif", "icc", "xmp", "camera", "comment", "mpf")
PNGS = ("rgb", "rgba", "gray", "gray16", "la", "palette", "one-bit", "interlaced", "apng", "text", "ztext", "exif")


def jpegs() -> Iterator[Path]:
    return (jpeg(kind) for kind in JPEGS)


def pngs() -> Iterator[Path]:
    return (png(kind) for kind in PNGS)


@_kept
def jpeg(kind: str, *, to: Path) -> bytes:
    """One of :data:`JPEGS`."""

    out = io.BytesIO()
    image = picture({"gray": "L", "cmyk": "CMYK"}.get(kind, "RGB"))
    options: dict[str, Any] = {"quality": 85}
    match kind:
        case "progressive":
            options["progressive"] = True
        case "444" | "420":
            options["subsampling"] = f"{kind[0]}:{kind[1]}:{kind[2]}"
        case "exif" | "camera":
            options["exif"] = camera_exif(with_thumbnail=kind == "camera")
        case "icc":
            options["icc_profile"] = icc_profile()
        case "xmp":
            options["xmp"] = XMP
        case "comment":
            options["comment"] = "一句话 a comment".encode()
        case "mpf":
            image.save(out, "MPO", save_all=True, append_images=[picture(size=(80, 60))])
            return out.getvalue()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def camera_exif(*, with_thumbnail: bool = True) -> bytes:
    """An EXIF block as cameras write it: maker, exposure, GPS, orientation, and a thumbnail in IFD1."""
    import struct

    thumbnail = io.BytesIO()
    picture(size=(64, 48)).save(thumbnail, "JPEG")
    jpeg_data = thumbnail.getvalue() if with_thumbnail else b""
    make, model = b"Yinji Optics\0", b"YO-1\0"
    exif_entries = [(0x829A, 5, struct.pack(">II", 1, 125)), (0x9286, 7, b"ASCII\0\0\0hand-held")]
    zeroth = [(0x010F, 2, make), (0x0110, 2, model), (0x0112, 3, struct.pack(">H", 6)), (0x0131, 2, b"firmware 1.0\0")]

    def directory_at(at: int, entries: list[tuple[int, int, bytes]], following: int) -> bytes:
        sizes = {2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
        table, values = struct.pack(">H", len(entries)), b""
        values_at = at + 2 + 12 * len(entries) + 4
        for tag, type, raw in sorted(entries):
            count = len(raw) // sizes[type]
            if len(raw) <= 4:
                field = raw.ljust(4, b"\0")
            else:
                field = struct.pack(">I", values_at + len(values))
                values += raw + b"\0" * (len(raw) % 2)
            table += struct.pack(">HHI", tag, type, count) + field
        return table + struct.pack(">I", following) + values

    pointer = [(0x8769, 4, struct.pack(">I", 0))]
    zeroth_size = len(directory_at(8, zeroth + pointer, 0))
    exif_at = 8 + zeroth_size
    exif = directory_at(exif_at, exif_entries, 0)
    first_at = exif_at + len(exif)
    thumb_entries = [(0x0201, 4, struct.pack(">I", 0)), (0x0202, 4, struct.pack(">I", len(jpeg_data)))]
    first_size = len(directory_at(first_at, thumb_entries, 0))
    thumb_entries[0] = (0x0201, 4, struct.pack(">I", first_at + first_size))
    first = directory_at(first_at, thumb_entries, 0) + jpeg_data if jpeg_data else b""
    zeroth_ifd = directory_at(8, [*zeroth, (0x8769, 4, struct.pack(">I", exif_at))], first_at if jpeg_data else 0)
    return b"Exif\0\0" + b"MM\0*" + struct.pack(">I", 8) + zeroth_ifd + exif + first


@_kept
def png(kind: str, *, to: Path) -> bytes | None:
    """One of :data:`PNGS`."""
    from PIL import PngImagePlugin

    out = io.BytesIO()
    options: dict[str, Any] = {}
    modes = {"rgba": "RGBA", "gray": "L", "la": "LA", "palette": "P", "one-bit": "1"}
    image = picture(modes.get(kind, "RGB"))
    info = PngImagePlugin.PngInfo()
    match kind:
        case "gray16":
            image = picture("L").convert("I;16")
        case "interlaced":
            pixels = picture().tobytes()
            ppm = b"P6 160 120 255\n" + pixels
            oracles.run(
                "ffmpeg",
                "-v",
                "error",
                "-y",
                "-f",
                "ppm_pipe",
                "-i",
                "-",
                "-c:v",
                "png",
                "-pred",
                "mixed",
                "-flags",
                "+ildct",
                to,
                input=ppm,
            )
            return None
        case "apng":
            frames = [picture(size=(80, 60)).rotate(angle) for angle in (90, 180)]
            options = {"save_all": True, "append_images": frames, "duration": 100}
            image = picture(size=(80, 60))
        case "text":
            info.add_text("Title", "a title")
            info.add_itxt("Description", "一段说明", "zh", "说明")
        case "ztext":
            info.add_text("Comment", "said again and again " * 50, zip=True)
        case "exif":
            options["exif"] = camera_exif()
        case "palette":
            options["transparency"] = 3
    image.save(out, "PNG", pnginfo=info, **options)
    return out.getvalue()


@_kept
def video(ending: str, kind: str = "", *, to: Path) -> None:
    """A second of test pattern with a tone: ``mp4 mov m4v 3gp mkv webm avi flv ts``.

    Kinds of MP4 and MOV: ``faststart`` (moov first), ``fragmented``.
    """
    flags = {"faststart": ["-movflags", "+faststart"], "fragmented": ["-movflags", "+frag_keyframe+empty_moov"]}
    codecs = {
        "webm": ["-c:v", "libvpx", "-c:a", "libopus"],
        "flv": ["-c:v", "flv1", "-c:a", "libmp3lame", "-ar", "44100"],
        "3gp": ["-c:v", "mpeg4", "-c:a", "aac"],
    }
    _ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=1",
        "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=1",
        *codecs.get(ending, ["-c:v", "mpeg4", "-c:a", "aac"]), *flags.get(kind, []), "-shortest", to,
    )  # fmt: skip


@_kept
def audio(ending: str, kind: str = "", *, to: Path) -> None:
    """A second of tone: ``m4a mp3 wav flac ogg opus aac aiff``; kinds of MP3 ``v23``, ``v24``, ``untagged``."""
    options = {
        "v23": ["-id3v2_version", "3", "-metadata", "title=一个音"],
        "v24": ["-id3v2_version", "4", "-metadata", "title=一个音"],
        "untagged": ["-id3v2_version", "0", "-write_xing", "0"],
    }
    rate = "48000" if ending == "opus" else "44100"
    _ffmpeg("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={rate}:duration=1", *options.get(kind, []), to)


def _ffmpeg(*arguments: str | Path) -> None:
    oracles.run("ffmpeg", "-v", "error", "-y", *arguments[:-1], "-fflags", "+bitexact", arguments[-1])
