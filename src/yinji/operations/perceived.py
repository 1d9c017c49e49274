"""The perceptible label between a regime and a mark: what to ask of the mark, and what it finds again."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from yinji.containers.model import Kind
from yinji.containers.source import Source
from yinji.containers.source_file import SourceFile
from yinji.errors import UnsupportedFormat, YinjiError
from yinji.limits import Limits
from yinji.marks.base import MarkFinder, MarkRequest
from yinji.marks.registry import mark_for
from yinji.regimes.base import MarkRule, Perceived


def requests(rule: MarkRule, media_type: str, limits: Limits) -> Iterator[MarkRequest]:
    """Yields what to look for: the rule's words in each language, then the corner mark where one is allowed."""
    languages = {words: language for language, words in reversed(rule.words._asdict().items())}
    for words, language in reversed(languages.items()):
        yield MarkRequest(
            words=words,
            min_height=rule.min_height,
            min_seconds=rule.min_seconds,
            max_pixels=limits.pixels,
            media_type=media_type,
            language=language,
            times=rule.times,
            every=rule.every,
            style=rule.style,
        )
    if rule.corner:
        yield MarkRequest(words=rule.corner, max_pixels=limits.pixels, media_type=media_type, corner=True)


def perceive(source: Source, kind: Kind, media_type: str, rules: Iterable[MarkRule], limits: Limits) -> Perceived:
    """Looks for the labels that the rules ask for, in each of their wordings, as far as a mark of ours can find them.

    Nothing that goes wrong here is an error: it is the answer that nobody can tell.
    """
    try:
        mark = mark_for(media_type)
        if not isinstance(mark, MarkFinder):
            raise UnsupportedFormat("no-finder", media_type=media_type)
        for request in chain.from_iterable(requests(rule, media_type, limits) for rule in rules):
            drawn = mark.find(io.BufferedReader(SourceFile(source)), request)
            if drawn is not None:
                return Perceived(kind, drawn)
    except YinjiError as error:
        return Perceived(kind, unknown=error.text)
    return Perceived(kind)


def perceive_foreign(
    source: Source,
    kind: Kind,
    media_type: str,
    rules: Iterable[MarkRule],
    others: Mapping[str, Sequence[MarkRule]],
    limits: Limits,
) -> Perceived:
    """Looks for the labels of other rules, where the ones that were asked for were not found.

    Args:
        source: The file.
        kind: What it is.
        media_type: The same, more closely.
        rules: What was looked for already.
        others: The labels that other rules ask for, by their short name.
        limits: Bounds of the reading.
    """
    sought = {rule.words for rule in rules}
    for name, asked in others.items():
        new = [rule for rule in asked if rule.words not in sought]
        sought |= {rule.words for rule in new}
        drawn = perceive(source, kind, media_type, new, limits).drawn
        if drawn is not None:
            same = (o for o, theirs in others.items() if o == name or any(drawn.words in r.words for r in theirs))
            return Perceived(kind, foreign=drawn, owners=tuple(same))
    return Perceived(kind)
