"""APNG as a picture that a label can be put on and looked for in (W3C PNG, third edition, 11.3.6).

Frames that the label does not touch keep their chunks, sequence numbers included. Palettes and samples of fewer than 8
bits are widened in all frames, which changes no colour.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from yinji.errors import Malformed, UnsupportedFormat
from yinji.marks.animation import Disposal, Moment, Sticker, Treatment, check_size, steps
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.picture import Change, Frame, Single, Still
from yinji.marks.png.chunks import (
    COLOUR,
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
    PALETTE,
    SIGNATURE,
    Png,
    chunk,
    parse,
)
from yinji.marks.png.draw import key_of, samples_of, widened
from yinji.marks.png.rows import Samples, filtered

_CONTROL: Final = ">IIIIIHHBB"
_ALPHAS: Final = (GREY_ALPHA, COLOUR_ALPHA)


@dataclass(frozen=True, slots=True)
class ApngFrame:
    """A frame: its control chunk, the numbers of its data chunks, and what they hold.

    Attributes:
        control: Values of ``fcTL``; empty for a picture that stands in for the animation and is no part of it.
        first: Number of the ``fcTL`` chunk, or of the first ``IDAT``.
        parts: Numbers of the data chunks.
        data: Deflated rows.
        box: Where it stands.
    """

    control: tuple[int, ...]
    first: int
    parts: tuple[int, ...]
    data: bytes
    box: Box

    def disposal(self, number: int) -> Disposal:
        how = self.control[7]
        if how == 2 and number:
            return Disposal.RESTORE
        return Disposal.CLEAR if how else Disposal.KEEP


class ApngPicture(Single):
    """One APNG; see :class:`yinji.marks.picture.Picture`."""

    def __init__(self, png: Png, max_pixels: int) -> None:
        self._png = png
        self.size = (png.width, png.height)
        self.orientation = png.orientation
        self._frames = [*_frames(png)]
        check_size(self.size, [f.box for f in self._frames], max_pixels, png.name)

    @cached_property
    def area(self) -> Box:
        if self._png.colour_type not in _ALPHAS and not self._png.first(b"tRNS"):
            return Box(0, 0, *self.size)
        left, top, right, bottom = zip(*(frame.area for frame in self.frames()), strict=True)
        return Box(min(left), min(top), max(right), max(bottom))

    def frames(self) -> Iterator[Frame]:
        from PIL import Image

        try:
            with Image.open(io.BytesIO(self._png.data), formats=["PNG"]) as image:
                for number in range(getattr(image, "n_frames", 1)):
                    image.seek(number)
                    yield Still(image.convert("RGBA"))
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise Malformed("mark-not-decodable", path=self._png.name, kind="PNG", reason=str(error)) from error

    def draw(self, box: Box, overlay: Overlay) -> Change:
        from PIL import Image

        png = self._png
        sticker = Sticker.of(next(self.frames()), box, overlay)
        moving = [f for f in self._frames if f.control]
        plan = steps([Moment(f.box, f.disposal(n)) for n, f in enumerate(moving)], box, "PNG", png.name)
        treatments = iter(plan)
        widen = png.colour_type == PALETTE or png.depth < 8
        written: dict[int, bytes] = {}
        for frame in self._frames:
            step = next(treatments) if frame.control else None
            drawn = step is None or step.treatment is not Treatment.NONE
            if drawn or widen:
                place = step.box if step else frame.box
                written |= self._written(frame, place, box, sticker if drawn else None)
        data, head = self._rebuilt(written, widen=widen)
        again = next(ApngPicture(parse(data, max_pixels=png.width * png.height, name=png.name), 1 << 40).frames())
        detail: dict[str, Any] = {
            "frames": len(moving),
            "frames_changed": sum(s.treatment is not Treatment.NONE for s in plan),
            "changed": list(box),
            "colour_type": head[1],
        }
        shown = Image.merge("RGB", again.crop(box)[0][:3])
        return sticker.change(data, "widened" if widen else "lossless", overlay, shown, **detail)

    def _single(self, frame: ApngFrame) -> Png:
        """A frame as a file of its own."""
        png = self._png
        head = struct.pack(
            ">IIBBBBB", frame.box.width, frame.box.height, png.depth, png.colour_type, 0, 0, png.interlaced
        )
        more = b"".join(png.data[c.start : c.stop] for c in png.chunks if c.type in (b"PLTE", b"tRNS"))
        data = SIGNATURE + chunk(b"IHDR", head) + more + chunk(b"IDAT", frame.data) + chunk(b"IEND", b"")
        single = parse(data, max_pixels=frame.box.width * frame.box.height, name=png.name)
        return replace(single, name=png.name)

    def _written(self, frame: ApngFrame, place: Box, box: Box, sticker: Sticker | None) -> dict[int, bytes]:
        """The frame's chunks as they are now, by number."""
        from PIL import Image

        single = self._single(frame)
        samples, colour_type = _wide(single)
        if place != frame.box:
            if colour_type not in _ALPHAS:
                variant = "frames that clear one another"
                raise UnsupportedFormat("mark-variant", path=single.name, kind="PNG", variant=variant)
            at = frame.box.left - place.left, frame.box.top - place.top

            def larger(planes: Sequence[Image.Image]) -> tuple[Image.Image, ...]:
                canvases = []
                for plane in planes:
                    canvas = Image.new("L", (place.width, place.height))
                    canvas.paste(plane, at)
                    canvases.append(canvas)
                return tuple(canvases)

            samples = Samples(larger(samples.high), larger(samples.low))
        if sticker is not None:
            _put(samples, colour_type, (box.left - place.left, box.top - place.top), sticker, key_of(single))
        rows = filtered(samples)
        return self._chunks(frame, place, zlib.compress(rows))

    def _chunks(self, frame: ApngFrame, place: Box, data: bytes) -> dict[int, bytes]:
        """New data in as many chunks as before, so that no sequence number changes."""
        png, out = self._png, {}
        if frame.control:
            placed = (place.width, place.height, place.left, place.top)
            out[frame.first] = chunk(b"fcTL", struct.pack(_CONTROL, frame.control[0], *placed, *frame.control[5:]))
        step = -(-len(data) // len(frame.parts))
        for count, number in enumerate(frame.parts):
            old = png.chunks[number]
            head = png.payload(old)[:4] if old.type == b"fdAT" else b""
            out[number] = chunk(old.type, head + data[count * step : (count + 1) * step])
        return out

    def _rebuilt(self, written: dict[int, bytes], *, widen: bool) -> tuple[bytes, tuple[int, int]]:
        png = self._png
        head, changed = widened(png) if widen else ((png.depth, png.colour_type), {})
        out = [SIGNATURE]
        for number, part in enumerate(png.chunks):
            if part.type == b"IHDR":
                out.append(chunk(b"IHDR", struct.pack(">IIBBBBB", png.width, png.height, *head, 0, 0, 0)))
            elif number in written:
                out.append(written[number])
            elif part.type not in changed:
                out.append(png.data[part.start : part.stop])
            elif changed[part.type]:
                out.append(chunk(part.type, changed[part.type]))
        out.append(png.data[png.chunks[-1].stop :])
        return b"".join(out), head


def _frames(png: Png) -> Iterator[ApngFrame]:
    control: tuple[int, ...] = ()
    first, parts = -1, list[int]()

    def frame() -> ApngFrame:
        data = b"".join(png.payload(c)[4 if c.type == b"fdAT" else 0 :] for c in (png.chunks[n] for n in parts))
        box = Box(0, 0, png.width, png.height)
        if control:
            box = Box(control[3], control[4], control[3] + control[1], control[4] + control[2])
        if not box.width or not box.height or box.right > png.width or box.bottom > png.height:
            raise Malformed("mark-not-decodable", path=png.name, kind="PNG", reason="a frame beyond the canvas")
        return ApngFrame(control, first if first >= 0 else parts[0], tuple(parts), data, box)

    for number, part in enumerate(png.chunks):
        if part.type == b"fcTL":
            if parts:
                yield frame()
            if len(png.payload(part)) != 26:
                raise Malformed("mark-not-decodable", path=png.name, kind="PNG", reason="wrong fcTL")
            control, first, parts = struct.unpack(_CONTROL, png.payload(part)), number, []
        elif part.type in (b"IDAT", b"fdAT"):
            parts.append(number)
    if parts:
        yield frame()


def _wide(png: Png) -> tuple[Samples, int]:
    """Samples of 8 or 16 bits without a palette, and their colour type."""
    if png.colour_type == PALETTE:
        samples = samples_of(png)
        return samples, COLOUR_ALPHA if len(samples.high) == 4 else COLOUR
    return samples_of(png), GREY if png.depth < 8 else png.colour_type


def _put(samples: Samples, colour_type: int, at: tuple[int, int], sticker: Sticker, key: tuple[int, ...]) -> None:
    """Lays the label over samples; none of its pixels takes the one colour that counts as transparent."""
    from PIL import Image

    opacity = colour_type in _ALPHAS
    wanted = {v >> 8 if samples.low else v for v in key}
    grey = sticker.grey.point([v ^ 1 if v in wanted else v for v in range(256)])
    for planes in (samples.high, samples.low):
        for number, plane in enumerate(planes):
            last = opacity and number == len(planes) - 1
            plane.paste(Image.new("L", grey.size, 255) if last else grey, at, sticker.mask)
