"""Where a label stands, in words for people."""

from __future__ import annotations

from collections.abc import Iterable

from yinji.regimes import ruleset
from yinji.texts import Text


def place_named(place: str) -> Text:
    """Returns the words for a place of a mark; a place without words is called by its name."""
    row = ruleset.table("labels", "places").get(place)
    return Text(row["zh"], row["en"]) if row else Text(f" {place} ", f"at {place}")


def places_named(places: Iterable[str]) -> Text:
    """Returns the words for several places."""
    found = [place_named(place) for place in places]
    return Text("、".join(text.zh for text in found), " or ".join(text.en for text in found))
