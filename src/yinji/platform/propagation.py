"""The platform's own half of the label in the file it serves (Measures Art. 6, last paragraph; R93).

The upload itself is kept as it came. The file for readers is made before the item is acknowledged, whatever its size:
one more copy of at most ``max_upload_bytes`` costs less than receiving them did, and no reader can then be first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, select

from yinji.errors import (
    InvalidLabel,
    ReadBackMismatch,
    Refused,
    UnreadableInput,
    UnsupportedFormat,
    WouldBreakCredentials,
)
from yinji.labels.aigc import AigcLabel
from yinji.operations.examination import Examination
from yinji.operations.propagate import plan
from yinji.platform.blobs import BlobStore, Spool, Spooled, source_of
from yinji.platform.schema import visible_labels
from yinji.platform.settings import Settings
from yinji.regimes.base import Verdict
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.platform.database import Database

WRITTEN: Final = "written"
NOT_NEEDED: Final = "not_needed"
UNSUPPORTED: Final = "unsupported"
FAILED: Final = "failed"

TEXT_NAME: Final = "text.md"
"""File name by which a text post is known: Markdown, whose front matter carries the label."""

_OBLIGATION: Final = "write_propagation"


@dataclass(frozen=True, slots=True)
class Served:
    """The file for readers.

    Attributes:
        state: ``written``, ``not_needed``, ``unsupported`` or ``failed``.
        label: The whole label as read back, when written.
        reason: Why it was not written, for people.
        file: The new file; None when readers get the upload as it came.
    """

    state: str
    label: AigcLabel | None = None
    reason: Text | None = None
    file: Spooled | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "label": dict(self.label.items()) if self.label else None,
            "reason": {"zh": self.reason.zh, "en": self.reason.en} if self.reason else None,
        }


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file that is in the store already and referred to."""

    path: Path
    sha256: str
    size: int

    def stage(self) -> None:
        """Does nothing."""

    def keep(self) -> None:
        """Does nothing."""


class Propagation:
    """Makes the file for readers."""

    def __init__(self, database: Database, blobs: BlobStore, settings: Settings) -> None:
        self._database = database
        self._blobs = blobs
        self._settings = settings

    @contextmanager
    def derive(self, file: Examination, verdict: Verdict, item_id: str) -> Iterator[Served]:
        """Makes the file that readers get of content; it lives until the block ends unless it is kept.

        Args:
            file: The content.
            verdict: What the rules conclude.
            item_id: Our number of the content.

        Raises:
            StorageError: The disk refused; nothing may be acknowledged.
        """
        if _OBLIGATION not in verdict.obligations:
            yield Served(NOT_NEEDED)
            return
        with self._blobs.spool() as spool:
            yield self._written(file, verdict, item_id, spool)

    @contextmanager
    def derive_anew(self, row: Row[Any], verdict: Verdict) -> Iterator[Served]:
        """Makes it of a published item, from the content with the perceptible label where one was drawn.

        Args:
            row: The item.
            verdict: What the rules conclude now.

        Raises:
            StorageError: The disk refused.
        """
        marked = self._marked(row.id) if _OBLIGATION in verdict.obligations else None
        path = marked.path if marked else self._blobs.path(row.sha256)
        with (
            source_of(path, row.filename or TEXT_NAME) as source,
            self.derive(Examination(source), verdict, row.id) as served,
        ):
            yield served if served.file or marked is None else replace(served, file=marked)

    def _marked(self, item_id: str) -> _Kept | None:
        """Returns the content with the perceptible label that was drawn on it, if one was."""
        query = select(visible_labels.c.marked_sha256).where(visible_labels.c.item_id == item_id)
        with self._database.read() as connection:
            sha256 = connection.scalar(query)
        if sha256 is None:
            return None
        path = self._blobs.path(sha256)
        return _Kept(path, sha256, path.stat().st_size)

    def _written(self, file: Examination, verdict: Verdict, item_id: str, spool: Spool) -> Served:
        """Writes the file, and has it read back as any reader of it would."""
        try:
            planned = plan(
                file.opened(),
                propagator=self._settings.propagator,
                propagate_id=item_id,
                label=verdict.tier.label,
                break_credentials=self._settings.break_credentials,
            )
            spool.fill(planned.write)
            spool.seal()
            with source_of(spool.path, file.source.name) as copy:
                planned.read_back(copy)
        except (UnsupportedFormat, WouldBreakCredentials) as error:
            return Served(UNSUPPORTED, reason=error.text)
        except (InvalidLabel, ReadBackMismatch, Refused, UnreadableInput) as error:
            return Served(FAILED, reason=error.text)
        return Served(WRITTEN, label=planned.label, file=spool)
