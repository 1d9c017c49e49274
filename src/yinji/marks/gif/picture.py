"""GIF as a picture that a label can be put on and looked for in.

A frame that has to show the label gets a table of its own, in which numbers that it does not use stand for the tones
of the label; the other frames and the common table stay. LZW loses nothing, so every other pixel stays as well. Where
a frame uses nearly all numbers, its rarest colours give way to their nearest neighbours, and the result says how many.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import Malformed, Truncated
from yinji.marks.animation import Moment, Step, Sticker, Treatment, check_size, steps
from yinji.marks.gif.blocks import Gif, GifFrame, frame_bytes, parse
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.picture import Change, Frame, Single, Still

if TYPE_CHECKING:
    from PIL import Image

_TONES: Final = 8
_CLOSE: Final = 300
"""Square of the distance in red, green and blue at which a colour may stand for a tone of the label."""
_RARE: Final = 16


class GifPicture(Single):
    """One GIF; see :class:`yinji.marks.picture.Picture`."""

    orientation = 1

    def __init__(self, gif: Gif) -> None:
        self._gif = gif
        self.size = gif.size

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> GifPicture:
        """Takes a file apart.

        Raises:
            Malformed, Truncated: It breaks the rules or ends too early.
            LimitExceeded: Too many pixels or frames.
        """
        gif = parse(data, name)
        check_size(gif.size, [f.box for f in gif.frames], max_pixels, name)
        return cls(gif)

    @cached_property
    def area(self) -> Box:
        """Where anything is drawn at any time; the canvas may be larger."""
        if self._gif.frames[0].transparent < 0 and self._gif.frames[0].box == Box(0, 0, *self.size):
            return Box(0, 0, *self.size)
        boxes = [frame.area for frame in self.frames()]
        left, top, right, bottom = zip(*boxes, strict=True)
        return Box(min(left), min(top), max(right), max(bottom))

    def frames(self) -> Iterator[Frame]:
        from PIL import Image

        try:
            with Image.open(io.BytesIO(self._gif.data), formats=["GIF"]) as image:
                for number in range(len(self._gif.frames)):
                    image.seek(number)
                    yield Still(image.convert("RGBA"))
        except EOFError as error:
            raise Truncated("mark-truncated", path=self._gif.name, kind="GIF", size=len(self._gif.data)) from error
        except (OSError, ValueError, SyntaxError) as error:
            raise Malformed("mark-not-decodable", path=self._gif.name, kind="GIF", reason=str(error)) from error

    def draw(self, box: Box, overlay: Overlay) -> Change:
        gif = self._gif
        sticker = Sticker.of(next(self.frames()), box, overlay).few(_TONES)
        plan = steps([Moment(f.box, f.disposal) for f in gif.frames], box, "GIF", gif.name)
        out, at, merged = bytearray(), 0, 0
        for frame, step in zip(gif.frames, plan, strict=True):
            if step.treatment is Treatment.NONE:
                continue
            new, lost = _with_label(gif, frame, step, box, sticker)
            out += gif.data[at : frame.start] + new
            at, merged = frame.stop, max(merged, lost)
        out += gif.data[at:]
        out[4:5] = b"9"  # transparency and tables of single frames are GIF89a
        touched = sum(s.treatment is not Treatment.NONE for s in plan)
        detail: dict[str, Any] = {"frames": len(plan), "frames_changed": touched, "changed": list(box)}
        if merged:
            detail["merged_colours"] = merged
        again = GifPicture(parse(bytes(out), gif.name))
        shown = next(again.frames()).crop(box)[0]
        method = "few-colours" if merged else "lossless"
        return sticker.change(bytes(out), method, overlay, _rgb(shown), **detail)


def _rgb(planes: Any) -> Image.Image:
    from PIL import Image

    return Image.merge("RGB", planes[:3])


def _with_label(gif: Gif, frame: GifFrame, step: Step, box: Box, sticker: Sticker) -> tuple[bytes, int]:
    """Returns the frame as new bytes, and how many colours gave way."""
    from PIL import Image

    indices, table = frame.indices(gif.name), frame.table or gif.table
    at = (box.left - frame.box.left, box.top - frame.box.top)
    clear = frame.transparent
    if step.treatment is Treatment.SPARE and clear >= 0:
        indices.paste(clear, (*at, at[0] + box.width, at[1] + box.height), sticker.mask)
        return frame_bytes(frame, indices, step.box, _padded(table), clear), 0
    covered = Image.new("L", indices.size, 255)
    covered.paste(0, (*at, at[0] + box.width, at[1] + box.height), sticker.mask)
    colours = _Colours(indices, _padded(table), clear, covered)
    if step.box != frame.box:
        clear = colours.reserve_clear()
        larger = Image.new("L", (step.box.width, step.box.height), clear)
        larger.paste(colours.indices, (frame.box.left - step.box.left, frame.box.top - step.box.top))
        colours.indices = larger
        at = (box.left - step.box.left, box.top - step.box.top)
    tile = sticker.grey.point(colours.numbers_of([v for v, count in enumerate(sticker.grey.histogram()) if count]))
    colours.indices.paste(tile, at, sticker.mask)
    return frame_bytes(frame, colours.indices, step.box, bytes(colours.table), clear), colours.merged


def _padded(table: bytes) -> bytes:
    return table + bytes(768 - len(table))


class _Colours:
    """A frame's numbers and their meaning, in which numbers for new colours are found.

    Args:
        indices: The numbers of all pixels.
        table: 256 colours.
        clear: The transparent number, or -1.
        seen: 255 for the pixels that stay.
    """

    def __init__(self, indices: Image.Image, table: bytes, clear: int, seen: Image.Image) -> None:
        self.indices = indices
        self.table = bytearray(table)
        self.clear = clear
        self.merged = 0
        counts = indices.histogram(seen)
        self._used = {i: counts[i] for i in range(256) if counts[i] and i != clear}
        self._ours: set[int] = {clear} - {-1}

    def reserve_clear(self) -> int:
        """The transparent number; a new one if there is none."""
        if self.clear < 0:
            self.clear = self._free()
        return self.clear

    def numbers_of(self, greys: list[int]) -> list[int]:
        """Finds a number for each grey tone and returns the table from tones to numbers."""
        numbers = [0] * 256
        for grey in greys:
            numbers[grey] = self._like(grey)
        return numbers

    def _like(self, grey: int) -> int:
        """A number that shows a tone: a free one, or one that is close to it already."""
        wanted = bytes((grey, grey, grey))
        if len(self._used) + len(self._ours) == 256:
            nearest = min(self._used, key=lambda i: self._distance(self._colour(i), wanted))
            if self._distance(self._colour(nearest), wanted) <= _CLOSE:
                return nearest
        number = self._free()
        self.table[3 * number : 3 * number + 3] = wanted
        return number

    def _free(self) -> int:
        """A number that no pixel uses; where all are used, a rare colour gives way to its nearest."""
        number = next((i for i in range(256) if i not in self._used and i not in self._ours), -1)
        if number < 0:
            rare = sorted(self._used, key=self._used.__getitem__)[:_RARE]
            pairs = [(i, min((j for j in self._used if j != i), key=lambda j: self._apart(i, j))) for i in rare]
            number, nearest = min(pairs, key=lambda p: (1 + self._used[p[0]]) * self._apart(*p))
            self.indices = self.indices.point([nearest if i == number else i for i in range(256)])
            self._used[nearest] += self._used.pop(number)
            self.merged += 1
        self._ours.add(number)
        return number

    def _colour(self, number: int) -> bytes:
        return bytes(self.table[3 * number : 3 * number + 3])

    def _apart(self, one: int, other: int) -> int:
        return self._distance(self._colour(one), self._colour(other))

    @staticmethod
    def _distance(one: bytes, other: bytes) -> int:
        return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
