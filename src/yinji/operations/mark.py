"""``mark``: the label that people see or hear, drawn on a copy; the metadata stays as it is, for the step after it."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, Final

from yinji.containers.model import Kind
from yinji.containers.source import RangedReader, Source
from yinji.containers.source_file import SourceFile
from yinji.errors import UsageError
from yinji.limits import DEFAULT, Limits
from yinji.marks.base import Drawn, MarkRequest
from yinji.marks.colour import STYLES
from yinji.marks.registry import mark_for
from yinji.operations.written import Opened, refuse_to_break_credentials, refuse_unreadable
from yinji.regimes.base import MarkRules
from yinji.regimes.registry import regime as regime_named


def mark(
    input: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    marked: BinaryIO,
    *,
    regime: str = "cn",
    language: str = "zh",
    break_credentials: bool = False,
    filename: str = "",
    limits: Limits = DEFAULT,
) -> Drawn:
    """Draws what the rules ask people to be shown, and says what was drawn. ``propagate`` comes after it.

    For a platform whose author asks for it, or whose operator adds it (Measures Art. 6): the file may carry somebody
    else's metadata label, which stays.

    Args:
        input: The content.
        marked: A new binary file that the marked content goes to.
        regime: Whose rules decide the words, the size and the place.
        language: ``zh``, ``en`` or ``both``.
        break_credentials: Draw although a C2PA manifest in the file will no longer verify.
        filename: Name to go by where the input has none.
        limits: Bounds of the reading.

    Raises:
        WouldBreakCredentials: A C2PA manifest covers the content.
        UnsupportedFormat: No perceptible label for this kind.
        UnreadableInput, LimitExceeded: The content cannot be decoded, or not within bounds.
    """
    rules = regime_named(regime)
    with Source.open(input, name=filename, limits=limits) as source:
        file = Opened.of(source)
        refuse_unreadable(file, needs_carrier=False, may_be_blanked=True)
        refuse_to_break_credentials(file, break_credentials=break_credentials)
        request = request_of(file, rules, language=language, place="", corner=False, limits=limits)
        return mark_for(file.reading.media_type).draw(io.BufferedReader(SourceFile(source)), marked, request)


_SOUND: Final = frozenset(("rhythm", "speech"))


def require_style(file: Opened, style: str) -> None:
    """Makes sure that a style of the label that people see or hear says something for content of this kind.

    Raises:
        UsageError: It does not.
    """
    kind = file.container.kind
    fits = kind is Kind.AUDIO if style in _SOUND else kind in (Kind.IMAGE, Kind.VIDEO)
    if style and not fits and style in _SOUND | set(STYLES):
        raise UsageError("style-not-for-kind", path=file.source.name, style=style, format=file.container.name.upper())


def request_of(
    file: Opened, rules: MarkRules, *, language: str, place: str, corner: bool, limits: Limits
) -> MarkRequest:
    """Returns what the rules ask of the perceptible label of such content.

    Raises:
        UsageError: A corner mark, where the rules allow none.
        UnsupportedFormat: No perceptible label for this kind.
    """
    rule = rules.mark(file.container.kind)
    if corner and not rule.corner:
        raise UsageError("no-corner-mark", kind=file.container.kind, clause=rule.clause)
    mark = mark_for(file.reading.media_type)
    usual = next((p for p in rule.places if p in mark.places), "")
    if rule.every and usual in rule.times:
        usual = ""  # for sound the places are times, of which the rule says more
    return MarkRequest(
        words=rule.corner if corner else rule.words.pick(language),
        place=place or usual,
        min_height=rule.min_height,
        min_seconds=rule.min_seconds,
        max_pixels=limits.pixels,
        media_type=file.reading.media_type,
        language=language,
        corner=corner,
        wordings=tuple(rule.words),
        times=rule.times,
        every=rule.every,
        style=rule.style,
    )
