"""RFC 8785 canonical JSON: one text for one value, so that it can be hashed and signed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

from yinji.errors import UsageError

_MAX_INTEGER: Final = 2**53 - 1
_MAX_DEPTH: Final = 32


def canonical(value: Any) -> str:
    """Returns the canonical text of a JSON value.

    Raises:
        UsageError: No JSON value, an integer beyond ±(2^53 - 1), an unpaired surrogate, or nested too deep.
    """
    return _write(value, 0)


def _write(value: Any, depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise UsageError("not-canonical", reason="nested too deep")
    match value:
        case str():
            return _string(value)
        case None | bool():
            return json.dumps(value)
        case int():
            if abs(value) > _MAX_INTEGER:
                raise UsageError("not-canonical", reason="integer out of range")
            return str(value)
        case float():
            return _number(value)
        case list() | tuple():
            return "[" + ",".join(_write(entry, depth + 1) for entry in value) + "]"
        case dict() if all(isinstance(key, str) for key in value):
            members = ",".join([f"{_string(key)}:{_write(value[key], depth + 1)}" for key in _ordered(value)])
            return f"{{{members}}}"
    raise UsageError("not-canonical", reason=type(value).__name__)


def _ordered(keys: Iterable[str]) -> list[str]:
    """Sorts names by their UTF-16 code units (RFC 8785 section 3.2.3); in ASCII any order of characters is that one."""
    found = list(keys)
    found.sort(key=None if all(map(str.isascii, found)) else lambda key: key.encode("utf-16-be", "surrogatepass"))
    return found


def _string(text: str) -> str:
    if text.isascii():
        return encode_basestring(text)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError("not-canonical", reason="unpaired surrogate") from error
    return encode_basestring(text)


def _number(number: float) -> str:
    """Writes a double as ECMAScript does (RFC 8785 section 3.2.2.3); ``repr`` yields the same shortest digits."""
    if not math.isfinite(number):
        raise UsageError("not-canonical", reason="not a finite number")
    if number == 0:
        return "0"
    sign, figures, exponent = Decimal(repr(number)).normalize().as_tuple()
    digits = "".join(map(str, figures))
    point = len(digits) + int(exponent)
    minus = "-" if sign else ""
    if len(digits) <= point <= 21:
        return minus + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    mantissa = digits[0] + ("." + digits[1:] if digits[1:] else "")
    return f"{minus}{mantissa}e{point - 1:+d}"
