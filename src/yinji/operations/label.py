"""``label``: a generation provider labels its own output (Measures Art. 4 and 5)."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from tempfile import TemporaryFile
from typing import BinaryIO

from yinji.containers.source import RangedReader, Source
from yinji.containers.source_file import SourceFile
from yinji.errors import Refused
from yinji.labels.aigc import LABELS, AigcLabel, require_conforming
from yinji.labels.codes import require_provider
from yinji.limits import DEFAULT, Limits
from yinji.marks.registry import mark_for
from yinji.operations import sidecar as sidecars
from yinji.operations.mark import request_of, require_style
from yinji.operations.written import (
    Opened,
    Step,
    Target,
    Written,
    blanked_step,
    bring_back,
    credentials_step,
    refuse_to_break_credentials,
    refuse_unreadable,
    write_label,
    write_unlabelled,
    written,
)
from yinji.regimes.registry import mark_rules
from yinji.texts import Text


def label(
    input: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    label: AigcLabel,
    *,
    output: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    metadata_only: bool = False,
    regime: str = "cn",
    language: str = "zh",
    place: str = "",
    corner: bool = False,
    times: tuple[str, ...] = (),
    every: float = 0.0,
    style: str = "",
    form: str = "",
    derived: bool = False,
    sidecar: bool = False,
    overwrite: bool = False,
    durable: bool = True,
    break_credentials: bool = False,
    dry_run: bool = False,
    filename: str = "",
    limits: Limits = DEFAULT,
) -> Written:
    """Puts the perceptible label and the metadata label into a file, in this order, and reads it back.

    Args:
        input: What was generated: a path, bytes, a seekable binary file or a ranged object.
        label: What the metadata will say; see :meth:`AigcLabel.first`.
        output: The new file. Written beside itself and renamed, so that it is whole or absent.
        in_place: Change the input instead; undone on any failure.
        metadata_only: Leave every pixel, sample and letter alone.
        regime: Whose rules decide the words, the size and the place.
        language: ``zh``, ``en`` or ``both``, of the perceptible words.
        place: Where the perceptible label goes; "" for the first choice of the regime that the kind of content has.
        times: When it is shown or heard, where the content has time: any of ``start``, ``end``, ``intervals``,
            ``continuous``; empty for what the regime asks for. The place of sound, if given, says more.
        every: Seconds from label to label for ``intervals``.
        style: ``rhythm`` or ``speech`` for sound; ``black``, ``white``, ``black-50`` or ``white-50`` for pictures and
            video; "" for what the regime or the mark prefers.
        form: Which label, where the regime has several: ``generated``, ``modified``, ``basic`` (EU); "" for the usual.
        corner: A corner mark instead of the words, where the rules allow one (GB 45438-2025 5.1 c).
        derived: The content was generated anew from a labelled one, whose label stands in the file: replace it.
        sidecar: Where the format has no place for a metadata label (text, tables, subtitles, BMP, MPEG-TS), write it
            into a file of its own beside the result, ``NAME.xmp``.
        overwrite: Allow an existing output to be replaced.
        durable: Wait for the disk.
        break_credentials: Write although a C2PA manifest in the file will no longer verify.
        dry_run: Check and plan everything, write nothing.
        filename: Name to go by where the input has none.
        limits: Bounds of the reading.

    Returns:
        What was done and what the file now says.

    Raises:
        InvalidLabel: The label does not keep GB 45438 App. E.
        UsageError: The producer is meant as a 27-character code and is none; a style is none for this kind of content.
        Refused: The file already carries somebody else's label, or a stronger one.
        UnsupportedFormat: No place for the label, or no perceptible label for this kind yet.
        UnreadableInput: The file is damaged or enciphered.
        OutputExists: The output is there already.
        ReadBackMismatch, StorageError: Nothing was replaced.
    """
    require_conforming(label)
    require_provider(label.producer)
    rules = mark_rules(regime, form=form)
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
        is_beside = sidecar and not file.container.writable
        refuse_unreadable(file, needs_carrier=metadata_only and not is_beside, may_be_blanked=True)
        require_style(file, style)
        refuse_to_replace(file, label, derived=derived)
        if is_beside:
            _refuse_to_replace_beside(file, label, target, derived=derived)
        refuse_to_break_credentials(file, break_credentials=break_credentials)
        if metadata_only and is_beside:
            steps: tuple[Step, ...] = (write_unlabelled(file, target), sidecars.write(file, label, target))
            return written(file, target, steps, label, size_before=source.size)
        if metadata_only:
            steps = (*blanked_step(file), write_label(file, label, target), *credentials_step(file))
            return written(file, target, steps, label, size_before=source.size)
        with TemporaryFile(prefix="yinji-mark-") as marked:
            request = request_of(file, rules, language=language, place=place, corner=corner, limits=limits)
            if times or every:
                usual = "" if request.place in request.times else request.place
                request = replace(request, times=times or ("start", "intervals"), every=every, place=place or usual)
            mark = mark_for(file.reading.media_type)
            original = io.BufferedReader(SourceFile(file.source))
            drawn = mark.draw(original, marked, replace(request, style=style or request.style))
            file.require_unchanged(by_name=in_place)
            with Source.open(marked, name=source.name, limits=limits) as again:
                labelled = Opened.of(again)
                shown = Step("perceptible", drawn.to_dict() | _alt(rules.mark(file.container.kind).alt))
                steps = (*blanked_step(file), shown)
                if in_place and source.path is not None:
                    target = replace(target, output=source.path, overwrite=True)
                if not labelled.container.writable:
                    steps += (write_unlabelled(labelled, target), *credentials_step(file))
                    steps += (sidecars.write(labelled, label, target),) if is_beside else ()
                    said = label if is_beside else None
                    return written(labelled, target, steps, said, size_before=source.size, drawn=drawn)
                steps += (write_label(labelled, label, target), *credentials_step(file))
                return written(labelled, target, steps, label, size_before=source.size, drawn=drawn)


def _alt(alt: Text) -> dict[str, dict[str, str]]:
    """What a page that shows the content says of the label to those who do not see it."""
    return {"alt": alt._asdict()} if alt.en else {}


def refuse_to_replace(file: Opened, label: AigcLabel, *, derived: bool) -> None:
    """Holds Measures Art. 10 on a file that already carries a label: nobody's half is overwritten, no label weakened.

    A label that could not be understood may be replaced; so may one's own; so may the label of what the content was
    generated from, when the caller says so and claims at least as much.

    Raises:
        Refused: Somebody else's label, or a stronger one.
    """
    for found in file.reading.found:
        if found.label is not None:
            _refuse_over(found.label, label, file.source.name, derived=derived)


def _refuse_to_replace_beside(file: Opened, label: AigcLabel, target: Target, *, derived: bool) -> None:
    """Holds the same on the sidecar of the input, and makes sure that there is room for that of the result."""
    there = sidecars.beside(file)
    if there is not None and there.label is not None and (there.belongs or target.output is None):
        _refuse_over(there.label, label, str(there.path), derived=derived)
    sidecars.require_room(file, target)


def _refuse_over(present: AigcLabel, label: AigcLabel, path: str, *, derived: bool) -> None:
    if present.producer != label.producer and not derived:
        raise Refused("already-labelled", path=path, producer=present.producer)
    if present.label in LABELS and label.label > present.label:
        raise Refused("would-weaken", path=path, present=present.label, wanted=label.label)
