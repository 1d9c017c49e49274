"""Samples of WAV: how they are written, read as 16 bits, and made."""

from __future__ import annotations

import struct
from array import array
from typing import Final, NamedTuple

from yinji.marks.audio.g711 import a_law, mu_law
from yinji.marks.audio.plan import damaged, integers, interleaved, little, unable
from yinji.marks.audio.rhythm import LOWEST_RATE

_KIND: Final = "WAV"
_PCM, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_BITS: Final = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64), _A_LAW: (8,), _MU_LAW: (8,)}
_NAMES: Final = {_PCM: "pcm", _FLOAT: "pcm float", _A_LAW: "A-law", _MU_LAW: "mu-law"}
_LAWS: Final = {_A_LAW: a_law, _MU_LAW: mu_law}
_OTHERS: Final = {2: "MS ADPCM", 17: "IMA ADPCM", 49: "GSM 6.10", 80: "MPEG", 85: "MP3"}


class Format(NamedTuple):
    """How samples are written: the tag, their channels, rate, and bits."""

    tag: int
    channels: int
    rate: int
    bits: int

    @property
    def width(self) -> int:
        return self.bits // 8

    @property
    def stride(self) -> int:
        return self.width * self.channels


def format_of(body: bytes) -> Format:
    """Reads the ``fmt`` chunk.

    Raises:
        Malformed, UnsupportedFormat: It cannot be read, or the samples are compressed in another way.
    """
    if len(body) < 16:
        raise damaged(_KIND, "fmt")
    tag, channels, rate, _, stride, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)
    form = Format(tag, channels, rate, bits)
    if bits not in _BITS.get(tag, ()):
        raise unable(_KIND, _OTHERS.get(tag) or f"format {tag}, {bits} bits")
    if not channels or form.stride != stride:
        raise damaged(_KIND, "fmt")
    if rate < LOWEST_RATE:
        raise unable(_KIND, f"{rate} Hz")
    return form


def codec_of(form: Format) -> str:
    """What the coding is called."""
    return f"{_NAMES[form.tag]} {form.bits}"


def sixteen(data: bytes, form: Format) -> array[int]:
    """Returns samples of any kind as 16 bits."""
    if form.tag == _FLOAT:
        values = array("f" if form.bits == 32 else "d", data)
        little(values)
        return array("h", (int(max(-1.0, min(1.0, v)) * 32767) if v == v else 0 for v in values))
    if form.tag in _LAWS:
        return _LAWS[form.tag]().expanded(data)
    if form.bits == 8:
        return array("h", ((value - 128) << 8 for value in data))
    if form.bits == 16:
        return little(array("h", data))
    top = bytearray(len(data) // form.width * 2)
    top[0::2] = data[form.width - 2 :: form.width]
    top[1::2] = data[form.width - 1 :: form.width]
    return little(array("h", bytes(top)))


def packed(cue: array[float], form: Format) -> bytes:
    """Returns one channel as samples of the file, in the first two channels."""
    if form.tag == _FLOAT:
        out = array("f" if form.bits == 32 else "d", bytes(form.stride * len(cue)))
        plane = array(out.typecode, cue)
        for channel in range(min(2, form.channels)):
            out[channel :: form.channels] = plane
        return little(out).tobytes()
    if form.tag in _LAWS:
        return _LAWS[form.tag]().compressed(interleaved(cue, form.channels))
    if form.bits == 8:
        bytes_out = bytearray(b"\x80" * (len(cue) * form.channels))
        for channel in range(min(2, form.channels)):
            bytes_out[channel :: form.channels] = bytes(value + 128 for value in integers(cue, 8))
        return bytes(bytes_out)
    values = little(interleaved(cue, form.channels, form.bits)).tobytes()
    if form.bits != 24:
        return values
    packed = bytearray(len(values) // 4 * 3)
    for byte in range(3):
        packed[byte::3] = values[byte::4]
    return bytes(packed)
