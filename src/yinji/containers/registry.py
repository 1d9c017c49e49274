"""Which container a file is: a static table, read without importing any container; then entry points.

To add a format, write its module and add its row here.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from importlib import import_module
from typing import Final, NamedTuple, TypeVar

from yinji.containers.base import Container
from yinji.containers.foreign import ROWS as FOREIGN
from yinji.containers.foreign import by_structure
from yinji.containers.formats import HEAD, Format, Magic, Table, at
from yinji.containers.model import Kind
from yinji.containers.source import Source
from yinji.errors import UnsupportedFormat, UsageError

ENTRY_POINTS: Final = "yinji.containers"

_OGG: Final = "yinji.containers.ogg.container"
_OOXML: Final = "yinji.containers.ooxml.container"
_BMFF: Final = "yinji.containers.bmff.container"
_PLAIN: Final = "yinji.containers.text.plain"
_HEIF: Final = "yinji.containers.heif.container"
_AUDIO_FRAMES: Final = tuple(
    bytes((0xFF, second)) for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2, 0xFD, 0xFC, 0xF5, 0xF4)
)
"""Layers III and II, with and without a checksum."""
_TIFF: Final = at(0, b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ZIP: Final = at(0, b"PK\x03\x04")
_OLD_STARTS: Final = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_ASF: Final = at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c")


def _brands(*brands: bytes) -> tuple[bytes, ...]:
    return tuple(b"ftyp" + brand for brand in brands)


def _ebml(type: bytes) -> tuple[Magic, ...]:
    """The DocType stands at 24 or 31 as most writers order the header; elsewhere the ending decides."""
    start = (0, b"\x1aE\xdf\xa3")
    return (start,), (start, (24, type)), (start, (31, type))


_STILLS: Final = _brands(b"mif1", b"mif2", b"msf1", b"miaf")
_HEVC_STILLS: Final = _brands(b"heic", b"heix", b"hevc", b"hevx")
_AV1_STILLS: Final = _brands(b"avif", b"avis", b"avio")
_RARE_STILLS: Final = _brands(
    *(b"heim", b"heis", b"hevm", b"hevs", b"avci", b"avcs"), *(b"vvic", b"vvis", b"jpeg", b"jpgs", b"j2ki", b"j2is")
)

BUILT_IN: Final = (
    Format("jpeg", ("jpg", "jpeg", "jpe", "jfif"), at(0, b"\xff\xd8\xff"), "yinji.containers.jpeg.container:Jpeg"),
    Format("png", ("png", "apng"), at(0, b"\x89PNG\r\n\x1a\n"), "yinji.containers.png.container:Png"),
    Format("webp", ("webp",), (((0, b"RIFF"), (8, b"WEBP")),), "yinji.containers.webp.container:WebP"),
    Format("gif", ("gif",), at(0, b"GIF87a", b"GIF89a"), "yinji.containers.gif.container:Gif"),
    Format("tiff", ("tiff", "tif"), _TIFF, "yinji.containers.tiff.container:Tiff"),
    Format("dng", ("dng",), _TIFF, "yinji.containers.tiff.container:Dng"),
    Format("heif", ("heif", "heifs", "hif", "avci"), at(4, *_STILLS, *_RARE_STILLS), f"{_HEIF}:Heif"),
    Format("heic", ("heic", "heics"), at(4, *_HEVC_STILLS, *_STILLS), f"{_HEIF}:Heic"),
    Format("avif", ("avif", "avifs"), at(4, *_AV1_STILLS, *_STILLS), f"{_HEIF}:Avif"),
    Format("bmp", ("bmp", "dib"), at(0, b"BM"), "yinji.containers.bmp:Bmp"),
    Format("svg", ("svg",), (), "yinji.containers.svg.container:Svg"),
    Format("svgz", ("svgz",), at(0, b"\x1f\x8b"), "yinji.containers.svg.container:Svgz"),
    Format("jxl", ("jxl",), at(0, b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), "yinji.containers.jxl.container:Jxl"),
    Format("mp4", ("mp4", "f4v", "m4s"), at(4, b"ftyp", b"styp", b"moof", b"sidx"), f"{_BMFF}:Mp4"),
    Format("mov", ("mov", "qt"), at(4, b"ftypqt  ", *_OLD_STARTS), f"{_BMFF}:Mov"),
    Format(
        "m4a",
        ("m4a", "m4b", "m4r", "f4a", "f4b"),
        at(4, *_brands(b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "), b"ftyp"),
        f"{_BMFF}:M4a",
    ),
    Format("m4v", ("m4v",), at(4, *_brands(b"M4V ", b"M4VH", b"M4VP"), b"ftyp"), f"{_BMFF}:M4v"),
    Format("3gp", ("3gp", "3gpp"), at(4, b"ftyp3g"), f"{_BMFF}:ThreeGp"),
    Format("3g2", ("3g2", "3gpp2"), at(4, b"ftyp3g2"), f"{_BMFF}:ThreeG2"),
    Format("matroska", ("mkv", "mka", "mks"), _ebml(b"matroska"), "yinji.containers.matroska.container:Matroska"),
    Format("webm", ("webm",), _ebml(b"webm"), "yinji.containers.matroska.container:WebM"),
    Format("avi", ("avi",), (((0, b"RIFF"), (8, b"AVI ")),), "yinji.containers.avi.container:Avi"),
    Format("flv", ("flv",), at(0, b"FLV\x01"), "yinji.containers.flv.container:Flv"),
    Format("mpegts", ("ts", "m2ts", "mts"), (), "yinji.containers.mpegts:MpegTs"),
    Format("mp3", ("mp3", "mp2", "mpga"), at(0, b"ID3", *_AUDIO_FRAMES), "yinji.containers.mp3:Mp3"),
    Format("wav", ("wav", "wave", "bwf"), (((0, b"RIFF"), (8, b"WAVE")),), "yinji.containers.wav.container:Wav"),
    Format(
        "rf64",
        ("rf64", "bw64", "wav"),
        (((0, b"RF64"), (8, b"WAVE")), ((0, b"BW64"), (8, b"WAVE"))),
        "yinji.containers.wav.container:Rf64",
    ),
    Format("flac", ("flac",), at(0, b"fLaC", b"ID3"), "yinji.containers.flac:Flac"),
    Format("ogg", ("ogg", "oga", "spx", "ogx", "ogv"), at(0, b"OggS"), f"{_OGG}:Ogg"),
    Format("opus", ("opus", "ogg", "oga"), (((0, b"OggS"), (28, b"OpusHead")),), f"{_OGG}:Opus"),
    Format("theora", ("ogv", "ogg", "ogx"), (((0, b"OggS"), (28, b"\x80theora")),), f"{_OGG}:Theora"),
    Format(
        "aac",
        ("aac", "adts"),
        at(0, b"\xff\xf1", b"\xff\xf9", b"\xff\xf0", b"\xff\xf8", b"ID3"),
        "yinji.containers.aac:Aac",
    ),
    Format(
        "aiff",
        ("aiff", "aif", "aifc", "aff"),
        (((0, b"FORM"), (8, b"AIFF")), ((0, b"FORM"), (8, b"AIFC"))),
        "yinji.containers.aiff:Aiff",
    ),
    Format("asf", ("wmv", "asf"), _ASF, "yinji.containers.asf.container:Asf"),
    Format("wma", ("wma",), _ASF, "yinji.containers.asf.container:Wma"),
    Format("pdf", ("pdf",), at(0, b"%PDF-"), "yinji.containers.pdf.container:Pdf"),
    Format("docx", ("docx", "docm", "dotx", "dotm"), _ZIP, f"{_OOXML}:Docx"),
    Format("xlsx", ("xlsx", "xlsm", "xltx", "xltm", "xlsb", "xlam"), _ZIP, f"{_OOXML}:Xlsx"),
    Format("pptx", ("pptx", "pptm", "potx", "potm", "ppsx", "ppsm", "ppam"), _ZIP, f"{_OOXML}:Pptx"),
    Format("odt", ("odt", "ott", "odm", "oth"), _ZIP, "yinji.containers.odf:Odt"),
    Format("ods", ("ods", "ots"), _ZIP, "yinji.containers.odf:Ods"),
    Format("odp", ("odp", "otp"), _ZIP, "yinji.containers.odf:Odp"),
    Format("odg", ("odg", "otg"), _ZIP, "yinji.containers.odf:Odg"),
    Format("glb", ("glb",), at(0, b"glTF"), "yinji.containers.gltf.container:Glb"),
    Format("vrm", ("vrm",), at(0, b"glTF"), "yinji.containers.gltf.container:Vrm"),
    Format("usd", ("usda", "usd", "usdc"), at(0, b"#usda ", b"PXR-USDC"), "yinji.containers.usd.container:Usd"),
    Format("usdz", ("usdz",), at(0, b"PK\x03\x04"), "yinji.containers.usd.container:Usdz"),
    Format("gltf", ("gltf",), (), "yinji.containers.gltf.container:Gltf"),
    Format("epub", ("epub",), _ZIP, "yinji.containers.epub:Epub"),
    Format("ofd", ("ofd",), _ZIP, "yinji.containers.ofd:Ofd"),
    Format("xmind", ("xmind",), _ZIP, "yinji.containers.xmind:XMind"),
    Format("html", ("html", "htm", "xhtml", "xht"), (), "yinji.containers.html.container:Html"),
    Format("markdown", ("md", "markdown", "mdown", "mkd", "mdx"), (), "yinji.containers.text.markdown:Markdown"),
    Format("srt", ("srt",), (), f"{_PLAIN}:SubRip"),
    Format("vtt", ("vtt",), at(0, b"WEBVTT", b"\xef\xbb\xbfWEBVTT"), f"{_PLAIN}:WebVtt"),
    Format("ass", ("ass", "ssa"), at(0, b"[Script Info]", b"\xef\xbb\xbf[Script Info]"), f"{_PLAIN}:SubStation"),
    Format("csv", ("csv", "tsv"), (), f"{_PLAIN}:Table"),
    Format("json", ("json", "jsonl", "ndjson"), (), f"{_PLAIN}:Json"),
    Format("text", ("txt", "text", "log"), (), f"{_PLAIN}:PlainText"),
)

_TABLE: Final = Table(BUILT_IN + FOREIGN)
_NAMED: Final = {row.name: row for row in _TABLE.rows}


_RECENT_MAX: Final = 1024
_Decided = TypeVar("_Decided")


class Identity(NamedTuple):
    """What a file turned out to be.

    Attributes:
        name: Name of the format, or "unknown".
        container: What reads it, or None when nothing does.
        media_type, kind: From the container or the row.
        title: Name for people.
        mismatch: Whether the ending of the file's name belongs to another format.
    """

    name: str
    container: Container | None
    media_type: str
    kind: Kind
    title: str
    mismatch: bool = False


_RECENT: Final[dict[Hashable, Identity]] = {}
"""What magics alone decided lately, by what they looked at: a third of the time of deciding it anew."""

_STARTS: Final[dict[Hashable, Format]] = {}
"""The same of formats that start as others do, which take a look at the file each time."""


def _keep(recent: dict[Hashable, _Decided], key: Hashable, decided: _Decided) -> None:
    if len(recent) >= _RECENT_MAX:
        recent.clear()
    recent[key] = decided


@cache
def _load(home: str) -> Container:
    module, _, name = home.partition(":")
    container: Container = getattr(import_module(module), name)()
    return container


@cache
def _third_party() -> tuple[Container, ...]:
    """Returns the containers of other distributions, in the order of their names."""
    from importlib.metadata import entry_points

    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return tuple(point.load()() for point in points)


def containers() -> tuple[Container, ...]:
    """Returns every container: the built-in ones in the table's order, then those of entry points."""
    return (*(_load(row.home) for row in BUILT_IN), *_third_party())


