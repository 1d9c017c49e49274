"""Trying a label out on one's own file before switching it on: kept for an hour, shown to nobody else, never published.

Previews lie in a folder of their own under the site's data folder, outside the store of published content.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from yinji.errors import LimitExceeded, Refused, StorageError, UsageError
from yinji.labels.aigc import AigcLabel
from yinji.limits import MIB
from yinji.operations.label import label
from yinji.operations.read import read
from yinji.platform import instants, words
from yinji.platform.errors import NotFound
from yinji.platform.model import Account
from yinji.platform.settings import Settings

LIFETIME: Final = timedelta(hours=1)
MAX_HELD: Final = 5
"""Previews of one account at a time; an older one gives way."""

LANGUAGES: Final = ("zh", "en", "both")
PLACES: Final = ("", "bottom-right", "bottom-left", "top-right", "top-left", "top", "bottom", "start", "end")
STYLES: Final = ("", "rhythm", "speech")
_AT_ONCE: Final = 2
_FACTS: Final = "facts.json"


@dataclass(frozen=True, slots=True)
class Wish:
    """How the label should be.

    Attributes:
        language: Of its words.
        place: Where; "" for the first choice of the rules.
        style: Of a label on sound; "" for the first choice.
    """

    language: str = "zh"
    place: str = ""
    style: str = ""

    def checked(self) -> Self:
        """Passes a wish that can be granted.

        Raises:
            UsageError: It names something that is not offered.
        """
        for value, offered in ((self.language, LANGUAGES), (self.place, PLACES), (self.style, STYLES)):
            if value not in offered:
                raise UsageError("preview-wish", value=value[:40], offered=", ".join(filter(None, offered)))
        return self

    def to_dict(self) -> dict[str, str]:
        return {"language": self.language, "place": self.place, "style": self.style}


@dataclass(frozen=True, slots=True)
class Preview:
    """One file with the label on it.

    Attributes:
        path: The labelled file.
        written: ``Written.to_dict()``: what was drawn and written.
    """

    id: str
    account_id: str
    filename: str
    media_type: str
    wish: Wish
    written: dict[str, Any]
    created_at: datetime
    path: Path

    @property
    def drawn(self) -> dict[str, Any]:
        """What was drawn, measured on the result."""
        return next((step for step in self.written["steps"] if step["step"] == "perceptible"), {})


class Trial:
    """A file on its way in, in a folder of its own."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self._limit = limit
        self._size = 0
        self._file: BinaryIO = (folder / "original").open("wb")

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes.

        Raises:
            LimitExceeded: The file is over the limit.
        """
        self._size += len(chunk)
        if self._size > self._limit:
            raise LimitExceeded("body-too-large", limit=f"{self._limit / MIB:g} MB")
        self._file.write(chunk)

    def close(self) -> None:
        self._file.close()


class Previews:
    """The previews of this site."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = settings.data_dir / "previews"
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """Opens a file on its way in; leaving the block drops what :meth:`make` did not take.

        Raises:
            StorageError: The folder cannot be written.
        """
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=".trial-", dir=self._root))
        except OSError as error:
            raise StorageError("folder", path=self._root, reason=error.strerror) from error
        trial = Trial(folder, self._settings.max_upload_bytes)
        try:
            yield trial
        finally:
            trial.close()
            shutil.rmtree(folder, ignore_errors=True)

    def make(self, account: Account, trial: Trial, filename: str, wish: Wish) -> Preview:
        """Labels the file and keeps both for an hour.

        Raises:
            UsageError: The wish cannot be granted.
            UnsupportedFormat, UnreadableInput, Refused, LimitExceeded: As :func:`yinji.label` raises them.
        """
        trial.close()
        preview = self._drawn(account.id, instants.uuid7(), trial.folder, words.filename(filename), wish.checked())
        self._make_room(account)
        home = self._root / preview.id
        trial.folder.rename(home)
        return replace(preview, path=home / preview.path.name)

    def again(self, account: Account, preview_id: str, wish: Wish) -> Preview:
        """Labels the same file as wished for now.

        Raises:
            NotFound: No such preview of this account, or it is over.
        """
        kept = self.get(account, preview_id)
        return self._drawn(account.id, kept.id, kept.path.parent, kept.filename, wish.checked())

    def get(self, account: Account, preview_id: str) -> Preview:
        """Returns one of the account's own previews.

        Raises:
            NotFound: There is none of this number, or it is over.
        """
        preview = self._kept(preview_id) if words.is_number(preview_id) else None
        if preview is None or preview.account_id != account.id or instants.now() - preview.created_at > LIFETIME:
            raise NotFound("preview-not-found")
        return preview

    def expire(self) -> None:
        """Removes what is over, and trials that nobody finished."""
        for entry in self._entries():
            with suppress(FileNotFoundError):  # its owner may be done with it just now
                if instants.now().timestamp() - entry.stat().st_mtime > LIFETIME.total_seconds():
                    shutil.rmtree(entry, ignore_errors=True)

    def _drawn(self, account_id: str, number: str, folder: Path, filename: str, wish: Wish) -> Preview:
        output = folder / f"labelled{Path(filename).suffix}"
        site = AigcLabel.first(self._settings.propagator, f"preview-{number}")
        if not self._turns.acquire(timeout=60):
            raise Refused("preview-busy")
        try:
            written = label(
                folder / "original",
                site,
                output=output,
                filename=filename,
                regime=self._settings.regime,
                language=wish.language,
                place=wish.place,
                style=wish.style,
                overwrite=True,
                durable=False,
                break_credentials=True,
            )
        finally:
            self._turns.release()
        media_type = read(output, filename=filename).media_type
        facts = written.to_dict() | {"path": filename}
        preview = Preview(number, account_id, filename, media_type, wish, facts, instants.now(), output)
        _write_facts(preview)
        return preview

    def _kept(self, number: str) -> Preview | None:
        folder = self._root / number
        try:
            facts = json.loads((folder / _FACTS).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return Preview(
            number,
            facts["account_id"],
            facts["filename"],
            facts["media_type"],
            Wish(**facts["wish"]),
            facts["written"],
            instants.from_text(facts["created_at"]),
            folder / facts["output"],
        )

    def _make_room(self, account: Account) -> None:
        held = sorted(entry.name for entry in self._entries() if words.is_number(entry.name))
        mine = [name for name in held if (kept := self._kept(name)) is not None and kept.account_id == account.id]
        for name in mine[: max(0, len(mine) - MAX_HELD + 1)]:
            shutil.rmtree(self._root / name, ignore_errors=True)

    def _entries(self) -> list[Path]:
        try:
            return list(self._root.iterdir())
        except OSError:
            return []


def _write_facts(preview: Preview) -> None:
    facts = {
        "account_id": preview.account_id,
        "filename": preview.filename,
        "media_type": preview.media_type,
        "wish": preview.wish.to_dict(),
        "written": preview.written,
        "created_at": instants.to_text(preview.created_at),
        "output": preview.path.name,
    }
    fresh = preview.path.with_name(f".{_FACTS}")
    fresh.write_text(json.dumps(facts), "utf-8")
    fresh.replace(preview.path.with_name(_FACTS))
