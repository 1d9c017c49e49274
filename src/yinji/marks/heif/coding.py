"""HEVC and AV1 pictures as planes of 8 bits and back, through a process that decodes and encodes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import LimitExceeded, Malformed, MissingExtra, UnsupportedFormat
from yinji.marks.heif.worker import NO_ENCODER
from yinji.marks.messages import receive, send

if TYPE_CHECKING:
    from PIL import Image

_SECONDS: Final = 240.0
_FORMATS: Final = {
    "hvc1": frozenset(
        {
            "yuv420p",
            "yuvj420p",
            "yuv422p",
            "yuvj422p",
            "yuv444p",
            "yuvj444p",
            "gray",
            "yuv420p10le",
            "yuv422p10le",
            "yuv444p10le",
        }
    ),
    "av01": frozenset({"yuv420p", "yuvj420p", "yuv420p10le"}),
}
_FULL: Final = 2


@dataclass(slots=True)
class Coded:
    """A decoded picture: what it says of itself, and its stored planes."""

    facts: dict[str, Any]
    planes: list[bytes]

    @property
    def size(self) -> tuple[int, int]:
        return self.facts["width"], self.facts["height"]

    @property
    def full(self) -> bool:
        return int(self.facts["color_range"]) == _FULL or str(self.facts["format"]).startswith("yuvj")

    def shown(self, full: bool) -> list[Image.Image]:
        """The planes in 8 bits and full range."""
        from PIL import Image

        pictures = []
        for number, (width, height) in enumerate(self.facts["sizes"]):
            data = self.planes[number]
            if self.facts["bits"] > 8:
                data = bytes(_eight(data, self.facts["bits"]))
            picture = Image.frombytes("L", (width, height), data)
            pictures.append(picture if full else picture.point(_EXPAND[number > 0]))
        return pictures

    def put(self, number: int, new: Image.Image, old: Image.Image, full: bool) -> None:
        """Stores a plane where it differs from what it was; the other samples keep every bit."""
        from PIL import ImageChops

        where = ImageChops.difference(new, old).getbbox()
        if where is None:
            return
        shrunk = new if full else new.point(_SHRINK[number > 0])
        values, changed, stored = (
            shrunk.tobytes(),
            ImageChops.difference(new, old).tobytes(),
            bytearray(self.planes[number]),
        )
        shift = self.facts["bits"] - 8
        for row in range(where[1], where[3]):
            for at in range(row * new.width + where[0], row * new.width + where[2]):
                if changed[at] and shift:
                    stored[2 * at : 2 * at + 2] = (values[at] << shift).to_bytes(2, "little")
                elif changed[at]:
                    stored[at] = values[at]
        self.planes[number] = bytes(stored)


def _eight(data: bytes, bits: int) -> bytes:
    from array import array

    values = array("H", data)
    return bytes(min(255, v >> (bits - 8)) for v in values)


_EXPAND: Final = (
    [min(255, max(0, round((v - 16) * 255 / 219))) for v in range(256)],
    [min(255, max(0, round((v - 128) * 255 / 224 + 128))) for v in range(256)],
)
_SHRINK: Final = (
    [round(v * 219 / 255 + 16) for v in range(256)],
    [round((v - 128) * 224 / 255 + 128) for v in range(256)],
)
"""Between the narrow range of studio signals and the full one; luma, then chroma."""


def decode(kind: str, pictures: Sequence[tuple[bytes, bytes]], name: str) -> list[Coded]:
    """Decodes pictures from their configuration and their data.

    Args:
        kind: Type of their items: ``hvc1`` or ``av01``.
        pictures: Configuration and data of each.
        name: For messages.

    Raises:
        Malformed: One does not decode.
        UnsupportedFormat: A sample format that cannot be written again.
        MissingExtra: PyAV is not installed.
    """
    parts = _ask([b"decode", kind.encode(), *(p for pair in pictures for p in pair)], name)
    found = []
    while parts:
        facts = json.loads(parts[0])
        if facts["format"] not in _FORMATS[kind]:
            raise UnsupportedFormat("mark-variant", path=name, kind="HEIF", variant=facts["format"])
        count = len(facts["sizes"])
        found.append(Coded(facts, parts[1 : 1 + count]))
        parts = parts[1 + count :]
    return found


def encode(pictures: Sequence[Coded], crf: int, name: str) -> list[tuple[bytes, bytes]]:
    """Encodes pictures and returns the ``hvcC`` or ``av1C`` box and the data of each.

    Args:
        pictures: What to encode.
        crf: Rate factor of the encoder; less is better.
        name: For messages.

    Raises:
        UnsupportedFormat: The encoder does not take such pictures.
        MissingExtra: PyAV is not installed.
    """
    message = [b"encode"]
    for picture in pictures:
        message += [json.dumps(picture.facts | {"crf": crf}).encode(), *picture.planes]
    parts = _ask(message, name)
    return [(parts[i], parts[i + 1]) for i in range(0, len(parts), 2)]


def _ask(message: list[bytes], name: str) -> list[bytes]:
    if find_spec("av") is None or find_spec("numpy") is None:
        raise MissingExtra("missing-extra", extra="av", names="av, numpy")
    stream = io.BytesIO()
    send(stream, message)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "yinji.marks.heif.worker"],
            input=stream.getvalue(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise LimitExceeded("picture-too-slow", path=name, seconds=round(_SECONDS)) from error
    if done.returncode == NO_ENCODER:
        raise UnsupportedFormat("mark-variant", path=name, kind="HEIF", variant="no encoder for such a picture")
    if done.returncode:
        raise Malformed("mark-not-decodable", path=name, kind="HEIF", reason="the decoder gave up")
    return receive(io.BytesIO(done.stdout))
