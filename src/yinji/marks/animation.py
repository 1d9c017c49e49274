"""Which frames of an animation have to be touched so that a label stands in every moment of it.

A label that one frame has put on the canvas stays there until a frame covers or clears it. Frames that do neither are
left byte for byte; of those that cover it, only what lies under the label changes; frames that find the canvas without
it draw it. So durations, order, loops and disposal stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.errors import LimitExceeded, UnsupportedFormat
from yinji.marks.colour import Tone, toned
from yinji.marks.layout import Box
from yinji.marks.overlay import Overlay
from yinji.marks.paint import Painted, beneath, frost, legibility
from yinji.marks.picture import Change, Frame
from yinji.marks.recognise import refuse_to_cover
from yinji.marks.spaces import GREY

if TYPE_CHECKING:
    from PIL import Image

MOST_FRAMES: Final = 20_000
_MOST_TIMES: Final = 64
"""How often the bound on the pixels of one picture may be used up by all frames together."""


class Disposal(StrEnum):
    """What becomes of a frame's rectangle when its time is over."""

    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"


class Treatment(StrEnum):
    """What a frame needs: nothing, to leave the label that stands beneath it, or to draw it."""

    NONE = "none"
    SPARE = "spare"
    DRAW = "draw"


class Moment(NamedTuple):
    """A frame: where it is laid on the canvas, and what becomes of it."""

    box: Box
    disposal: Disposal


class Step(NamedTuple):
    """What to do with a frame, and the box that it then has."""

    treatment: Treatment
    box: Box


def check_size(size: tuple[int, int], boxes: Sequence[Box], max_pixels: int, name: str) -> None:
    """Bounds what an animation may cost.

    Raises:
        LimitExceeded: Too many pixels or frames.
    """
    if size[0] * size[1] > max_pixels:
        raise LimitExceeded("too-many-pixels", path=name, width=size[0], height=size[1], limit=max_pixels)
    if len(boxes) > MOST_FRAMES or sum(b.width * b.height for b in boxes) > _MOST_TIMES * max_pixels:
        raise LimitExceeded("too-many-segments", path=name, limit=MOST_FRAMES)


def steps(moments: Sequence[Moment], label: Box, kind: str, name: str) -> list[Step]:
    """Says for each frame what it needs.

    Args:
        moments: The frames in order, from an empty canvas.
        label: The label's box.
        kind: Of the file, for messages.
        name: Of the file, for messages.

    Raises:
        UnsupportedFormat: A frame that clears the label stands beside others that must stay.
    """
    plan: list[Step] = []
    there = False
    kept: Box | None = None
    for moment in moments:
        meets = _meets(moment.box, label)
        if there and not meets:
            step = Step(Treatment.NONE, moment.box)
        elif there:
            step = Step(Treatment.SPARE, moment.box)
        else:
            box = _around(moment.box, label)
            if box != moment.box and kept is not None and not _holds(moment.box, kept):
                raise UnsupportedFormat("mark-variant", path=name, kind=kind, variant="frames that clear one another")
            step = Step(Treatment.DRAW, box)
        plan.append(step)
        if moment.disposal is Disposal.KEEP:
            there, kept = True, _around(kept, step.box) if kept else step.box
        elif moment.disposal is Disposal.CLEAR and meets | (step.treatment is Treatment.DRAW):
            there = False
    return plan


def _meets(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) - max(one.left, other.left)
    return across > 0 and min(one.bottom, other.bottom) > max(one.top, other.top)


def _around(one: Box, other: Box) -> Box:
    left, top = min(one.left, other.left), min(one.top, other.top)
    return Box(left, top, max(one.right, other.right), max(one.bottom, other.bottom))


def _holds(outer: Box, inner: Box) -> bool:
    return _around(outer, inner) == outer


class Sticker(NamedTuple):
    """The label on a ground of its own, the same in every frame.

    Attributes:
        grey: Its pixels.
        mask: 255 where it covers, else 0.
        tone: Its tones.
    """

    grey: Image.Image
    mask: Image.Image
    tone: Tone

    @classmethod
    def of(cls, frame: Frame, box: Box, overlay: Overlay) -> Sticker:
        """Draws the label in the tones that suit the first frame.

        Raises:
            Occupied: A label of ours stands there already.
        """
        from PIL import Image

        planes, space = frame.crop(box)
        refuse_to_cover(planes, space, overlay)
        tone, _ = toned(overlay.style, beneath(frost(planes, space, overlay), space, overlay))
        grey = Image.new("L", overlay.size, tone.body)
        grey.paste(
            tone.edge, (0, 0, *overlay.size), overlay.edge.point([round(v * tone.edge_alpha) for v in range(256)])
        )
        grey.paste(tone.ink, (0, 0, *overlay.size), overlay.ink)
        return cls(grey, overlay.body.point([0] * 128 + [255] * 128), tone)

    def few(self, count: int) -> Sticker:
        """The same in so many tones, evenly between the ground and the words."""
        low, high = sorted((self.tone.body, self.tone.ink))
        step = (high - low) / (count - 1)
        table = [round(low + step * round((min(max(v, low), high) - low) / step)) for v in range(256)]
        return self._replace(grey=self.grey.point(table))

    def change(self, data: bytes, method: str, overlay: Overlay, shown: Image.Image, **detail: object) -> Change:
        """What was done, measured on the label's box as it decodes again."""
        rgb = shown.convert("RGB")
        planes, space = (rgb.getchannel("G"),), GREY
        _, contrast = legibility(planes, space, overlay)
        return Change(data, method, Painted(planes, rgb, contrast, self.tone), rgb, detail)
