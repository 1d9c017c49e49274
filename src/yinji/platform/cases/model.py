"""The values of this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from yinji.platform.model import Account
from yinji.texts import Text


class Origin(StrEnum):
    """What a case was born from."""

    REPORT = "report"
    ROUTING = "routing"
    """A rule about new posts."""
    APPEAL = "appeal"
    """An appeal against a notice that no reviewer had decided, or against one's own declaration."""
    COPY = "copy"
    """A decision about another post with the same content."""


class Why(StrEnum):
    """Why somebody should look. The first two are what a reader can report."""

    UNLABELLED = "unlabelled"
    WRONGLY_LABELLED = "wrongly_labelled"
    SUSPECTED = "suspected"
    POSSIBLE = "possible"
    CONTRADICTION = "contradiction"
    """The author says the opposite of what was found."""
    REMOVAL = "removal"
    """Traces of a label that was taken out."""
    ROUTINE = "routine"
    NOTICE = "notice"
    """An author contests the notice."""
    DECLARATION = "declaration"
    """An author wants a declaration corrected."""
    COPY = "copy"


REPORTABLE = (Why.UNLABELLED, Why.WRONGLY_LABELLED)


class State(StrEnum):
    """The states of a case; :mod:`.states` says which follows which."""

    OPEN = "open"
    CLAIMED = "claimed"
    AWAITING = "awaiting"
    """The author was asked to declare."""
    DECIDED = "decided"
    APPEALED = "appealed"
    JUDGING = "judging"
    """An appeal, claimed by its judge."""
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What reviewers can decide: the first six at first sight, the last two on appeal."""

    CONFIRM = "confirm"
    SUSPECT = "suspect"
    NEEDS_LABEL = "needs_label"
    NO_AI = "no_ai"
    FALSE_REPORT = "false_report"
    ANNOTATE = "annotate"
    """Corrects the mandatory label of a short video; the notice stays as it is (R91)."""
    UPHOLD = "uphold"
    OVERTURN = "overturn"


FIRST = (Outcome.CONFIRM, Outcome.SUSPECT, Outcome.NEEDS_LABEL, Outcome.NO_AI, Outcome.FALSE_REPORT, Outcome.ANNOTATE)
ON_APPEAL = (Outcome.UPHOLD, Outcome.OVERTURN)


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what reviewers call a job.

    Attributes:
        queue: Where it waits.
        reports: How many people reported it.
        due_at: When it should be decided; None when nobody is waited for.
        claimed_by, claimed_until: Who works on it, and until when nobody else may.
        answer_until: Until when its author, who was asked to declare, may do so.
        appeal_until: Until when its author may appeal a decision.
        version: Changes with the case and with its item; a decision names the one it was made on.
    """

    id: str
    item_id: str
    author_id: str
    title: str
    kind: str
    media_type: str
    tier: str
    origin: Origin
    why: Why
    state: State
    queue: str
    reports: int
    opened_at: datetime
    due_at: datetime | None
    claimed_by: str | None
    claimed_until: datetime | None
    answer_until: datetime | None
    appeal_until: datetime | None
    version: str


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """One decision about one item.

    Attributes:
        tier_before, tier_after: What the notice was and became.
        annotation_before, annotation_after: What the short-video label was and became, where it was corrected.
        copy_of: The decision about another post that this one repeats, or None.
        reviewer_id: Who decided; shown to reviewers and auditors only.
    """

    id: str
    case_id: str
    item_id: str
    outcome: Outcome
    policy: str
    reason: str
    reviewer_id: str
    at: datetime
    tier_before: str
    tier_after: str
    copy_of: str | None
    annotation_before: str = ""
    annotation_after: str = ""


@dataclass(frozen=True, slots=True)
class Appeal:
    """What an author brings against a decision, or against the notice as it is.

    Attributes:
        decision_id: The decision; None where no reviewer had decided.
        wants: The declaration that the author asks for instead, or "".
    """

    case_id: str
    decision_id: str | None
    author_id: str
    reason: str
    wants: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """One person's report of one item."""

    case_id: str
    item_id: str
    title: str
    why: Why
    note: str
    at: datetime
    state: State
    decision: CaseDecision | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of a case."""

    at: datetime
    actor_id: str
    event: str
    state: State
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything about one case, for those who work on it.

    Attributes:
        notes: Reporters' own words, the newest.
        counts: Reason → number of reports.
        visitors: How many of them came from people who were not signed in.
        copies: Other posts with the same content: (item, title, tier), at most a dozen.
        copy_count: How many there are.
    """

    case: Case
    steps: tuple[Step, ...]
    decisions: tuple[CaseDecision, ...]
    appeal: Appeal | None
    notes: tuple[tuple[Why, str], ...]
    counts: dict[Why, int]
    copies: tuple[tuple[str, str, str], ...]
    copy_count: int
    visitors: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue as it stands."""

    name: str
    title: Text
    hours: int
    waiting: int
    claimed: int
    late: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What a decision rests on."""

    id: str
    text: Text
    clause: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike against an account."""

    kind: str
    case_id: str
    item_id: str
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from strikes.

    Attributes:
        touches: ``publish`` or ``report``.
        per_day: How many a day are left, where that is limited.
    """

    id: str
    kinds: tuple[str, ...]
    strikes: int
    touches: str
    per_day: int | None
    text: Text


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands: strikes in force, and what follows from them."""

    account: Account
    strikes: tuple[Strike, ...]
    consequences: tuple[Consequence, ...]
