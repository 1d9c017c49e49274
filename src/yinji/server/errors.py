"""The errors that only HTTP can meet."""

from __future__ import annotations

from yinji.errors import Refused, UsageError


class BadRequest(UsageError):
    """The request cannot be understood, or a field of a form is missing."""

    http_status = 422


class MethodNotAllowed(UsageError):
    http_status = 405


class UnsupportedBody(UsageError):
    """The body is of a media type that this address does not take."""

    http_status = 415


class BindingInvalid(UsageError):
    """No soft binding of an algorithm that is known here."""

    http_status = 400


class BodyTooSlow(UsageError):
    http_status = 408


class CrossSite(Refused):
    """Another site tried to act in a signed-in reader's name."""
