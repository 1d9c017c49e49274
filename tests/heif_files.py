"""HEIC and AVIF files by real encoders, and rare structures put together by hand; each made once a run."""

from __future__ import annotations

import hashlib
import io
import struct
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import oracles
import samples
from yinji.containers.bmff.boxes import make_box

HEICS = ("plain", "alpha", "thumbnails", "burst", "metadata", "exiftool")
AVIFS = ("plain", "alpha", "animated", "metadata", "ffmpeg", "film")


@cache
def heic(kind: str) -> bytes:
    """One of :data:`HEICS`, by libheif and x265."""
    import pillow_heif

    if kind == "exiftool":
        return by_exiftool(heic("plain"), "heic", "-XMP-dc:Rights=© 测试", "-EXIF:UserComment=hand-held")
    out = io.BytesIO()
    image = samples.picture("RGBA" if kind == "alpha" else "RGB")
    if kind == "metadata":
        image.info["exif"], image.info["xmp"] = samples.camera_exif(with_thumbnail=False), samples.XMP
    file = pillow_heif.from_pillow(image)
    if kind == "thumbnails":
        file[0].info["thumbnails"] = [64]
    if kind == "burst":
        file.add_from_pillow(samples.picture(size=(80, 60)))
    file.save(out, quality=60)
    return out.getvalue()


@cache
def avif(kind: str) -> bytes:
    """One of :data:`AVIFS`; ``animated`` has still and film, ``film`` only what a sequence needs."""
    if kind == "film":
        return without_meta(avif("animated"))
    if kind == "ffmpeg":
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "x.avif"
            source = ("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=5:duration=1")
            oracles.run("ffmpeg", "-v", "error", *source, "-c:v", "libaom-av1", "-cpu-used", "8", path)
            return path.read_bytes()
    out = io.BytesIO()
    image = samples.picture("RGBA" if kind == "alpha" else "RGB")
    if kind == "animated":
        frames = [samples.picture().rotate(angle) for angle in (90, 180)]
        image.save(out, "AVIF", save_all=True, append_images=frames, duration=80, speed=10)
    elif kind == "metadata":
        image.save(out, "AVIF", exif=samples.camera_exif(with_thumbnail=False)[6:], xmp=samples.XMP, speed=10)
    else:
        image.save(out, "AVIF", speed=10)
    return out.getvalue()


def by_exiftool(data: bytes, ending: str, *options: str) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"x.{ending}"
        path.write_bytes(data)
        oracles.run("exiftool", "-q", "-overwrite_original", *options, path)
        return path.read_bytes()


def boxes(data: bytes) -> list[tuple[bytes, int, int]]:
    """(kind, start, stop) of the top boxes, by a walker of the tests' own."""
    found, at = [], 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        found.append((data[at + 4 : at + 8], at, at + size))
        at += size
    return found


def without_meta(data: bytes) -> bytes:
    """A sequence whose ``meta`` was never there: a free box keeps its room."""
    (start, stop) = next((a, b) for kind, a, b in boxes(data) if kind == b"meta")
    return data[: start + 4] + b"free" + bytes(stop - start - 8) + data[stop:]


