"""The states of an item and how it may move between them: one table, one function.

An item's state is its tier, the notice that it bears. What it may move to depends on why: an author's own word, newer
rules and detectors only ever raise it (R86); people who were asked to judge may also lower it, down to what the regime
lets stand.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from yinji.platform.deciding import TIER_RANK
from yinji.platform.errors import Conflict
from yinji.regimes.base import Tier


class Cause(StrEnum):
    """Why an item is decided anew."""

    DECLARED = "declared"
    """Its author says more than before."""
    CORRECTED = "corrected"
    """Its author's declaration was corrected after an appeal."""
    REVIEWED = "reviewed"
    """A reviewer decided."""
    APPEALED = "appealed"
    """A second reviewer judged the author's appeal."""
    RECHECKED = "rechecked"
    """Newer rules, or newer evidence."""


_RISING: Final = frozenset((a, b) for a in Tier for b in Tier if TIER_RANK[b] >= TIER_RANK[a])
_ANY: Final = frozenset((a, b) for a in Tier for b in Tier)
_FALLING: Final = frozenset((a, b) for a in Tier for b in Tier if TIER_RANK[b] <= TIER_RANK[a])

MOVES: Final = {
    Cause.DECLARED: _RISING,
    Cause.RECHECKED: _RISING,
    Cause.REVIEWED: _ANY,
    Cause.APPEALED: _FALLING,
    Cause.CORRECTED: _FALLING,
}
"""Cause → (tier before, tier after) that it allows."""


def require_move(before: str, after: str, cause: Cause) -> None:
    """Passes if an item may move this way.

    Raises:
        Conflict: It may not.
    """
    if (Tier(before), Tier(after)) not in MOVES[cause]:
        raise Conflict("item-move", before=before, after=after, cause=str(cause))
