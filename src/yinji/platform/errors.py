"""The platform's own errors: the ones that only a place with accounts, items and a log can meet."""

from __future__ import annotations

from yinji.errors import Refused, StorageError, UsageError


class NotFound(UsageError):
    """There is no such draft, item or account, or it is not this account's to see."""

    http_status = 404


class Conflict(UsageError):
    """Something with this name, key or state is already there."""

    http_status = 409


class NotSignedIn(Refused):
    """The name and password do not belong together, or nobody is signed in."""

    http_status = 401


class TooManyAttempts(Refused):
    """Throttled; ``details["seconds"]`` says how long to wait."""

    http_status = 429


class Unavailable(StorageError):
    """The database or the object store did not answer, or not in time; the same again may work."""

    http_status = 503


class AuditBroken(StorageError):
    """The audit log is not what was written; ``details["index"]`` names the first entry that breaks it."""

    exit_code = 1
    http_status = 500