def made(
    *items: tuple[bytes, bytes],
    version: int = 1,
    widths: tuple[int, int, int, int] = (4, 4, 0, 0),
    methods: Sequence[int] = (),
    references: Sequence[tuple[bytes, int, tuple[int, ...]]] = (),
    first: int = 1,
    wide: bool = False,
    protected: Sequence[int] = (),
    behind: bytes = b"",
    split: bool = False,
    unended: bool = False,
    base: bool = False,
) -> bytes:
    """A file of (infe content, data) items, numbered from ``first``; item ``first`` is primary.

    Args:
        items: Type with name and so on as ``infe`` has them after the protection index, then the data.
        version, widths: Of ``iloc``.
        methods: Construction method of each item; all 0 where not given.
        references: (kind, from, to) of ``iref``; (b"cdsc", …) for metadata.
        first: First item number.
        wide: Numbers of 32 bits in every table.
        protected: Items marked as enciphered.
        behind: Boxes behind ``mdat``.
        split: Two extents an item.
        unended: ``mdat`` reaches to the end of the file.
        base: Offsets go into the base offset.
    """
    ftyp = make_box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    methods = [*methods, *[0] * (len(items) - len(methods))]
    number = 4 if wide else 2
    held = [b"".join(data for (_, data), m in zip(items, methods, strict=True) if m == wanted) for wanted in (0, 1)]

    def meta(body: int) -> bytes:
        at = {0: body, 1: 0, 2: 0, 9: 0}
        entries, infos = [], []
        for index, ((info, data), method) in enumerate(zip(items, methods, strict=True)):
            item = (first + index).to_bytes(4 if version == 2 else 2, "big")
            pieces = [(0, len(data) // 2), (len(data) // 2, len(data) - len(data) // 2)] if split else [(0, len(data))]
            start = at[method]
            head = item + (method.to_bytes(2, "big") if version else b"") + bytes(2)
            head += (start if base else 0).to_bytes(widths[2], "big") + len(pieces).to_bytes(2, "big")
            for offset, length in pieces:
                head += bytes(widths[3]) + (offset + (0 if base else start)).to_bytes(widths[0], "big")
                head += length.to_bytes(widths[1], "big")
            at[method] += len(data)
            entries.append(head)
            guard = (1 if first + index in protected else 0).to_bytes(2, "big")
            infos.append(
                make_box(
                    b"infe", bytes((3 if wide else 2, 0, 0, 0)), (first + index).to_bytes(number, "big"), guard, info
                )
            )
        sizes = bytes((widths[0] << 4 | widths[1], widths[2] << 4 | widths[3]))
        count = len(items).to_bytes(4 if version == 2 else 2, "big")
        links = [
            make_box(
                kind,
                source.to_bytes(number, "big"),
                len(to).to_bytes(2, "big"),
                *(t.to_bytes(number, "big") for t in to),
            )
            for kind, source, to in references
        ]
        flag = bytes((wide, 0, 0, 0))
        return make_box(
            b"meta",
            bytes(4),
            make_box(b"hdlr", bytes(8), b"pict", bytes(13)),
            make_box(b"pitm", flag, first.to_bytes(number, "big")),
            make_box(b"iinf", flag, len(items).to_bytes(number, "big"), *infos),
            make_box(b"iloc", bytes((version, 0, 0, 0)), sizes, count, *entries),
            make_box(b"iref", flag, *links) if links else b"",
            make_box(b"idat", held[1]) if held[1] else b"",
        )

    body = len(ftyp) + len(meta(0)) + 8
    media = make_box(b"mdat", held[0])
    return ftyp + meta(body) + (bytes(4) + media[4:] if unended else media) + behind


def sequence(packet: bytes) -> bytes:
    """A picture with a film, as libavif writes it: the track has the same XMP packet as an item of its own."""
    item = make_box(b"infe", bytes((2, 0, 0, 0)), b"\0\1", bytes(2), XMP_INFO)

    def film(at: int) -> bytes:
        place = b"\x44\0\0\1" + b"\0\1" + bytes(2) + b"\0\1" + struct.pack(">II", at, len(packet))
        tables = (make_box(b"iinf", bytes(4), b"\0\1", item), make_box(b"iloc", bytes(4), place))
        handler = make_box(b"hdlr", bytes(8), b"pict", bytes(13))
        return make_box(b"moov", make_box(b"trak", make_box(b"meta", bytes(4), handler, *tables)))

    still = made(PICTURE, (XMP_INFO, packet), references=[(b"cdsc", 2, (1,))])
    return still + film(still.index(packet))


PIXELS = bytes(range(200)) * 3
PICTURE = (b"hvc1\0", PIXELS)
XMP_INFO = b"mime\0application/rdf+xml\0"


def exif_item(comment: bytes) -> tuple[bytes, bytes]:
    """An Exif item: the offset of the TIFF header, the signature, a directory with a UserComment."""
    raw = b"ASCII\0\0\0" + comment
    pointer = struct.pack(">HHHII", 1, 0x8769, 4, 1, 26) + bytes(4)
    directory = struct.pack(">HHHII", 1, 0x9286, 7, len(raw), 44) + bytes(4)
    return b"Exif\0", struct.pack(">I", 6) + b"Exif\0\0MM\0*\0\0\0\x08" + pointer + directory + raw


def decoded(data: bytes, ending: str) -> str:
    """SHA-256 of every picture in the file, thumbnails and all, as libheif, libavif or FFmpeg decode them."""
    if ending == "heic":
        import pillow_heif

        file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        digest = hashlib.sha256()
        for image in file:
            digest.update(f"{image.mode} {image.size} {image.info.get('thumbnails')}".encode() + bytes(image.data))
        return digest.hexdigest()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"x.{ending}"
        path.write_bytes(data)
        return oracles.decoded_hash(path) + oracles.pillow_hash(path)
