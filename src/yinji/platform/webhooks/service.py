"""The door to the webhooks: who is told of what, and what was sent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from yinji.errors import UsageError
from yinji.platform import cursors, instants, words
from yinji.platform.audit import AuditLog
from yinji.platform.errors import NotFound
from yinji.platform.model import Account, Page
from yinji.platform.permissions import Permission, require
from yinji.platform.schema import audit_head, webhook_deliveries, webhook_endpoints
from yinji.platform.settings import Settings
from yinji.platform.webhooks import sending, signing
from yinji.platform.webhooks.dispatch import LOCK, Dispatch
from yinji.platform.webhooks.model import (
    ACTIVE,
    DISABLED,
    Delivery,
    Endpoint,
    checked_events,
    delivery_of,
    endpoint_of,
)

if TYPE_CHECKING:
    from yinji.platform.database import Database

MOST_ENDPOINTS: Final = 50
OLD_SECRET_HOLDS: Final = timedelta(hours=24)
_LISTING: Final = "deliveries"


class Webhooks:
    """Endpoints and their deliveries. Every verb raises ``Refused`` where the account may not."""

    def __init__(self, database: Database, audit: AuditLog, dispatch: Dispatch, settings: Settings) -> None:
        self._database = database
        self._audit = audit
        self._dispatch = dispatch
        self._settings = settings

    def create(self, actor: Account, url: str, events: object) -> Endpoint:
        """Adds an endpoint, which hears of everything from now on; its secret is in the answer and nowhere else.

        Raises:
            UsageError: Not an address that may be called, no events, or too many endpoints.
        """
        require(actor, Permission.WEBHOOK_MANAGE)
        sending.require_url(url, private=self._settings.webhook_private)
        chosen, secret, number = checked_events(events), signing.new_secret(), instants.uuid7()
        with self._database.write() as connection:
            self._database.lock(connection, LOCK)
            if (connection.scalar(select(func.count()).select_from(webhook_endpoints)) or 0) >= MOST_ENDPOINTS:
                raise UsageError("too-many-webhooks", most=MOST_ENDPOINTS)
            connection.execute(
                insert(webhook_endpoints).values(
                    id=number,
                    url=url,
                    events=list(chosen),
                    secrets=[{"secret": secret, "until": ""}],
                    state=ACTIVE,
                    position=connection.scalar(select(audit_head.c.size)) or 0,
                    failing_since=None,
                    created_at=instants.now(),
                )
            )
            self._log(connection, "webhook.created", actor, number, {"events": list(chosen)})
            return endpoint_of(_endpoint(connection, number), secret)

    def list(self, actor: Account) -> tuple[Endpoint, ...]:
        """Returns all endpoints, oldest first."""
        require(actor, Permission.WEBHOOK_READ)
        with self._database.read() as connection:
            rows = connection.execute(select(webhook_endpoints).order_by(webhook_endpoints.c.id)).all()
        return tuple(map(endpoint_of, rows))

    def remove(self, actor: Account, number: str) -> None:
        """Forgets an endpoint and what was sent to it.

        Raises:
            NotFound: No such endpoint.
        """
        require(actor, Permission.WEBHOOK_MANAGE)
        with self._database.write() as connection:
            self._database.lock(connection, LOCK)
            _endpoint(connection, number)
            connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.endpoint_id == number))
            connection.execute(delete(webhook_endpoints).where(webhook_endpoints.c.id == number))
            self._log(connection, "webhook.removed", actor, number)

    def rotate(self, actor: Account, number: str) -> Endpoint:
        """Gives an endpoint a new secret; messages carry signatures of the old one as well for a day.

        Raises:
            NotFound: No such endpoint.
        """
        require(actor, Permission.WEBHOOK_MANAGE)
        secret = signing.new_secret()
        with self._database.write() as connection:
            self._database.lock(connection, LOCK)
            present = _endpoint(connection, number).secrets[0]["secret"]
            until = instants.to_text(instants.now() + OLD_SECRET_HOLDS)
            secrets = [{"secret": secret, "until": ""}, {"secret": present, "until": until}]
            _set(connection, number, secrets=secrets)
            self._log(connection, "webhook.rotated", actor, number)
            return endpoint_of(_endpoint(connection, number), secret)

    def turn(self, actor: Account, number: str, *, on: bool) -> Endpoint:
        """Switches an endpoint on or off; switched on, it hears of what it missed.

        Raises:
            NotFound: No such endpoint.
        """
        require(actor, Permission.WEBHOOK_MANAGE)
        with self._database.write() as connection:
            self._database.lock(connection, LOCK)
            _endpoint(connection, number)
            _set(connection, number, state=ACTIVE if on else DISABLED, failing_since=None)
            if on:
                self._dispatch.put_left(connection, number)
            self._log(connection, "webhook.enabled" if on else "webhook.disabled", actor, number)
            return endpoint_of(_endpoint(connection, number))

    def deliveries(self, actor: Account, number: str, *, cursor: str | None = None, limit: int = 50) -> Page[Delivery]:
        """Lists what was sent to an endpoint, newest first.

        Raises:
            NotFound: No such endpoint.
        """
        require(actor, Permission.WEBHOOK_READ)
        table = webhook_deliveries
        query = select(table).where(table.c.endpoint_id == number).order_by(table.c.id.desc())
        if cursor is not None:
            query = query.where(table.c.id < cursors.item(_LISTING, cursor))
        with self._database.read() as connection:
            _endpoint(connection, number)
            found = connection.execute(query.limit(cursors.rows(limit) + 1)).all()
        more = cursors.encode(_LISTING, found[limit - 1].id) if len(found) > limit else None
        return Page(tuple(map(delivery_of, found[:limit])), more)

    def replay(self, actor: Account, number: str, delivery_id: str) -> Delivery:
        """Sends one message again, under its own number.

        Raises:
            NotFound: No such endpoint or delivery.
        """
        require(actor, Permission.WEBHOOK_MANAGE)
        table = webhook_deliveries
        with self._database.write() as connection:
            self._database.lock(connection, LOCK)
            mine = (table.c.id == delivery_id) & (table.c.endpoint_id == number)
            row = connection.execute(select(table).where(mine)).one_or_none()
            if row is None:
                raise NotFound("webhook-not-found")
            self._dispatch.put(connection, number, row.position, row.event)
            self._log(connection, "webhook.replayed", actor, number, {"index": row.position})
            return delivery_of(connection.execute(select(table).where(mine)).one())

    def replay_from(self, actor: Account, number: str, index: int) -> Endpoint:
        """Sends everything again from an entry of the audit log on.

        Raises:
            NotFound: No such endpoint.
            UsageError: The log has no such entry.
        """
        require(actor, Permission.WEBHOOK_MANAGE)
        with self._database.write() as connection:
            self._database.lock(connection, LOCK)
            _endpoint(connection, number)
            size = connection.scalar(select(audit_head.c.size)) or 0
            if not 0 <= index < size:
                raise UsageError("webhook-index", size=size)
            _set(connection, number, position=index)
            self._log(connection, "webhook.replayed", actor, number, {"index": index})
            return endpoint_of(_endpoint(connection, number))

    def _log(
        self, connection: Connection, event: str, actor: Account, number: str, detail: dict[str, Any] | None = None
    ) -> None:
        self._audit.append(connection, event, actor=actor.id, subject=number, detail=detail)


def _endpoint(connection: Connection, number: str) -> Row[Any]:
    row = None
    if words.is_number(number):
        row = connection.execute(select(webhook_endpoints).where(webhook_endpoints.c.id == number)).one_or_none()
    if row is None:
        raise NotFound("webhook-not-found")
    return row


def _set(connection: Connection, number: str, **values: Any) -> None:
    connection.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == number).values(values))
