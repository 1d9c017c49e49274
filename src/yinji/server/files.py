"""Uploaded content on its way out: what may be shown in place, under which name, and under which policy."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from yinji.platform.model import ServedFile
from yinji.server.security import FILE_POLICY

INLINE: Final = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/bmp",
        "video/mp4",
        "video/webm",
        "video/quicktime",
        "audio/mpeg",
        "audio/mp4",
        "audio/aac",
        "audio/ogg",
        "audio/flac",
        "audio/wav",
        "audio/x-wav",
        "audio/vnd.wave",
        "audio/webm",
    }
)
"""What browsers show as picture, film or sound and never run. Everything else is downloaded: SVG and HTML above all."""


def serve_file(request: Request, file: ServedFile, *, download: bool) -> Response:
    """Answers with the file: ranges (206), ETag (304), a safe name and a policy under which nothing in it can run."""
    inline = file.media_type in INLINE and not download
    headers = {
        "Content-Disposition": disposition(file.filename, inline=inline),
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "private, no-cache",
        "ETag": f'"{file.sha256}"',
    }
    if _unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    media_type = file.media_type if inline else "application/octet-stream"
    return FileResponse(file.path, headers=headers, media_type=media_type)


def _unchanged(request: Request, etag: str) -> bool:
    wanted = request.headers.get("if-none-match", "")
    return etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}


def disposition(filename: str, *, inline: bool) -> str:
    """Returns Content-Disposition with an ASCII fallback and the name in UTF-8 (RFC 6266, ASVS 5.0, 5.4.1, 5.4.2)."""
    fallback = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in filename) or "file"
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(filename, safe='')}"
