"""``carry``: the label of an upload survives our own pipeline (transcode, resize, remux, thumbnail; R94)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from yinji.containers.model import State
from yinji.containers.sidecar import CARRIER
from yinji.containers.source import RangedReader, Source
from yinji.errors import Malformed, Refused, UsageError
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem
from yinji.limits import DEFAULT, Limits
from yinji.operations import sidecar as sidecars
from yinji.operations.written import (
    Opened,
    Step,
    Target,
    Written,
    blanked_step,
    credentials_step,
    refuse_to_break_credentials,
    refuse_unreadable,
    write_label,
    write_unlabelled,
    written,
)


def carry(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    destination: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO,
    *,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    durable: bool = True,
    break_credentials: bool = False,
    dry_run: bool = False,
    sidecar: bool = False,
    filename: str = "",
    limits: Limits = DEFAULT,
) -> Written:
    """Puts the label of one file into another made from it, whatever the formats, exactly once.

    All seven values are carried byte-exact, those that no writer of ours would choose too: what a producer wrote is
    not ours to mend. The destination is replaced atomically by its labelled self. One that carries the same label
    already is left alone. Of several labels the first that can be understood is carried, and a step ``several`` says
    how many there were.

    Args:
        source: What carries the label.
        destination: The file made from it.
        output: Where its labelled self goes, if not to its own place.
        overwrite: Allow an existing ``output`` to be replaced.
        durable: Wait for the disk.
        break_credentials: Write although a C2PA manifest in the destination will no longer verify.
        dry_run: Check and plan everything, write nothing.
        sidecar: Where the destination's format has no place for a label (text, tables, subtitles, BMP, MPEG-TS), write
            it into a file of its own beside it, ``NAME.xmp``.
        filename: Name of the source where it has none.
        limits: Bounds of the reading.

    Raises:
        Malformed: The source cannot be read to its end, or its label not be understood: there may be a label to carry.
        Refused: The source carries no label, or the destination somebody else's.
        UsageError: The destination is not on disk, and no ``output`` was given.
        UnsupportedFormat, OutputExists, UnreadableInput, ReadBackMismatch, StorageError: As for ``label``.
    """
    carried, steps = carried_label(source, filename=filename, limits=limits)
    with Source.open(destination, limits=limits) as made:
        file = Opened.of(made)
        is_beside = sidecar and not file.container.writable
        refuse_unreadable(file, needs_carrier=not is_beside, may_be_blanked=True)
        if output is None and made.path is None:
            raise UsageError("in-place-needs-path")
        target = Target(
            made.path if output is None else Path(output),
            overwrite=output is None or overwrite,
            durable=durable,
            break_credentials=break_credentials,
            dry_run=dry_run,
            replace_input=output is None,
        )
        if is_beside:
            return _beside(file, carried, target, steps)
        if output is None and _is_there(file, carried):
            step = Step("metadata", {"carrier": file.reading.found[0].carrier, "growth": 0, "already": True})
            return written(file, target, (*steps, step), carried, size_before=made.size)
        _refuse_other([item.label for item in file.reading.found if item.label], carried, file.source.name)
        refuse_to_break_credentials(file, break_credentials=break_credentials)
        steps += (*blanked_step(file), write_label(file, carried, target), *credentials_step(file))
        return written(file, target, steps, carried, size_before=made.size)


def _beside(file: Opened, carried: AigcLabel, target: Target, steps: tuple[Step, ...]) -> Written:
    """Writes the label into a sidecar of the destination, or leaves one that says the same.

    Raises:
        Refused: Somebody else's label stands there and names this content.
        UsageError, OutputExists, ReadBackMismatch, StorageError: As :func:`carry`.
    """
    there = sidecars.beside(file)
    if there is not None and there.belongs and there.label is not None:
        _refuse_other([there.label], carried, str(there.path))
        if target.replace_input and there.label == carried:
            step = Step("metadata", {"carrier": CARRIER, "growth": 0, "already": True})
            return written(file, target, (*steps, step), carried, size_before=file.source.size)
    if target.replace_input:  # the content stays as it is
        target = replace(target, output=None)
    sidecars.require_room(file, target)
    steps += (write_unlabelled(file, target), sidecars.write(file, carried, target))
    return written(file, target, steps, carried, size_before=file.source.size)


def carried_label(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    *,
    filename: str = "",
    limits: Limits = DEFAULT,
) -> tuple[AigcLabel, tuple[Step, ...]]:
    """Returns the label that ``carry`` takes from a file, and what there is to say about the choice.

    Of a format without a place for one, it is that of a sidecar which names the file's content.

    Raises:
        Malformed, Refused, UnsupportedFormat, StorageError: As :func:`carry`, for the source.
    """
    with Source.open(source, name=filename, limits=limits) as origin:
        file = Opened.of(origin)
        refuse_unreadable(file, needs_carrier=file.container.writable)
        reading, name = file.reading, filename or origin.name
        there = sidecars.beside(file) if reading.label is None and not file.container.writable else None
    if there is not None and there.label is not None and there.belongs:
        return there.label, (Step("from-sidecar", {"path": str(there.path)}),)
    if reading.label is None:
        if reading.state in (State.UNLABELLED, State.UNSUPPORTED):  # such as BMP, which has no place for one
            raise Refused("nothing-to-carry", path=name)
        raise Malformed("label-not-understood", path=name)
    if len(reading.found) == 1:
        return reading.label, ()
    chosen = next(found for found in reading.found if found.label is not None)
    detail = {"count": len(reading.found), "carrier": chosen.carrier, "offset": chosen.start}
    return reading.label, (Step("several", detail),)


def _is_there(file: Opened, carried: AigcLabel) -> bool:
    """Whether the destination says the same already, once and well."""
    found = file.reading.found
    return [item.label for item in found] == [carried] and all(
        item.carrier == file.container.carrier and not _place_problems(item.problems, carried) for item in found
    )


def _place_problems(problems: tuple[Problem, ...], carried: AigcLabel) -> list[Problem]:
    """Returns what is wrong with the place or notation; the values are the producer's, and carrying mends none."""
    own = carried.problems()
    return [problem for problem in problems if problem not in own]


def _refuse_other(present: Sequence[AigcLabel], carried: AigcLabel, path: str) -> None:
    """Raises :class:`Refused` where the labels of a file are not of the content that the carried one is of."""
    if any((label.producer, label.produce_id) != (carried.producer, carried.produce_id) for label in present):
        raise Refused("other-label-present", path=path)
