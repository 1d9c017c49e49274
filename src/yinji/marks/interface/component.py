"""The files of the web component as they are served."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

NAME: Final = "yinji-label.js"
DEMO: Final = "demo.html"
MEDIA_TYPE: Final = "text/javascript; charset=utf-8"


@cache
def script() -> bytes:
    """Returns the component: one ECMAScript module."""
    return files(__package__).joinpath(NAME).read_bytes()


@cache
def demo() -> bytes:
    """Returns a page that shows the component in a chat, over a player and in a feed; it loads the module beside it."""
    return files(__package__).joinpath(DEMO).read_bytes()


@cache
def digest() -> str:
    """Returns what names this version of the component, for addresses that may be kept for ever."""
    return hashlib.sha256(script()).hexdigest()[:16]
