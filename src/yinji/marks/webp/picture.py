"""WebP as a picture that a label can be put on and looked for in.

Lossless pictures stay lossless. A lossy still has to be encoded again, since every block of VP8 is predicted from its
neighbours; its own quality is taken. Of an animation only the frame that first shows the label is encoded again: later
frames get a hole in their opacity, through which the label beneath is seen, and keep their coded colours bit for bit.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from yinji.errors import Malformed
from yinji.marks.animation import Moment, Step, Sticker, Treatment, check_size, steps
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import paint
from yinji.marks.picture import RGBA, Change, Frame, Single, Still
from yinji.marks.spaces import RGB, Planes
from yinji.marks.webp.chunks import IMAGE, Chunk, Coded, Webp, WebpFrame, decode, encode, parse, rebuild
from yinji.marks.webp.quality import quality_of

if TYPE_CHECKING:
    from PIL import Image


class WebpPicture(Single):
    """One WebP; see :class:`yinji.marks.picture.Picture`."""

    def __init__(self, webp: Webp) -> None:
        self._webp = webp
        self.size = webp.size
        self.orientation = webp.orientation
        self._moving = [WebpFrame.of(c.payload, webp.name) for c in webp.chunks if c.type == b"ANMF"]

    @classmethod
    def of(cls, data: bytes, max_pixels: int, name: str) -> WebpPicture:
        """Takes a file apart.

        Raises:
            Malformed, Truncated: It breaks the rules or ends too early.
            LimitExceeded: Too many pixels, chunks or frames.
        """
        picture = cls(parse(data, name))
        check_size(picture.size, [f.box for f in picture._moving], max_pixels, name)
        return picture

    @cached_property
    def area(self) -> Box:
        boxes = [frame.area for frame in self.frames()]
        left, top, right, bottom = zip(*boxes, strict=True)
        return Box(min(left), min(top), max(right), max(bottom))

    def frames(self) -> Iterator[Frame]:
        if not self._moving:
            yield Still(self._still)
            return
        from PIL import Image

        try:
            with Image.open(io.BytesIO(self._webp.data), formats=["WEBP"]) as image:
                for number in range(len(self._moving)):
                    image.seek(number)
                    yield Still(image.convert("RGBA"))
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise Malformed("mark-not-decodable", path=self._webp.name, kind="WebP", reason=str(error)) from error

    @cached_property
    def _still(self) -> Image.Image:
        return decode(self._webp.coded, self._webp.name)

    def draw(self, box: Box, overlay: Overlay) -> Change:
        return self._draw_moving(box, overlay) if self._moving else self._draw_still(box, overlay)

    def _draw_still(self, box: Box, overlay: Overlay) -> Change:
        from PIL import Image

        webp, picture = self._webp, self._still.copy()
        space = RGBA if picture.mode == "RGBA" else RGB
        quality = None if b"VP8L" in webp.coded else quality_of(webp.coded[b"VP8 "])
        coded: Coded = {}

        def stored(planes: Planes) -> Planes:
            nonlocal coded
            picture.paste(Image.merge(picture.mode, planes), box[:2])
            coded = encode(picture, quality)
            return decode(coded, webp.name).convert(picture.mode).crop(box).split()

        painted = paint(picture.crop(box).split(), space, overlay, stored)
        chunks: list[Chunk] = []
        for chunk in webp.chunks:
            if chunk.type not in IMAGE:
                chunks.append(chunk)
            elif chunk.type != b"ALPH":
                chunks += [Chunk(t, coded[t]) for t in (b"ALPH", b"VP8 ", b"VP8L") if t in coded]
        detail: dict[str, Any] = {"changed": list(box)}
        if quality is not None:
            detail = {"changed": [0, 0, *self.size], "quality": quality}
        data = rebuild(webp, tuple(chunks), alpha=False)
        return Change(data, "lossless" if quality is None else "re-encoded", painted, painted.rgb, detail)

    def _draw_moving(self, box: Box, overlay: Overlay) -> Change:
        from PIL import Image

        webp = self._webp
        sticker = Sticker.of(next(self.frames()), box, overlay)
        plan = steps([Moment(f.box, f.disposal) for f in self._moving], box, "WebP", webp.name)
        works = [_Work(f, s, box, sticker, webp.name) for f, s in zip(self._moving, plan, strict=True)]
        done = iter(works)
        chunks = tuple(next(done).chunk(c) if c.type == b"ANMF" else c for c in webp.chunks)
        lossy = [w.quality for w in works if w.quality is not None]
        data = rebuild(webp, chunks, alpha=any(w.transparent for w in works))
        detail: dict[str, Any] = {
            "frames": len(plan),
            "frames_changed": sum(s.treatment is not Treatment.NONE for s in plan),
            "frames_encoded_again": len(lossy),
            "changed": list(box),
        }
        if lossy:
            detail["quality"] = lossy[0]
        shown = next(WebpPicture(parse(data, webp.name)).frames())
        tile = Image.merge("RGB", shown.crop(box)[0][:3])
        return sticker.change(data, "re-encoded" if lossy else "lossless", overlay, tile, **detail)


class _Work:
    """A frame and what is done to it.

    Attributes:
        quality: In which it was encoded again, where that lost something.
        transparent: Whether it may have become transparent somewhere.
    """

    def __init__(self, frame: WebpFrame, step: Step, box: Box, sticker: Sticker, name: str) -> None:
        self._name = name
        self._at = (box.left - frame.box.left, box.top - frame.box.top)
        self._sticker = sticker
        self.quality: int | None = None
        self.transparent = False
        self._frame: WebpFrame | None = None
        if step.treatment is Treatment.SPARE:
            self._frame = self._spared(frame) or self._drawn(frame, step.box, box)
        elif step.treatment is Treatment.DRAW:
            self._frame = self._drawn(frame, step.box, box)

    def chunk(self, original: Chunk) -> Chunk:
        return self._frame.chunk() if self._frame else original

    def _spared(self, frame: WebpFrame) -> WebpFrame | None:
        """The frame with a hole for the label beneath it; None if what it does not cover would change by that."""
        picture = decode(frame.coded, self._name)
        alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
        if not frame.blend and alpha is not None and alpha.getextrema()[0] != 255:
            return None
        from PIL import Image

        hole = alpha.copy() if alpha else Image.new("L", picture.size, 255)
        (left, top), (width, height) = self._at, self._sticker.mask.size
        hole.paste(0, (left, top, left + width, top + height), self._sticker.mask)
        self.transparent = True
        if b"VP8L" in frame.coded:
            picture.putalpha(hole)
            return replace(frame, blend=True, coded=encode(picture, None))
        opacity = encode(Image.merge("RGBA", (*(Image.new("L", hole.size) for _ in range(3)), hole)), 50)
        return replace(frame, blend=True, coded={b"VP8 ": frame.coded[b"VP8 "], b"ALPH": opacity[b"ALPH"]})

    def _drawn(self, frame: WebpFrame, step: Box, box: Box) -> WebpFrame:
        """The frame with the label on it, larger where the label reaches beyond it."""
        from PIL import Image

        picture = decode(frame.coded, self._name)
        place = Box(step.left & ~1, step.top & ~1, step.right, step.bottom)
        if place != frame.box:
            self.transparent = True
            larger = Image.new("RGBA", (place.width, place.height))
            larger.paste(picture, (frame.box.left - place.left, frame.box.top - place.top))
            picture = larger
        tile = self._sticker.grey.convert(picture.mode)
        picture.paste(tile, (box.left - place.left, box.top - place.top), self._sticker.mask)
        if b"VP8L" not in frame.coded:
            self.quality = quality_of(frame.coded[b"VP8 "])
        return replace(frame, box=place, coded=encode(picture, self.quality))
