"""The label on a picture (GB 45438-2025 5.2): words on an edge or corner, legible, of the height ruled."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final, NamedTuple

from yinji.errors import LimitExceeded, UnsupportedFormat, UsageError, YinjiError
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.colour import Tone
from yinji.marks.exif import STORED, UPRIGHT, displayed_size, stored_box
from yinji.marks.face import LabelFace, check_words, require_pillow
from yinji.marks.layout import PLACES, Box, Layout, plan
from yinji.marks.overlay import Overlay, build, with_others
from yinji.marks.paint import ink_height, legibility
from yinji.marks.picture import Change, Frame, Picture
from yinji.marks.recognise import Occupied, tone_of

if TYPE_CHECKING:
    from PIL import Image

_MOST_BYTES: Final = 1 << 30
_TIFF: Final = "yinji.marks.tiff.picture:TiffPicture"
_FORMATS: Final = (
    (0, b"\xff\xd8", "yinji.marks.jpeg.picture:JpegPicture"),
    (0, b"\x89PNG\r\n\x1a\n", "yinji.marks.png.picture:PngPicture"),
    (0, b"GIF8", "yinji.marks.gif.picture:GifPicture"),
    (8, b"WEBP", "yinji.marks.webp.picture:WebpPicture"),
    (0, b"BM", "yinji.marks.bmp:BmpPicture"),
    (0, b"\xff\x0a", "yinji.marks.jxl.picture:JxlPicture"),
    (4, b"JXL \r\n\x87\n", "yinji.marks.jxl.picture:JxlPicture"),
    (4, b"ftyp", "yinji.marks.heif.picture:HeifPicture"),
    (0, b"II*\0", _TIFF),
    (0, b"MM\0*", _TIFF),
    (0, b"II+\0", _TIFF),
    (0, b"MM\0+", _TIFF),
)
"""By signature: where it stands, what it is, and the class that takes such a file apart."""


class ImageMark:
    """Draws the label into pictures; as far as their format permits, nothing outside it changes."""

    name: ClassVar[str] = "image"
    media_types: ClassVar[frozenset[str]] = frozenset(
        {
            "image/jpeg",
            "image/png",
            "image/apng",
            "image/gif",
            "image/webp",
            "image/tiff",
            "image/heic",
            "image/heif",
            "image/avif",
            "image/bmp",
            "image/jxl",
        }
    )
    places: ClassVar[tuple[str, ...]] = PLACES

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`.

        A picture that bears these very words in this place stays as it is; where another label of ours stands there,
        the next place that is free is taken.

        Raises:
            MissingExtra: Pillow is not installed.
        """
        require_pillow()
        check_words(request.words)
        data, picture = _opened(original, request)
        done = _place(picture, request)
        if done is None:
            return _already(data, marked, picture, request)
        site, first = done
        change = first
        detail = dict(change.detail)
        wanted = request.place or PLACES[0]
        if site.place != wanted:
            detail["instead_of"] = wanted
        if picture.further:
            change, counts = _on_pages(picture.further, request, change)
            detail |= counts
        for part in (change.before, change.data, change.behind):
            marked.write(part)
        return site.drawn(request, first, detail)

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`. In what moves, the label must stand in every frame.

        Raises:
            MissingExtra: Pillow is not installed.
        """
        require_pillow()
        check_words(request.words)
        _, picture = _opened(content, request)
        found = _found(picture, request)
        pages = [p for p in picture.further if not p.optional]
        if found is None or not all(_found(page, request) for page in pages):
            return None
        displayed = list(displayed_size(picture.size, picture.orientation))
        return replace(found, detail=found.detail | {"displayed": displayed})

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        require_pillow()
        from PIL import Image

        picture = Image.linear_gradient("L").resize((160, 120)).convert("RGB")
        for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF"):
            output = io.BytesIO()
            picture.save(output, kind)
            yield MarkExample(kind.lower(), output.getvalue(), f"image/{kind.lower()}")


def _opened(content: BinaryIO, request: MarkRequest) -> tuple[bytes, Picture]:
    name = str(getattr(content, "name", "") or "")
    data = content.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise LimitExceeded("too-many-bytes", path=name, limit=_MOST_BYTES)
    for at, signature, where in _FORMATS:
        if data.startswith(signature, at):
            module, _, kind = where.partition(":")
            picture: Picture = getattr(import_module(module), kind).of(data, request.max_pixels, name)
            return data, picture
    raise UnsupportedFormat("no-mark", path=name, media_type=request.media_type or "?")


class Site(NamedTuple):
    """Where a label goes in one picture: laid out as displayed, and the same box as stored."""

    place: str
    area: Box
    layout: Layout
    upright: Overlay
    box: Box
    orientation: int

    @classmethod
    def of(cls, picture: Picture, request: MarkRequest, place: str, words: str = "") -> Site:
        orientation = picture.orientation
        area = _shown_box(picture.area, picture.size, orientation)
        layout, upright = build(area, words or request.words, request.min_height, place, request.style)
        box = Box(*stored_box(layout.box, picture.size, orientation))
        return cls(place, area, layout, upright, box, orientation)

    @property
    def stored(self) -> Overlay:
        """The masks as the picture is stored."""
        overlay = self.upright
        for method in STORED[self.orientation]:
            overlay = overlay.transposed(method)
        return overlay

    def masks(self, request: MarkRequest, picture: Picture) -> Overlay:
        """The masks, and with them the labels of ours that they must not cover."""
        others, stored = [], self.stored
        for words in dict.fromkeys((request.words, *request.wordings)):
            for place in PLACES:
                if (words, place) == (request.words, self.place):
                    others.append((words, stored, (0, 0)))
                elif self._meets(words, request.min_height, place):
                    site = Site.of(picture, request, place, words)
                    others.append((words, site.stored, (site.box.left - self.box.left, site.box.top - self.box.top)))
        return with_others(stored, others)

    def _meets(self, words: str, share: float, place: str) -> bool:
        """Whether a label of these words would share pixels with this one."""
        try:
            box, mine = plan(self.area, words, share, place, LabelFace()).box, self.layout.box
        except UsageError:
            return False
        across = min(box.right, mine.right) - max(box.left, mine.left)
        return across > 0 and min(box.bottom, mine.bottom) > max(box.top, mine.top)

    def drawn(self, request: MarkRequest, change: Change, detail: dict[str, Any]) -> Drawn:
        """What was drawn, measured on the label's box as displayed."""
        shown, painted = _upright(change.rgb, self.orientation), change.painted
        return self.measured(request, change.method, shown, painted.contrast, painted.tone, detail)

    def measured(
        self, request: MarkRequest, method: str, shown: Image.Image, contrast: float, tone: Tone, detail: dict[str, Any]
    ) -> Drawn:
        """What is there, measured on the label's box as displayed."""
        from PIL import Image

        layout = self.layout
        reading = shown.transpose(Image.Transpose.ROTATE_90) if layout.turned else shown
        detail |= {"lines": layout.lines, "turned": layout.turned, "ink": "light" if tone.ink > tone.body else "dark"}
        return Drawn(
            mark=ImageMark.name,
            words=request.words,
            place=self.place,
            method=method,
            ink_height=ink_height(reading, self.upright, tone),
            needed_height=layout.needed,
            box=tuple(layout.box),
            contrast=contrast,
            detail=detail,
        )


def _place(picture: Picture, request: MarkRequest) -> tuple[Site, Change] | None:
    """Draws in the first place that is free; None where the label stands already.

    Raises:
        UsageError: No place is free, or the words do not fit.
    """
    for place in dict.fromkeys((request.place or PLACES[0], *PLACES)):
        site = Site.of(picture, request, place)
        try:
            return site, picture.draw(site.box, site.masks(request, picture))
        except Occupied as taken:
            if taken.words == request.words:
                return None
    raise UsageError("no-free-place", places=", ".join(PLACES))


def _on_pages(pages: Sequence[Picture], request: MarkRequest, change: Change) -> tuple[Change, dict[str, Any]]:
    """Draws on further pages; returns the last change, and how many pages and small versions bear the label now."""
    labelled = {False: 1, True: 0}
    missed = 0
    for page in pages:
        try:
            done = _place(page, request)
        except YinjiError:
            if not page.optional:
                raise
            missed += 1  # such as a small version in which the words do not fit
            continue
        labelled[page.optional] += 1
        change = done[1] if done else change
    counts = {"pages": labelled[False], "thumbnails": labelled[True], "thumbnails_without_label": missed}
    return change, {key: count for key, count in counts.items() if count > (key == "pages")}


def _already(data: bytes, marked: BinaryIO, picture: Picture, request: MarkRequest) -> Drawn:
    """Leaves a picture as it is that bears the label already."""
    marked.write(data)
    for site in _sites(picture, replace(request, place="")):
        drawn = _in_frame(next(picture.frames()), site, request, {"already": True})
        if drawn is not None:
            return drawn
    raise UsageError("no-free-place", places=", ".join(PLACES))


def _found(picture: Picture, request: MarkRequest) -> Drawn | None:
    """The label where it stands in every frame, as it is in the frame that shows it worst."""
    sites = [*_sites(picture, request)]
    seen: list[tuple[Site, Drawn]] = []
    for number, frame in enumerate(picture.frames()):
        now = []
        for site, worst in seen if number else [(s, None) for s in sites]:
            drawn = _in_frame(frame, site, request, {})
            if drawn is not None:
                now.append(
                    (site, drawn if worst is None else min(worst, drawn, key=lambda d: (d.ink_height, d.contrast)))
                )
        seen = now
        if not seen:
            return None
    return seen[0][1] if seen else None


def _sites(picture: Picture, request: MarkRequest) -> Iterator[Site]:
    for place in (request.place,) if request.place else PLACES:
        try:
            yield Site.of(picture, request, place)
        except UsageError:
            continue  # words that do not fit there were not drawn there


def _in_frame(frame: Frame, site: Site, request: MarkRequest, detail: dict[str, Any]) -> Drawn | None:
    planes, space = frame.crop(site.box)
    overlay = site.stored
    tone = tone_of(planes, space, overlay)
    if tone is None:
        return None
    rgb, contrast = legibility(planes, space, overlay)
    return site.measured(request, "found", _upright(rgb, site.orientation), contrast, tone, dict(detail))


def _shown_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Maps stored to displayed pixels: the way of :func:`stored_box` backwards."""
    back = {6: 8, 8: 6}.get(orientation, orientation)
    return Box(*stored_box(box, displayed_size(size, orientation), back))


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    from PIL import Image

    for method in UPRIGHT[orientation]:
        picture = picture.transpose(Image.Transpose(method))
    return picture
