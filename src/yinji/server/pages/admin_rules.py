"""What an operator's site says and keeps, to be looked up on the operator's page: it is data, and changed as data."""

from __future__ import annotations

from typing import Any

from yinji.platform import retention
from yinji.platform.agreements import texts
from yinji.platform.cases import rules
from yinji.platform.model import Account
from yinji.platform.notices import wording
from yinji.platform.service import Platform


def rules_of(platform: Platform, viewer: Account) -> dict[str, Any]:
    """Returns the notices, the agreements and how many accepted each, how long things are kept, and strikes."""
    settings = platform.settings
    counts = platform.agreements.counts(viewer)
    return {
        "notices": wording(settings.regime),
        "agreements": [
            {
                "name": name,
                "title": one.title,
                "version": one.version,
                "in_force": one.version == platform.agreements.in_force(name).version,
                "accepted": counts.get((name, one.version), 0),
            }
            for name in texts.NAMES
            for one in reversed(texts.versions(name, settings.agreements))
        ],
        "kept": [
            {"says": rule.says, "days": max(rule.days, settings.retention.days) if rule.days else 0}
            for rule in retention.rules().values()
        ],
        "consequences": rules.consequences(),
        "strike_days": {kind: life.days for kind, life in rules.strike_lifetimes().items()},
    }
