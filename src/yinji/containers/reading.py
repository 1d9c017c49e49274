"""From blocks of bytes to labels: what a file says, and how surely that is all it says (R35, R48, R49, R62)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from yinji.containers import exif, xmp
from yinji.containers.base import Container
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block, Found, Reading, Scheme, State
from yinji.containers.registry import Identity, sniff, unsupported
from yinji.containers.source import Source
from yinji.containers.xmp.plain import plain_text
from yinji.errors import Malformed, NotRegularFile, Truncated, UnreadableInput, UnsupportedFormat, YinjiError
from yinji.labels.aigc import KEYS, AigcLabel
from yinji.labels.decode import Decoded, conforming, conforming_shape, decode, looks_like_label
from yinji.labels.other import recognise
from yinji.labels.problem import Problem, Severity
from yinji.limits import DEFAULT

_EMPTIED: Final = frozenset(("label-emptied", "values-emptied"))
"""Problems that are traces of removal: the place of a label is there, and its content is gone."""

_NAME: Final = "AIGC"
_GB45438: Final = Scheme.GB45438
_BLANK: Final = "\0 \t\r\n\u00a0\u3000\ufeff"
_MIRROR: Final = "pdf-xmp-mirror"
_OF_THE_FILE: Final = frozenset((_MIRROR, "jpeg-stray-bytes", "bmff-zeroed"))
"""Problems of blocks that are told of the file, whether or not the block holds a label; the first of each."""

_NO_FIELDS: Final[Mapping[str, Any]] = {}
_new: Final = tuple.__new__
"""Makes a named tuple for a third of what its own constructor takes."""

_UNLABELLED: Final = State.UNLABELLED
_LABELLED: Final = State.LABELLED
_Damage: TypeAlias = UnreadableInput | UnsupportedFormat | None


def read(source: Source, thorough: bool = False) -> Reading:
    """Reads what a file says, in as few reads as its format allows.

    Args:
        source: The file.
        thorough: Look everywhere even when a label was already found, so that all labels are counted (R35). A
            reading that finds nothing always looks everywhere.

    Returns:
        A reading in one of the five states; a file that cannot be judged is never called unlabelled (R62).

    Raises:
        NotRegularFile, StorageError: The file could not be reached.
    """
    identity = sniff(source)
    if identity.container is None:
        error = unsupported(identity, source)
        return _reading(identity, source, State.UNSUPPORTED, problems=(*_named_wrongly(identity, source), _told(error)))
    return _read(identity, identity.container, source, thorough)


def read_as(container: Container, source: Source, *, thorough: bool = False) -> Reading:
    """Reads a file as one given format, without sniffing."""
    identity = Identity(container.name, container, container.media_type, container.kind, container.name)
    return _read(identity, container, source, thorough)


def _read(identity: Identity, container: Container, source: Source, thorough: bool) -> Reading:
    glanced = None if thorough else _glanced(container, source)
    if glanced is not None and not identity.mismatch:
        if not glanced:
            return _reading(identity, source, _UNLABELLED)
        if len(glanced) == 1 and (label := _sound_label(glanced[0], container.carrier)) is not None:
            return _reading(identity, source, _LABELLED, (label,), (), tuple(glanced))
    blocks, damage = _collect(container, source, thorough) if glanced is None else (glanced, None)
    answer = _understood(blocks, container.carrier)
    if not thorough and blocks and damage is None and not _says_label(answer) and any(map(may_hold_label, blocks)):
        # What looked like a label was none, so the quick walk stopped too early.
        blocks, damage = _collect(container, source, thorough=True)
        answer = _understood(blocks, container.carrier)
    found, other, problems = answer
    if damage is not None and any(_is_emptied_at(item, damage.details.get("offset")) for item in found):
        damage = None
    state = _state(found, damage, problems)
    if identity.mismatch:
        problems[:0] = _named_wrongly(identity, source)
    for block in blocks:
        if block.problems:
            problems += _of_the_file(block, problems)
    if len(found) > 1 and sum(not is_emptied(item) for item in found) > 1:
        problems.append(_several(found))
    if damage is not None:
        problems.append(_told(damage))
    return _reading(identity, source, state, tuple(found), tuple(other), tuple(blocks), tuple(problems))


def _glanced(container: Container, source: Source) -> list[Block] | None:
    """Returns what a glance settles (:class:`~yinji.containers.base.Glancing`), or None where it takes a walk."""
    glance = getattr(container, "glance", None)
    if glance is None or source.limits is not DEFAULT:
        return None  # narrower limits are for the walk to count
    try:
        return glance(source)  # type: ignore[no-any-return]
    except (LookupError, ValueError, struct.error, zlib.error, UnreadableInput):
        return None  # something is not where it should be, and the walk says what


def _collect(container: Container, source: Source, thorough: bool) -> tuple[list[Block], _Damage]:
    """Takes what blocks there are; what stops the walk is kept beside them, not thrown away with them."""
    blocks: list[Block] = []
    try:
        for block in container.blocks(source, thorough=thorough):
            blocks.append(block)
    except NotRegularFile:
        raise
    except (UnreadableInput, UnsupportedFormat) as error:
        return blocks, error if source.size else Malformed("file-empty", path=source.name)
    return blocks, None


def _of_the_file(block: Block, told: list[Problem]) -> list[Problem]:
    """Returns those problems of a block that are told of the file, unless an earlier block had them too."""
    codes = {problem.code for problem in told}
    return [problem for problem in block.problems if problem.code in _OF_THE_FILE - codes]


class _Answer(NamedTuple):
    """The labels, the records of other schemes, and what was emptied or could not be understood."""

    found: list[Found]
    other: list[Found]
    unread: list[Problem]


def _understood(blocks: Iterable[Block], carrier: str) -> _Answer:
    answer = _Answer([], [], [])
    for block in blocks:
        try:
            if isinstance(block.value, str):
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


def _is_emptied_at(found: Found, offset: object) -> bool:
    return is_emptied(found) and found.start == offset


def _emptied(block: Block, shape: str) -> Found:
    """Returns a trace of removal: a field with the name of the label, and nothing in it (R62)."""
    problem = Problem("label-emptied", Severity.ERROR, "R62", {"carrier": block.carrier, "offset": block.start})
    return Found(Scheme.GB45438, None, "", block.carrier, shape, block.start, block.stop, (problem, *block.problems))


def _take_xmp(answer: _Answer, block: Block, packet: bytes, carrier: str) -> None:
    if block.problems and any(problem.code == _MIRROR for problem in block.problems):
        return
    text = xmp.plain_text(packet)
    if text and not block.problems and carrier in ("xmp", ""):  # nothing is wrong with the packet
        label = conforming(text)
        found = (
            _found(block, decode(text), text, "element", ()) if label is None else _sound(block, label, text, "element")
        )
        answer.found.append(found)
        return
    if text is None and xmp.is_wiped(packet):
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


def _take_exif(answer: _Answer, block: Block, tiff: bytes) -> None:
    for field in exif.label_fields(tiff):
        if looks_like_label(field.text):
            decoded = decode(field.text)
            problems = (Problem("no-key", Severity.WARNING, "R23", {"carrier": f"exif {field.name}"}),)
            allowed = field.name == "UserComment" and decoded.shape == "wrapped"
            answer.found.append(_found(block, decoded, field.text, decoded.shape, () if allowed else problems))
        else:
            _take_other_scheme(answer, block, field.text, field.name)


def _take_text(answer: _Answer, block: Block, text: str, carrier: str) -> None:
    if block.key == _NAME and block.carrier == carrier and not block.problems:
        label = conforming(text)
        if label is not None:
            answer.found.append(_sound(block, label, text, conforming_shape(text)))
            return
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


def _take_other_scheme(answer: _Answer, block: Block, text: str, key: str) -> None:
    record = recognise(text)
    if record is not None:
        scheme, fields = Scheme(record.scheme), dict(record.fields)
        answer.other.append(
            Found(scheme, None, text, block.carrier, key, block.start, block.stop, block.problems, fields)
        )


def _sound_label(block: Block, carrier: str) -> Found | None:
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


def _sound(block: Block, label: AigcLabel, text: str, shape: str) -> Found:
    """Returns a label without problems in its proper place."""
    return _new(Found, (_GB45438, label, text, block.carrier, shape, block.start, block.stop, (), _NO_FIELDS))


def _found(block: Block, decoded: Decoded, text: str, shape: str, problems: tuple[Problem, ...]) -> Found:
    label, told = decoded.label, decoded.problems + problems + block.problems
    if decoded.problems and label is not None and not any(value.strip(_BLANK) for _, value in label.items()):
        label, told = None, (Problem("values-emptied", Severity.ERROR, "R62"), *told)
    return Found(_GB45438, label, text, block.carrier, shape, block.start, block.stop, told)


def _says_label(answer: _Answer) -> bool:
    return _is_understood(answer.found)


def _is_understood(found: list[Found]) -> bool:
    for item in found:  # noqa: SIM110 - a generator costs twice as much, and this is asked of every labelled file
        if item.label is not None:
            return True
    return False


def _state(found: list[Found], damage: _Damage, unread: list[Problem]) -> State:
    if _is_understood(found):
        return State.LABELLED
    if isinstance(damage, UnsupportedFormat):
        return State.UNSUPPORTED
    if damage is not None:
        return State.MALFORMED if isinstance(damage, (Malformed, Truncated)) else State.UNREADABLE
    return State.MALFORMED if found or unread else State.UNLABELLED


def _several(found: list[Found]) -> Problem:
    """GB 45438 6.1 c) allows one label; says where they stand and in what they differ (R35)."""
    understood = [item.label for item in found if item.label is not None]
    positions = ", ".join(f"{item.carrier} @{item.start}" for item in found)
    values = {
        "count": len(found),
        "positions": positions,
        "differing": ", ".join(_differing(understood)) or "-",
        "offsets": [item.start for item in found],
    }
    return Problem("several-labels", Severity.ERROR, "R35", values)


def _differing(understood: list[AigcLabel]) -> list[str]:
    tables = [dict(label.items()) for label in understood]
    return [key for key in KEYS if len({table[key] for table in tables}) > 1]


def _named_wrongly(identity: Identity, source: Source) -> tuple[Problem, ...]:
    if not identity.mismatch:
        return ()
    values = {"extension": source.extension, "format": identity.title}
    return (Problem("extension-mismatch", Severity.WARNING, "", values),)


def _told(error: YinjiError) -> Problem:
    return Problem(error.code, Severity.ERROR, "R62", dict(error.details))


def _reading(
    identity: Identity,
    source: Source,
    state: State,
    found: tuple[Found, ...] = (),
    other: tuple[Found, ...] = (),
    blocks: tuple[Block, ...] = (),
    problems: tuple[Problem, ...] = (),
) -> Reading:
    return _new(
        Reading,
        (
            identity.name,
            identity.media_type,
            identity.kind,
            state,
            found,
            other,
            blocks,
            problems,
            source.size,
            source.bytes_read,
            source.reads,
        ),
    )
