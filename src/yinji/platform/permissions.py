"""Who may do what: one table, and whatever is not in it is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from yinji.errors import Refused
from yinji.platform.model import Account, Role


class Permission(StrEnum):
    """One thing that an account may be allowed to do."""

    ITEM_READ = "item.read"
    FILE_CHECK = "file.check"
    DRAFT_CREATE = "draft.create"
    ITEM_PUBLISH = "item.publish"
    ITEM_DECLARE_OWN = "item.declare_own"
    STATISTICS_READ = "statistics.read"
    ITEM_WITHDRAW_OWN = "item.withdraw_own"
    ITEM_COPY_OWN = "item.copy_own"
    ITEM_PURGE = "item.purge"
    ACCOUNT_ERASE = "account.erase"
    AUDIT_PROVE = "audit.prove"
    AUDIT_READ = "audit.read"
    AUDIT_VERIFY = "audit.verify"
    AUDIT_EXPORT = "audit.export"
    ACCOUNT_CREATE = "account.create"
    ACCOUNT_LIST = "account.list"
    REGISTRY_WRITE = "registry.write"
    ITEM_MARK_OWN = "item.mark_own"
    ITEM_MARK = "item.mark"
    POLICY_READ = "policy.read"
    POLICY_WRITE = "policy.write"
    RELABEL = "relabel"
    WEBHOOK_READ = "webhook.read"
    WEBHOOK_MANAGE = "webhook.manage"
    WORK_READ = "work.read"
    WORK_MANAGE = "work.manage"
    REPORT_CREATE = "report.create"
    REPORT_AS_VISITOR = "report.as_visitor"
    REPORT_READ_OWN = "report.read_own"
    CASE_READ_OWN = "case.read_own"
    APPEAL_CREATE = "appeal.create"
    QUEUE_READ = "queue.read"
    CASE_WORK = "case.work"
    CASE_DECIDE = "case.decide"


_ANYBODY: Final = frozenset(
    {Permission.ITEM_READ, Permission.FILE_CHECK, Permission.STATISTICS_READ, Permission.AUDIT_PROVE}
)
_READER: Final = _ANYBODY | {Permission.REPORT_CREATE, Permission.REPORT_READ_OWN}
_AUTHOR: Final = _READER | {
    Permission.DRAFT_CREATE,
    Permission.ITEM_PUBLISH,
    Permission.ITEM_DECLARE_OWN,
    Permission.CASE_READ_OWN,
    Permission.APPEAL_CREATE,
    Permission.ITEM_MARK_OWN,
    Permission.ITEM_WITHDRAW_OWN,
    Permission.ITEM_COPY_OWN,
}
_QUEUES: Final = frozenset({Permission.QUEUE_READ})
_REVIEW: Final = _QUEUES | {Permission.CASE_WORK, Permission.CASE_DECIDE}
_AUDIT: Final = frozenset({Permission.AUDIT_READ, Permission.AUDIT_VERIFY, Permission.AUDIT_EXPORT})
_CLEARING: Final = frozenset({Permission.ITEM_PURGE, Permission.ACCOUNT_ERASE})
_MACHINERY_READ: Final = frozenset(
    {Permission.WORK_READ, Permission.POLICY_READ, Permission.WEBHOOK_READ, Permission.ACCOUNT_LIST}
)
_MACHINERY: Final = _MACHINERY_READ | {
    Permission.WORK_MANAGE,
    Permission.REGISTRY_WRITE,
    Permission.POLICY_WRITE,
    Permission.ITEM_MARK,
    Permission.RELABEL,
    Permission.WEBHOOK_MANAGE,
}

ALLOWED: Final[dict[Role | None, frozenset[Permission]]] = {
    None: _ANYBODY | {Permission.REPORT_AS_VISITOR},
    Role.READER: _READER,
    Role.CREATOR: _AUTHOR,
    Role.REVIEWER: _READER | _REVIEW,
    Role.AUDITOR: _ANYBODY | _AUDIT | _MACHINERY_READ | _QUEUES,
    Role.ADMIN: _AUTHOR | _AUDIT | _MACHINERY | _REVIEW | _CLEARING | {Permission.ACCOUNT_CREATE},
    Role.SERVICE: _AUTHOR,
}
"""Role → permissions; ``None`` stands for a visitor who is not signed in. An auditor reads everything and writes
nothing, so an auditor's account can never be in the log that it examines as an author."""


def allows(account: Account | None, permission: Permission) -> bool:
    """Tells whether the account, or a visitor, may do this."""
    return permission in ALLOWED.get(account.role if account else None, frozenset())


def require(account: Account | None, permission: Permission) -> None:
    """Passes if the account may do this.

    Raises:
        Refused: It may not.
    """
    if not allows(account, permission):
        raise Refused("not-permitted", permission=str(permission), role=str(account.role) if account else "visitor")