def by_name(name: str) -> Container:
    """Returns one container.

    Raises:
        UsageError: There is none of that name.
    """
    row = _NAMED.get(name)
    if row is not None and row.home:
        return _load(row.home)
    for container in _third_party():
        if container.name == name:
            return container
    raise UsageError("no-such-container", name=name)


def extension_owner(extension: str) -> str | None:
    """Returns the name of the format that a file name's ending (lower case, no dot) stands for, or None."""
    row = _TABLE.by_extension(extension)
    return None if row is None else row.name


def sniff(source: Source) -> Identity:
    """Says what a file is by its first 4 KiB, and by the directory of a ZIP that shows nothing there.

    Content decides; the ending of the name only where the content is silent (Markdown, plain text, damaged files).
    """
    head, extension = source.head, source.extension
    key = _TABLE.key(head, extension)
    identity = _RECENT.get(key)
    if identity is not None:
        return identity
    row = _STARTS.get(key) or _TABLE.by_magic(head, extension)
    if row is not None:
        if row.name in _VARIANTS:
            _keep(_STARTS, key, row)
            row = _variant(row, source)
            if row.home:
                return _known(row, extension)
        elif row.home:
            identity = _known(row, extension)
            _keep(_RECENT, key, identity)
            return identity
    extra = _best_third_party(head[:HEAD], extension)
    if extra is not None:
        return Identity(extra.name, extra, extra.media_type, extra.kind, extra.name)
    row = _refined(row, head, extension)
    if row is None:
        return Identity("unknown", None, "application/octet-stream", Kind.OTHER, "unknown")
    return _known(row, extension)


