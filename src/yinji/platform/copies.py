"""Copies whose label was taken out are recognised by their media alone (Measures Art. 10; checklist R95).

Every medium that is served with a label is remembered by the SHA-256 of its media bytes, which no change of metadata
touches. An upload is looked up once, by primary key. What the item was overruled to bear no label is not held against
others. A copy that was encoded anew has another digest and is not recognised here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select

from yinji.containers import digest, registry
from yinji.containers.source import Source
from yinji.errors import UsageError, YinjiError
from yinji.evidence.base import Known
from yinji.labels.aigc import KEYS, AigcLabel, require_conforming
from yinji.limits import KIB
from yinji.platform import instants
from yinji.platform.audit import AuditLog
from yinji.platform.blobs import BLOBS_LOCK
from yinji.platform.model import Account
from yinji.platform.permissions import Permission, require
from yinji.platform.prepared import Prepared
from yinji.platform.schema import decisions, items, known_media
from yinji.regimes.base import Tier

if TYPE_CHECKING:
    from yinji.platform.database import Database

UPLOAD: Final = "upload"
SITE: Final = "site"
REGISTRY: Final = "registry"
BASIS: Final = "known_content"

_LEAST: Final = KIB
"""Media bytes below which equal media say nothing: blank pictures and one-line texts are alike by chance."""


@dataclass(frozen=True, slots=True)
class Media:
    """The media of a file.

    Attributes:
        recognised: Whether the format is one whose media can be told from the rest.
        digest: Its SHA-256, hex; None where it cannot be told, or is too little to tell by.
    """

    recognised: bool
    digest: str | None = None


def media_of(file: BinaryIO, filename: str) -> Media:
    """Returns what can be told of the media in a file."""
    with Source.open(file, name=filename) as source:
        return media_in(source)


def media_in(source: Source) -> Media:
    """Returns the same of an open file."""
    source.renew()
    recognised = False
    try:
        container = registry.identify(source)
        recognised = True
        sha256, size = digest.of_media(container, source)
        return Media(recognised, sha256 if size >= _LEAST else None)
    except YinjiError:
        return Media(recognised)


def media_digest_of(file: BinaryIO, filename: str) -> str | None:
    """Returns the digest of the media in a file; None where it cannot be told, or is too little to tell by."""
    return media_of(file, filename).digest


_IN_FORCE: Final = items.join(
    decisions, and_(decisions.c.item_id == items.c.id, decisions.c.number == items.c.decision)
)
_STANDING: Final = (
    select(known_media)
    .select_from(known_media.outerjoin(_IN_FORCE, items.c.id == known_media.c.item_id))
    .where(or_(known_media.c.item_id.is_(None), decisions.c.tier != str(Tier.NONE)))
)
_ONE: Final = Prepared(_STANDING.where(known_media.c.media_digest == bindparam("digest")))
_FALLEN: Final = Prepared(delete(known_media).where(known_media.c.media_digest == bindparam("digest")))
_NEW: Final = Prepared(insert(known_media))


def look_up(database: Database, media_digest: str | None) -> Known | None:
    """Returns what is known of this media, unless the item it is known by bears no label any more."""
    for row in database.find(_ONE, digest=media_digest) if media_digest is not None else ():
        return Known(row.media_digest, row.label, row.item_id or "", row.origin)
    return None


@dataclass(frozen=True, slots=True)
class Served:
    """A medium that is served with a label, by which copies of it will be known."""

    media_digest: str
    item_id: str | None
    label: dict[str, Any]
    origin: str


def served_with(
    item_id: str, file_report: dict[str, Any], label: AigcLabel | None, media_digest: str | None
) -> Served | None:
    """Returns what to remember of an item's media, or None.

    Args:
        item_id: The item.
        file_report: What its upload said when it came.
        label: What was written into the served file; None where only the upload may carry one.
        media_digest: Of the media that is served.
    """
    uploaded = next((found for found in file_report["labels"] if "Label" in found), None)
    known = dict(label.items()) if label is not None else uploaded
    if media_digest is None or known is None:
        return None
    return Served(media_digest, item_id, known, UPLOAD if uploaded else SITE)


def remember(connection: Connection, item_id: str, label: AigcLabel | None, media_digest: str | None = None) -> None:
    """Notes that an item's media is served with a label; the first item to bring a medium stands for it.

    Args:
        connection: The transaction that says which file readers get; it holds the ``blobs`` lock.
        item_id: The item.
        label: What was written into the served file; None where only the upload may carry one.
        media_digest: Of the media that is served, where a mark was drawn on it; None for that of the upload.
    """
    row = connection.execute(select(items.c.media_digest, items.c.file_report).where(items.c.id == item_id)).one()
    served = served_with(item_id, row.file_report, label, media_digest or row.media_digest)
    keep(connection, [served] if served else [])


def keep(connection: Connection, media: Sequence[Served]) -> None:
    """Stores media, unless they are known with a label that stands. The transaction holds the ``blobs`` lock."""
    first = {served.media_digest: served for served in reversed(media)}
    new = [served for digest, served in first.items() if not _ONE.rows(connection, digest=digest)]
    if not new:
        return
    _FALLEN.run(connection, *({"digest": served.media_digest} for served in new))
    at = instants.now()
    _NEW.run(
        connection,
        *(
            {
                "media_digest": served.media_digest,
                "origin": served.origin,
                "item_id": served.item_id,
                "label": {key: str(served.label.get(key, "")) for key in KEYS},
                "known_at": at,
            }
            for served in new
        ),
    )


def recognised(evidence: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns what the evidence in a report says of a copy without its label, or None."""
    found = next((entry["detail"] for entry in evidence if entry["basis"] == BASIS), None)
    return None if found is None else {key: found[key] for key in ("media_digest", "item", "origin", "missing")}


class Copies:
    """The register of known media, for those who add to it from elsewhere."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    def register(self, actor: Account, media_digest: str, label: AigcLabel) -> None:
        """Adds a medium that another platform or producer knows with this label.

        Raises:
            Refused: The account may not.
            UsageError: Not a SHA-256 in lower-case hex.
            InvalidLabel: The label does not keep GB 45438 App. E.
        """
        require(actor, Permission.REGISTRY_WRITE)
        if len(media_digest) != 64 or not set(media_digest) <= set("0123456789abcdef"):
            raise UsageError("media-digest-rule")
        require_conforming(label)
        with self._database.write() as connection:
            self._database.lock(connection, BLOBS_LOCK)
            keep(connection, [Served(media_digest, None, dict(label.items()), REGISTRY)])
            detail = {"media_digest": media_digest, "label": label.label}
            self._audit.append(connection, "media.registered", actor=actor.id, detail=detail)

    def known(self, media_digest: str) -> Known | None:
        """Returns what is known of a medium."""
        return look_up(self._database, media_digest)
