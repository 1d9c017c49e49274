"""What detectors are given and what they yield."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from yinji.containers.model import Reading
from yinji.containers.source import Source
from yinji.labels.declaration import Declaration
from yinji.texts import Text


class Says(StrEnum):
    """What the evidence says of the content."""

    AI = "ai"
    NOT_AI = "not_ai"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """On what ground: the distinction the Measures draw in Art. 6."""

    METADATA_LABEL = "metadata_label"
    """The implicit label of GB 45438 in the file metadata (Art. 6(1))."""
    DECLARATION = "declaration"
    """The author's own declaration (Art. 6(2))."""
    EXPLICIT_LABEL = "explicit_label"
    """A label people see or hear (Art. 6(3))."""
    TRACE = "trace"
    """Any other trace of generation (Art. 6(3))."""
    CREDENTIAL = "credential"
    """A signed C2PA manifest."""
    WATERMARK = "watermark"
    """An invisible mark in the content."""
    KNOWN_CONTENT = "known_content"
    """The same media is known with a label that this file does not carry (Art. 10)."""
    REVIEW = "review"
    """A reviewer's decision."""
    FAILURE = "failure"
    """A detector could not finish; says nothing of the content."""


class Strength(StrEnum):
    """How much weight the evidence bears."""

    STATED = "stated"
    """Somebody states it in so many words (a label, a declaration, a digital source type)."""
    STRONG = "strong"
    """A trace that only generators leave."""
    WEAK = "weak"
    """A trace that other things leave too."""


class Integrity(StrEnum):
    """Whether the statement itself is protected, and by whom. Integrity is never identity (R78)."""

    NONE = "none"
    INTACT = "intact"
    PINNED = "pinned"
    BROKEN = "broken"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding.

    Attributes:
        detector: Name of the detector.
        version: Its version; a change of behaviour changes it.
        says: What it says of the content.
        basis: On what ground.
        strength: How much weight it bears.
        integrity: Whether the statement is protected.
        summary: One sentence for people, in both languages.
        detail: The finding in full, JSON values only (for a metadata label: ``label`` "1" | "2" | "3").
        where: Place: ``carrier``, ``offset``, ``length``; or a box or a time range in the media.
    """

    detector: str
    version: str
    says: Says
    basis: Basis
    strength: Strength
    summary: Text
    integrity: Integrity = Integrity.NONE
    detail: dict[str, Any] = field(default_factory=dict, hash=False)
    where: dict[str, Any] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        return {
            "detector": self.detector,
            "version": self.version,
            "says": str(self.says),
            "basis": str(self.basis),
            "strength": str(self.strength),
            "integrity": str(self.integrity),
            "zh": self.summary.zh,
            "en": self.summary.en,
            "detail": self.detail,
            "where": self.where,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Evidence:
        """Rebuilds evidence that was stored with :meth:`to_dict`, so that a verdict can be recomputed."""
        return cls(
            stored["detector"],
            stored["version"],
            Says(stored["says"]),
            Basis(stored["basis"]),
            Strength(stored["strength"]),
            Text(stored["zh"], stored["en"]),
            Integrity(stored["integrity"]),
            stored["detail"],
            stored["where"],
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What a register of known media says of the media in a file.

    Attributes:
        media_digest: SHA-256 of the media alone, hex.
        label: The label that the media was known with, its values by their names in GB 45438 App. E.
        item: Number of the item it was known by; "" for one that was registered from elsewhere.
        origin: ``upload`` (the label came with the file), ``site`` (written here) or ``registry``.
    """

    media_digest: str
    label: dict[str, str] = field(hash=False)
    item: str = ""
    origin: str = "registry"


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a detector may look at.

    Attributes:
        source: The file.
        reading: What its container says, with all metadata blocks.
        declaration: What the author said, if anything was asked.
        pinned_keys: Public keys (SHA-256 of the SubjectPublicKeyInfo, hex) that the operator has pinned, with the
            producer code or name each belongs to.
        known: What a register of known media says, if it was asked and knows the media.
    """

    source: Source
    reading: Reading
    declaration: Declaration | None = None
    pinned_keys: dict[str, str] = field(default_factory=dict, hash=False)
    known: Known | None = None


class DetectorExample(NamedTuple):
    """A small file a detector finds something in, and what it then says."""

    name: str
    data: bytes
    says: Says


@runtime_checkable
class Detector(Protocol):
    """One detector. Stateless; reads metadata only unless ``decodes`` is set.

    Attributes:
        name: Short name in kebab case.
        version: Changes with its behaviour.
        decodes: Whether it decodes media and so must run in a supervised worker.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    decodes: ClassVar[bool]

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        """Yields what it finds; nothing when it finds nothing."""
        ...

    @classmethod
    def examples(cls) -> Iterable[DetectorExample]: ...
