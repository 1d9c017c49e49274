"""Reports of people who are not signed in: taken in two taps, bounded, and never worth more than one report together.

Nobody answers for such a report: no strike follows, no words are kept, and the case moves to another queue as if all
visitors were one person. An address is kept only as a keyed hash, whose key is thrown away after two days.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, func, insert, or_, select

from yinji.errors import Refused, UsageError
from yinji.platform import instants, item_rows
from yinji.platform.audit import AuditLog
from yinji.platform.cases import rows, rules
from yinji.platform.cases.model import REPORTABLE, State, Why
from yinji.platform.cases.reporting import Reporting
from yinji.platform.cases.states import Event, after
from yinji.platform.errors import Conflict, TooManyAttempts
from yinji.platform.policy import Policies
from yinji.platform.schema import visitor_keys, visitor_reports

if TYPE_CHECKING:
    from yinji.platform.database import Database

VISITOR: Final = "visitor"
"""Stands for all of them where others have an account number."""

_KEY_BYTES: Final = 32
_IPV6_PREFIX: Final = 64
_TRIES: Final = 3


class Visiting:
    """Takes visitors' reports, where the operator lets them report."""

    def __init__(self, database: Database, audit: AuditLog, reporting: Reporting, policies: Policies) -> None:
        self._database = database
        self._audit = audit
        self._reporting = reporting
        self._policies = policies

    def open(self) -> bool:
        """Tells whether visitors may report."""
        return self._policies.get().visitor_reports

    def report(self, address: str, item_id: str, why: Why) -> None:
        """Counts a visitor's report; said again from the same address on the same day it only replaces the reason."""
        if why not in REPORTABLE:
            raise UsageError("report-reason")
        if not self.open():
            raise Refused("visitor-reports-closed")
        item = item_rows.required(self._database, item_id)
        for _ in range(_TRIES):
            try:
                with self._database.write() as connection:
                    return self._stored(connection, address, item, why)
            except Conflict as error:
                if error.code != "already-there":
                    raise
        raise Conflict("changed-meanwhile")

    def _stored(self, connection: Connection, address: str, item: Any, why: Why) -> None:
        at = instants.now()
        known = [_pseudonym(key, address) for key in self._keys(connection, at)]
        case = self._reporting.case_about(connection, VISITOR, item, why, at)
        table, counts = visitor_reports, {"unlabelled": case.unlabelled, "wrongly_labelled": case.wrongly_labelled}
        mine = (table.c.case_id == case.id) & table.c.visitor.in_(known)
        before = connection.execute(select(table).where(mine)).first()
        if before is not None and before.why == str(why):
            return
        after(State(case.state), Event.REPORTED)
        visitors = case.by_visitors
        if before is None:
            self._require_fewer(connection, known, at)
            values = {"case_id": case.id, "visitor": known[0], "item_id": item.id, "why": str(why), "at": at}
            connection.execute(insert(table).values(**values))
            visitors += 1
        else:
            this = (table.c.case_id == case.id) & (table.c.visitor == before.visitor)
            connection.execute(table.update().where(this).values(why=str(why)))
            counts[before.why] -= 1
        counts[str(why)] += 1
        rows.change(connection, case.id, counts | {"by_visitors": visitors})
        self._reporting.weighed(connection, case, sum(counts.values()), visitors, at)
        detail = {"item": item.id, "why": str(why), "merged": before is not None}
        self._audit.append(connection, f"case.{Event.REPORTED}", actor=VISITOR, subject=case.id, detail=detail)

    def _require_fewer(self, connection: Connection, known: list[str], at: datetime) -> None:
        limits, table = rules.limits(), visitor_reports
        query = select(func.count()).select_from(table)
        day, hour = at - timedelta(days=1), at - timedelta(hours=1)
        own = connection.scalar(query.where(table.c.visitor.in_(known), table.c.at > day)) or 0
        if own >= limits.visitor_per_day:
            raise TooManyAttempts("too-many-visitor-reports", seconds=86_400, most=limits.visitor_per_day)
        if (connection.scalar(query.where(table.c.at > hour)) or 0) >= limits.visitors_per_hour:
            raise TooManyAttempts("too-many-visitors", seconds=3_600)

    def _keys(self, connection: Connection, at: datetime) -> list[str]:
        """Returns the keys of today, made by whoever is first, and of yesterday."""
        table, today = visitor_keys, at.date()
        fresh = {"day": today.isoformat(), "key": secrets.token_hex(_KEY_BYTES)}
        self._database.insert_new(connection, table, fresh)
        days = [today.isoformat(), (today - timedelta(days=1)).isoformat()]
        query = select(table.c.key).where(or_(*(table.c.day == day for day in days))).order_by(table.c.day.desc())
        return list(connection.execute(query).scalars())

    def expire(self) -> None:
        """Throws old keys away: from then on nobody can tell which address reported."""
        oldest = (instants.now().date() - timedelta(days=1)).isoformat()
        with self._database.write() as connection:
            connection.execute(delete(visitor_keys).where(visitor_keys.c.day < oldest))


def _pseudonym(key: str, address: str) -> str:
    return hmac.new(bytes.fromhex(key), _network(address).encode(), hashlib.sha256).hexdigest()


def _network(address: str) -> str:
    """Returns what one household has: an IPv4 address, or the first 64 bits of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, _IPV6_PREFIX), strict=False))
    return str(ip)
