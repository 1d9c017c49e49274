"""What a stream's dictionary says of its filters (ISO 32000-1, 7.3.8.2): names and parameters, in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from yinji.containers.pdf.filters import Parameters
from yinji.containers.pdf.lexer import Dictionary, Name, Value
from yinji.errors import Malformed

_MOST: Final = 8


def filters_of(dictionary: Dictionary, resolve: Callable[[Value], Value], path: str) -> list[tuple[str, Value]]:
    """Returns the filters of a stream, each with its parameters as they are written.

    Args:
        dictionary: Of the stream.
        resolve: Follows references.
        path: Of the file, for messages.

    Raises:
        Malformed: There are more than anybody needs.
    """
    names = resolve(dictionary.get("Filter") or dictionary.get("F"))
    parameters = resolve(dictionary.get("DecodeParms") or dictionary.get("DP"))
    if isinstance(names, Name):
        names, parameters = [names], [parameters]
    if not isinstance(names, list):
        return []
    listed = parameters if isinstance(parameters, list) else []
    if len(names) > _MOST:
        raise Malformed("pdf-filter", path=path, filter=f"{len(names)}")
    padded = [*listed, *[None] * len(names)]
    return [(str(resolve(n)), resolve(p)) for n, p in zip(names, padded, strict=False)]


def parameters_of(value: Value, resolve: Callable[[Value], Value]) -> Parameters:
    """Returns what the parameters of a filter say, and what holds where they say nothing."""
    if not isinstance(value, Dictionary):
        return Parameters()

    def integer(key: str, default: int) -> int:
        number = resolve(value.get(key))
        return number if isinstance(number, int) and 0 <= number <= 1 << 16 else default

    return Parameters(
        integer("Predictor", 1),
        integer("Colors", 1),
        integer("BitsPerComponent", 8),
        integer("Columns", 1),
        integer("EarlyChange", 1),
    )
