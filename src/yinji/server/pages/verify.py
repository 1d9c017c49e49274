"""The verify page: any file, by anybody, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from yinji.errors import UnsupportedFormat
from yinji.server import present, represent
from yinji.server.access import platform_of
from yinji.server.intake import MAX_FILES, RefusedFile, receive_form
from yinji.server.language import language_of
from yinji.server.pages.tables import ActionTable, PageTable
from yinji.server.problems import problem
from yinji.server.rendering import View, page, twin
from yinji.server.sinks import Checked, check_sink


def verify(request: Request) -> View:
    """The empty form."""
    return _view(request, [], [])


async def post(request: Request) -> Response:
    """Reads the files and shows what they say."""
    return page(request, await _checked(request))


async def post_json(request: Request) -> Response:
    """The same for programs."""
    return twin(request, await _checked(request))


async def _checked(request: Request) -> View:
    limit = request.app.state.platform.settings.max_upload_bytes
    form = await receive_form(request, check_sink(platform_of(request), limit), lenient=True)
    return _view(request, form.files, form.refused, missing=not form.files and not form.refused)


def _view(
    request: Request, results: Sequence[Checked], refused: Sequence[RefusedFile], *, missing: bool = False
) -> View:
    limit = request.app.state.platform.settings.max_upload_bytes
    language = language_of(request)
    data = {
        "max_upload_bytes": limit,
        "max_files": MAX_FILES,
        "results": [represent.checked(result) for result in results],
        "refused": [{"filename": one.filename} | problem(one.error, language, "/verify") for one in refused],
    }
    context = {
        "limit": limit,
        "max_files": MAX_FILES,
        "missing": missing,
        "results": [*map(_result, results), *map(_refused, refused)],
    }
    return View("verify.html", data, context, 422 if missing else 200)


def _result(checked: Checked) -> dict[str, Any]:
    report = checked.report
    return {
        "filename": checked.filename,
        "size": checked.size,
        "format": report["format"],
        "media_type": report["media_type"],
        "version": f"{report['verdict']['regime']} {report['verdict']['regime_version']}",
        "answer": present.answer_of(report),
        "notice": present.notice_of(report),
        "reasons": [present.text(reason) for reason in report["verdict"]["reasons"]],
        "labels": present.labels_of(report),
        "checks": _checks(report),
        "problems": present.problems_of(report),
        "findings": present.findings_of(report),
        "others": present.others_of(report),
    }


def _refused(refused: RefusedFile) -> dict[str, Any]:
    """A file that could not even be looked at: an unknown format is another answer than a damaged file."""
    unsupported = isinstance(refused.error, UnsupportedFormat)
    return {
        "filename": refused.filename,
        "size": 0,
        "answer": "unsupported" if unsupported else "cannot_tell",
        "problems": (refused.error.text, refused.error.advice),
        "labels": (),
        "findings": (),
        "others": (),
    }


def _checks(report: present.Json) -> tuple[present.Check, ...]:
    formed = (present.Check("ok", "check", "verify.well_formed"),) if present.conforming(report) else ()
    return (*formed, *present.signature_of(report))


PAGES: Final[PageTable] = (("/verify", "/verify.json", verify),)
ACTIONS: Final[ActionTable] = (
    ("POST", "/verify", post),
    ("POST", "/verify.json", post_json),
)
