"""What somebody typed into a form that was refused for who sent it: kept, to be sent again once that is settled.

A session ends while a form is filled in, or a new agreement takes effect. The page that says so holds the fields, so
that nothing typed is lost, with or without scripts. Files are not kept; passwords never come back.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from yinji.errors import YinjiError
from yinji.server.intake import read_form, small_body

_ALOUD: Final = frozenset({"title", "text", "note", "reason"})
"""Fields that are shown; the others are choices, and go along unseen."""


class _Nowhere:
    """Takes a file and keeps nothing of it."""

    def write(self, chunk: bytes) -> None: ...

    def finish(self) -> None: ...

    def discard(self) -> None: ...


async def kept_fields(request: Request) -> tuple[tuple[str, str, bool], ...]:
    """Returns name, value and whether to show it, for each field of the form; () where there is none to keep."""
    if request.method != "POST" or "form" not in request.headers.get("content-type", ""):
        return ()
    body = await small_body(request)
    if body is None:
        return ()
    try:
        fields = read_form(request, body, lambda _: _Nowhere()).fields
    except YinjiError:
        return ()
    named = ((name, value) for name, value in fields.items() if "password" not in name)
    return tuple((name, value, name in _ALOUD and bool(value)) for name, value in named)
