"""Signed notes and checkpoints of C2SP (https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint). Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yinji.platform.audit.tree import HASH_BYTES
from yinji.platform.errors import AuditBroken

_ED25519: Final = b"\x01"
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_NAME: Final = re.compile(r"[^\s+]{1,255}")
_MAX_NOTE: Final = 65_536
_MAX_SIGNATURES: Final = 100


@dataclass(frozen=True, slots=True)
class Verifier:
    """A name and the public key behind it.

    Attributes:
        name: Of the log, such as ``example.com``.
        public: 32 bytes, Ed25519.
    """

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The text by which people pass the key on: ``name+id+key``."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Reads a verifier key.

        Raises:
            AuditBroken: It is none, or none for Ed25519.
        """
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = _unbase64(encoded)
        if not _NAME.fullmatch(name) or key is None or key[:1] != _ED25519 or len(key) != HASH_BYTES + 1:
            raise AuditBroken("audit-vkey")
        verifier = cls(name, key[1:])
        if verifier.key_id.hex() != key_id:
            raise AuditBroken("audit-vkey")
        return verifier

    def open(self, note: str) -> str:
        """Returns the text of a note that this key has signed; other signatures on it do not matter.

        Raises:
            AuditBroken: It is no note, this key has not signed it, or the signature is wrong.
        """
        text, gap, signatures = note.rpartition("\n\n")
        if not gap or not signatures.endswith("\n") or len(note) > _MAX_NOTE:
            raise AuditBroken("audit-note")
        text += "\n"
        lines = signatures.removesuffix("\n").split("\n")
        matches = [_SIGNATURE.fullmatch(line) for line in lines[:_MAX_SIGNATURES]]
        ours = [_unbase64(match[2]) for match in matches if match and match[1] == self.name]
        ours = [signature for signature in ours if signature and signature[:4] == self.key_id]
        if not all(matches) or not ours or ours[0] is None:
            raise AuditBroken("audit-not-signed", name=self.name)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(ours[0][4:], text.encode())
        except (InvalidSignature, ValueError):
            raise AuditBroken("audit-signature", name=self.name) from None
        return text


@dataclass(frozen=True, slots=True)
class Signer:
    """A verifier with its private key."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self._key.public_key().public_bytes_raw())

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def sign(self, text: str) -> str:
        """Returns the note: the text, an empty line, and this key's signature."""
        signature = self.verifier.key_id + self._key.sign(text.encode())
        return f"{text}\n— {self.name} {_base64(signature)}\n"

    def to_text(self) -> str:
        """Writes the private key as ``golang.org/x/mod/sumdb/note`` does."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{_base64(_ED25519 + self.seed)}\n"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Reads a private key.

        Raises:
            ValueError: It is none.
        """
        parts = text.strip().split("+", 4)
        key = _unbase64(parts[4]) if len(parts) == 5 and parts[:2] == ["PRIVATE", "KEY"] else None
        if key is None or key[:1] != _ED25519 or len(key) != HASH_BYTES + 1 or not _NAME.fullmatch(parts[2]):
            raise ValueError("no signer key")
        signer = cls(parts[2], key[1:])
        if signer.verifier.key_id.hex() != parts[3]:
            raise ValueError("the key is not the one that its id names")
        return signer


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits itself to: so many entries, with this root."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the text of a note; lines after the third are extensions.

        Raises:
            AuditBroken: It is no checkpoint.
        """
        origin, *rest = text.split("\n")
        if len(rest) < 3 or not origin or not re.fullmatch(r"0|[1-9][0-9]{0,18}", rest[0]):
            raise AuditBroken("audit-note")
        root = _unbase64(rest[1])
        if root is None or len(root) != HASH_BYTES:
            raise AuditBroken("audit-note")
        return cls(origin, int(rest[0]), root)

    @classmethod
    def opened(cls, note: str, verifier: Verifier) -> Self:
        """Reads a signed checkpoint.

        Raises:
            AuditBroken: Not signed by this key, or for another log.
        """
        checkpoint = cls.parse(verifier.open(note))
        if checkpoint.origin != verifier.name:
            raise AuditBroken("audit-other-log", origin=checkpoint.origin, name=verifier.name)
        return checkpoint


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unbase64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
