"""Whom a producer code or name claims to be. A claim, never a proof: anybody can write any code (checklist R71)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from yinji.texts import Text


@dataclass(frozen=True, slots=True)
class Vendor:
    """One entry of ``vendors.toml``.

    Attributes:
        key: Stable slug.
        name: What people call it.
        uscc: Its unified social credit code, or "".
        seen: Full codes met in public files.
        names: Plain names met in ContentProducer, in lower case.
        note: What is doubtful about the entry, or "".
    """

    key: str
    name: Text
    uscc: str = ""
    seen: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    note: str = ""


@cache
def vendors() -> tuple[Vendor, ...]:
    """Returns every known vendor, in the order of the data file."""
    tables = tomllib.loads(files(__package__).joinpath("vendors.toml").read_text("utf-8"))["vendor"]
    return tuple(
        Vendor(
            table["key"],
            Text(table["zh"], table["en"]),
            table.get("uscc", ""),
            tuple(table.get("seen", ())),
            tuple(table.get("names", ())),
            table.get("note", ""),
        )
        for table in tables
    )


def vendor_of_uscc(uscc: str) -> Vendor | None:
    """Returns the vendor whose social credit code this is, or None."""
    return next((v for v in vendors() if v.uscc and v.uscc == uscc), None)


def vendor_of_name(name: str) -> Vendor | None:
    """Returns the vendor that writes this plain name, or None."""
    plain = name.strip().lower()
    return next((v for v in vendors() if plain in v.names), None)
