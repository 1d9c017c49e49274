"""Derivatives of items: made when first asked for, kept under their hash, made anew when the served file changes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Row, delete, insert, select

from yinji.containers.model import State
from yinji.errors import YinjiError
from yinji.operations.carry import carry
from yinji.operations.propagate import propagate
from yinji.operations.read import read
from yinji.platform import instants, item_rows
from yinji.platform.blobs import BLOBS_LOCK, BlobStore
from yinji.platform.errors import NotFound
from yinji.platform.model import ServedFile
from yinji.platform.notices import notice_of
from yinji.platform.schema import derivatives
from yinji.platform.settings import Settings
from yinji.platform.work.helpers import Helpers
from yinji.platform.work.model import Handler
from yinji.platform.work.queue import WorkQueue
from yinji.regimes.base import Tier

if TYPE_CHECKING:
    from yinji.platform.database import Database
    from yinji.platform.work.run import Run

KIND: Final = "derive"
READY: Final = "ready"
WAITING: Final = "waiting"
FAILED: Final = "failed"

_AT_ONCE: Final = 2
"""Processes that make something while somebody waits: a page full of new pictures asks for many at a time."""
_NICENESS: Final = 10
"""Of what nobody waits for."""
_WORKER: Final = "yinji.platform.derivatives.worker"
_HELPERS: Final = Helpers(_WORKER, most=_AT_ONCE)
_QUIET_HELPERS: Final = Helpers(_WORKER, most=_AT_ONCE, niceness=_NICENESS)
_SOON: Final = 30.0
_LONG: Final = 3600.0


class Made(NamedTuple):
    """A kind of derivative.

    Attributes:
        media_type, ending: Of the file that is made; for sound alone the web version is ``audio/mp4``.
        at_once: Made while somebody waits; else by a worker.
        of: Kinds of content, and media types, that have it; empty for all.
    """

    media_type: str
    ending: str
    at_once: bool
    of: frozenset[str]


KINDS: Final = {
    "thumbnail": Made("image/jpeg", "jpg", True, frozenset({"image", "video", "application/pdf"})),
    "display": Made("image/jpeg", "jpg", True, frozenset({"image"})),
    "card": Made("image/png", "png", True, frozenset()),
    "web": Made("video/mp4", "mp4", False, frozenset({"video", "audio"})),
}


class Derivatives:
    """Makes and finds derivatives."""

    def __init__(self, database: Database, blobs: BlobStore, queue: WorkQueue, settings: Settings) -> None:
        self._database = database
        self._blobs = blobs
        self._queue = queue
        self._settings = settings
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    @property
    def handler(self) -> Handler:
        """What does the tasks of this kind."""
        return Handler(self._run)

    def get(self, item_id: str, kind: str) -> ServedFile | None:
        """Returns a derivative of what readers get now; None while a worker still makes it.

        Raises:
            NotFound: No such item or kind, or this content has none.
        """
        made = KINDS.get(kind)
        row = item_rows.required(self._database, item_id)
        if made is None or (made.of and not (row.filename and made.of & {row.kind, row.media_type})):
            raise NotFound("derivative-not-found")
        version = self._version(row, kind)
        known = self._known(item_id, kind)
        if known is None or known.version != version:
            if not made.at_once:
                with self._database.write() as connection:
                    self._queue.put(connection, KIND, {"item": item_id, "kind": kind}, key=f"{KIND}:{kind}:{item_id}")
                return None
            with self._turn:
                known = self._known(item_id, kind)
                if known is None or known.version != version:
                    self._make(row, kind, version)
                    known = self._known(item_id, kind)
        if known is None or known.state != READY or known.sha256 is None:
            raise NotFound("derivative-not-found")
        return ServedFile(self._blobs, f"{item_id}-{kind}.{made.ending}", known.media_type, known.size, known.sha256)

    def _version(self, row: Row[Any], kind: str) -> str:
        """Names what a derivative was made from: the served file, and for a card the words on it."""
        return f"{row.served_sha256}-{row.decision}" if kind == "card" else str(row.served_sha256)

    def _known(self, item_id: str, kind: str) -> Row[Any] | None:
        mine = (derivatives.c.item_id == item_id) & (derivatives.c.kind == kind)
        with self._database.read() as connection:
            return connection.execute(select(derivatives).where(mine)).one_or_none()

    def _run(self, run: Run) -> None:
        item_id, kind = run.task.payload["item"], run.task.payload["kind"]
        try:
            row = item_rows.required(self._database, item_id)
        except NotFound:  # withdrawn meanwhile: nobody sees it any more
            return
        self._make(row, kind, self._version(row, kind))

    def _make(self, row: Row[Any], kind: str, version: str) -> None:
        made = KINDS[kind]
        media_type = "audio/mp4" if kind == "web" and row.kind == "audio" else made.media_type
        values = {"item_id": row.id, "kind": kind, "version": version, "media_type": media_type}
        with self._blobs.scratch() as folder:
            target = folder / f"made.{'m4a' if media_type == 'audio/mp4' else made.ending}"
            try:
                helpers = _HELPERS if made.at_once else _QUIET_HELPERS
                helpers.do(self._task(row, kind, target), seconds=_SOON if made.at_once else _LONG)
                self._put_label(row, target)
            except YinjiError:
                self._store(values | {"state": FAILED, "sha256": None, "size": 0}, None)
                return
            spooled = self._blobs.spooled(target)
            spooled.stage()
            self._store(values | {"state": READY, "sha256": spooled.sha256, "size": spooled.size}, spooled)

    def _task(self, row: Row[Any], kind: str, target: Path) -> dict[str, Any]:
        task: dict[str, Any] = {"kind": kind, "target": str(target)}
        if kind == "card":
            notice = notice_of(row.verdict)
            site = self._settings.site_name
            return task | {"title": row.title, "notice": notice.says.zh if notice else "", "site": site.zh}
        source = str(self._blobs.path(row.served_sha256))
        return task | {"source": source, "film": row.kind == "video", "media_type": row.media_type}

    def _put_label(self, row: Row[Any], target: Path) -> None:
        """Carries over the label of what readers get; where that has no place for one, writes one (R94)."""
        served = self._blobs.path(row.served_sha256)
        name = row.filename or "text.md"
        with served.open("rb") as file:
            labelled = read(file, filename=name, thorough=True).state is State.LABELLED
        if labelled:
            with served.open("rb") as file:
                carry(file, target, filename=name, durable=False)
        elif row.tier != str(Tier.NONE):
            propagate(
                target,
                propagator=self._settings.propagator,
                propagate_id=row.id,
                label=Tier(row.tier).label,
                in_place=True,
                durable=False,
            )

    def _store(self, values: dict[str, Any], spooled: Any) -> None:
        mine = (derivatives.c.item_id == values["item_id"]) & (derivatives.c.kind == values["kind"])
        with self._database.write() as connection:
            self._database.lock(connection, BLOBS_LOCK)
            if spooled is not None:
                spooled.keep()
            connection.execute(delete(derivatives).where(mine))
            connection.execute(insert(derivatives).values(**values, made_at=instants.now()))
