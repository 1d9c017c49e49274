"""Formats that Yinji can name but not read yet, so that its answer is an honest "unsupported" (R61, R62)."""

from __future__ import annotations

import re
from typing import Final

from yinji.containers.formats import Format, Magic, at
from yinji.containers.model import Kind

_I, _V, _A, _T, _D, _S, _O = Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.TEXT, Kind.DOCUMENT, Kind.SCENE, Kind.OTHER

_ZIP = b"PK\x03\x04"


def _brands(*brands: bytes) -> tuple[Magic, ...]:
    return at(4, *(b"ftyp" + brand for brand in brands))


def _form(group: bytes, *types: bytes) -> tuple[Magic, ...]:
    return tuple(((0, group), (8, type)) for type in types)


ROWS: Final = (
    # images
    Format("cr2", ("cr2",), (((0, b"II*\0"), (8, b"CR")),), "", "image/x-canon-cr2", _I, "Canon CR2"),
    Format("cr3", ("cr3",), _brands(b"crx "), "", "image/x-canon-cr3", _I, "Canon CR3"),
    Format(
        "jp2",
        ("jp2", "jpx", "j2k", "jpf"),
        at(0, b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
        "",
        "image/jp2",
        _I,
        "JPEG 2000",
    ),
    Format("jxr", ("jxr", "wdp", "hdp"), at(0, b"II\xbc\x01"), "", "image/jxr", _I, "JPEG XR"),
    Format("ico", ("ico",), at(0, b"\0\0\x01\0"), "", "image/vnd.microsoft.icon", _I, "ICO"),
    Format("psd", ("psd", "psb"), at(0, b"8BPS"), "", "image/vnd.adobe.photoshop", _I, "Photoshop"),
    Format("qoi", ("qoi",), at(0, b"qoif"), "", "image/qoi", _I, "QOI"),
    Format("exr", ("exr",), at(0, b"\x76\x2f\x31\x01"), "", "image/x-exr", _I, "OpenEXR"),
    Format("dds", ("dds",), at(0, b"DDS "), "", "image/vnd.ms-dds", _I, "DDS"),
    Format("hdr", ("hdr",), at(0, b"#?RADIANCE", b"#?RGBE"), "", "image/vnd.radiance", _I, "Radiance HDR"),
    Format("mng", ("mng",), at(0, b"\x8aMNG\r\n\x1a\n"), "", "video/x-mng", _V, "MNG"),
    # video
    Format("mpegps", ("mpg", "mpeg", "vob"), at(0, b"\0\0\x01\xba", b"\0\0\x01\xb3"), "", "video/mpeg", _V, "MPEG"),
    Format("realmedia", ("rm", "rmvb"), at(0, b".RMF"), "", "application/vnd.rn-realmedia", _V, "RealMedia"),
    Format("ivf", ("ivf",), at(0, b"DKIF"), "", "video/x-ivf", _V, "IVF"),
    Format("y4m", ("y4m",), at(0, b"YUV4MPEG2"), "", "video/x-yuv4mpeg", _V, "YUV4MPEG2"),
    # audio
    Format("w64", ("w64",), at(0, b"riff\x2e\x91\xcf\x11"), "", "audio/x-w64", _A, "Wave64"),
    Format("adif", (), at(0, b"ADIF"), "", "audio/aac", _A, "AAC in ADIF"),
    Format("amr", ("amr", "awb"), at(0, b"#!AMR"), "", "audio/amr", _A, "AMR"),
    Format("midi", ("mid", "midi"), at(0, b"MThd"), "", "audio/midi", _A, "MIDI"),
    Format("ape", ("ape",), at(0, b"MAC "), "", "audio/x-ape", _A, "Monkey's Audio"),
    Format("wavpack", ("wv",), at(0, b"wvpk"), "", "audio/x-wavpack", _A, "WavPack"),
    Format("musepack", ("mpc",), at(0, b"MPCK", b"MP+"), "", "audio/x-musepack", _A, "Musepack"),
    Format("tta", ("tta",), at(0, b"TTA1", b"TTA2"), "", "audio/x-tta", _A, "True Audio"),
    Format("dsf", ("dsf",), at(0, b"DSD "), "", "audio/x-dsf", _A, "DSF"),
    Format("caf", ("caf",), at(0, b"caff"), "", "audio/x-caf", _A, "Core Audio"),
    Format("au", ("au", "snd"), at(0, b".snd"), "", "audio/basic", _A, "AU"),
    Format("ac3", ("ac3", "eac3"), at(0, b"\x0bw"), "", "audio/ac3", _A, "AC-3"),
    Format("dts", ("dts",), at(0, b"\x7f\xfe\x80\x01"), "", "audio/vnd.dts", _A, "DTS"),
    # documents
    Format(
        "zip",
        ("zip", "cbz", "jar", "apk"),
        at(0, _ZIP, b"PK\x05\x06", b"PK\x07\x08"),
        "",
        "application/zip",
        _O,
        "ZIP archive",
    ),
    Format(
        "ole",
        ("doc", "xls", "ppt", "wps", "et", "dps", "msg"),
        at(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "",
        "application/x-ole-storage",
        _D,
        "old Office document",
    ),
    Format("postscript", ("ps", "eps"), at(0, b"%!PS"), "", "application/postscript", _D, "PostScript"),
    Format("rtf", ("rtf",), at(0, b"{\\rtf"), "", "application/rtf", _D, "RTF"),
    Format("djvu", ("djvu", "djv"), at(0, b"AT&TFORM"), "", "image/vnd.djvu", _D, "DjVu"),
    # text with a structure of its own
    Format("xml", ("xml",), (), "", "application/xml", _T, "XML"),
    Format("yaml", ("yaml", "yml"), (), "", "application/yaml", _T, "YAML"),
    Format("latex", ("tex",), (), "", "application/x-tex", _T, "LaTeX"),
    # scenes
    Format("fbx", ("fbx",), at(0, b"Kaydara FBX Binary"), "", "application/x-fbx", _S, "FBX"),
    Format("obj", ("obj",), (), "", "model/obj", _S, "Wavefront OBJ"),
    Format("stl", ("stl",), (), "", "model/stl", _S, "STL"),
    Format("ply", ("ply",), at(0, b"ply\n", b"ply\r"), "", "model/ply", _S, "PLY"),
    # the rest that people hand in
    Format("gzip", ("gz", "tgz"), at(0, b"\x1f\x8b"), "", "application/gzip", _O, "gzip"),
    Format("bzip2", ("bz2",), at(0, b"BZh"), "", "application/x-bzip2", _O, "bzip2"),
    Format("xz", ("xz",), at(0, b"\xfd7zXZ\0"), "", "application/x-xz", _O, "xz"),
    Format("zstd", ("zst",), at(0, b"\x28\xb5\x2f\xfd"), "", "application/zstd", _O, "Zstandard"),
    Format("7z", ("7z",), at(0, b"7z\xbc\xaf\x27\x1c"), "", "application/x-7z-compressed", _O, "7-Zip"),
    Format("rar", ("rar",), at(0, b"Rar!\x1a\x07"), "", "application/vnd.rar", _O, "RAR"),
    Format("tar", ("tar",), (), "", "application/x-tar", _O, "tar archive"),
    Format("sqlite", ("db", "sqlite"), at(0, b"SQLite format 3\0"), "", "application/vnd.sqlite3", _O, "SQLite"),
    Format("elf", ("so",), at(0, b"\x7fELF"), "", "application/x-elf", _O, "program"),
    Format("exe", ("exe", "dll"), at(0, b"MZ"), "", "application/vnd.microsoft.portable-executable", _O, "program"),
    Format(
        "font",
        ("ttf", "otf", "woff", "woff2"),
        at(0, b"\0\x01\0\0\0", b"OTTO", b"wOFF", b"wOF2", b"ttcf"),
        "",
        "font/sfnt",
        _O,
        "font",
    ),
)

_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(!doctype\s+html|html|svg|!doctype\s+svg)\b",
    re.S | re.I,
)
_TS_PACKETS: Final = ((0, 188), (4, 192), (0, 204))
_TAR_MAGIC: Final = slice(257, 262)


def by_structure(head: bytes, extension: str) -> str:
    """Names a format that its first bytes alone do not give away.

    Args:
        head: The first 4 KiB of the file.
        extension: Ending of its name.

    Returns:
        A name of :data:`ROWS`, or "".
    """
    for start, packet in _TS_PACKETS:
        if head[start : start + 1] != b"G":
            continue
        syncs = head[start::packet]
        if len(syncs) >= 4 and set(syncs[:8]) == {0x47}:
            return "mpegts"
    if head[_TAR_MAGIC] == b"ustar":
        return "tar"
    if b"<" not in head:
        return ""
    if markup := _MARKUP.match(head[:1024]):
        return "svg" if b"svg" in markup[1].lower() else "html"
    if head.lstrip()[:5] == b"<?xml":
        return "svg" if extension == "svg" else "xml"
    return ""