def identify(source: Source) -> Container:
    """Returns the container of a file.

    Raises:
        UnsupportedFormat: No container reads it; ``details`` name the format as far as it was recognised.
    """
    identity = sniff(source)
    if identity.container is None:
        raise unsupported(identity, source)
    return identity.container


def unsupported(identity: Identity, source: Source) -> UnsupportedFormat:
    """Returns the error for a file that can be named but not read."""
    return UnsupportedFormat(
        "unsupported-format",
        format=identity.title,
        name=identity.name,
        media_type=identity.media_type,
        path=source.name,
    )


def _known(row: Format, extension: str) -> Identity:
    is_foreign = extension not in row.extensions and _TABLE.by_extension(extension) is not None
    return _identity(row.name, is_foreign)


@cache
def _identity(name: str, mismatch: bool) -> Identity:
    row = _NAMED[name]
    if not row.home:
        return Identity(row.name, None, row.media_type, row.kind, row.title or row.name, mismatch)
    container = _load(row.home)
    return Identity(row.name, container, container.media_type, container.kind, row.name, mismatch)


_VARIANTS: Final = frozenset(
    row.name
    for row in _TABLE.rows
    for magic in row.magics
    if row.name in ("tiff", "svgz", "ole") or magic[0][1][:2] in (b"ID", b"PK")
)
"""Formats whose first bytes are those of others too."""


