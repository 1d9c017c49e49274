"""``carry``: the label of an upload survives our own pipeline (transcode, resize, remux, thumbnail; R94)."""

from __future__ import annotations

import os

from yinji.containers.model import State
from yinji.containers.source import Source
from yinji.errors import Malformed, Refused
from yinji.limits import DEFAULT, Limits
from yinji.operations.written import Opened, Step, Target, Written, refuse_to_break_credentials, write_label, written


def carry(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    durable: bool = True,
    break_credentials: bool = False,
    dry_run: bool = False,
    limits: Limits = DEFAULT,
) -> Written:
    """Puts the label of one file into another made from it, whatever the formats, exactly once.

    The destination is replaced atomically by its labelled self. One that carries the same label already is left alone.

    Args:
        source: The file that carries the label.
        destination: The file made from it.
        durable: Wait for the disk.
        break_credentials: Write although a C2PA manifest in the destination will no longer verify.
        dry_run: Check and plan everything, write nothing.
        limits: Bounds of the reading.

    Raises:
        Malformed: The source cannot be read to its end, or its label not be understood: there may be a label to carry.
        Refused: The source carries no label, or the destination somebody else's.
        UnsupportedFormat, UnreadableInput, ReadBackMismatch, StorageError: As for ``label``.
    """
    with Source.open(source, limits=limits) as origin:
        label = Opened.of(origin).reading
    if label.label is None:
        if label.state is State.UNLABELLED:
            raise Refused("nothing-to-carry", path=str(source))
        raise Malformed("label-not-understood", path=str(source))
    carried = label.label
    with Source.open(destination, limits=limits) as made:
        file = Opened.of(made)
        target = Target(
            made.path,
            overwrite=True,
            durable=durable,
            break_credentials=break_credentials,
            dry_run=dry_run,
            replace_input=True,
        )
        present = [f.label for f in file.reading.found]
        if present == [carried] and not any(f.problems for f in file.reading.found):
            step = Step("metadata", {"carrier": file.reading.found[0].carrier, "growth": 0, "already": True})
            return written(file, target, (step,), carried, size_before=made.size)
        if any(p is not None and (p.producer, p.produce_id) != (carried.producer, carried.produce_id) for p in present):
            raise Refused("other-label-present", path=str(destination))
        refuse_to_break_credentials(file, target)
        step = write_label(file, carried, target)
        return written(file, target, (step,), carried, size_before=made.size)
