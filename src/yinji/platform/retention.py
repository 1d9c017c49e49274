"""How long things are kept: rules as data; an operator may lengthen them, nobody shorten them (Art. 9; R99, R100)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from yinji.errors import Refused
from yinji.platform import instants
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.platform.database import Database

RECIPIENT: Final = "recipient"
WITHDRAWN: Final = "withdrawn"


class RetentionNotOver(Refused):
    """It has to be kept a while longer; ``details`` names the clause and the day."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How long one kind of record is kept.

    Attributes:
        days: The least; 0 stands for ever.
        clause: What demands it.
        says: The rule in words.
    """

    days: int
    clause: str
    says: Text


@cache
def rules() -> Mapping[str, Rule]:
    """Returns the rules by the kind of record."""
    raw = tomllib.loads(files(__package__).joinpath("retention.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            name: Rule(entry["days"], entry["clause"], Text(entry["says"]["zh"], entry["says"]["en"]))
            for name, entry in raw.items()
        }
    )


def least() -> timedelta:
    """Returns the shortest time that an operator may set."""
    return timedelta(days=max(rule.days for rule in rules().values()))


def keep_until(kind: str, at: datetime, chosen: timedelta) -> datetime:
    """Returns until when a record of ``at`` is kept: as long as the operator chose, and never shorter than the rule."""
    return at + max(chosen, timedelta(days=rules()[kind].days))


def reached(database: Database, connection: Connection) -> datetime:
    """Returns the time that both our clock and the database's have reached: it keeps records by its own."""
    return min(instants.now(), database.now(connection))


def require_over(kind: str, until: datetime, reached: datetime) -> None:
    """Passes if a record need not be kept any longer.

    Raises:
        RetentionNotOver: It must.
    """
    if reached < until:
        raise RetentionNotOver("retention-not-over", until=f"{until:%Y-%m-%d}", clause=rules()[kind].clause)
