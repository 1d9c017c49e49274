"""Which language a page speaks, and the words it speaks with.

The words of the interface are kept in ``words/*.toml``: one table an area, one entry a sentence, both languages side
by side. Notices prescribed by law never come from here but from the verdict.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from yinji.texts import Text

CHINESE: Final = "zh-CN"
ENGLISH: Final = "en"
COOKIE: Final = "lang"


@cache
def words() -> Mapping[str, Text]:
    """Returns all sentences of the interface by ``area.name``.

    Raises:
        ValueError: An area is defined in two files.
    """
    merged: dict[str, Text] = {}
    for entry in sorted(files(__package__).joinpath("words").iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        for area, sentences in tomllib.loads(entry.read_text("utf-8")).items():
            for name, pair in sentences.items():
                key = f"{area}.{name}"
                if key in merged:
                    raise ValueError(f"words: {key} is defined twice")
                merged[key] = Text(pair["zh"], pair["en"])
    return merged


def say(language: str, key: str, /, **values: object) -> str:
    """Returns the sentence ``key`` in ``language`` with its placeholders filled.

    Raises:
        KeyError: There is no such sentence, or a placeholder was left without a value.
    """
    return words()[key].pick(language).format(**values)


def known(tag: str) -> str:
    """Returns the page language for a language tag, or "" when we do not speak it."""
    primary = tag.strip().lower().split("-")[0]
    return {"zh": CHINESE, "en": ENGLISH}.get(primary, "")


def language_of(request: Request) -> str:
    """Chooses by ``?lang=``, then the cookie, then Accept-Language; Chinese where nothing decides."""
    chosen = known(request.query_params.get("lang", "")) or known(request.cookies.get(COOKIE, ""))
    return chosen or _accepted(request.headers.get("accept-language", "")) or CHINESE


def _accepted(header: str) -> str:
    """Returns the best language of an Accept-Language header (RFC 9110 section 12.5.4)."""
    ranked: list[tuple[float, str]] = []
    for part in header[:512].split(","):
        tag, _, parameters = part.partition(";")
        if language := known(tag):
            ranked.append((_quality(parameters), language))
    best = max(ranked, key=lambda pair: pair[0], default=(0.0, ""))
    return best[1] if best[0] > 0 else ""


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def other_language(request: Request, language: str) -> tuple[str, str]:
    """Returns the other language and the address of this page in it."""
    other = ENGLISH if language == CHINESE else CHINESE
    kept = [(k, v) for k, v in parse_qsl(request.url.query) if k != "lang"]
    return other, f"{request.url.path}?{urlencode([*kept, ('lang', other)])}"


def tongue(text: str) -> str:
    """Guesses the language of words people wrote, for the ``lang`` attribute that picks fonts and voices."""
    return CHINESE if any("\u3400" <= c <= "\u9fff" for c in text) else ENGLISH
