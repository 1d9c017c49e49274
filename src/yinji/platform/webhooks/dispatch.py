"""From the audit log to the receivers: who is to be told of what is new, and each attempt to tell them."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, insert, select, true, update

from yinji.errors import StorageError, YinjiError
from yinji.platform import instants
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.canonical import canonical
from yinji.platform.schema import audit_entries, audit_head, webhook_deliveries, webhook_endpoints
from yinji.platform.settings import Settings
from yinji.platform.webhooks import sending, signing
from yinji.platform.webhooks.model import ACTIVE, DELIVERED, DISABLED, FAILED, PENDING, wants
from yinji.platform.work.model import Handler, Task
from yinji.platform.work.queue import WorkQueue

if TYPE_CHECKING:
    from yinji.platform.database import Database
    from yinji.platform.work.run import Run

KIND: Final = "webhook"
LOCK: Final = "webhooks"
DISABLED_AFTER: Final = timedelta(days=3)
"""An endpoint at which nothing succeeded for so long is not called any more."""

_BATCH: Final = 200
_GONE: Final = 410


class NotDelivered(StorageError):
    """The receiver did not take it this time."""


class Dispatch:
    """Puts deliveries into the queue and carries them out."""

    def __init__(self, database: Database, audit: AuditLog, queue: WorkQueue, settings: Settings) -> None:
        self._database = database
        self._audit = audit
        self._queue = queue
        self._settings = settings

    @property
    def handler(self) -> Handler:
        """What does the tasks of this kind."""
        return Handler(self._run, self._buried)

    def fan_out(self) -> None:
        """Puts a delivery for every new entry that an endpoint wants to hear of: each exactly once."""
        head = select(audit_head.c.size).scalar_subquery()
        behind = (
            select(webhook_endpoints.c.id)
            .where(webhook_endpoints.c.state == ACTIVE, webhook_endpoints.c.position < head)
            .order_by(webhook_endpoints.c.id)
        )
        with self._database.read() as connection:
            waiting = list(connection.scalars(behind))
        for number in waiting:
            while self._advance(number):
                pass

    def _advance(self, number: str) -> bool:
        """Looks at the next entries for one endpoint; False when there are no more."""
        with self._database.write() as connection:
            self._database.lock(connection, LOCK)
            row = connection.execute(select(webhook_endpoints).where(webhook_endpoints.c.id == number)).one_or_none()
            if row is None or row.state != ACTIVE:
                return False
            entries = connection.execute(
                select(audit_entries.c.position, audit_entries.c.event)
                .where(audit_entries.c.position >= row.position)
                .order_by(audit_entries.c.position)
                .limit(_BATCH)
            ).all()
            for entry in entries:
                if wants(tuple(row.events), entry.event):
                    self.put(connection, number, entry.position, entry.event)
            if entries:
                self._set_endpoint(connection, number, position=entries[-1].position + 1)
            return len(entries) == _BATCH

    def put(self, connection: Connection, endpoint_id: str, position: int, event: str) -> None:
        """Puts one delivery, or the same one again. The transaction holds the ``webhooks`` lock."""
        place = (webhook_deliveries.c.endpoint_id == endpoint_id) & (webhook_deliveries.c.position == position)
        number = connection.scalar(select(webhook_deliveries.c.id).where(place))
        at = instants.now()
        if number is None:
            number = instants.uuid7()
            connection.execute(
                insert(webhook_deliveries).values(
                    id=number,
                    endpoint_id=endpoint_id,
                    position=position,
                    event=event,
                    state=PENDING,
                    attempts=0,
                    status=None,
                    error="",
                    updated_at=at,
                )
            )
        else:
            connection.execute(update(webhook_deliveries).where(place).values(state=PENDING, updated_at=at))
        self._queue.put(connection, KIND, {"delivery": number}, key=f"{KIND}:{number}")

    def put_left(self, connection: Connection, endpoint_id: str) -> None:
        """Puts what was on its way to an endpoint when it was switched off. Holds the lock as for :meth:`put`."""
        table = webhook_deliveries
        left = select(table.c.position, table.c.event).where(
            table.c.endpoint_id == endpoint_id, table.c.state == PENDING
        )
        for row in connection.execute(left.order_by(table.c.position)).all():
            self.put(connection, endpoint_id, row.position, row.event)

    def _run(self, run: Run) -> None:
        delivery, endpoint, entry = self._found(run.task.payload["delivery"])
        if delivery is None or endpoint is None or entry is None or endpoint.state != ACTIVE:
            return
        body = message(entry)
        now = instants.now()
        in_force = [s["secret"] for s in endpoint.secrets if not s["until"] or instants.from_text(s["until"]) > now]
        headers = signing.headers(delivery.id, int(time.time()), body, in_force)
        status, error = None, ""
        try:
            status = sending.post(endpoint.url, body, headers, private=self._settings.webhook_private)
        except sending.NotReached as reason:
            error = str(reason)
        except YinjiError as reason:
            error = reason.text.en[:200]
        delivered = status is not None and 200 <= status < 300
        with run.write() as connection:
            if delivered:
                run.finish(connection)
            self._note(connection, delivery, endpoint, status, error, delivered=delivered)
        if not delivered and status != _GONE:
            raise NotDelivered("webhook-not-delivered", reason=error or f"HTTP {status}")

    def _found(self, number: str) -> tuple[Row[Any] | None, Row[Any] | None, Row[Any] | None]:
        """Returns the delivery, its endpoint and the entry of the log; None for what is gone."""
        deliveries, endpoints = webhook_deliveries, webhook_endpoints
        with self._database.read() as connection:
            delivery = connection.execute(select(deliveries).where(deliveries.c.id == number)).one_or_none()
            if delivery is None:
                return None, None, None
            endpoint = connection.execute(select(endpoints).where(endpoints.c.id == delivery.endpoint_id)).one_or_none()
            at = audit_entries.c.position == delivery.position
            return delivery, endpoint, connection.execute(select(audit_entries).where(at)).one_or_none()

    def _note(
        self,
        connection: Connection,
        delivery: Row[Any],
        endpoint: Row[Any],
        status: int | None,
        error: str,
        *,
        delivered: bool,
    ) -> None:
        now = instants.now()
        values = {"attempts": webhook_deliveries.c.attempts + 1, "status": status, "error": error, "updated_at": now}
        if delivered:
            values["state"] = DELIVERED
        connection.execute(update(webhook_deliveries).where(webhook_deliveries.c.id == delivery.id).values(values))
        if delivered:
            self._set_endpoint(connection, endpoint.id, failing_since=None)
        else:
            self._count_failure(connection, endpoint.id, status, now)

    def _count_failure(self, connection: Connection, number: str, status: int | None, now: datetime) -> None:
        """Notes since when an endpoint fails, as it is now: other messages succeed or fail at the same time."""
        mine, since = webhook_endpoints.c.id == number, webhook_endpoints.c.failing_since
        connection.execute(update(webhook_endpoints).where(mine, since.is_(None)).values(failing_since=now))
        over = true() if status == _GONE else since < now - DISABLED_AFTER
        active = webhook_endpoints.c.state == ACTIVE
        if connection.execute(update(webhook_endpoints).where(mine, active, over).values(state=DISABLED)).rowcount:
            detail = {"status": status or 0}
            self._audit.append(connection, "webhook.disabled", actor=SYSTEM, subject=number, detail=detail)

    def _set_endpoint(self, connection: Connection, number: str, **values: Any) -> None:
        connection.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == number).values(values))

    def _buried(self, connection: Connection, task: Task) -> None:
        mine = webhook_deliveries.c.id == task.payload["delivery"]
        connection.execute(update(webhook_deliveries).where(mine).values(state=FAILED, updated_at=instants.now()))


def message(entry: Row[Any]) -> bytes:
    """Returns what is sent for an entry of the log: the same bytes each time."""
    detail = json.loads(entry.body).get("detail", {})
    data = {"index": entry.position, "subject": entry.subject, "actor": entry.actor, "detail": detail}
    return canonical({"type": entry.event, "timestamp": instants.to_text(entry.at), "data": data}).encode()
