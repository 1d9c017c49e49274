"""What a perceptible mark is asked for, and what it says it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, NamedTuple, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class MarkRequest:
    """What to draw, speak or write. The words and numbers come from a regime.

    Attributes:
        words: The label's words.
        place: ``bottom-right``, ``bottom-left``, ``top-left``, ``top-right``, ``top``, ``bottom`` for pictures;
            ``start``, ``end`` or ``middle`` for text and sound.
        min_height: Ink height of a glyph as a share of the displayed short side (0 to 1).
        min_seconds: Seconds on screen, where the medium has time.
        max_pixels: Largest picture that may be decoded.
        media_type: What the input is, as sniffed by the caller.
        language: ``zh``, ``en`` or ``both``: what the words are in.
        corner: Whether the words are a corner mark, which stands in a corner and may be smaller.
        wordings: Other words of such labels; where one of them stands already, it is not covered.
        times: When the label is shown or heard, where the medium has time: any of ``start``, ``end``, ``intervals``, or
            ``continuous`` for all of it.
        every: Seconds from label to label for ``intervals``.
        style: ``rhythm`` or ``speech`` for sound; "" for what the mark prefers.
    """

    words: str
    place: str = ""
    min_height: float = 0.05
    min_seconds: float = 0.0
    max_pixels: int = 178_956_970
    media_type: str = ""
    language: str = "zh"
    corner: bool = False
    wordings: tuple[str, ...] = ()
    times: tuple[str, ...] = ("start",)
    every: float = 0.0
    style: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was done, measured on the result.

    Attributes:
        mark: Name of the mark.
        words: The words as drawn.
        place: Where.
        method: How the rest was kept: ``coefficients`` (a JPEG of which only the blocks under the label changed),
            ``re-encoded``, ``lossless``, ``widened`` (no loss, but more bits a pixel), ``few-colours`` (a full palette,
            of which rare colours gave way to their neighbours), ``text``; ``found`` for what was not drawn now …
        ink_height: Height of the glyphs' ink in displayed pixels; 0 for text and sound.
        needed_height: What the rule asks for, in the same pixels.
        box: Left, top, right, bottom of the whole label in displayed pixels; empty for text and sound.
        contrast: WCAG contrast of the glyphs against what touches them; 0 for text and sound.
        detail: Anything else, JSON values only.
    """

    mark: str
    words: str
    place: str
    method: str
    ink_height: int = 0
    needed_height: int = 0
    box: tuple[int, ...] = ()
    contrast: float = 0.0
    detail: dict[str, Any] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        return {
            "mark": self.mark,
            "words": self.words,
            "place": self.place,
            "method": self.method,
            "ink_height": self.ink_height,
            "needed_height": self.needed_height,
            "box": list(self.box),
            "contrast": round(self.contrast, 2),
            "detail": self.detail,
        }


class MarkExample(NamedTuple):
    """A small input for the documentation and the generic tests."""

    name: str
    data: bytes
    media_type: str


@runtime_checkable
class PerceptibleMark(Protocol):
    """One kind of perceptible mark.

    Attributes:
        name: Short name.
        media_types: What it can mark.
        places: Where it can put the label, preferred first.
    """

    name: ClassVar[str]
    media_types: ClassVar[frozenset[str]]
    places: ClassVar[tuple[str, ...]]

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """Writes the marked content to ``marked`` (same format, all metadata kept) and says what was done.

        Raises:
            Malformed, Truncated: The content cannot be decoded.
            LimitExceeded: Too many pixels.
            UnsupportedFormat: This variant cannot be marked.
            UsageError: No such place, or words that the shipped font cannot draw.
        """
        ...

    @classmethod
    def examples(cls) -> Iterable[MarkExample]: ...


@runtime_checkable
class MarkFinder(Protocol):
    """A mark that finds again what its own ``draw`` made, so that a file can be held to its regime later.

    It looks for our own rendering only: where and how large :meth:`PerceptibleMark.draw` would put these words. Other
    people's labels are a matter of evidence, not of marks.
    """

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """Returns what is there of the label that the request describes, measured in the content, or None.

        Beside its attributes, these keys of ``detail`` are read by whoever holds the label to a rule:

        * ``form``: ``words`` (the default), ``rhythm``, ``speech``, or ``corner`` for a corner mark on text.
        * ``from_second``, ``seconds``: when the label is first shown (0.0 is the start frame) and for how long on end.
        * ``duration``: of the content in seconds, so that clips shorter than the rule can be told.
        * ``per_minute``: characters a minute of a spoken label.

        Args:
            content: The labelled file.
            request: The words, and the measures that the label is held to; ``place`` "" stands for any place of the
                mark. Words say nothing to a mark that has none, such as the rhythm.

        Raises:
            Malformed, Truncated: The content cannot be decoded.
            LimitExceeded: Too many pixels.
        """
        ...
