"""What people are told around an item (Measures Art. 6; R87). The words are the regime's, never ours."""

from __future__ import annotations

from typing import Any, Final

from yinji.platform.model import Notice
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
