"""Looking through the back catalogue with today's rules and readers (R92): started by the operator, in steps.

Each item is judged in a transaction of its own, the place in the catalogue is written after each batch: a worker that
dies costs at most one batch looked at again, which changes nothing. It can be paused and goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from yinji.errors import UsageError, YinjiError
from yinji.labels.declaration import Declared
from yinji.platform import copies, instants, item_rows, words
from yinji.platform.audit import AuditLog
from yinji.platform.blobs import BlobStore, opened
from yinji.platform.drafts import Drafts
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.marking import Marking
from yinji.platform.model import Account
from yinji.platform.permissions import Permission, require
from yinji.platform.policy import Policies
from yinji.platform.propagation import TEXT_NAME
from yinji.platform.renewing import Renewing
from yinji.platform.schema import items, relabellings, withdrawals
from yinji.platform.settings import Settings
from yinji.platform.steps import Steps
from yinji.platform.work.model import Handler, Task
from yinji.platform.work.queue import WorkQueue
from yinji.regimes.registry import regime

if TYPE_CHECKING:
    from yinji.platform.database import Database
    from yinji.platform.work.run import Run

KIND: Final = "relabel"
RUNNING: Final = "running"
PAUSED: Final = "paused"
DONE: Final = "done"
FAILED: Final = "failed"
BATCH: Final = 20
_IN_VIEW: Final = items.c.id.not_in(select(withdrawals.c.item_id))


@dataclass(frozen=True, slots=True)
class Relabelling:
    """One pass over the catalogue.

    Attributes:
        state: ``running``, ``paused``, ``done`` or ``failed``.
        regime_version: The rules in force when it began.
        total: Items there were then.
        checked: How many were looked at.
        raised: How many of them got a higher tier and a new file.
        failed: How many could not be looked at; the log of each says why.
    """

    id: str
    state: str
    started_by: str
    started_at: datetime
    updated_at: datetime
    regime_version: str
    total: int
    checked: int
    raised: int
    failed: int

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON."""
        times = {"started_at": instants.to_text(self.started_at), "updated_at": instants.to_text(self.updated_at)}
        return {name: getattr(self, name) for name in self.__slots__} | times


