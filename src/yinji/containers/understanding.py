"""From one block of bytes to what it says: labels, records of other schemes, traces of removal (R23, R48, R49, R62)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from yinji.containers import exif, xmp
from yinji.containers.model import Block, Found, Scheme
from yinji.containers.xmp.plain import plain_text
from yinji.errors import UnreadableInput
from yinji.labels.decode import Decoded, conforming, conforming_shape, decode, looks_like_label
from yinji.labels.other import recognise
from yinji.labels.problem import Problem, Severity

MIRROR: Final = "pdf-xmp-mirror"
"""Problem of a packet that only repeats the property of a PDF."""

_EMPTIED: Final = frozenset(("label-emptied", "values-emptied"))
"""Problems that are traces of removal: the place of a label is there, and its content is gone."""

_NAME: Final = "AIGC"
_GB45438: Final = Scheme.GB45438
_BLANK: Final = "\0 \t\r\n\u00a0\u3000\ufeff"
_NO_FIELDS: Final[Mapping[str, Any]] = {}
_new: Final = tuple.__new__
"""Makes a named tuple for a third of what its own constructor takes."""


class Answer(NamedTuple):
    """The labels, the records of other schemes, and what was emptied or could not be understood."""

    found: list[Found]
    other: list[Found]
    unread: list[Problem]


def understood(blocks: Iterable[Block], carrier: str) -> Answer:
    """Returns what blocks say together, each judged by the place that ``carrier`` names as the proper one."""
    answer = Answer([], [], [])
    for block in blocks:
        try:
            if (sound := sound_label(block, carrier)) is not None:
                answer.found.append(sound)
            elif isinstance(block.value, str):
                _take_text(answer, block, block.value, carrier)
            elif block.carrier == "xmp":
                _take_xmp(answer, block, block.value, carrier)
            elif block.carrier == "exif":
                _take_exif(answer, block, block.value)
        except UnreadableInput as error:
            values = {"carrier": block.carrier, "offset": block.start, "reason": error.text}
            answer.unread.append(Problem("block-unreadable", Severity.ERROR, "R62", values))
    return answer


def is_emptied(found: Found) -> bool:
    """Whether a label was there and was emptied in place: evidence that there was one, and not a second one."""
    return any(problem.code in _EMPTIED for problem in found.problems)


def _emptied(block: Block, shape: str) -> Found:
    """Returns a trace of removal: a field with the name of the label, and nothing in it (R62)."""
    problem = Problem("label-emptied", Severity.ERROR, "R62", {"carrier": block.carrier, "offset": block.start})
    return Found(Scheme.GB45438, None, "", block.carrier, shape, block.start, block.stop, (problem, *block.problems))


def _take_xmp(answer: Answer, block: Block, packet: bytes, carrier: str) -> None:
    if block.problems and any(problem.code == MIRROR for problem in block.problems):
        return
    if xmp.is_wiped(packet):
        values = {"carrier": block.carrier, "offset": block.start}
        answer.unread.append(Problem("packet-wiped", Severity.ERROR, "R62", values))
        return
    for item in xmp.labels(packet):
        if item.is_ours and not item.text.strip(_BLANK):
            answer.found.append(_emptied(block, item.shape))
        elif item.is_ours or looks_like_label(item.text):
            problems = _xmp_problems(item) + _place_problems(block, carrier)
            answer.found.append(_found(block, decode(item.text), item.text, item.shape, problems))


def _xmp_problems(item: xmp.XmpLabel) -> tuple[Problem, ...]:
    if item.is_plain:
        return ()
    problems = []
    if not item.is_ours:
        values = {"namespace": item.namespace, "expected": xmp.NAMESPACE}
        problems.append(Problem("xmp-namespace", Severity.ERROR, "R49", values))
    elif item.prefix != xmp.PREFIX:
        problems.append(Problem("xmp-prefix", Severity.NOTE, "R49", {"prefix": item.prefix}))
    if item.name != xmp.NAME:
        problems.append(Problem("key-case", Severity.ERROR, "R23", {"key": item.name}))
    if item.shape == "attribute":
        problems.append(Problem("xmp-attribute", Severity.WARNING, "R49"))
    return tuple(problems)


def _take_exif(answer: Answer, block: Block, tiff: bytes) -> None:
    for field in exif.label_fields(tiff):
        if looks_like_label(field.text):
            decoded = decode(field.text)
            problems = (Problem("no-key", Severity.WARNING, "R23", {"carrier": f"exif {field.name}"}),)
            allowed = field.name == "UserComment" and decoded.shape == "wrapped"
            answer.found.append(_found(block, decoded, field.text, decoded.shape, () if allowed else problems))
        else:
            _take_other_scheme(answer, block, field.text, field.name)


def _take_text(answer: Answer, block: Block, text: str, carrier: str) -> None:
    named = block.key.lower() == "aigc"
    if not named and not looks_like_label(text):
        _take_other_scheme(answer, block, text, block.key)
    elif named and _holds_nothing(block.carrier, text):
        answer.found.append(_emptied(block, "bare"))
    else:
        decoded = _decode(block.carrier, text)
        problems = _key_problems(block)
        if not _is_annex_b(block, decoded):
            problems = (*problems, *_place_problems(block, carrier))
        answer.found.append(_found(block, decoded, text, decoded.shape, problems))


def _holds_nothing(carrier: str, text: str) -> bool:
    """Whether a named block has no value; the block of a front matter begins with the key itself."""
    rest = text.strip(_BLANK)
    return not rest or (carrier == "front-matter" and rest.rstrip(":" + _BLANK).strip("'\"").upper() == _NAME)


def _is_annex_b(block: Block, decoded: Decoded) -> bool:
    """The second place that TC260-PG-20259A, Annex B allows in PNG."""
    return (block.carrier, block.key, decoded.shape) == ("png-text", _NAME, "wrapped")


def _decode(carrier: str, text: str) -> Decoded:
    if carrier == "front-matter":
        from yinji.containers.text.frontmatter import decode_front_matter

        return decode_front_matter(text)
    return decode(text)


def _key_problems(block: Block) -> tuple[Problem, ...]:
    if _NAME in block.key:
        return ()
    if not block.key:
        return (Problem("no-key", Severity.WARNING, "R23", {"carrier": block.carrier}),)
    code = "key-case" if block.key.upper() == _NAME else "key-name"
    return (Problem(code, Severity.ERROR, "R23", {"key": block.key}),)


def _place_problems(block: Block, carrier: str) -> tuple[Problem, ...]:
    if not carrier or block.carrier == carrier:
        return ()
    return (Problem("place", Severity.WARNING, "R48", {"carrier": block.carrier, "expected": carrier}),)


def _take_other_scheme(answer: Answer, block: Block, text: str, key: str) -> None:
    record = recognise(text)
    if record is not None:
        scheme, fields = Scheme(record.scheme), dict(record.fields)
        answer.other.append(
            Found(scheme, None, text, block.carrier, key, block.start, block.stop, block.problems, fields)
        )


def sound_label(block: Block, carrier: str) -> Found | None:
    """Returns the label of a block in which nothing is wrong, the usual case; None where it takes the long way."""
    place, key, value, start, stop, problems = block
    if problems or place != carrier:
        return None
    if isinstance(value, str):
        text, shape = value, conforming_shape(value)
        label = conforming(value) if key == _NAME else None
        if label is None and place == "front-matter":
            decoded = _decode(place, value)
            label, shape = None if decoded.problems else decoded.label, decoded.shape
    elif place == "xmp" and (plain := plain_text(value)):
        text, shape = plain, "element"
        label = conforming(plain)
    else:
        return None
    if label is None:
        return None
    return _new(Found, (_GB45438, label, text, place, shape, start, stop, (), _NO_FIELDS))


def _found(block: Block, decoded: Decoded, text: str, shape: str, problems: tuple[Problem, ...]) -> Found:
    label, told = decoded.label, decoded.problems + problems + block.problems
    if decoded.problems and label is not None and not any(value.strip(_BLANK) for _, value in label.items()):
        label, told = None, (Problem("values-emptied", Severity.ERROR, "R62"), *told)
    return Found(_GB45438, label, text, block.carrier, shape, block.start, block.stop, told)
