"""The visible label in the served file itself: on an author's one tap, or where the operator's policy adds it.

It is drawn by a worker, since a film takes a while; the item shows how far it is. The marked content is kept without
our half of the metadata as well, so that later changes of the verdict start from it and the mark stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, select, update

from yinji.errors import LimitExceeded, MissingExtra, Refused, UnreadableInput, UnsupportedFormat, YinjiError
from yinji.operations.mark import mark
from yinji.platform import copies, instants, item_rows
from yinji.platform.blobs import BlobStore, opened
from yinji.platform.errors import NotFound
from yinji.platform.model import Account
from yinji.platform.permissions import Permission, allows, require
from yinji.platform.propagation import TEXT_NAME
from yinji.platform.renewing import Renewing
from yinji.platform.schema import visible_labels
from yinji.platform.settings import Settings
from yinji.platform.steps import Steps
from yinji.platform.work.model import Handler, Task
from yinji.platform.work.queue import WorkQueue
from yinji.regimes.base import Tier
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.platform.database import Database
    from yinji.platform.work.run import Run

KIND: Final = "mark"
WAITING: Final = "waiting"
DONE: Final = "done"
UNSUPPORTED: Final = "unsupported"
FAILED: Final = "failed"

BEGUN: Final = 10
DRAWN: Final = 70
"""Percent of a job at its steps: begun, drawn; then our half of the metadata is written, and all is read back."""

_GIVEN_UP: Final = Text("多次尝试都没有成功。", "It failed every time it was tried.")


@dataclass(frozen=True, slots=True)
class VisibleLabel:
    """Where the visible label of one item is.

    Attributes:
        state: ``waiting``, ``done``, ``unsupported`` or ``failed``.
        percent: How much of the job is done, by its steps.
        asked_by: Account number, or ``system`` for the policy.
        drawn: What was drawn, when done (``Drawn.to_dict()``).
        reason: Why not, for people, when it cannot be done.
    """

    state: str
    asked_by: str
    updated_at: datetime
    drawn: dict[str, Any] | None
    reason: dict[str, str] | None
    percent: int = 0


class Marking:
    """Draws visible labels on served files."""

    def __init__(
        self, database: Database, blobs: BlobStore, renewing: Renewing, queue: WorkQueue, settings: Settings
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._renewing = renewing
        self._queue = queue
        self._settings = settings

    @property
    def handler(self) -> Handler:
        """What does the tasks of this kind."""
        return Handler(self._run, self._buried)

    def of(self, item_id: str) -> VisibleLabel | None:
        """Returns where the visible label of an item is; None when nobody asked for it."""
        with self._database.read() as connection:
            row = connection.execute(select(visible_labels).where(visible_labels.c.item_id == item_id)).one_or_none()
        return None if row is None else _from(row)

    def ask(self, actor: Account, item_id: str) -> VisibleLabel:
        """Has the label drawn into the file that readers get, unless it is there or on its way.

        Raises:
            NotFound: No such item.
            Refused: Neither the author nor an administrator, or nothing says that AI was used.
        """
        require(actor, Permission.ITEM_MARK_OWN)
        row = item_rows.required(self._database, item_id)
        if row.author_id != actor.id and not allows(actor, Permission.ITEM_MARK):
            raise Refused("not-the-author")
        if row.tier == str(Tier.NONE):
            raise Refused("nothing-to-mark")
        with self._database.write() as connection:
            self.ask_in(connection, item_id, actor.id)
        found = self.of(item_id)
        assert found is not None
        return found

    def ask_in(self, connection: Connection, item_id: str, asked_by: str) -> None:
        """The same, in the transaction that leads to it."""
        again = {"state": WAITING, "asked_by": asked_by, "updated_at": instants.now(), "percent": 0, "reason": None}
        first = again | {"item_id": item_id}
        over = visible_labels.c.state.in_((UNSUPPORTED, FAILED))
        self._database.insert_or_change(connection, visible_labels, first, visible_labels.c.item_id, again, over)
        state = connection.scalar(select(visible_labels.c.state).where(visible_labels.c.item_id == item_id))
        if state == WAITING:
            self._queue.put(connection, KIND, {"item": item_id}, key=f"{KIND}:{item_id}")

    def _run(self, run: Run) -> None:
        try:
            row = item_rows.required(self._database, run.task.payload["item"])
        except NotFound:  # withdrawn meanwhile: nobody sees it any more
            return
        try:
            self._draw(run, row)
        except (UnsupportedFormat, MissingExtra) as error:
            self._end(run, row.id, UNSUPPORTED, error)
        except (UnreadableInput, LimitExceeded) as error:
            self._end(run, row.id, FAILED, error)

    def _draw(self, run: Run, row: Row[Any]) -> None:
        name = row.filename or TEXT_NAME
        _reached(run, row.id, BEGUN)
        with self._blobs.scratch() as folder:
            place = folder / "marked"
            with opened(self._blobs.path(row.sha256)) as upload, place.open("xb") as marked:
                drawn = mark(
                    upload,
                    marked,
                    regime=self._settings.regime,
                    break_credentials=self._settings.break_credentials,
                    filename=name,
                )
            run.check()
            _reached(run, row.id, DRAWN)
            spooled = self._blobs.spooled(place)
            with opened(place) as file:
                media_digest = copies.media_digest_of(file, name) if row.media_digest else None

            def record(connection: Connection, steps: Steps) -> None:
                run.finish(connection)
                _set(
                    connection,
                    row.id,
                    state=DONE,
                    percent=100,
                    marked_sha256=spooled.sha256,
                    drawn=drawn.to_dict(),
                    reason=None,
                )
                steps.recorded("item.marked", {"method": drawn.method, "place": drawn.place})

            self._renewing.serve_marked(row, spooled, media_digest, record)

    def _end(self, run: Run, item_id: str, state: str, error: YinjiError) -> None:
        with run.write() as connection:
            run.finish(connection)
            _set(connection, item_id, state=state, reason={"zh": error.text.zh, "en": error.text.en})

    def _buried(self, connection: Connection, task: Task) -> None:
        reason = {"zh": _GIVEN_UP.zh, "en": _GIVEN_UP.en}
        _set(connection, task.payload["item"], state=FAILED, reason=reason)


def _reached(run: Run, item_id: str, percent: int) -> None:
    with run.write() as connection:
        _set(connection, item_id, percent=percent)


def _from(row: Row[Any]) -> VisibleLabel:
    return VisibleLabel(row.state, row.asked_by, row.updated_at, row.drawn, row.reason, row.percent)


def _set(connection: Connection, item_id: str, **values: Any) -> None:
    values["updated_at"] = instants.now()
    connection.execute(update(visible_labels).where(visible_labels.c.item_id == item_id).values(values))
