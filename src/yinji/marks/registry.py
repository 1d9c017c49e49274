"""Finds the mark for a kind of content: the built-in ones, then third parties' (entry points ``yinji.marks``)."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

from yinji.errors import UnsupportedFormat
from yinji.marks.base import PerceptibleMark

GROUP: Final = "yinji.marks"
_AUDIO: Final = "yinji.marks.audio.mark:AudioMark"
_IMAGE: Final = "yinji.marks.image:ImageMark"
_EPUB: Final = "yinji.marks.epub.mark:EpubMark"
_HTML: Final = "yinji.marks.html.mark:HtmlMark"
_ODF: Final = "yinji.marks.odf.mark"
_OFD: Final = "yinji.marks.ofd.mark:OfdMark"
_OFFICE: Final = "yinji.marks.office.mark"
_PDF: Final = "yinji.marks.pdf.mark:PdfMark"
_SCENE: Final = "yinji.marks.scene.mark:SceneMark"
_TEXT: Final = "yinji.marks.text.mark:TextMark"
_SUBTITLES: Final = "yinji.marks.text.subtitles:SubtitleMark"
_VIDEO: Final = "yinji.marks.video.mark:VideoMark"
_BUILT_IN: Final = {
    "image/jpeg": _IMAGE,
    "image/png": _IMAGE,
    "image/apng": _IMAGE,
    "image/gif": _IMAGE,
    "image/webp": _IMAGE,
    "image/tiff": _IMAGE,
    "image/heic": _IMAGE,
    "image/heif": _IMAGE,
    "image/avif": _IMAGE,
    "image/bmp": _IMAGE,
    "image/jxl": _IMAGE,
    "model/gltf+json": _SCENE,
    "model/gltf-binary": _SCENE,
    "model/vnd.usd": _SCENE,
    "model/vnd.usdz+zip": _SCENE,
    "text/plain": _TEXT,
    "text/markdown": _TEXT,
    "application/x-subrip": _SUBTITLES,
    "text/vtt": _SUBTITLES,
    "text/x-ssa": _SUBTITLES,
    "text/html": _HTML,
    "application/epub+zip": _EPUB,
    "application/vnd.oasis.opendocument.text": f"{_ODF}:OdtMark",
    "application/vnd.oasis.opendocument.spreadsheet": f"{_ODF}:OdsMark",
    "application/vnd.oasis.opendocument.presentation": f"{_ODF}:OdpMark",
    "application/vnd.oasis.opendocument.graphics": f"{_ODF}:OdgMark",
    "application/ofd": _OFD,
    "application/pdf": _PDF,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": f"{_OFFICE}:WordMark",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": f"{_OFFICE}:SheetMark",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": f"{_OFFICE}:SlideMark",
    "audio/wav": _AUDIO,
    "audio/flac": _AUDIO,
    "audio/mpeg": _AUDIO,
    "audio/aac": _AUDIO,
    "audio/mp4": _AUDIO,
    "audio/ogg": _AUDIO,
    "audio/aiff": _AUDIO,
    "audio/x-ms-wma": _AUDIO,
    "video/mp4": _VIDEO,
    "video/quicktime": _VIDEO,
    "video/x-m4v": _VIDEO,
    "video/3gpp": _VIDEO,
    "video/3gpp2": _VIDEO,
    "video/x-matroska": _VIDEO,
    "video/matroska": _VIDEO,
    "video/webm": _VIDEO,
    "video/x-msvideo": _VIDEO,
    "video/x-flv": _VIDEO,
    "video/mp2t": _VIDEO,
}


_DATA: Final = frozenset(("text/csv", "application/json"))
"""What programs read and nobody looks at: a label in it would be data."""


def mark_for(media_type: str) -> PerceptibleMark:
    """Returns the mark for a media type; parameters such as ``charset`` are ignored.

    Raises:
        UnsupportedFormat: ``no-mark``: there is none; ``data-only``: it has no place that people see. The advice says
            what to do instead.
    """
    kind = media_type.partition(";")[0].strip().lower()
    if kind in _BUILT_IN:
        return _load(_BUILT_IN[kind])
    for mark in _others():
        if kind in mark.media_types:
            return mark
    if kind in _DATA:
        raise UnsupportedFormat("data-only", media_type=kind)
    raise UnsupportedFormat("no-mark", media_type=kind or "?")


def marks() -> tuple[PerceptibleMark, ...]:
    """Returns every mark once, the built-in ones first."""
    return tuple(_load(where) for where in dict.fromkeys(_BUILT_IN.values())) + _others()


@cache
def _load(where: str) -> PerceptibleMark:
    module, _, name = where.partition(":")
    mark: PerceptibleMark = getattr(import_module(module), name)()
    return mark


@cache
def _others() -> tuple[PerceptibleMark, ...]:
    return tuple(entry.load()() for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name))
