"""Reading a file: which blocks are asked of its container, and how surely what they say is all it says (R35, R62)."""

from __future__ import annotations

import struct
import zlib
from typing import Final, TypeAlias

from yinji.containers.base import Container
from yinji.containers.candidate import may_hold_label
from yinji.containers.model import Block, Found, Reading, State
from yinji.containers.registry import Identity, sniff, unsupported
from yinji.containers.source import Source
from yinji.containers.understanding import MIRROR, Answer, is_emptied, sound_label, understood
from yinji.errors import Malformed, NotRegularFile, Truncated, UnreadableInput, UnsupportedFormat, YinjiError
from yinji.labels.aigc import KEYS, AigcLabel
from yinji.labels.problem import Problem, Severity
from yinji.limits import DEFAULT

_OF_THE_FILE: Final = frozenset((MIRROR, "jpeg-stray-bytes", "bmff-zeroed"))
"""Problems of blocks that are told of the file, whether or not the block holds a label; the first of each."""

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
        if len(glanced) == 1 and (label := sound_label(glanced[0], container.carrier)) is not None:
            return _reading(identity, source, _LABELLED, (label,), (), tuple(glanced))
    blocks, damage = _collect(container, source, thorough) if glanced is None else (glanced, None)
    answer = understood(blocks, container.carrier)
    if not thorough and blocks and damage is None and not _says_label(answer) and any(map(may_hold_label, blocks)):
        # What looked like a label was none, so the quick walk stopped too early.
        blocks, damage = _collect(container, source, thorough=True)
        answer = understood(blocks, container.carrier)
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


def _is_emptied_at(found: Found, offset: object) -> bool:
    return is_emptied(found) and found.start == offset


def _says_label(answer: Answer) -> bool:
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
