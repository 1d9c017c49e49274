"""Private keys that sign labels: make, load, save, sign. SM2, Ed25519 and ECDSA on P-256.

SM2 keys are made and used by GmSSL (``pip install 'yinji[sm]'``), whose arithmetic takes the same time for every key.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from yinji.errors import Malformed, MissingExtra, OutputExists, StorageError, UsageError
from yinji.labels import der, pkcs8, sm2
from yinji.labels.algorithms import ECDSA_SHA256, ED25519, SM3_WITH_SM2
from yinji.labels.sm3 import sm3

if TYPE_CHECKING:
    from types import ModuleType

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

KeyKind = Literal["sm2", "ed25519", "p256"]

_MAX_FILE: Final = 1 << 16
_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key.

    Attributes:
        kind: ``sm2``, ``ed25519`` or ``p256``.
        spki: The public key as DER SubjectPublicKeyInfo.
        secret: The private key as DER PrivateKeyInfo (PKCS#8); never shown.
    """

    kind: KeyKind
    spki: bytes
    secret: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        """OID of the signature algorithm."""
        return _KINDS[self.kind].oid

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal: what others pin."""
        return hashlib.sha256(self.spki).hexdigest()

    def sign(self, message: bytes) -> bytes:
        """Returns the signature: DER for SM2, over SM3(Z || M), and ECDSA; 64 bytes for Ed25519.

        Raises:
            MissingExtra: An SM2 key, without GmSSL.
        """
        return _KINDS[self.kind].sign(self, message)

    def public_pem(self) -> str:
        """Returns the public key as PEM, to hand to whoever shall pin it."""
        return spki_to_pem(self.spki)


def generate(kind: KeyKind = "sm2") -> SigningKey:
    """Makes a new key.

    Raises:
        MissingExtra: An SM2 key, without GmSSL.
        UsageError: Unknown kind.
    """
    if kind not in _KINDS:
        raise UsageError("key-kind", kind=kind)
    return _KINDS[kind].generate()


def save(key: SigningKey, path: str | os.PathLike[str], *, passphrase: bytes | None = None) -> None:
    """Writes a key to a new file that only its owner may read (mode 0600), PEM PKCS#8. Never overwrites.

    Args:
        key: The key.
        path: The new file.
        passphrase: Enciphers the file, or None.

    Raises:
        OutputExists: There is such a file.
        StorageError: The operating system refused.
    """
    pem = pkcs8.to_pem(key.secret, passphrase).encode("ascii")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), _MODE)
    except FileExistsError:
        raise OutputExists("key-exists", path=os.fspath(path)) from None
    except OSError as error:
        raise StorageError("key-storage", path=os.fspath(path), reason=error.strerror or "") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        Path(path).unlink(missing_ok=True)
        raise StorageError("key-storage", path=os.fspath(path), reason=error.strerror or "") from error


def load(path: str | os.PathLike[str], *, passphrase: bytes | None = None) -> SigningKey:
    """Reads a key file written by :func:`save` or by OpenSSL.

    Raises:
        StorageError: The file cannot be read.
        Malformed: It holds no key of a kind we sign with.
        UsageError: A passphrase is missing or wrong.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_FILE)
    except OSError as error:
        raise StorageError("key-storage", path=os.fspath(path), reason=error.strerror or "") from error
    return from_pem(content.decode("ascii", "replace"), passphrase=passphrase)


def from_pem(pem: str, *, passphrase: bytes | None = None) -> SigningKey:
    """Reads a private key from PEM text; errors as :func:`load`."""
    secret = pkcs8.from_pem(pem, passphrase)
    try:
        _, algorithm, *_ = der.sequence(secret)
        known = algorithm.content == sm2.ALGORITHM_PARAMETERS
        return _sm2_of(secret) if known else _loaded(secret)
    except (Malformed, ValueError):
        raise Malformed("key-file") from None


def spki_to_pem(spki: bytes) -> str:
    """Returns a SubjectPublicKeyInfo as PEM."""
    return pkcs8.armour("PUBLIC KEY", spki)


