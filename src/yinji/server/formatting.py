"""Times, sizes and numbers as people write them, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import date as Date
from typing import Final

from markupsafe import Markup, escape

from yinji.server.language import say

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_UNITS: Final = ("kB", "MB", "GB", "TB")
_FACES: Final = 5
_INITIALISMS: Final = frozenset({"xmp", "exif", "iptc", "c2pa"})


def when(at: datetime, language: str, zone: tzinfo, now: datetime | None = None) -> str:
    """Returns a time as in a feed: today 09:12, yesterday 19:30, else the date."""
    local = at.astimezone(zone)
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return say(language, "time.today", clock=clock)
    if local.date() == today - timedelta(days=1):
        return say(language, "time.yesterday", clock=clock)
    return moment(at, language, zone, year=local.year != today.year)


def moment(at: datetime, language: str, zone: tzinfo, *, year: bool = True) -> str:
    """Returns date and time in full."""
    local = at.astimezone(zone)
    key = "time.full" if year else "time.this_year"
    return say(
        language,
        key,
        year=local.year,
        month=local.month,
        month_name=_MONTHS[local.month - 1],
        day=local.day,
        clock=f"{local:%H:%M}",
    )


def date(day: Date, language: str) -> str:
    """Returns a day in full."""
    month_name = _MONTHS[day.month - 1]
    return say(language, "time.date", year=day.year, month=day.month, month_name=month_name, day=day.day)


def duration(minutes: float, language: str) -> str:
    """Returns how long something took, in the largest unit of which it is at least two."""
    if minutes < 1.5:
        return say(language, "duration.moment")
    for name, length in (("days", 1440), ("hours", 60)):
        if minutes >= 2 * length:
            return say(language, f"duration.{name}", count=round(minutes / length))
    return say(language, "duration.minutes", count=round(minutes))


def told(sentence: str) -> Markup:
    """Sets the numbers of a sentence in bold: what its words put in braces."""
    pieces = re.split(r"\{([^{}]*)\}", sentence)
    return Markup("").join(Markup("<b>{}</b>").format(p) if n % 2 else escape(p) for n, p in enumerate(pieces))


def machine_time(at: datetime) -> str:
    """Returns RFC 3339 in UTC, to the second or finer as it is known."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def size(count: int) -> str:
    """Returns a size with two digits that count: 4.1 MB."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in _UNITS:
        value /= 1000
        if value < 999.5 or unit == _UNITS[-1]:
            break
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"


def number(value: int) -> str:
    """Returns a number with its thousands apart."""
    return f"{value:,}"


def carrier(name: str) -> str:
    """Returns a carrier as people write it: XMP, EXIF; the others by their own names."""
    return name.upper() if name in _INITIALISMS else name


def initial(name: str) -> str:
    """Returns the character that stands for somebody who has no picture."""
    return next((c.upper() for c in name if c.isalnum()), "·")


def face(account_id: str) -> int:
    """Returns which of the five pigments an account's round picture has."""
    return sum(account_id.encode()) % _FACES + 1
