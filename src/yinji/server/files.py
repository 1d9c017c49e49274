"""Uploaded content on its way out: what may be shown in place, under which name, and under which policy."""

from __future__ import annotations

import re
from itertools import chain
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

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
    if (path := file.local) is not None:
        return FileResponse(path, headers=headers, media_type=media_type)
    return _from_afar(request, file, headers, media_type)


def _from_afar(request: Request, file: ServedFile, headers: dict[str, str], media_type: str) -> Response:
    """Passes on a file, or one range of it, that is not on this machine, piece by piece (RFC 9110 section 14)."""
    start, stop, status = _range_of(request.headers.get("range", ""), file.size)
    headers |= {"Accept-Ranges": "bytes", "Content-Length": str(stop - start)}
    if status == 416:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{file.size}"})
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    pieces = file.chunks(start, stop) if request.method == "GET" else iter(())
    first = next(pieces, b"")  # before the answer begins: where nothing comes, an error can still be told
    return StreamingResponse(chain((first,), pieces), status, headers, media_type)


def _range_of(header: str, size: int) -> tuple[int, int, int]:
    """Returns the first byte, the one after the last, and the status. Several ranges are answered with the whole."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.strip())
    if match is None or match[0].endswith("=-"):
        return 0, size, 200
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    return (start, stop, 206) if start < stop else (0, 0, 416)


def _unchanged(request: Request, etag: str) -> bool:
    wanted = request.headers.get("if-none-match", "")
    return etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}


def disposition(filename: str, *, inline: bool) -> str:
    """Returns Content-Disposition with an ASCII fallback and the name in UTF-8 (RFC 6266, ASVS 5.0, 5.4.1, 5.4.2)."""
    fallback = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in filename) or "file"
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(filename, safe='')}"
