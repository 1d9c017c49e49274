"""Reading key files, asking for a passphrase when one is needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from yinji.cli.language import say
from yinji.errors import StorageError
from yinji.labels.keys import SigningKey, fingerprint_of_pem, load

PASSPHRASE_VARIABLE: Final = "YINJI_KEY_PASSPHRASE"  # noqa: S105  (the name of a variable, not a secret)


def private_key(path: Path) -> SigningKey:
    """Loads a private key; an enciphered one with the passphrase of ``YINJI_KEY_PASSPHRASE``, or by asking for it."""
    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    if passphrase is None and b"ENCRYPTED" in _bytes(path)[:64]:
        passphrase = click.prompt(say("私钥的口令", "Passphrase of the private key"), hide_input=True, err=True)
    return load(path, passphrase=passphrase.encode() if passphrase else None)


def public_fingerprint(path: str) -> str:
    """Returns the SHA-256 of the SubjectPublicKeyInfo in a PEM file, in hexadecimal."""
    return fingerprint_of_pem(_bytes(Path(path)).decode("ascii", "replace"))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        code = "not-found" if isinstance(error, FileNotFoundError) else "cannot-open"
        raise StorageError(code, path=path, reason=error.strerror) from error
