"""Private keys on disk: PEM and PKCS#8 (RFC 5958), with a passphrase as PBES2 (RFC 8018), the form OpenSSL writes.

``cryptography`` has no SM2 curve, so the container is taken apart here; its ciphers and key derivation do the work.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from typing import Final

from yinji.errors import Malformed, UsageError
from yinji.labels import der

_PLAIN: Final = "PRIVATE KEY"
_ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]{1,40})-----\s*([A-Za-z0-9+/=\s]+)-----END \1-----")

_PBES2: Final = der.oid("1.2.840.113549.1.5.13")
_PBKDF2: Final = der.oid("1.2.840.113549.1.5.12")
_HMAC: Final = {
    der.oid("1.2.840.113549.2.7"): "sha1",
    der.oid("1.2.840.113549.2.9"): "sha256",
    der.oid("1.2.840.113549.2.11"): "sha512",
}
_AES_CBC: Final = {
    der.oid("2.16.840.1.101.3.4.1.2"): 16,
    der.oid("2.16.840.1.101.3.4.1.22"): 24,
    der.oid("2.16.840.1.101.3.4.1.42"): 32,
}
_ITERATIONS: Final = 600_000
_MOST_ITERATIONS: Final = 10_000_000
_BLOCK: Final = 16


def to_pem(key: bytes, passphrase: bytes | None = None) -> str:
    """Returns a PrivateKeyInfo as PEM, enciphered (PBKDF2 with SHA-256, AES-256-CBC) when a passphrase is given.

    Args:
        key: DER PrivateKeyInfo.
        passphrase: The passphrase, or None.
    """
    label, body = (_PLAIN, key) if passphrase is None else (_ENCRYPTED, _encrypt(key, passphrase))
    return armour(label, body)


def armour(label: str, body: bytes) -> str:
    """Returns bytes as PEM (RFC 7468)."""
    text = base64.b64encode(body).decode("ascii")
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def dearmour(pem: str, label: str) -> bytes | None:
    """Returns the first PEM block of that label, or None when there is none, or it is broken."""
    found = next((m for m in _PEM.finditer(pem) if m[1] == label), None)
    try:
        return None if found is None else base64.b64decode("".join(found[2].split()), validate=True)
    except binascii.Error:
        return None


def from_pem(pem: str, passphrase: bytes | None = None) -> bytes:
    """Returns the DER PrivateKeyInfo of a PEM file.

    Raises:
        Malformed: The file holds no PKCS#8 private key, or one protected in another way than PBES2 with AES-CBC.
        UsageError: A passphrase is needed (``key-passphrase-needed``), or the one given is wrong (``key-passphrase``).
    """
    plain = dearmour(pem, _PLAIN)
    if plain is not None:
        return plain
    encrypted = dearmour(pem, _ENCRYPTED)
    if encrypted is None:
        raise Malformed("key-file")
    if passphrase is None:
        raise UsageError("key-passphrase-needed")
    return _decrypt(encrypted, passphrase)


def _encrypt(key: bytes, passphrase: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    salt, iv = secrets.token_bytes(16), secrets.token_bytes(_BLOCK)
    fill = _BLOCK - len(key) % _BLOCK
    cipher = Cipher(algorithms.AES(_derive("sha256", passphrase, salt, _ITERATIONS, 32)), modes.CBC(iv)).encryptor()
    secret = cipher.update(key + bytes((fill,)) * fill) + cipher.finalize()
    prf = der.write(der.SEQUENCE, der.oid("1.2.840.113549.2.9"), der.write(der.NULL))
    parameters = der.write(der.SEQUENCE, der.write(der.OCTET_STRING, salt), der.integer(_ITERATIONS), prf)
    derivation = der.write(der.SEQUENCE, _PBKDF2, parameters)
    scheme = der.write(der.SEQUENCE, der.oid("2.16.840.1.101.3.4.1.42"), der.write(der.OCTET_STRING, iv))
    algorithm = der.write(der.SEQUENCE, _PBES2, der.write(der.SEQUENCE, derivation, scheme))
    return der.write(der.SEQUENCE, algorithm, der.write(der.OCTET_STRING, secret))


def _decrypt(body: bytes, passphrase: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    try:
        prf, salt, iterations, size, iv, secret = _parameters(body)
    except (Malformed, KeyError):
        raise Malformed("key-file") from None
    if not 0 < iterations <= _MOST_ITERATIONS or len(iv) != _BLOCK or not secret or len(secret) % _BLOCK:
        raise Malformed("key-file")
    cipher = Cipher(algorithms.AES(_derive(prf, passphrase, salt, iterations, size)), modes.CBC(iv)).decryptor()
    key = cipher.update(secret) + cipher.finalize()
    fill = key[-1]
    if not 0 < fill <= _BLOCK or key[-fill:] != bytes((fill,)) * fill or not _is_sequence(key[:-fill]):
        raise UsageError("key-passphrase")
    return key[:-fill]


def _parameters(body: bytes) -> tuple[str, bytes, int, int, bytes, bytes]:
    algorithm, secret = der.sequence(body, (der.SEQUENCE, der.OCTET_STRING))
    scheme, parameters = der.elements(algorithm.content, (der.OID, der.SEQUENCE))
    derivation, cipher = der.elements(parameters.content, (der.SEQUENCE, der.SEQUENCE))
    function, settings = der.elements(derivation.content, (der.OID, der.SEQUENCE))
    if der.write(der.OID, scheme.content) != _PBES2 or der.write(der.OID, function.content) != _PBKDF2:
        raise Malformed("key-file")
    settled = der.elements(settings.content)
    if [e.tag for e in settled[:2]] != [der.OCTET_STRING, der.INTEGER]:
        raise Malformed("key-file")
    salt, iterations, *rest = settled
    prf = "sha1"  # the default of RFC 8018, A.2
    for element in rest:
        if element.tag == der.SEQUENCE and (named := der.elements(element.content)):
            prf = _HMAC[der.write(der.OID, named[0].content)]
    name, iv = der.elements(cipher.content, (der.OID, der.OCTET_STRING))
    size = _AES_CBC[der.write(der.OID, name.content)]
    return prf, salt.content, int.from_bytes(iterations.content, "big"), size, iv.content, secret.content


def _derive(prf: str, passphrase: bytes, salt: bytes, iterations: int, size: int) -> bytes:
    return hashlib.pbkdf2_hmac(prf, passphrase, salt, iterations, size)


def _is_sequence(data: bytes) -> bool:
    try:
        der.sequence(data)
    except Malformed:
        return False
    return True
