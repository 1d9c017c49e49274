"""How a module of pages says what it serves."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from yinji.server.rendering import View

Show = Callable[[Request], View]
PageTable = tuple[tuple[str, str, Show], ...]
"""Address, address of the ``.json`` twin, and what both show."""
ActionTable = tuple[tuple[str, str, Callable[..., object]], ...]
"""Method, address, endpoint: forms, downloads, fragments."""
