"""Findings with their words, which stand in ``data/cn/findings.toml``, and their clauses, in ``rules.toml``."""

from __future__ import annotations

from functools import cache
from typing import Any

from yinji.regimes import ruleset
from yinji.regimes.base import Finding, Outcome
from yinji.texts import Text

REGIME = "cn"


@cache
def table(name: str) -> dict[str, Any]:
    """Returns a data file of the regime."""
    return ruleset.table(REGIME, name)


@cache
def _articles() -> dict[str, str]:
    return {rule.id: rule.article for rule in ruleset.checklist(REGIME)}


def finding(rule: str, outcome: Outcome, *, words: str = "", variant: str = "", **values: object) -> Finding:
    """Returns a finding in the words of the data file.

    Args:
        rule: Checklist number.
        outcome: The result.
        words: Whose words to use, when not the rule's own.
        variant: Which sentence to use, when not the outcome's own.
        **values: What the placeholders show; a ``Text`` shows its half in each language.
    """
    row = table("findings")[words or rule][variant or str(outcome)]
    zh = {key: value.zh if isinstance(value, Text) else value for key, value in values.items()}
    en = {key: value.en if isinstance(value, Text) else value for key, value in values.items()}
    return told(rule, outcome, Text(row["zh"].format(**zh).strip(), row["en"].format(**en).strip()))


def told(rule: str, outcome: Outcome, text: Text) -> Finding:
    """Returns a finding in words that come from elsewhere."""
    return Finding(rule, _articles()[rule], outcome, text)
