"""The platform's values, as its services give them to the floor above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from yinji.labels.declaration import Declaration
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.platform.blobs import BlobStore

T = TypeVar("T")


class Role(StrEnum):
    """Who may do what is one table in :mod:`yinji.platform.permissions`."""

    READER = "reader"
    CREATOR = "creator"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    display_name: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """An upload that was looked at but not published.

    Attributes:
        report: ``Report.to_dict()`` of the file, without any declaration.
        media_digest: SHA-256 of the media alone; None where it cannot be told.
    """

    id: str
    author_id: str
    filename: str
    media_type: str
    kind: str
    size: int
    sha256: str
    report: dict[str, Any]
    created_at: datetime
    expires_at: datetime
    media_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One step in the life of an item, for its history."""

    at: datetime
    actor: str
    event: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One published post.

    Attributes:
        text: The post's own words (for a text post: the content itself).
        filename, media_type, size, sha256: The file as uploaded; "" and 0 when the post is text alone.
        declaration: What the author says.
        report: ``Report.to_dict()`` with the declaration taken into account, in force now.
        propagation: What was done to the file served: ``{"state": "written" | "not_needed" | "unsupported" |
            "failed", "label": {seven fields} | None, "reason": {"zh", "en"} | None}``.
        history: Newest first.
        annotation: Which of the mandatory short-video labels was chosen; "" where none was asked for.
        served_size: Bytes of the file that readers get.
    """

    id: str
    author: Account
    title: str
    text: str
    kind: str
    filename: str
    media_type: str
    size: int
    sha256: str
    declaration: Declaration
    report: dict[str, Any]
    propagation: dict[str, Any]
    published_at: datetime
    updated_at: datetime
    history: tuple[Change, ...] = ()
    annotation: str = ""
    served_size: int = 0

    @property
    def verdict(self) -> dict[str, Any]:
        verdict: dict[str, Any] = self.report["verdict"]
        return verdict


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told around an item (Measures Art. 6; R87: feed, detail page, search, embed, share card).

    Attributes:
        tier: ``confirmed``, ``possible`` or ``suspected``.
        says: The notice itself, the regime's own wording.
        short: The same in a few words, for badges.
        because: Why, one sentence each.
        regime, regime_version: Whose wording, in which version.
    """

    tier: str
    says: Text
    short: Text
    because: tuple[Text, ...]
    regime: str
    regime_version: str


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file that readers get: the upload with our propagation half written into it, or something made from that."""

    blobs: BlobStore = field(compare=False, repr=False)
    filename: str
    media_type: str
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it can be read on this machine; fetched first where it is kept elsewhere."""
        return self.blobs.path(self.sha256)

    @property
    def local(self) -> Path | None:
        """The same, or None where it is not on this machine."""
        return self.blobs.local(self.sha256)

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yields the bytes from ``start`` up to ``stop``, wherever they are."""
        return self.blobs.chunks(self.sha256, start, stop)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the append-only log.

    Attributes:
        index: Position, from 0.
        body: The event as stored, RFC 8785 canonical JSON.
        leaf_hash: SHA-256(0x00 || body), hex (RFC 6962 section 2.1).
        chain_hash: SHA-256(previous chain hash || leaf hash), hex.
    """

    index: int
    at: datetime
    actor: str
    event: str
    subject: str
    body: str
    leaf_hash: str
    chain_hash: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; ``next_cursor`` is None on the last one."""

    rows: tuple[T, ...]
    next_cursor: str | None
