"""The tables, as they are now, a module for each area. How they came to be is in :mod:`yinji.platform.migrations`.

A table counts once it is imported here: that is how the migrations' test sees it.
"""

from __future__ import annotations

from yinji.platform.schema.accounts import (
    account_identities,
    accounts,
    api_keys,
    oidc_answers,
    sessions,
    sign_in_attempts,
)
from yinji.platform.schema.agreements import agreement_acceptances, unmarked_copies
from yinji.platform.schema.audit import audit_checkpoints, audit_entries, audit_head, audit_nodes
from yinji.platform.schema.cases import (
    appeals,
    case_decisions,
    case_skips,
    case_steps,
    cases,
    reports,
    strikes,
    visitor_keys,
    visitor_reports,
)
from yinji.platform.schema.copies import known_media
from yinji.platform.schema.derivatives import derivatives
from yinji.platform.schema.items import decisions, drafts, idempotency_keys, item_changes, items, propagations
from yinji.platform.schema.retention import erasures, withdrawals
from yinji.platform.schema.served import policies, relabellings, sightings, visible_labels
from yinji.platform.schema.types import METADATA
from yinji.platform.schema.webhooks import webhook_deliveries, webhook_endpoints
from yinji.platform.schema.work import tasks

__all__ = (
    "METADATA",
    "account_identities",
    "accounts",
    "agreement_acceptances",
    "api_keys",
    "appeals",
    "audit_checkpoints",
    "audit_entries",
    "audit_head",
    "audit_nodes",
    "case_decisions",
    "case_skips",
    "case_steps",
    "cases",
    "decisions",
    "derivatives",
    "drafts",
    "erasures",
    "idempotency_keys",
    "item_changes",
    "items",
    "known_media",
    "oidc_answers",
    "policies",
    "propagations",
    "relabellings",
    "reports",
    "sessions",
    "sightings",
    "sign_in_attempts",
    "strikes",
    "tasks",
    "unmarked_copies",
    "visible_labels",
    "visitor_keys",
    "visitor_reports",
    "webhook_deliveries",
    "webhook_endpoints",
    "withdrawals",
)
