"""The table of permissions, cell by cell: a new permission without a row here fails."""

from __future__ import annotations

import pytest

from yinji.errors import Refused
from yinji.platform import permissions
from yinji.platform.instants import now
from yinji.platform.model import Account, Role
from yinji.platform.permissions import Permission

EVERYBODY = {None, *Role}
AUTHORS = {Role.CREATOR, Role.ADMIN, Role.SERVICE}
READERS = AUTHORS | {Role.READER, Role.REVIEWER}
REVIEWERS = {Role.REVIEWER, Role.ADMIN}
AUDITORS = {Role.AUDITOR, Role.ADMIN}

TABLE = {
    "item.read": EVERYBODY,
    "file.check": EVERYBODY,
    "draft.create": AUTHORS,
    "item.publish": AUTHORS,
    "item.declare_own": AUTHORS,
    "item.withdraw_own": AUTHORS,
    "item.copy_own": AUTHORS,
    "item.purge": {Role.ADMIN},
    "account.erase": {Role.ADMIN},
    "audit.prove": EVERYBODY,
    "audit.read": AUDITORS,
    "audit.verify": AUDITORS,
    "audit.export": AUDITORS,
    "account.create": {Role.ADMIN},
    "account.list": AUDITORS,
    "report.create": READERS,
    "report.as_visitor": {None},
    "report.read_own": READERS,
    "case.read_own": AUTHORS,
    "appeal.create": AUTHORS,
    "queue.read": REVIEWERS | {Role.AUDITOR},
    "case.work": REVIEWERS,
    "case.decide": REVIEWERS,
    "statistics.read": EVERYBODY,
    "work.read": AUDITORS,
    "work.manage": {Role.ADMIN},
    "registry.write": {Role.ADMIN},
    "item.mark_own": AUTHORS,
    "item.mark": {Role.ADMIN},
    "policy.read": AUDITORS,
    "policy.write": {Role.ADMIN},
    "relabel": {Role.ADMIN},
    "webhook.read": AUDITORS,
    "webhook.manage": {Role.ADMIN},
}


def account(role: Role | None) -> Account | None:
    return None if role is None else Account("1", "a", "a", role, now())


def test_every_permission_has_a_row() -> None:
    assert set(TABLE) == {str(permission) for permission in Permission}


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("permission", list(Permission))
def test_each_cell(role: Role | None, permission: Permission) -> None:
    allowed = role in TABLE[str(permission)]
    assert permissions.allows(account(role), permission) is allowed
    if allowed:
        permissions.require(account(role), permission)
        return
    with pytest.raises(Refused) as caught:
        permissions.require(account(role), permission)
    assert (caught.value.code, caught.value.http_status) == ("not-permitted", 403)


def test_what_is_not_in_the_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(permissions.ALLOWED, Role.ADMIN)
    assert not permissions.allows(account(Role.ADMIN), Permission.ITEM_READ)
