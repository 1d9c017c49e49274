"""What people are told around an item (Measures Art. 6; R87). The words are the regime's, never ours."""

from __future__ import annotations

from typing import Any, Final

from yinji.evidence.base import Basis, Evidence, Says, Strength
from yinji.platform.model import Notice
from yinji.regimes.base import Tier
from yinji.regimes.registry import regime
from yinji.texts import Text

_SHOW: Final = "show_notice"


def notice_of(verdict: dict[str, Any]) -> Notice | None:
    """Returns the notice that a stored verdict asks for.

    Args:
        verdict: ``Verdict.to_dict()``.

    Returns:
        The notice, or None where the regime asks for none. None does not say that people made the content.
    """
    if _SHOW not in verdict["obligations"]:
        return None
    return Notice(
        tier=verdict["tier"],
        says=_text(verdict["notice"]),
        short=_text(verdict["short"]),
        because=tuple(_text(reason) for reason in verdict["reasons"]),
        regime=verdict["regime"],
        regime_version=verdict["regime_version"],
    )


def _text(stored: dict[str, Any]) -> Text:
    return Text(stored["zh"], stored["en"])


def wording(regime_name: str) -> tuple[Notice, ...]:
    """Returns the notice of each tier that has one, as the rules in force word it."""
    rules = regime(regime_name)
    decided = (
        Evidence("wording", "1", Says.UNKNOWN, Basis.REVIEW, Strength.STATED, Text("", ""), detail={"tier": str(tier)})
        for tier in (Tier.CONFIRMED, Tier.POSSIBLE, Tier.SUSPECTED)
    )
    notices = (notice_of(rules.decide((one,)).to_dict()) for one in decided)
    return tuple(notice for notice in notices if notice is not None)
