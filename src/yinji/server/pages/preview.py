"""Trying a label out: the label on one's own picture, video, sound or page before it is switched on."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from yinji.errors import YinjiError
from yinji.platform.model import Account
from yinji.platform.previews import LANGUAGES, PLACES, STYLES, Preview, Previews, Trial, Wish
from yinji.server.access import author_of, platform_of
from yinji.server.errors import BadRequest
from yinji.server.files import INLINE, disposition
from yinji.server.formatting import machine_time
from yinji.server.intake import receive_form
from yinji.server.language import CHINESE, language_of, words
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.rendering import View, page, see_other
from yinji.server.security import FILE_POLICY

_READ_AS_IT_STANDS: Final = frozenset(("text/plain", "text/markdown", "application/x-subrip", "text/vtt", "text/x-ssa"))
_START: Final = 3000
_END: Final = 1000
"""Bytes of the start and of the end that are shown."""


class PreviewSink:
    """Takes a file and draws the label on it."""

    def __init__(self, previews: Previews, account: Account, wish: Wish, filename: str) -> None:
        self._previews = previews
        self._account = account
        self._wish = wish
        self._filename = filename
        self._stack = ExitStack()
        self._trial: Trial | None = None

    def write(self, chunk: bytes) -> None:
        self._opened().write(chunk)

    def finish(self) -> Preview:
        return self._previews.make(self._account, self._opened(), self._filename, self._wish)

    def discard(self) -> None:
        self._stack.close()

    def _opened(self) -> Trial:
        if self._trial is None:
            self._trial = self._stack.enter_context(self._previews.trial())
        return self._trial


def preview(request: Request) -> View:
    """The empty form."""
    return _form(request)


async def post(request: Request) -> Response:
    """Draws the label on a file, in the language of the page."""
    wish = Wish("zh" if language_of(request) == CHINESE else "en")
    open_sink = partial(PreviewSink, platform_of(request).previews, author_of(request), wish)
    form = await receive_form(request, open_sink, lenient=True)
    if form.files:
        return see_other(f"/preview/{form.files[0].id}")
    error = form.refused[0].error if form.refused else BadRequest("file-missing")
    return await run_in_threadpool(page, request, _form(request, error))


def shown(request: Request) -> View:
    """The labelled file, what was drawn, and what could be otherwise."""
    return _view(_preview(request))


async def redraw(request: Request) -> Response:
    """Draws the label on the same file as wished for now."""
    form = await receive_form(request)
    wish = Wish(form.get("language", "zh"), form.get("place"), form.get("style"))
    return await run_in_threadpool(_redrawn, request, wish)


def _redrawn(request: Request, wish: Wish) -> Response:
    number = request.path_params["preview_id"]
    try:
        platform_of(request).previews.again(author_of(request), number, wish)
    except YinjiError as error:
        if error.http_status in (403, 404):
            raise
        return page(request, _view(_preview(request), error))
    return see_other(f"/preview/{number}")


def file(request: Request) -> Response:
    """The labelled file; nothing in it may run."""
    found = _preview(request)
    inline = found.media_type in INLINE and request.query_params.get("download") != "1"
    headers = {
        "Content-Disposition": disposition(found.filename, inline=inline),
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "private, no-store",
    }
    return FileResponse(
        found.path, headers=headers, media_type=found.media_type if inline else "application/octet-stream"
    )


def _preview(request: Request) -> Preview:
    return platform_of(request).previews.get(author_of(request), request.path_params["preview_id"])


def _form(request: Request, error: YinjiError | None = None) -> View:
    limit = platform_of(request).settings.max_upload_bytes
    data = {"max_upload_bytes": limit, "offered": {"language": LANGUAGES, "place": PLACES, "style": STYLES}}
    return View("preview.html", data, {"limit": limit, "error": error}, error.http_status if error else 200)


def _view(found: Preview, error: YinjiError | None = None) -> View:
    data: dict[str, Any] = {
        "id": found.id,
        "filename": found.filename,
        "media_type": found.media_type,
        "wish": found.wish.to_dict(),
        "written": found.written,
        "created_at": machine_time(found.created_at),
        "href": f"/preview/{found.id}/file",
    }
    # Words for how the rest of the file was kept; a method of somebody's own mark may have none.
    method = "preview.method_" + str(found.drawn["method"]).replace("-", "_").replace(" ", "_")
    context = {
        "preview": found,
        "drawn": found.drawn,
        "languages": LANGUAGES,
        "spots": PLACES,
        "styles": STYLES,
        "method": method if method in words() else "",
        "error": error,
        "text": _ends_of_text(found),
        "version": int(found.created_at.timestamp() * 1000),
    }
    return View("preview_shown.html", data, context, error.http_status if error else 200)


def _ends_of_text(found: Preview) -> str:
    """Both ends of a file that people read as it stands, where the label is; "" for any other."""
    if found.media_type not in _READ_AS_IT_STANDS:
        return ""
    with found.path.open("rb") as opened:
        data = opened.read(_START)
        left = found.path.stat().st_size - len(data)
        if left > _END:
            opened.seek(-_END, os.SEEK_END)
            data += b"\n\xe2\x80\xa6\n"
        data += opened.read(_END)
    return data.decode("utf-8", "ignore").removeprefix("\ufeff")


PAGES: Final[PageTable] = (
    ("/preview", "/preview.json", preview),
    ("/preview/{preview_id}", "/preview/{preview_id}.json", shown),
)
ACTIONS: Final[ActionTable] = (
    ("POST", "/preview", post),
    ("POST", "/preview/{preview_id}", redraw),
    ("GET", "/preview/{preview_id}/file", file),
)