def _variant(row: Format, source: Source) -> Format:
    """Tells apart formats that start alike, by what their first structures hold."""
    if source.head[:3] == b"ID3":
        from yinji.containers.id3.tag import format_behind

        return _NAMED.get(format_behind(source), row)
    if row.name == "tiff":
        from yinji.containers.tiff.directories import is_dng

        return _NAMED["dng"] if is_dng(source) else row
    if row.name == "svgz" and source.extension != "svgz":
        from yinji.containers.svg.gzip import starts_as_svg

        return row if starts_as_svg(source.head) else _NAMED["gzip"]
    if source.head[:4] == b"PK\x03\x04":
        from yinji.containers.zip.sniff import document

        return _NAMED[document(source, row.name if source.extension in row.extensions else "")]
    if row.name == "ole":
        return _locked_office(row, source)
    return row


def _locked_office(row: Format, source: Source) -> Format:
    """An Office document under a password looks like an old one from outside."""
    from yinji.containers.ooxml.encrypted import is_encrypted_package

    if not is_encrypted_package(source):
        return row
    named = _TABLE.by_extension(source.extension)
    return named if named is not None and named.name in ("docx", "xlsx", "pptx") else _NAMED["docx"]


def _best_third_party(head: bytes, extension: str) -> Container | None:
    if not _third_party():
        return None
    scored = [(container.score(head, extension), container) for container in _third_party()]
    best = max((score for score, _ in scored), default=0)
    return next((container for score, container in scored if score == best), None) if best > 0 else None


def _refined(row: Format | None, head: bytes, extension: str) -> Format | None:
    """Names what magic leaves open: markup by its structure, text by its look, the rest by its ending."""
    if row is not None:
        return row
    if structure := by_structure(head, extension):
        return _NAMED[structure]
    named = _TABLE.by_extension(extension)
    if named is not None and not (extension in _ALSO_OF_TEXT and _looks_like_text(head)):
        return named
    return _NAMED["text"] if _looks_like_text(head) else None


_ALSO_OF_TEXT: Final = frozenset(("ts", "mts"))
"""Endings of a binary format that text has as well: TypeScript beside MPEG transport streams."""


def _looks_like_text(head: bytes) -> bool:
    if not head or head.translate(None, _TEXT_BYTES):
        return head.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        head[:-3].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 6
    return True


_TEXT_BYTES: Final = bytes(range(0x20, 0x100)) + b"\t\n\r\f"
