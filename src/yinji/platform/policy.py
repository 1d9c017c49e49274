"""What the platform adds by itself where an author declared nothing, as the operator decided; every change is kept.

The law is the floor: what the regime in force demands of a tier (the notice and the propagation half, Measures Art. 6)
cannot be switched off. Above it stand the explicit label in the served file and, for short video, the six mandatory
labels of 2026-05-12 (R89 to R91).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, func, insert, select

from yinji.errors import UsageError
from yinji.evidence.base import Basis, Evidence, Says, Strength
from yinji.labels.declaration import Declaration
from yinji.platform import instants
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.errors import Conflict
from yinji.platform.model import Account
from yinji.platform.permissions import Permission, require
from yinji.platform.prepared import Prepared
from yinji.platform.schema import policies
from yinji.platform.settings import Settings
from yinji.platform.vocabularies.vocabulary import vocabulary
from yinji.regimes.base import Tier
from yinji.regimes.registry import regime
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.platform.database import Database

_NEWEST: Final = Prepared(select(policies).order_by(policies.c.number.desc()).limit(1))
TIERS: Final = (Tier.CONFIRMED, Tier.POSSIBLE, Tier.SUSPECTED)
_SWITCHES: Final = {"short_video_labels": False, "visitor_reports": True}
_DEMANDS: Final = {"notice": "show_notice", "propagation": "write_propagation"}


@dataclass(frozen=True, slots=True)
class Additions:
    """What is added to content of one tier.

    Attributes:
        notice: The notice around the content.
        propagation: The platform's half of the metadata label, in the served file.
        explicit: The label that people see or hear, in the served file, where the author declared nothing.
    """

    notice: bool = True
    propagation: bool = True
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of what the operator decided.

    Attributes:
        additions: By tier.
        visitor_reports: Whether people may report who are not signed in.
        short_video_labels: Whether exactly one of the mandatory labels must be chosen before a video is posted.
        number: Version, from 1; 0 is what holds before anybody decided.
        at, actor: When, and whose decision.
    """

    additions: dict[Tier, Additions] = field(default_factory=lambda: {tier: Additions() for tier in TIERS}, hash=False)
    short_video_labels: bool = False
    visitor_reports: bool = True
    number: int = 0
    at: datetime | None = None
    actor: str = SYSTEM

    def to_dict(self) -> dict[str, Any]:
        """Returns what was decided, as JSON."""
        return {
            "additions": {
                str(tier): {"notice": a.notice, "propagation": a.propagation, "explicit": a.explicit}
                for tier, a in self.additions.items()
            },
            "short_video_labels": self.short_video_labels,
            "visitor_reports": self.visitor_reports,
        }

    @classmethod
    def from_dict(cls, body: Any) -> Policy:
        """Reads what :meth:`to_dict` gives; what is left out is as before anybody decided.

        Raises:
            UsageError: Something else.
        """
        try:
            additions = {tier: _additions(body.get("additions", {}).get(str(tier), {})) for tier in TIERS}
            unknown = set(body) - {"additions", *_SWITCHES} | set(body.get("additions", {})) - set(TIERS)
            switches = {name: body.get(name, otherwise) for name, otherwise in _SWITCHES.items()}
        except (AttributeError, TypeError) as error:
            raise UsageError("policy-form") from error
        if unknown or not all(isinstance(value, bool) for value in switches.values()):
            raise UsageError("policy-form")
        return cls(additions, **switches)


def _additions(row: Any) -> Additions:
    if any(not isinstance(value, bool) for value in row.values()):
        raise TypeError
    return Additions(**row)


