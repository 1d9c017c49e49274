"""The key that signs checkpoints: one file outside the database, made when it is first needed, mode 0600."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from yinji.errors import StorageError
from yinji.platform.audit.notes import Signer
from yinji.platform.settings import Settings

_SEED_BYTES: Final = 32
_MAX_FILE: Final = 4096
_NAMELESS: Final = "localhost"


def signer(settings: Settings) -> Signer:
    """Returns the site's key, made on first use and named after the site's host.

    Raises:
        StorageError: The file cannot be read or made, holds no key, or others may read it.
    """
    place = settings.audit_key_file
    try:
        if not place.exists():
            _make(place, urlsplit(settings.public_url).netloc or _NAMELESS)
        if place.stat().st_mode & 0o077:
            raise StorageError("audit-key-readable", path=place)
        with place.open("r", encoding="utf-8") as file:
            return Signer.from_text(file.read(_MAX_FILE))
    except OSError as error:
        raise StorageError("folder", path=place, reason=error.strerror) from error
    except ValueError as error:
        raise StorageError("audit-key-broken", path=place) from error


def _make(place: Path, name: str) -> None:
    """Makes a key, whole or not at all; where two processes do so at once, the first one's stays."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=place.parent, prefix=".yinji-tmp-") as file:  # made with mode 0600
        file.write(Signer(name, secrets.token_bytes(_SEED_BYTES)).to_text())
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, place)
        except FileExistsError:
            return
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
