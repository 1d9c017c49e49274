"""Writing one metadata label: plan, execute, read back. What ``label``, ``propagate`` and ``carry`` share."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from yinji.containers import executors, readback, reading, registry
from yinji.containers.base import Container
from yinji.containers.copying import copy
from yinji.containers.model import Reading, State
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.understanding import is_emptied
from yinji.errors import (
    Malformed,
    ReadBackMismatch,
    StorageError,
    UnreadableInput,
    UnsupportedFormat,
    UsageError,
    WouldBreakCredentials,
)
from yinji.labels.aigc import AigcLabel
from yinji.marks.base import Drawn
from yinji.operations.report import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class Target:
    """Where the result of a write goes.

    Attributes:
        output: The new file; None when the input is changed in place.
        overwrite: Whether an existing output may be replaced.
        durable: Whether the write waits for the disk (fsync).
        break_credentials: Write although a C2PA manifest in the file will no longer verify.
        dry_run: Plan and check everything, write nothing.
        replace_input: The output is the input: its labelled self takes its name in one step.
    """

    output: Path | None
    overwrite: bool = False
    durable: bool = True
    break_credentials: bool = False
    dry_run: bool = False
    replace_input: bool = False

    @classmethod
    def of(
        cls,
        output: str | os.PathLike[str] | None,
        *,
        in_place: bool,
        overwrite: bool,
        durable: bool,
        break_credentials: bool,
        dry_run: bool,
    ) -> Target:
        """Checks that exactly one of ``output`` and ``in_place`` was given.

        Raises:
            UsageError: Neither or both.
        """
        if (output is None) != in_place:
            raise UsageError("output-or-in-place")
        return cls(None if output is None else Path(output), overwrite, durable, break_credentials, dry_run)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done (or, in a dry run, would be)."""

    name: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a write.

    Attributes:
        path: The file that now carries the label.
        format: Its container.
        label: The label as read back; None when the format has no place for one.
        steps: What was done, in order.
        drawn: What was drawn or written for people, if anything.
        size_before, size_after: Bytes.
        dry_run: Whether nothing was written.
    """

    path: str
    format: str
    label: AigcLabel | None
    steps: tuple[Step, ...]
    drawn: Drawn | None
    size_before: int
    size_after: int
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "path": self.path,
            "format": self.format,
            "label": dict(self.label.items()) if self.label else None,
            "steps": [{"step": s.name} | s.detail for s in self.steps],
            "size_before": self.size_before,
            "size_after": self.size_after,
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True, slots=True)
class Opened:
    """A file ready to be written: its container and a thorough reading.

    Attributes:
        stamp: What a file on disk was like before it was read.
    """

    source: Source
    container: Container
    reading: Reading
    stamp: tuple[int, ...] | None = None

    @classmethod
    def of(cls, source: Source) -> Opened:
        """Identifies and reads a source.

        Raises:
            UnsupportedFormat: No container knows the file.
        """
        fd = source.fileno()
        stamp = None if fd is None else _stamp(os.fstat(fd))
        return cls(source, registry.identify(source), reading.read(source, thorough=True), stamp)

    def require_unchanged(self, *, by_name: bool = False) -> None:
        """Makes sure that no other program has changed the file since it was opened: a plan holds for what was read.

        Args:
            by_name: Look at what has the name now, since that is going to be changed or replaced.

        Raises:
            StorageError: It was changed, or something else has its name.
        """
        fd, path = self.source.fileno(), self.source.path
        if self.stamp is None or fd is None or path is None:
            return
        try:
            now = _stamp(os.lstat(path) if by_name else os.fstat(fd))
        except OSError:
            now = ()
        if now != self.stamp:
            raise StorageError("file-changed", path=path)


def _stamp(info: os.stat_result) -> tuple[int, ...]:
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns


def bring_back(input: object, target: Target) -> None:
    """Brings a file back whose change in place was cut short, before it is read for the next.

    Raises:
        UsageError, StorageError: As :func:`yinji.containers.executors.recover`.
    """
    if target.output is None and not target.dry_run and isinstance(input, (str, os.PathLike)):
        executors.recover(Path(input))


BLANKED: Final = frozenset(("bmff-blanked", "matroska-blanked", "avi-blanked", "packet-wiped"))
"""Findings of files that were read to their end: a label, or what may have been one, was emptied in place."""


def refuse_unreadable(file: Opened, *, needs_carrier: bool = True, may_be_blanked: bool = False) -> None:
    """Says of a file that cannot be judged what ``read`` says of it, before anything else is asked of it (R62).

    A label that was emptied or that nobody understands stops no reading: what becomes of it is for each verb to say.

    Args:
        file: The file.
        needs_carrier: Refuse formats without a place for a label too.
        may_be_blanked: Let files pass in which a label was emptied in place and that are whole otherwise.

    Raises:
        UnreadableInput: The file is damaged, enciphered or beyond the limits.
        UnsupportedFormat: Its format has no place for a label.
    """
    if file.reading.state not in (State.MALFORMED, State.UNREADABLE, State.UNSUPPORTED):
        return
    file.source.renew()
    told = {problem.code for problem in file.reading.problems}
    if "file-empty" in told:
        raise Malformed("file-empty", path=file.source.name)
    try:
        for _ in file.container.blocks(file.source, thorough=True):
            pass
    except UnsupportedFormat as error:
        if needs_carrier and error.code in told:
            raise
    except UnreadableInput as error:
        if error.code in told and not (may_be_blanked and error.code in BLANKED):
            raise


def blanked_step(file: Opened) -> tuple[Step, ...]:
    """Says that a label was emptied in the file that another is written into: whoever writes it should know (R62)."""
    emptied = [found.start for found in file.reading.found if is_emptied(found)]
    emptied += [problem.values["offset"] for problem in file.reading.problems if problem.code in BLANKED]
    return (Step("blanked", {"offsets": sorted(set(emptied))}),) if emptied else ()


def refuse_to_break_credentials(file: Opened, *, break_credentials: bool) -> None:
    """Raises :class:`WouldBreakCredentials` where a write would invalidate a C2PA manifest and nobody asked for it."""
    if not break_credentials and _has_credentials(file):
        raise WouldBreakCredentials("would-break-credentials", path=file.source.name)


def credentials_step(file: Opened) -> tuple[Step, ...]:
    """Says that a C2PA manifest of the file no longer verifies: its hash covers what was written."""
    return (Step("credentials", {"broken": True}),) if _has_credentials(file) else ()


def _has_credentials(file: Opened) -> bool:
    return any(block.carrier == "c2pa" for block in file.reading.blocks)


@dataclass(frozen=True, slots=True)
class Planned:
    """A label that is ready to be written as the one and only metadata label of a file (R34).

    Attributes:
        splice: What changes in the file.
    """

    file: Opened
    label: AigcLabel
    splice: Splice

    @classmethod
    def of(cls, file: Opened, label: AigcLabel, *, in_place: bool = False) -> Planned:
        """Plans it.

        Raises:
            UnsupportedFormat: The format has no place for a label.
            Malformed, Encrypted: The file cannot be edited safely.
        """
        if not file.container.writable:
            raise UnsupportedFormat("no-carrier", path=file.source.name, format=file.container.name)
        file.source.renew()
        return cls(file, label, file.container.write(file.source, label, file.reading, in_place=in_place))

    def write(self, fd: int) -> None:
        """Writes the labelled file at the position of an open descriptor; whoever calls has it read back."""
        copy(self.file.source, self.splice, fd)

    def read_back(self, copy: Source) -> None:
        """Passes if the written file says what it should (R41).

        Raises:
            ReadBackMismatch, StorageError, Malformed: It does not.
        """
        size = self.file.source.size + self.splice.growth
        runs = readback.moved(self.file.source.runs, self.splice)
        readback.check(copy, self.label, self.file.reading, size, runs=runs)

    def carry_out(self, target: Target) -> Step:
        """Does what was planned, and has it read back.

        Raises:
            ReadBackMismatch, Malformed: The written file does not say what it should; nothing was replaced.
            StorageError: The operating system refused; nothing was replaced.
        """
        execute(self.file, self.splice, target, verify=self.read_back)
        container = self.file.container
        return Step(
            "metadata",
            {
                "carrier": container.carrier,
                "clause": container.clause,
                "in_place": target.output is None,
                "growth": self.splice.growth,
            },
        )


def write_label(file: Opened, label: AigcLabel, target: Target) -> Step:
    """Writes the label as the one and only metadata label of the file, and reads it back (R34, R41).

    Raises:
        UnsupportedFormat: The format has no place for a label.
        ReadBackMismatch, Malformed: The written file does not say what it should; nothing was replaced.
        StorageError: The operating system refused; nothing was replaced.
    """
    return Planned.of(file, label, in_place=target.output is None).carry_out(target)


def write_unlabelled(file: Opened, target: Target) -> Step:
    """Writes content whose format has no place for a metadata label, and says so; in place there is nothing to do."""
    nothing = Splice.of(())

    def verify(copy: Source) -> None:
        if copy.size != file.source.size:
            raise ReadBackMismatch("read-back-size", path=file.source.name, needed=file.source.size, size=copy.size)

    if target.output is not None:
        execute(file, nothing, target, verify=verify)
    return Step("metadata", {"carrier": "", "clause": "", "in_place": False, "growth": 0})


def execute(file: Opened, splice: Splice, target: Target, *, verify: Callable[[Source], None]) -> None:
    """Carries a splice out where the target says, unless this is a dry run.

    Raises:
        StorageError: Another program has changed the file since it was opened.
    """
    if target.dry_run:
        return

    def verified(copy: Source) -> None:
        verify(copy)
        file.require_unchanged(by_name=target.output is None or target.replace_input)

    if target.output is not None:
        executors.write_new(
            file.source,
            splice,
            target.output,
            verify=verified,
            overwrite=target.overwrite,
            durable=target.durable,
            replace_input=target.replace_input,
        )
    elif file.source.path is None:
        raise UsageError("in-place-needs-path")
    else:
        executors.write_in_place(file.source.path, splice, verify=verified, durable=target.durable)


def written(
    file: Opened,
    target: Target,
    steps: tuple[Step, ...],
    label: AigcLabel | None,
    *,
    size_before: int,
    drawn: Drawn | None = None,
) -> Written:
    """Puts the result together."""
    growth = sum(step.detail["growth"] for step in steps if step.name == "metadata")
    return Written(
        path=str(target.output or file.source.name),
        format=file.container.name,
        label=label,
        steps=steps,
        drawn=drawn,
        size_before=size_before,
        size_after=file.source.size + growth,
        dry_run=target.dry_run,
    )
