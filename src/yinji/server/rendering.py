"""Pages: Jinja2 with escaping always on, and the answers that carry them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cache, partial
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from yinji.errors import YinjiError
from yinji.platform.permissions import Permission
from yinji.server import formatting, problems
from yinji.server.access import may, platform_of, viewer_of
from yinji.server.assets import asset_url
from yinji.server.files import INLINE
from yinji.server.language import CHINESE, COOKIE, known, language_of, other_language, say, tongue, words
from yinji.server.navigation import places

_YEAR: Final = 365 * 24 * 3600
_PACK_ABOVE: Final = 1024
_PACK_LEVEL: Final = 5


@dataclass(frozen=True, slots=True)
class View:
    """One page, before it is known whether people or programs asked for it.

    Attributes:
        template: Name of the template.
        data: What the page says, as JSON values: its ``.json`` twin.
        context: Anything else the template needs.
        status: HTTP status.
    """

    template: str
    data: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@cache
def environment() -> Environment:
    """Returns the templates, with escaping always on."""
    made = Environment(
        loader=PackageLoader("yinji.server"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "size": formatting.size,
        "number": formatting.number,
        "carrier": formatting.carrier,
        "initial": formatting.initial,
        "face": formatting.face,
        "machine_time": formatting.machine_time,
        "tongue": tongue,
    }
    made.globals["asset"] = asset_url
    return made


def page(request: Request, view: View) -> Response:
    """Answers with the page, in the reader's language."""
    language = language_of(request)
    html = environment().get_template(view.template).render(_frame(request, language) | dict(view.context))
    response = _packed(request, html.encode(), view.status)
    if chosen := known(request.query_params.get("lang", "")):
        secure = request.app.state.options.secure
        response.set_cookie(COOKIE, chosen, max_age=_YEAR, samesite="lax", httponly=True, secure=secure)
    return response


def twin(request: Request, view: View) -> Response:
    """Answers with what the page says, for programs."""
    return JSONResponse(dict(view.data), view.status, {"Cache-Control": "private, no-cache"})


def see_other(address: str) -> Response:
    """Sends the browser on after a form (303)."""
    return RedirectResponse(address, 303)


def error_page(request: Request, error: YinjiError, kept: Sequence[tuple[str, str, bool]] = ()) -> Response:
    """Answers an error with a page that says what happened and what to do next; ``kept`` is the form to send again."""
    response = page(request, View("error.html", {}, {"error": error, "kept": kept}, error.http_status))
    response.headers.update(problems.headers_of(error))
    return response


def step(language: str, event: str) -> str:
    """Returns an event of the log in words; one we have no words for keeps its own name."""
    known_words = words().get(f"event.{event.replace('.', '_')}") or words().get(event.replace(".", ".step_"))
    return known_words.pick(language) if known_words else event


@cache
def speech(language: str, zone: tzinfo) -> Mapping[str, Any]:
    """Returns what templates speak with: words, times and numbers in one language and one zone of time."""
    return {
        "lang": language,
        "zh": language == CHINESE,
        "t": partial(say, language),
        "pick": lambda text: text[0 if language == CHINESE else 1],
        "words": lambda table: table.get("zh" if language == CHINESE else "en", ""),
        "comma": "，" if language == CHINESE else ", ",
        "colon": "：" if language == CHINESE else ": ",
        "stop": "。" if language == CHINESE else ". ",
        "gap": "" if language == CHINESE else " ",
        "inline": INLINE,
        "zone": str(zone),
        "step": lambda event: step(language, event),
        "when": partial(formatting.when, language=language, zone=zone),
        "date": partial(formatting.date, language=language),
        "told": formatting.told,
        "duration": partial(formatting.duration, language=language),
        "moment": partial(formatting.moment, language=language, zone=zone),
    }


def _frame(request: Request, language: str) -> dict[str, Any]:
    """Returns what every page may use."""
    other, other_address = other_language(request, language)
    return {
        **speech(language, request.app.state.options.zone),
        "other_lang": other,
        "other_address": other_address,
        "viewer": viewer_of(request),
        "path": request.url.path,
        "query": request.query_params.get("q", "")[:200],
        "can_publish": may(request, Permission.ITEM_PUBLISH),
        "places": places(request),
        "short_video_words": {one.id: one.words for one in platform_of(request).policy.short_video_choices()},
        "open_registration": request.app.state.options.open_registration,
        "site": request.app.state.site_name,
        "demo": request.app.state.demo,
    }


def _packed(request: Request, body: bytes, status: int) -> Response:
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Accept-Language, Cookie"}
    if len(body) > _PACK_ABOVE and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, _PACK_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers, "text/html; charset=utf-8")
