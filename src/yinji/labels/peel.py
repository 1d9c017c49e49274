"""Takes off what writers wrap around the JSON of a label, and names each layer."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from yinji.labels.problem import Problem, Severity

_BLANK: Final = " \t\n\r"
_LAYERS_AT_MOST: Final = 6

_HTML: Final = re.compile(r"[{\[][ \t\n\r]*&(?:amp;)*(?:quot|apos|#0*3[49]|#[xX]0*2[27]);|&(?:amp;)*(?:quot|#0*34);")
_BACKSLASHED: Final = re.compile(r'[{\[][ \t\n\r]*\\"')
_PREFIX: Final = re.compile(r"AIGC[ \t\n\r]*[=:\x00]?[ \t\n\r]*(?=[{\[])")
_BASE64: Final = re.compile(r"(?:eyJ|eyA|eyc|ewo|ew0|77u/ey)[A-Za-z0-9+/_\-\r\n]+={0,2}")


class Layer(NamedTuple):
    """One kind of wrapping.

    Attributes:
        code: The problem that names it.
        severity: How much it matters.
        rule: The rule it breaks.
        peel: Returns the text without the layer, or None when the text does not have it.
    """

    code: str
    severity: Severity
    rule: str
    peel: Callable[[str], str | None]


def _byte_order_mark(text: str) -> str | None:
    return text.lstrip("\ufeff") if text.startswith("\ufeff") else None


def _padding(text: str) -> str | None:
    return text.strip("\x00") if text[:1] == "\x00" or text[-1:] == "\x00" else None


def _blank(text: str) -> str | None:
    return text.strip(_BLANK) if text and (text[0] in _BLANK or text[-1] in _BLANK) else None


def _prefix(text: str) -> str | None:
    found = _PREFIX.match(text)
    return text[found.end() :] if found else None


def _escaped(text: str) -> str | None:
    return html.unescape(text) if _HTML.match(text) else None


def _quoted(text: str) -> str | None:
    if _BACKSLASHED.match(text):
        text = f'"{text}"'
    elif text[:1] != '"':
        return None
    try:
        value = json.loads(text, strict=False)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _base64(text: str) -> str | None:
    if not _BASE64.fullmatch(text):
        return None
    plain = "".join(text.split()).rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


_LAYERS: Final = (
    Layer("byte-order-mark", Severity.WARNING, "R39", _byte_order_mark),
    Layer("nul-padding", Severity.NOTE, "R39", _padding),
    Layer("outer-space", Severity.NOTE, "R39", _blank),
    Layer("key-in-value", Severity.WARNING, "R38", _prefix),
    Layer("html-escaped", Severity.WARNING, "R39", _escaped),
    Layer("double-encoded", Severity.ERROR, "R24", _quoted),
    Layer("base64", Severity.ERROR, "R37", _base64),
)


def peel(text: str) -> tuple[str, list[Problem]]:
    """Returns the text without its wrappings, and a problem for each kind taken off.

    Args:
        text: The value as it stands in a carrier, at most :data:`yinji.labels.decode.MAX_CHARACTERS` long.
    """
    if text.startswith('{"') and text.endswith("}"):
        return text, []
    found: dict[str, Problem] = {}
    for _ in range(_LAYERS_AT_MOST):
        for layer in _LAYERS:
            inner = layer.peel(text)
            if inner is not None:
                found[layer.code] = Problem(layer.code, layer.severity, layer.rule)
                text = inner
                break
        else:
            break
    return text, list(found.values())