class Relabellings:
    """Starts, pauses and carries out passes over the catalogue."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        blobs: BlobStore,
        drafts: Drafts,
        renewing: Renewing,
        marking: Marking,
        policies: Policies,
        queue: WorkQueue,
        settings: Settings,
    ) -> None:
        self._database = database
        self._audit = audit
        self._blobs = blobs
        self._drafts = drafts
        self._renewing = renewing
        self._marking = marking
        self._policies = policies
        self._queue = queue
        self._settings = settings

    @property
    def handler(self) -> Handler:
        """What does the tasks of this kind."""
        return Handler(self._run, self._buried)

    def start(self, actor: Account) -> Relabelling:
        """Begins a pass over all items that there are now.

        Raises:
            Refused: The account may not.
            Conflict: One is running or paused.
        """
        require(actor, Permission.RELABEL)
        at, number = instants.now(), instants.uuid7()
        with self._database.write() as connection:
            self._database.lock(connection, KIND)
            open_ones = select(relabellings.c.id).where(relabellings.c.state.in_((RUNNING, PAUSED)))
            if connection.scalar(open_ones.limit(1)) is not None:
                raise Conflict("relabelling-open")
            version = regime(self._settings.regime).version
            connection.execute(
                insert(relabellings).values(
                    id=number,
                    state=RUNNING,
                    started_by=actor.id,
                    started_at=at,
                    updated_at=at,
                    regime_version=version,
                    total=connection.scalar(select(func.count()).select_from(items).where(_IN_VIEW)) or 0,
                    position="",
                    checked=0,
                    raised=0,
                    failed=0,
                )
            )
            self._queue.put(connection, KIND, {"pass": number}, key=f"{KIND}:{number}")
            self._audit.append(
                connection, "relabelling.started", actor=actor.id, subject=number, detail={"regime_version": version}
            )
        return self.get(actor, number)

    def pause(self, actor: Account, number: str) -> Relabelling:
        """Stops a pass after the batch at hand.

        Raises:
            Refused: The account may not.
            NotFound: No such pass.
            UsageError: It is not running.
        """
        return self._turn(actor, number, RUNNING, PAUSED)

    def resume(self, actor: Account, number: str) -> Relabelling:
        """Goes on with a paused pass. Raises as :meth:`pause` does."""
        return self._turn(actor, number, PAUSED, RUNNING)

    def get(self, actor: Account, number: str) -> Relabelling:
        """Returns one pass with its progress.

        Raises:
            Refused: The account may not.
            NotFound: No such pass.
        """
        require(actor, Permission.WORK_READ)
        with self._database.read() as connection:
            return _relabelling(_required(connection, number))

    def list(self, actor: Account, *, limit: int = 20) -> tuple[Relabelling, ...]:
        """Returns the passes, newest first.

        Raises:
            Refused: The account may not.
        """
        require(actor, Permission.WORK_READ)
        with self._database.read() as connection:
            rows = connection.execute(select(relabellings).order_by(relabellings.c.id.desc()).limit(limit)).all()
        return tuple(map(_relabelling, rows))

    def _turn(self, actor: Account, number: str, before: str, after: str) -> Relabelling:
        require(actor, Permission.RELABEL)
        with self._database.write() as connection:
            _required(connection, number, lock=True)
            if not _set(connection, number, before, state=after):
                raise UsageError("relabelling-state", state=before)
            if after == RUNNING:
                self._queue.put(connection, KIND, {"pass": number}, key=f"{KIND}:{number}")
            event = "relabelling.resumed" if after == RUNNING else "relabelling.paused"
            self._audit.append(connection, event, actor=actor.id, subject=number)
        return self.get(actor, number)

    def _run(self, run: Run) -> None:
        number = run.task.payload["pass"]
        with self._database.read() as connection:
            row = _required(connection, number)
            later = select(items.c.id).where(items.c.id > row.position, _IN_VIEW).order_by(items.c.id).limit(BATCH)
            batch = list(connection.scalars(later))
        if row.state != RUNNING:
            self._rest(run, number)
            return
        raised = failed = 0
        for item_id in batch:
            run.check()
            try:
                raised += self._one(item_id, number)
            except YinjiError as error:
                failed += 1
                with run.write() as connection:
                    detail = {"item": item_id, "error": error.code}
                    self._audit.append(connection, "relabelling.failed", actor="system", subject=number, detail=detail)
        with run.write() as connection:
            counts = {"checked": row.checked + len(batch), "raised": row.raised + raised, "failed": row.failed + failed}
            if len(batch) == BATCH:
                _set(connection, number, position=batch[-1], **counts)
                run.again(connection)
                return
            if not _set(connection, number, RUNNING, state=DONE, **counts):  # paused meanwhile: it rests first
                run.again(connection)
                return
            run.finish(connection)
            self._audit.append(connection, "relabelling.done", actor="system", subject=number, detail=counts)

    def _rest(self, run: Run, number: str) -> None:
        """Ends the task of a pass that is paused, unless it goes on again just now."""
        with run.write() as connection:
            if _required(connection, number, lock=True).state == RUNNING:
                run.again(connection)
            else:
                run.finish(connection)

    def _one(self, item_id: str, number: str) -> bool:
        """Looks at one item again and returns whether its tier rose."""
        row = item_rows.required(self._database, item_id)
        name = row.filename or TEXT_NAME
        with opened(self._blobs.path(row.sha256)) as file:
            report = self._drafts.look(file, name)
            if row.filename and row.media_digest is None:
                file.seek(0)
                self._note_digest(item_id, copies.media_digest_of(file, name))

        def record(connection: Connection, steps: Steps) -> None:
            steps.recorded("item.relabelled", {"pass": number})

        renewed = self._renewing.judge_again(item_id, report, record)
        undeclared = row.declaration == str(Declared.UNDECLARED)
        if renewed.raised and undeclared and self._policies.adds_explicit(renewed.tier):
            with self._database.write() as connection:
                self._marking.ask_in(connection, item_id, "system")
        return renewed.raised

    def _note_digest(self, item_id: str, media_digest: str | None) -> None:
        """Fills in what items from before media digests lack."""
        if media_digest is not None:
            with self._database.write() as connection:
                connection.execute(update(items).where(items.c.id == item_id).values(media_digest=media_digest))

    def _buried(self, connection: Connection, task: Task) -> None:
        _set(connection, task.payload["pass"], RUNNING, state=FAILED)


def _required(connection: Connection, number: str, *, lock: bool = False) -> Row[Any]:
    query = select(relabellings).where(relabellings.c.id == number)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None or not words.is_number(number):
        raise NotFound("relabelling-not-found")
    return row


def _set(connection: Connection, number: str, before: str | None = None, **values: Any) -> bool:
    """Changes a pass, where it is in the state ``before``; tells whether it was."""
    where = relabellings.c.id == number
    if before is not None:
        where &= relabellings.c.state == before
    return (
        connection.execute(update(relabellings).where(where).values(updated_at=instants.now(), **values)).rowcount == 1
    )


def _relabelling(row: Row[Any]) -> Relabelling:
    return Relabelling(**{name: getattr(row, name) for name in Relabelling.__slots__})
