"""When uploads are looked at for labels in their content, and what follows from what is found.

Finding them decodes the content, so that a worker does it: for every post that bears no notice yet soon after it was
published, for any other when a reviewer first opens a case about it. What is found goes beside what the file said when
it came, and the item is decided anew (Measures Art. 6(3), checklist R83): where nothing was declared and the metadata
says nothing, a label in the content makes it suspected, and a reviewer looks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, and_, func, literal, select

from yinji.errors import LimitExceeded, UnreadableInput
from yinji.platform import instants, item_rows
from yinji.platform.blobs import BlobStore
from yinji.platform.deciding import Decision
from yinji.platform.errors import NotFound
from yinji.platform.item_states import Cause
from yinji.platform.redeciding import Grounds, Redeciding
from yinji.platform.schema import decisions, items, sightings, tasks, withdrawals
from yinji.platform.settings import Settings
from yinji.platform.sightings.worker import DETECTOR
from yinji.platform.steps import Steps
from yinji.platform.work.helpers import Helpers
from yinji.platform.work.model import WAITING, Handler
from yinji.platform.work.queue import WorkQueue
from yinji.regimes.base import Tier

if TYPE_CHECKING:
    from yinji.platform.cases.service import Cases
    from yinji.platform.database import Database
    from yinji.platform.work.run import Run

KIND: Final = "sight"
_KINDS: Final = ("image", "video", "audio", "document", "text")
_AT_ONCE: Final = 1
"""Uploads that one process looks at at a time."""
_HELPERS: Final = Helpers("yinji.platform.sightings.worker", most=_AT_ONCE, niceness=19)
_LONG: Final = 600.0
_AHEAD: Final = 32
"""Looks that wait in the queue at most: while many publish, no more is written than is done soon."""
_FIRST_LOOK_BACK: Final = timedelta(days=7)
"""How far back a process that has just started looks for posts that nobody looked at."""
_SETTLED: Final = timedelta(minutes=1)
"""After this time hardly a post with an older number appears any more: numbers are given before the commit."""
_SURELY_SETTLED: Final = timedelta(hours=1)
_LOOKS_AROUND: Final = 60
"""Every so many looks, one goes back an hour: a large file takes minutes to reach an object store."""


class Sightings:
    """Finds labels in uploads, and has the items decided anew."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        queue: WorkQueue,
        redeciding: Redeciding,
        cases: Cases,
        settings: Settings,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._queue = queue
        self._redeciding = redeciding
        self._cases = cases
        self._settings = settings
        self._after = instants.uuid7_floor(instants.now() - _FIRST_LOOK_BACK)
        self._looks = 0

    @property
    def handler(self) -> Handler:
        """What does the tasks of this kind."""
        return Handler(self._run, at_once=_AT_ONCE)

    def of(self, item_id: str, kind: str) -> tuple[dict[str, Any], ...] | None:
        """Returns what was found, as evidence; None while a worker still looks, which the first question has it do."""
        if kind not in _KINDS:
            return ()
        with self._database.read() as connection:
            row = connection.execute(select(sightings).where(sightings.c.item_id == item_id)).one_or_none()
        if row is not None:
            return tuple(row.found)
        self._ask(item_id)
        return None

    def look(self) -> None:
        """Has posts looked at that bear no notice and that nobody looked at yet, the oldest first."""
        with self._database.read() as connection:
            room = _AHEAD - (connection.scalar(_WAITING) or 0)
            if room <= 0:
                return
            found = list(connection.scalars(_unseen(self._after, room)))
        if found:
            self._ask(*found)
        self._looks += 1
        back = _SETTLED if self._looks % _LOOKS_AROUND else _SURELY_SETTLED
        settled = instants.uuid7_floor(instants.now() - back)  # it goes back where the clock does
        self._after = min(found[-1], settled) if len(found) == room else settled

    def _ask(self, *item_ids: str) -> None:
        with self._database.write() as connection:
            for item_id in item_ids:
                self._queue.put(connection, KIND, {"item": item_id}, key=_key(item_id))

    def _run(self, run: Run) -> None:
        item_id = run.task.payload["item"]
        try:
            row = item_rows.required(self._database, item_id)
        except NotFound:  # withdrawn meanwhile: nobody sees it any more
            return
        found = self._found(row)

        def keep(connection: Connection) -> None:
            run.finish(connection)
            values = {"item_id": item_id, "found": found, "at": instants.now()}
            self._database.insert_new(connection, sightings, values)

        if not found:
            with run.write() as connection:
                keep(connection)
            return
        self._redecide(item_id, found, keep)

    def _found(self, row: Row[Any]) -> list[dict[str, Any]]:
        """Returns the labels in an upload; none where nobody can tell."""
        task = {
            "source": str(self._blobs.path(row.sha256)),
            "name": row.filename,
            "kind": row.kind,
            "media_type": row.media_type,
            "regime": self._settings.regime,
        }
        try:
            found: list[dict[str, Any]] = _HELPERS.do(task, seconds=_LONG)
        except (UnreadableInput, LimitExceeded):
            return []
        return found

    def _redecide(self, item_id: str, found: list[dict[str, Any]], keep: Callable[[Connection], None]) -> None:
        def asked(row: Row[Any]) -> Grounds:
            before = [entry for entry in row.file_report["evidence"] if entry["detector"] != DETECTOR]
            said = row.file_report | {"evidence": before + found}
            return Grounds(item_rows.declaration_of(row), row.review, said)

        def record(connection: Connection, steps: Steps, row: Row[Any], decision: Decision) -> None:
            keep(connection)
            if str(decision.tier) != row.tier:
                self._cases.sighted(connection, row, decision)
            steps.recorded("item.sighted", {"labels": len(found)})

        self._redeciding.change(item_id, Cause.RECHECKED, "system", asked, record)


def _key(item_id: str) -> str:
    return f"{KIND}:{item_id}"


_WAITING: Final = select(func.count()).where(tasks.c.kind == KIND, tasks.c.state == WAITING)


def _unseen(after: str, most: int) -> Any:
    """Returns the query for the first posts after a number without a notice that nobody looked at, or is about to."""
    in_force = and_(decisions.c.item_id == items.c.id, decisions.c.number == items.c.decision)
    joined = items.join(decisions, in_force)
    for table in (sightings, withdrawals):
        joined = joined.outerjoin(table, table.c.item_id == items.c.id)
    joined = joined.outerjoin(tasks, tasks.c.key == literal(f"{KIND}:") + items.c.id)
    return (
        select(items.c.id)
        .select_from(joined)
        .where(items.c.id > after, items.c.kind.in_(_KINDS), items.c.filename != "")
        .where(decisions.c.tier == str(Tier.NONE))
        .where(sightings.c.item_id.is_(None), withdrawals.c.item_id.is_(None), tasks.c.id.is_(None))
        .order_by(items.c.id)
        .limit(most)
    )
