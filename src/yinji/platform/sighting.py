"""The labels of ours that are seen and heard in uploads, with box and seconds, for reviewers.

Finding them decodes the content, so that a worker does it, when a reviewer first opens a case about the item. What is
found is kept beside the verdict and not in it: a reviewer judges by it (Measures Art. 6(3)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from yinji.containers.model import Kind
from yinji.containers.source import Source
from yinji.evidence.base import Basis, Evidence, Says, Strength
from yinji.limits import DEFAULT
from yinji.marks.base import Drawn
from yinji.operations.perceived import perceive
from yinji.platform import instants, item_rows
from yinji.platform.blobs import BlobStore, opened
from yinji.platform.propagation import TEXT_NAME
from yinji.platform.schema import sightings
from yinji.platform.settings import Settings
from yinji.platform.work.model import Handler
from yinji.platform.work.queue import WorkQueue
from yinji.regimes.registry import regime
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.platform.database import Database
    from yinji.platform.work.run import Run

KIND: Final = "sight"
DETECTOR: Final = "visible-label"
VERSION: Final = "1"
_MOST: Final = 20
_KINDS: Final = ("image", "video", "audio")


class Sightings:
    """Finds labels in uploads and remembers where they are."""

    def __init__(self, database: Database, blobs: BlobStore, queue: WorkQueue, settings: Settings) -> None:
        self._database = database
        self._blobs = blobs
        self._queue = queue
        self._settings = settings

    @property
    def handler(self) -> Handler:
        """What does the tasks of this kind."""
        return Handler(self._run)

    def of(self, item_id: str, kind: str) -> tuple[dict[str, Any], ...] | None:
        """Returns what was found, as evidence; None while a worker still looks, which the first question has it do."""
        if kind not in _KINDS:
            return ()
        with self._database.read() as connection:
            row = connection.execute(select(sightings).where(sightings.c.item_id == item_id)).one_or_none()
        if row is not None:
            return tuple(row.found)
        with self._database.write() as connection:
            self._queue.put(connection, KIND, {"item": item_id}, key=f"{KIND}:{item_id}")
        return None

    def _run(self, run: Run) -> None:
        row = item_rows.required(self._database, run.task.payload["item"])
        rules = regime(self._settings.regime)
        with (
            opened(self._blobs.path(row.sha256)) as upload,
            Source.open(upload, name=row.filename or TEXT_NAME, limits=DEFAULT) as source,
        ):
            kind = Kind(row.kind)
            seen = perceive(source, kind, row.media_type, (rules.mark(kind),), DEFAULT)
        found = [one.to_dict() for one in evidence_of(seen.drawn)] if seen.drawn else []
        with run.write() as connection:
            run.finish(connection)
            values = {"item_id": row.id, "found": found, "at": instants.now()}
            self._database.insert_new(connection, sightings, values)


def evidence_of(drawn: Drawn) -> tuple[Evidence, ...]:
    """Returns a label that was found as evidence: one each time it is shown or said, with its box or its seconds."""
    stretches: list[dict[str, Any]] = drawn.detail.get("labels") or [{}]
    return tuple(_evidence(drawn, stretch, first=number == 0) for number, stretch in enumerate(stretches[:_MOST]))


def _evidence(drawn: Drawn, stretch: dict[str, Any], *, first: bool) -> Evidence:
    where: dict[str, Any] = {}
    if stretch:
        start = float(stretch["from"])
        where |= {"start": start, "end": start + float(stretch["seconds"]), "duration": drawn.detail["duration"]}
    if first and len(drawn.box) == 4 and "displayed" in drawn.detail:
        left, top, right, bottom = drawn.box
        where |= {"box": [left, top, right - left, bottom - top], "size": list(drawn.detail["displayed"])}
    if drawn.box:
        summary = Text(f"画面上有显式标识“{drawn.words}”。", f"A visible label stands in the picture: “{drawn.words}”.")
    else:
        summary = Text(f"声音里有显式标识“{drawn.words}”。", f"A label is heard: “{drawn.words}”.")
    return Evidence(
        DETECTOR, VERSION, Says.AI, Basis.EXPLICIT_LABEL, Strength.STATED, summary, detail=drawn.to_dict(), where=where
    )
