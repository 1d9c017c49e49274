"""Every exception that leaves the package.

::

    YinjiError                     exit code of the command line
    ├── UsageError                 2   the caller asked for something that cannot be asked
    │   ├── InvalidLabel               a label that the strict writer refuses (GB 45438 App. E)
    │   ├── OutputExists               would overwrite; say force
    │   ├── WouldBreakCredentials      a C2PA manifest would no longer verify
    │   └── MissingExtra               an optional dependency is not installed
    ├── UnsupportedFormat          3   no container, or no carrier in it
    ├── UnreadableInput            4   "cannot tell", never "no label"
    │   ├── Malformed                  the bytes break the format's own rules
    │   ├── Truncated                  the file ends before its structure does
    │   ├── Encrypted                  what we need is enciphered
    │   ├── LimitExceeded              a bound of :class:`yinji.limits.Limits` was reached
    │   └── NotRegularFile             directory, FIFO, device, symbolic link
    ├── StorageError              74   the operating system refused
    ├── ReadBackMismatch          74   what was written does not read back; nothing was replaced
    └── Refused                    2   a rule of the platform or of the law forbids it

Each error has a stable ``code`` (a slug) whose words, in Chinese and English, are kept in ``texts/errors/*.toml``
together with what to do next. Nothing else formats messages.
"""

from __future__ import annotations

from typing import ClassVar

from yinji.texts import Text, error_text


class YinjiError(Exception):
    """Base of all errors of the package.

    Args:
        code: Slug of the message in ``texts/errors/*.toml``.
        details: Values for the placeholders of the message; a ``path`` is shown in front of it.
    """

    exit_code: ClassVar[int] = 4
    http_status: ClassVar[int] = 422

    def __init__(self, code: str, /, **details: object) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details

    @property
    def text(self) -> Text:
        """What happened, in both languages."""
        return error_text(self.code, "says", self.details)

    @property
    def advice(self) -> Text:
        """What to do next, in both languages."""
        return error_text(self.code, "next", self.details)

    def __str__(self) -> str:
        path = self.details.get("path")
        return f"{path}: {self.text.en}" if path else self.text.en

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.code, self.details))


def _rebuild(kind: type[YinjiError], code: str, details: dict[str, object]) -> YinjiError:
    return kind(code, **details)


class UsageError(YinjiError):
    exit_code = 2
    http_status = 400


class InvalidLabel(UsageError):
    """A label the strict writer refuses; ``details["problems"]`` holds the codes."""

    http_status = 422


class OutputExists(UsageError):
    http_status = 409


class WouldBreakCredentials(UsageError):
    http_status = 409


class MissingExtra(UsageError):
    http_status = 501


class Refused(UsageError):
    http_status = 403


class UnsupportedFormat(YinjiError):
    exit_code = 3
    http_status = 415


class UnreadableInput(YinjiError):
    """The input cannot be judged. Readers turn it into the state ``malformed`` or ``unreadable``."""


class Malformed(UnreadableInput):
    pass


class Truncated(UnreadableInput):
    pass


class Encrypted(UnreadableInput):
    pass


class LimitExceeded(UnreadableInput):
    http_status = 413


class NotRegularFile(UnreadableInput):
    pass


class StorageError(YinjiError):
    exit_code = 74
    http_status = 507


class ReadBackMismatch(YinjiError):
    exit_code = 74
    http_status = 500
