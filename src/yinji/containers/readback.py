"""Reading back what was written, before it replaces anything (design, rule 2): exactly one label, and the right one."""

from __future__ import annotations

from yinji.containers import reading as reader
from yinji.containers.base import Container
from yinji.containers.model import Found, Reading, State
from yinji.containers.source import Run, Source
from yinji.containers.splice import Splice
from yinji.errors import Malformed, ReadBackMismatch, YinjiError
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Severity


def check(
    copy: Source,
    label: AigcLabel,
    before: Reading,
    size: int,
    *,
    container: Container | None = None,
    runs: dict[int, Run] | None = None,
) -> None:
    """Raises unless a written file reads as carrying exactly this label, and has the size that was planned.

    Args:
        copy: The written file.
        label: What was to be written.
        before: The reading of the file that it was written into.
        size: Bytes that the written file should have.
        container: What to read it with; found out from the file without it.
        runs: What :func:`moved` says of the rows of media that were not written to.

    Raises:
        ReadBackMismatch: A file that was in order does not say what it should. This is a defect of a planner.
        Malformed: The file had damage of its own before, and with the label in it cannot be read as it should.
    """
    copy.runs = runs
    again = reader.read(copy, thorough=True) if container is None else reader.read_as(container, copy, thorough=True)
    if again.state is not State.LABELLED or [found.label for found in again.found] != [label]:
        raise _mismatch(copy, before, again)
    if copy.size != size:
        raise ReadBackMismatch("read-back-size", path=copy.name, needed=size, size=copy.size)


def moved(runs: dict[int, Run] | None, splice: Splice) -> dict[int, Run]:
    """Returns the rows of media that a reading of the old file went through and that a splice only moves as a whole.

    The executors copy them, or leave them where they are, without a look at what they hold. So what was found in them
    once holds for the new file too, where they stand as they should: reading back goes through everything that was
    written, and over such a row from its first structure to its last.
    """
    standing = ((run, splice.moved(run.start, run.stop)) for run in (runs or {}).values())
    return {
        start: Run(start, run.last - run.start + start, run.stop - run.start + start, run.number)
        for run, start in standing
        if start is not None
    }


def is_in_order(reading: Reading) -> bool:
    """Whether nothing is wrong with a file or with what it carries."""
    return not reading.problems and not any(_is_wrong(found) for found in reading.found)


def _is_wrong(found: Found) -> bool:
    return any(problem.severity is Severity.ERROR for problem in found.problems)


def _mismatch(copy: Source, before: Reading, again: Reading) -> YinjiError:
    if is_in_order(before):
        return ReadBackMismatch("read-back-mismatch", path=copy.name, state=str(again.state))
    known = {problem.code for problem in before.problems}
    new = (problem for problem in again.problems if problem.code not in known)
    wrong = (problem for found in before.found if _is_wrong(found) for problem in found.problems)
    reason = next((problem.text for problem in (*new, *wrong, *again.problems, *before.problems)), "")
    return Malformed("read-back-damaged", path=copy.name, reason=reason)
