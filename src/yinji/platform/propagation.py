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

from sqlalchemy import select

from yinji.errors import (
    InvalidLabel,
    ReadBackMismatch,
    Refused,
    UnreadableInput,
    UnsupportedFormat,
    WouldBreakCredentials,
)
from yinji.labels.aigc import AigcLabel
from yinji.operations.propagate import propagate
from yinji.operations.read import read
from yinji.platform.blobs import BlobStore, Spooled, opened
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
    def derive(
        self, upload: Path, filename: str, verdict: Verdict, item_id: str, *, as_given: bool = False
    ) -> Iterator[Served]:
        """Makes the file that readers get of an upload; it lives until the block ends unless it is kept.

        Args:
            upload: The file as it came.
            filename: Its name, for formats that are known by their name.
            verdict: What the rules conclude.
            item_id: Our number of the content.
            as_given: Start from the file at ``upload`` even where the item's content bears a perceptible label of ours.

        Raises:
            StorageError: The disk refused; nothing may be acknowledged.
        """
        if _OBLIGATION not in verdict.obligations:
            yield Served(NOT_NEEDED)
            return
        marked = None if as_given else self._marked(item_id)
        with self._blobs.scratch() as folder:
            served = self._written(marked.path if marked else upload, filename, verdict, item_id, folder / "served")
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

    def _written(self, upload: Path, filename: str, verdict: Verdict, item_id: str, output: Path) -> Served:
        try:
            with opened(upload) as file:
                written = propagate(
                    file,
                    propagator=self._settings.propagator,
                    propagate_id=item_id,
                    label=verdict.tier.label,
                    output=output,
                    durable=False,  # the store waits for the disk when it takes the file up
                    break_credentials=self._settings.break_credentials,
                    filename=filename,
                )
            _require_read_back(output, filename, written.label)
        except (UnsupportedFormat, WouldBreakCredentials) as error:
            return Served(UNSUPPORTED, reason=error.text)
        except (InvalidLabel, ReadBackMismatch, Refused, UnreadableInput) as error:
            return Served(FAILED, reason=error.text)
        return Served(WRITTEN, label=written.label, file=self._blobs.spooled(output))


def _require_read_back(output: Path, filename: str, expected: AigcLabel | None) -> None:
    """Reads the finished file once more, as any reader of it would."""
    with opened(output) as file:
        again = read(file, filename=filename, thorough=True)
    if [found.label for found in again.found] != [expected]:
        raise ReadBackMismatch("read-back-mismatch", path=filename, state=str(again.state))
