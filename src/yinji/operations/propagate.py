"""``propagate``: a platform writes its own half into the file it serves (Measures Art. 6, last paragraph)."""

from __future__ import annotations

import os
from typing import BinaryIO

from yinji.containers.model import State
from yinji.containers.source import RangedReader, Source
from yinji.containers.understanding import is_emptied
from yinji.errors import Malformed, Refused
from yinji.labels.aigc import AigcLabel, require_conforming, require_propagation
from yinji.labels.codes import require_provider
from yinji.limits import DEFAULT, Limits
from yinji.operations import sidecar as sidecars
from yinji.operations.written import (
    Opened,
    Planned,
    Step,
    Target,
    Written,
    blanked_step,
    bring_back,
    credentials_step,
    refuse_to_break_credentials,
    refuse_unreadable,
    write_unlabelled,
    written,
)


def propagate(
    input: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    *,
    propagator: str,
    propagate_id: str,
    label: str = "",
    reserved2: str = "",
    output: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    overwrite: bool = False,
    durable: bool = True,
    break_credentials: bool = False,
    dry_run: bool = False,
    filename: str = "",
    limits: Limits = DEFAULT,
) -> Written:
    """Writes the propagator's half of the label; the producer's half stays byte-exact (R36).

    Of a format without a place for a label, the label is that of the sidecar beside the input, where one names its
    content, and goes into a sidecar beside the result; see :func:`yinji.label`.

    Args:
        input: What was uploaded.
        propagator: Our own name or 27-character code.
        propagate_id: Our own number of the content, unique on our platform (R29).
        label: For a file that carries no label: ``"2"`` may be or ``"3"`` suspected (``"1"`` where a regime holds
            it for certain on other grounds). Our code and number then stand in both pairs, as on a first write; who
            belongs into the producer's pair is settled by no source. "" refuses such a file.
        reserved2: Our own security protection, or "".
        output: The new file.
        in_place: Change the input instead.
        overwrite: Allow an existing output to be replaced.
        durable: Wait for the disk.
        break_credentials: Write although a C2PA manifest in the file will no longer verify.
        dry_run: Check and plan everything, write nothing.
        filename: Name to go by where the input has none.
        limits: Bounds of the reading.

    Raises:
        InvalidLabel: Our half does not keep GB 45438 App. E.
        UsageError: Our code is meant as a 27-character code and is none.
        Malformed: The file carries a label that cannot be understood, or a trace of one.
        Refused: The file carries no label and ``label`` is "".
        UnsupportedFormat, UnreadableInput, OutputExists, ReadBackMismatch, StorageError: As for ``label``.
    """
    target = Target.of(
        output,
        in_place=in_place,
        overwrite=overwrite,
        durable=durable,
        break_credentials=break_credentials,
        dry_run=dry_run,
    )
    bring_back(input, target)
    with Source.open(input, name=filename, limits=limits) as source:
        file = Opened.of(source)
        there = None if file.container.writable else sidecars.beside(file)
        if there is not None and there.label is not None and there.belongs:
            require_provider(propagator)
            passed_on = there.label.propagated(propagator, propagate_id, reserved2=reserved2)
            require_propagation(passed_on)
            sidecars.require_room(file, target)
            steps: tuple[Step, ...] = (write_unlabelled(file, target), sidecars.write(file, passed_on, target))
            return written(file, target, steps, passed_on, size_before=source.size)
        planned = plan(
            file,
            propagator=propagator,
            propagate_id=propagate_id,
            label=label,
            reserved2=reserved2,
            break_credentials=break_credentials,
            in_place=in_place,
        )
        steps = (*blanked_step(file), planned.carry_out(target), *credentials_step(file))
        return written(file, target, steps, planned.label, size_before=source.size)


def plan(
    file: Opened,
    *,
    propagator: str,
    propagate_id: str,
    label: str = "",
    reserved2: str = "",
    break_credentials: bool = False,
    in_place: bool = False,
) -> Planned:
    """Plans what :func:`propagate` does, for whoever has a place of their own for the new file.

    Raises:
        InvalidLabel, UsageError, Malformed, Refused, UnsupportedFormat, UnreadableInput: As :func:`propagate`.
    """
    require_provider(propagator)
    refuse_unreadable(file, may_be_blanked=bool(label))
    passed_on = _passed_on(file, propagator, propagate_id, label, reserved2)
    refuse_to_break_credentials(file, break_credentials=break_credentials)
    return Planned.of(file, passed_on, in_place=in_place)


def _passed_on(file: Opened, propagator: str, propagate_id: str, label: str, reserved2: str) -> AigcLabel:
    present = file.reading.label
    if present is not None:
        passed_on = present.propagated(propagator, propagate_id, reserved2=reserved2)
        require_propagation(passed_on)
        return passed_on
    if any(not is_emptied(found) for found in file.reading.found):
        raise Malformed("label-not-understood", path=file.source.name)
    if not label:
        if file.reading.state is State.MALFORMED:
            raise Malformed("label-not-understood", path=file.source.name)
        raise Refused("nothing-to-propagate", path=file.source.name)
    first = AigcLabel(label, propagator, propagate_id, "", propagator, propagate_id, reserved2)
    require_conforming(first)
    return first
