"""What an operator may set of the server itself; everything about content is the platform's setting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Final

from yinji.limits import KIB, MIB
from yinji.server.telemetry.logs import LogStyle

SMALL_BODY: Final = 256 * KIB
"""Largest body of a form or a JSON request without a file."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Settings of the HTTP side.

    Attributes:
        secure: Served over HTTPS: the session cookie gets the ``__Host-`` prefix and HSTS is sent.
        open_registration: Whether anybody may open an author's account at ``/join``.
        idle_seconds: Longest pause between two pieces of a request body.
        grace_seconds: Time before :attr:`least_rate` applies to a body.
        least_rate: Bytes per second that a body must bring on the whole, or it is refused.
        drain_bytes, drain_seconds: How much of a refused body is still taken and thrown away, so that the client
            gets to read the answer instead of a broken connection.
        log: How requests are logged on stderr.
        utc_offset: The zone in which pages show times; China Standard Time unless set. Machines always get UTC.
    """

    secure: bool = False
    open_registration: bool = True
    idle_seconds: float = 20.0
    grace_seconds: float = 20.0
    least_rate: int = 4 * KIB
    drain_bytes: int = 64 * MIB
    drain_seconds: float = 5.0
    log: LogStyle = LogStyle.OFF
    utc_offset: timedelta = timedelta(hours=8)

    @property
    def zone(self) -> timezone:
        return timezone(self.utc_offset)
