"""A line for each request on stderr: JSON for machines, words for a terminal, or nothing."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Protocol

import structlog


class LogStyle(StrEnum):
    """How requests are logged (``YINJI_LOG``)."""

    OFF = "off"
    CONSOLE = "console"
    JSON = "json"


class RequestLog(Protocol):
    """What takes a line; a structlog logger does."""

    def info(self, event: str, **values: object) -> object: ...
    def error(self, event: str, **values: object) -> object: ...


def request_log(style: LogStyle) -> RequestLog | None:
    """Returns what writes the lines, or None where none are wanted."""
    if style is LogStyle.OFF:
        return None
    last = structlog.dev.ConsoleRenderer() if style is LogStyle.CONSOLE else structlog.processors.JSONRenderer()
    processors = (
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        last,
    )
    log: RequestLog = structlog.wrap_logger(structlog.PrintLogger(sys.stderr), processors=processors)
    return log
