"""Reports, cases, what reviewers decided, appeals and strikes."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint

from yinji.platform.schema.types import ID, METADATA, Instant, Json

cases = Table(
    "cases",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("author_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("why", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("queue", String(32), nullable=False),
    Column("unlabelled", Integer, nullable=False),
    Column("wrongly_labelled", Integer, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("until", Instant),
    Column("claimed_by", ID, ForeignKey("accounts.id")),
    Column("claimed_until", Instant),
    Column("by_visitors", Integer, nullable=False, server_default="0"),
    Column("slot", String(80)),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("slot"),
    Index(None, "queue", "state", "due_at"),
    Index(None, "item_id"),
    Index(None, "author_id", "id"),
    Index(None, "state", "until"),
)
"""``slot`` is the item's number while the case is undecided, so that there is one such case an item; for an appeal
against a notice it names that notice for good, so that there is one such appeal."""

case_steps = Table(
    "case_steps",
    METADATA,
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", ID, nullable=False),
    Column("event", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("detail", Json, nullable=False),
    PrimaryKeyConstraint("case_id", "number"),
)

case_skips = Table(
    "case_skips",
    METADATA,
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    PrimaryKeyConstraint("case_id", "account_id"),
)

reports = Table(
    "reports",
    METADATA,
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("reporter_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("why", String(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("case_id", "reporter_id"),
    Index(None, "case_id", "at"),
    Index(None, "reporter_id", "at"),
)

visitor_reports = Table(
    "visitor_reports",
    METADATA,
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("visitor", String(64), nullable=False),
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("why", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("case_id", "visitor"),
    Index(None, "visitor", "at"),
    Index(None, "at"),
)
"""``visitor`` is a hash of the address under the key of the day, which is kept for two days."""

visitor_keys = Table(
    "visitor_keys",
    METADATA,
    Column("day", String(10), primary_key=True),
    Column("key", String(64), nullable=False),
)

case_decisions = Table(
    "case_decisions",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("reviewer_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("tier_before", String(16), nullable=False),
    Column("tier_after", String(16), nullable=False),
    Column("annotation_before", String(32), nullable=False, server_default=""),
    Column("annotation_after", String(32), nullable=False, server_default=""),
    Column("copy_of", ID, ForeignKey("case_decisions.id")),
    Column("copies", String(8), nullable=False),
    UniqueConstraint("copy_of", "item_id"),
    Index(None, "case_id"),
    Index(None, "item_id"),
    Index(None, "copies"),
)
"""``copies`` is ``none``, ``pending`` or ``done``: whether posts with the same content are to be decided alike."""

appeals = Table(
    "appeals",
    METADATA,
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("decision_id", ID, ForeignKey("case_decisions.id")),
    Column("author_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("wants", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("decision_id"),
)

strikes = Table(
    "strikes",
    METADATA,
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("item_id", ID, ForeignKey("items.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("withdrawn_at", Instant),
    PrimaryKeyConstraint("account_id", "kind", "case_id"),
    Index(None, "case_id"),
)
