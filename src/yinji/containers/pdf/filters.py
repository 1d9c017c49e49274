"""Stream filters of ISO 32000-1, 7.4, each with a cap on what it may expand to."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from itertools import accumulate
from typing import Final, NamedTuple, SupportsIndex

from yinji.errors import LimitExceeded, Malformed

_BASE85: Final = re.compile(rb"z|[!-u]{5}")
_EARLY_CHANGE: Final = 1


class Parameters(NamedTuple):
    """The entries of ``DecodeParms`` that matter here (tables 8 and 10)."""

    predictor: int = 1
    colors: int = 1
    bits: int = 8
    columns: int = 1
    early_change: int = _EARLY_CHANGE


def decode(data: bytes, name: str, parameters: Parameters, *, cap: int, path: str) -> bytes:
    """Undoes one filter.

    Raises:
        Malformed: The data are broken, or the filter is none of those that carry structure and text.
        LimitExceeded: The result is longer than ``cap``.
    """
    try:
        plain = _FILTERS[name](data, parameters, cap)
    except KeyError:
        raise Malformed("pdf-filter", path=path, filter=name) from None
    except (zlib.error, ValueError, IndexError) as error:
        raise Malformed("pdf-stream-data", path=path, filter=name, reason=str(error)) from error
    if len(plain) > cap:
        raise LimitExceeded("pdf-inflated", path=path, limit=cap)
    if parameters.predictor > 1 and name in ("FlateDecode", "Fl", "LZWDecode", "LZW"):
        return _unpredicted(plain, parameters, path)
    return plain


def _flate(data: bytes, _parameters: Parameters, cap: int) -> bytes:
    """Inflates as far as the data go: a missing checksum at the end is common and harms nothing."""
    inflater = zlib.decompressobj()
    return inflater.decompress(data, cap + 1)


def _ascii_hex(data: bytes, _parameters: Parameters, _cap: int) -> bytes:
    digits = b"".join(data.partition(b">")[0].split())
    return bytes.fromhex((digits + b"0" * (len(digits) & 1)).decode("ascii"))


def _ascii_85(data: bytes, _parameters: Parameters, _cap: int) -> bytes:
    body = b"".join(data.partition(b"~>")[0].split()).removeprefix(b"<~")
    rest = _BASE85.sub(b"", body)
    if len(rest) > 4:
        raise ValueError("not base 85")
    groups = _BASE85.findall(body)
    out = b"".join(bytes(4) if g == b"z" else _quad(g) for g in groups)
    return out + _quad(rest.ljust(5, b"u"))[: len(rest) - 1] if rest else out


def _quad(group: bytes) -> bytes:
    number = 0
    for char in group:
        number = number * 85 + char - 33
    if not 0 <= number < 1 << 32:
        raise ValueError("not base 85")
    return number.to_bytes(4, "big")


def _run_length(data: bytes, _parameters: Parameters, cap: int) -> bytes:
    out, at = bytearray(), 0
    while at < len(data) and data[at] != 128 and len(out) <= cap:
        length = data[at]
        if length < 128:
            out += data[at + 1 : at + 2 + length]
            at += length + 2
        else:
            out += data[at + 1 : at + 2] * (257 - length)
            at += 2
    return bytes(out)


def _lzw(data: bytes, parameters: Parameters, cap: int) -> bytes:
    """LZW as in TIFF: codes of 9 to 12 bits, 256 clears the table, 257 ends."""
    initial = [bytes((i,)) for i in range(256)] + [b"", b""]
    table, previous, out = list(initial), b"", bytearray()
    bits, width, number = 0, 9, 0
    for byte in data:
        number = (number << 8) | byte
        bits += 8
        if bits < width:
            continue
        bits -= width
        code = number >> bits
        number &= (1 << bits) - 1
        if code == 257 or len(out) > cap:
            break
        if code == 256:
            table, previous, width = list(initial), b"", 9
            continue
        entry = table[code] if code < len(table) else previous + previous[:1]
        out += entry
        if previous and len(table) < 4096:
            table.append(previous + entry[:1])
        previous = entry
        width = min(12, max(9, (len(table) + parameters.early_change).bit_length()))
    return bytes(out)


def _unpredicted(data: bytes, parameters: Parameters, path: str) -> bytes:
    pixel = max(1, parameters.colors * parameters.bits // 8)
    width = (parameters.colors * parameters.bits * parameters.columns + 7) // 8
    if not 0 < width <= 1 << 16 or not 0 < parameters.colors <= 32 or parameters.bits not in (1, 2, 4, 8, 16):
        raise Malformed("pdf-stream-data", path=path, filter="predictor", reason=f"row of {width} bytes")
    if parameters.predictor == 2:
        if parameters.bits != 8:
            raise Malformed("pdf-stream-data", path=path, filter="predictor", reason=f"{parameters.bits} bits")
        rows = (data[at : at + width] for at in range(0, len(data), width))
        return b"".join(_sub(row, pixel) for row in rows)
    tags = set(data[:: width + 1])
    if tags <= {2}:
        return _all_up(data, width)
    return _mixed_rows(data, width, pixel, path)


def _add(a: SupportsIndex, b: int) -> int:
    return (int(a) + b) & 0xFF


def _sub(row: bytes, pixel: int) -> bytes:
    out = bytearray(row)
    for channel in range(pixel):
        out[channel::pixel] = bytes(accumulate(row[channel::pixel], _add))
    return bytes(out)


def _all_up(data: bytes, width: int) -> bytes:
    """Undoes PNG "up" on every row, a column at a time: what nearly all cross-reference streams use."""
    step = width + 1
    rows = len(data) // step
    out = bytearray(rows * width)
    for column in range(width):
        out[column::width] = bytes(accumulate(data[column + 1 : rows * step : step], _add))
    return bytes(out)


def _mixed_rows(data: bytes, width: int, pixel: int, path: str) -> bytes:
    above, out = bytes(width), bytearray()
    for at in range(0, len(data) - width, width + 1):
        tag, row = data[at], data[at + 1 : at + 1 + width]
        if tag == 1:
            row = _sub(row, pixel)
        elif tag == 2:
            row = bytes(map(_add, row, above))
        elif tag in (3, 4):
            row = _average_or_paeth(row, above, pixel, _mean if tag == 3 else _paeth)
        elif tag:
            raise Malformed("pdf-stream-data", path=path, filter="predictor", reason=f"row type {tag}")
        out += row
        above = row
    return bytes(out)


def _average_or_paeth(row: bytes, above: bytes, pixel: int, guess: Callable[[int, int, int], int]) -> bytes:
    out = bytearray(row)
    for i, delta in enumerate(row):
        left, corner = (out[i - pixel], above[i - pixel]) if i >= pixel else (0, 0)
        out[i] = (delta + guess(left, above[i], corner)) & 0xFF
    return bytes(out)


def _mean(left: int, up: int, _corner: int) -> int:
    return (left + up) // 2


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))


_FILTERS: Final[dict[str, Callable[[bytes, Parameters, int], bytes]]] = {
    "FlateDecode": _flate,
    "Fl": _flate,
    "LZWDecode": _lzw,
    "LZW": _lzw,
    "ASCIIHexDecode": _ascii_hex,
    "AHx": _ascii_hex,
    "ASCII85Decode": _ascii_85,
    "A85": _ascii_85,
    "RunLengthDecode": _run_length,
    "RL": _run_length,
}
