"""Labels beside files whose format has no place for one: written when asked for, and held to the content they name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yinji.containers import executors
from yinji.containers.digest import media_digest
from yinji.containers.model import Found, Reading, Scheme, State
from yinji.containers.sidecar import CARRIER, ENDING, MOST, compose, parse
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.errors import (
    NotRegularFile,
    OutputExists,
    ReadBackMismatch,
    StorageError,
    UnreadableInput,
    UnsupportedFormat,
    UsageError,
)
from yinji.labels.aigc import AigcLabel
from yinji.operations.written import Opened, Step, Target


@dataclass(frozen=True, slots=True)
class Beside:
    """A sidecar that was found.

    Attributes:
        path: Where it stands.
        label: What it says; None where that cannot be understood.
        belongs: Whether it names the content that stands beside it now.
    """

    path: Path
    label: AigcLabel | None
    belongs: bool

    def to_dict(self) -> dict[str, Any]:
        label = dict(self.label.items()) if self.label else None
        return {"path": str(self.path), "label": label, "belongs": self.belongs}


def place(path: Path) -> Path:
    """Returns where the sidecar of a file stands: beside it, under its whole name and ``.xmp``."""
    return path.with_name(path.name + ENDING)


def beside(file: Opened) -> Beside | None:
    """Returns the sidecar of a file on disk, if there is one."""
    if file.source.path is None or not place(file.source.path).exists():
        return None
    path = place(file.source.path)
    try:
        with Source.open(path) as source:
            said = parse(source.read(0, min(source.size, MOST)))
    except (UnreadableInput, StorageError):
        return Beside(path, None, False)
    return Beside(path, said.label, said.digest == media_digest(file.container, file.source))


def of_path(path: str) -> Beside | None:
    """Returns the sidecar of a file whose format has no place for a label, if there is one.

    Raises:
        NotRegularFile, StorageError: The file cannot be opened.
    """
    if not place(Path(path)).exists():
        return None
    with Source.open(path) as source:
        file = Opened.of(source)
        return None if file.container.writable else beside(file)


def of_source(source: Source, reading: Reading) -> Beside | None:
    """Returns what :func:`of_path` does of an open file on disk that has no place for a label; also of a sidecar."""
    if reading.state is not State.UNSUPPORTED or source.path is None:
        return None
    try:
        return of_path(str(source.path).removesuffix(ENDING))
    except (UnsupportedFormat, StorageError, NotRegularFile):
        return None


def counted(reading: Reading, there: Beside | None) -> Reading:
    """Returns a reading that counts the label of a sidecar as the file's, where it names the file's content."""
    if there is None or there.label is None or not there.belongs:
        return reading
    said = there.label
    found = Found(Scheme.GB45438, said, said.to_json(), CARRIER, "bare", 0, 0, tuple(said.problems()))
    return reading._replace(state=State.LABELLED, found=(found,), problems=())


def require_room(file: Opened, target: Target) -> None:
    """Makes sure that a sidecar can be written before the file is.

    Raises:
        UsageError: The result has no name that a sidecar could stand beside.
        OutputExists: There is one already, and it may not be replaced.
    """
    path = target.output or file.source.path
    if path is None:
        raise UsageError("sidecar-needs-path")
    if target.output is not None and not target.overwrite and place(path).exists():
        raise OutputExists("output-exists", path=place(path))


def write(file: Opened, label: AigcLabel, target: Target) -> Step:
    """Writes the sidecar of a file that was written, or left as it is.

    Args:
        file: What the file holds now.
        label: What the sidecar says.
        target: Where the file went.

    Raises:
        ReadBackMismatch, StorageError: Nothing was replaced.
    """
    path = target.output or file.source.path
    if path is None:
        raise UsageError("sidecar-needs-path")
    data = compose(label, media_digest(file.container, file.source), file.container.media_type)

    def verify(copy: Source) -> None:
        if parse(copy.read(0, copy.size)).label != label:
            raise ReadBackMismatch("read-back-mismatch", path=copy.name, state="")

    if not target.dry_run:
        executors.write_new(
            Source.open(b""),
            Splice.of([Edit(0, 0, data)]),
            place(path),
            verify=verify,
            overwrite=target.overwrite or target.output is None,
            durable=target.durable,
        )
    return Step("sidecar", {"path": str(place(path)), "carrier": CARRIER})