def fingerprint_of_pem(pem: str) -> str:
    """Returns the fingerprint of a public key in PEM, for a list of pinned keys.

    Raises:
        Malformed: It is no public key in PEM.
    """
    spki = pkcs8.dearmour(pem, "PUBLIC KEY")
    if spki is None:
        raise Malformed("signature-key")
    der.sequence(spki, (der.SEQUENCE, der.BIT_STRING))
    return hashlib.sha256(spki).hexdigest()


def _gmssl() -> ModuleType:
    try:
        return importlib.import_module("gmssl_pyx")
    except ImportError:
        raise MissingExtra("missing-extra", extra="sm", names="gmssl_pyx") from None


def _sm2_generate() -> SigningKey:
    public, private = _gmssl().sm2_key_generate()
    point = sm2.points(public)[0]
    body = der.write(
        der.SEQUENCE,
        der.integer(1),
        der.write(der.OCTET_STRING, private),
        der.write(der.CONTEXT_1, der.write(der.BIT_STRING, b"\x00\x04", point.raw())),
    )
    algorithm = der.write(der.SEQUENCE, sm2.ALGORITHM_PARAMETERS)
    secret = der.write(der.SEQUENCE, der.integer(0), algorithm, der.write(der.OCTET_STRING, body))
    return SigningKey("sm2", point.spki(), secret)


def _sm2_parts(secret: bytes) -> tuple[bytes, sm2.Point]:
    """Returns the 32-byte private scalar and the public point of a PrivateKeyInfo."""
    members = der.sequence(secret)
    if len(members) < 3:
        raise Malformed("key-file")
    parts = der.sequence(members[2].content)
    public = next((p for p in parts if p.tag == der.CONTEXT_1), None)
    if public is None or len(parts) < 2 or len(parts[1].content) != sm2.SIZE:
        raise Malformed("key-file")
    (bits,) = der.elements(public.content, (der.BIT_STRING,))
    return parts[1].content, sm2.points(bits.content[1:])[0]


def _sm2_of(secret: bytes) -> SigningKey:
    return SigningKey("sm2", _sm2_parts(secret)[1].spki(), secret)


def _sm2_sign(key: SigningKey, message: bytes) -> bytes:
    """Signs, and checks the result: a file may pair a private key with a public one that is not its own."""
    private, point = _sm2_parts(key.secret)
    signature = bytes(_gmssl().sm2_sign(private, point.raw(), message))
    if not sm2.verify(point, sm3(sm2.user_hash(point) + message), *sm2.signature_integers(signature)):
        raise Malformed("key-file")
    return signature


def _ed25519_generate() -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _of("ed25519", Ed25519PrivateKey.generate())


def _p256_generate() -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    return _of("p256", generate_private_key(SECP256R1()))


def _of(kind: KeyKind, private: PrivateKeyTypes) -> SigningKey:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(kind, spki, private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _loaded(secret: bytes) -> SigningKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        private = load_der_private_key(secret, None)
    except (UnsupportedAlgorithm, TypeError):
        raise Malformed("key-file") from None
    if isinstance(private, Ed25519PrivateKey):
        return _of("ed25519", private)
    if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
        return _of("p256", private)
    raise Malformed("key-file")


def _ed25519_sign(key: SigningKey, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    private = load_der_private_key(key.secret, None)
    if not isinstance(private, Ed25519PrivateKey):
        raise Malformed("key-file")
    return private.sign(message)


def _p256_sign(key: SigningKey, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    private = load_der_private_key(key.secret, None)
    if not isinstance(private, EllipticCurvePrivateKey):
        raise Malformed("key-file")
    return private.sign(message, ECDSA(SHA256()))


class _Kind(NamedTuple):
    oid: str
    generate: Callable[[], SigningKey]
    sign: Callable[[SigningKey, bytes], bytes]


_KINDS: Final = {
    "sm2": _Kind(SM3_WITH_SM2, _sm2_generate, _sm2_sign),
    "ed25519": _Kind(ED25519, _ed25519_generate, _ed25519_sign),
    "p256": _Kind(ECDSA_SHA256, _p256_generate, _p256_sign),
}