class Policies:
    """What the operator decided, now and before."""

    def __init__(self, database: Database, audit: AuditLog, settings: Settings) -> None:
        self._database = database
        self._audit = audit
        self._settings = settings

    def get(self) -> Policy:
        """Returns what holds now."""
        found = self._database.find(_NEWEST)
        return _policy(found[0]) if found else Policy()

    def history(self, actor: Account, *, limit: int = 100) -> tuple[Policy, ...]:
        """Returns the versions, newest first.

        Raises:
            Refused: The account may not.
        """
        require(actor, Permission.POLICY_READ)
        with self._database.read() as connection:
            rows = connection.execute(select(policies).order_by(policies.c.number.desc()).limit(limit)).all()
        return tuple(map(_policy, rows))

    def set(self, actor: Account, policy: Policy, *, replacing: int | None = None) -> Policy:
        """Decides anew and returns what holds now.

        Args:
            actor: Who decides.
            policy: What.
            replacing: Number of the version that the actor had before their eyes, where it matters.

        Raises:
            Refused: The account may not.
            UsageError: Less than the law asks, or mandatory labels that the regime does not have.
            Conflict: Somebody else decided meanwhile.
        """
        require(actor, Permission.POLICY_WRITE)
        self._require_lawful(policy)
        with self._database.write() as connection:
            self._database.lock(connection, "policies")
            newest = connection.scalar(select(func.max(policies.c.number))) or 0
            if replacing is not None and replacing != newest:
                raise Conflict("changed-meanwhile")
            decided = replace(policy, number=newest + 1, at=instants.now(), actor=actor.id)
            body = decided.to_dict()
            connection.execute(insert(policies).values(number=decided.number, at=decided.at, actor=actor.id, body=body))
            detail = {"number": decided.number, **body}
            self._audit.append(connection, "policy.changed", actor=actor.id, detail=detail)
        return decided

    def _require_lawful(self, policy: Policy) -> None:
        rules = regime(self._settings.regime)
        for tier in TIERS:
            demanded = rules.decide([_decided(tier)]).obligations
            for name, obligation in _DEMANDS.items():
                if obligation in demanded and not getattr(policy.additions[tier], name):
                    raise UsageError("policy-below-law", tier=str(tier), name=name)
        if policy.short_video_labels and not self.short_video_choices():
            raise UsageError("no-short-video-labels", regime=self._settings.regime)

    def short_video_choices(self) -> tuple[Any, ...]:
        """Returns the labels of which one must be chosen, in the order of the rule; () where the regime has none."""
        return tuple(getattr(regime(self._settings.regime), "short_video_labels", ()))

    def require_annotation(self, annotation: str, kind: str, declaration: Declaration | None = None) -> str:
        """Passes the short-video label that an author chose, or "" where none is needed (R89).

        Where one is needed and none was chosen, what the author declared in other words stands for it.

        Raises:
            UsageError: One is mandatory and none was chosen, or not one of the rule's.
        """
        known = {label.id for label in self.short_video_choices()}
        if annotation and annotation not in known:
            raise UsageError("annotation-unknown", known=", ".join(sorted(known)))
        if not annotation and kind == "video" and self.get().short_video_labels:
            annotation = _said(declaration)
            if annotation not in known:
                raise UsageError("annotation-missing")
        return annotation

    def adds_explicit(self, tier: Tier) -> bool:
        """Tells whether the platform itself draws the explicit label on content of this tier."""
        return tier in TIERS and self.get().additions[tier].explicit


def _said(declaration: Declaration | None) -> str:
    """Returns the short-video label that says what an author declared; "" where none does."""
    if declaration is None:
        return ""
    option = vocabulary("short_video").option_for(declaration)
    said = option is not None and (declaration.choice.says_ai or option.means == declaration.statement)
    return str(option.value) if option is not None and said else ""


def _policy(row: Row[Any]) -> Policy:
    return replace(Policy.from_dict(row.body), number=row.number, at=row.at, actor=row.actor)


def _decided(tier: Tier) -> Evidence:
    """Stands for any content of a tier, so that the regime can say what it demands there."""
    nothing = Text("", "")
    return Evidence("policy", "1", Says.AI, Basis.REVIEW, Strength.STATED, nothing, detail={"tier": str(tier)})
