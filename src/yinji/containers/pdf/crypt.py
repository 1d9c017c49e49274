"""The standard security handler of PDF, opened with the empty user password (ISO 32000-1 7.6; ISO 32000-2 7.6.4).

A document that everyone may open, whose owner merely restricts what viewers offer, is enciphered under the empty user
password: its key can be computed, its strings read, and ours enciphered like all others. A document with a user
password stays closed, and the answer is :class:`~yinji.errors.Encrypted`, never "no label".
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import Enum
from typing import Final

from yinji.containers.pdf.lexer import Dictionary, Name, String
from yinji.errors import Encrypted, LimitExceeded, Malformed

_PADDING: Final = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_RC4_LIMIT: Final = 4 << 20
"""Bytes: RC4 in pure Python runs at a few MB/s, and no description of a document is longer."""


class Cipher(Enum):
    """The crypt filter methods (table 25)."""

    NONE = "None"
    RC4 = "V2"
    AES_128 = "AESV2"
    AES_256 = "AESV3"


@dataclass(frozen=True, slots=True)
class Security:
    """An opened document.

    Attributes:
        key: The file encryption key.
        strings, streams: What strings and streams are enciphered with.
        metadata: Whether the catalog's metadata stream is enciphered too.
        path: File name, for messages.
    """

    key: bytes
    strings: Cipher
    streams: Cipher
    metadata: bool
    path: str

    @classmethod
    def open(cls, encrypt: Dictionary, file_id: bytes, path: str) -> Security:
        """Computes the key from the encryption dictionary and the first part of the file identifier.

        Raises:
            Encrypted: A password, a certificate or an unknown handler is needed.
            Malformed: The dictionary lacks what its version needs.
        """
        version, revision = encrypt.integer("V") or 0, encrypt.integer("R") or 0
        if encrypt.get("Filter") != "Standard" or version not in (1, 2, 4, 5) or revision not in (2, 3, 4, 5, 6):
            raise Encrypted("pdf-security-handler", path=path, handler=str(encrypt.get("Filter")))
        metadata = encrypt.get("EncryptMetadata") is not False
        if version == 5:
            key = _key_256(encrypt, revision, path)
        else:
            key = _key_128(encrypt, file_id, version, revision, metadata=metadata, path=path)
        if version < 4:
            return cls(key, Cipher.RC4, Cipher.RC4, metadata, path)
        strings, streams = (_method(encrypt, key_name, path) for key_name in ("StrF", "StmF"))
        return cls(key, strings, streams, metadata, path)

    def decrypt(self, data: bytes, number: int, generation: int, cipher: Cipher) -> bytes:
        """Deciphers one string or stream of the object ``number generation``.

        Raises:
            Malformed: The ciphertext is no multiple of a block, or its padding is wrong.
            LimitExceeded: An RC4 stream is too long.
        """
        if cipher is Cipher.NONE:
            return data
        key = self._object_key(number, generation, cipher)
        if cipher is Cipher.RC4:
            return self._rc4(key, data)
        plain = _aes_cbc(key, data[:16], data[16:], encrypt=False) if len(data) % 16 == 0 and len(data) >= 32 else b""
        if not plain or not 1 <= plain[-1] <= 16:
            raise Malformed("pdf-ciphertext", path=self.path, object=number)
        return plain[: -plain[-1]]

    def encrypt(self, data: bytes, number: int, generation: int, cipher: Cipher) -> bytes:
        """Enciphers one string or stream of the object ``number generation``."""
        if cipher is Cipher.NONE:
            return data
        key = self._object_key(number, generation, cipher)
        if cipher is Cipher.RC4:
            return self._rc4(key, data)
        start, pad = os.urandom(16), 16 - len(data) % 16
        return start + _aes_cbc(key, start, data + bytes((pad,)) * pad, encrypt=True)

    def _rc4(self, key: bytes, data: bytes) -> bytes:
        if len(data) > _RC4_LIMIT:
            raise LimitExceeded("pdf-inflated", path=self.path, limit=_RC4_LIMIT)
        return _rc4(key, data)

    def _object_key(self, number: int, generation: int, cipher: Cipher) -> bytes:
        """Algorithm 1; under AES-256 every object has the file's key (algorithm 1.A)."""
        if cipher is Cipher.AES_256:
            return self.key
        salt = b"sAlT" if cipher is Cipher.AES_128 else b""
        number_bytes = (number & 0xFFFFFF).to_bytes(3, "little") + (generation & 0xFFFF).to_bytes(2, "little")
        return _md5(self.key + number_bytes + salt)[: min(len(self.key) + 5, 16)]


def _method(encrypt: Dictionary, key: str, path: str) -> Cipher:
    name = encrypt.get(key)
    if name is None or name == "Identity":
        return Cipher.NONE
    filters = encrypt.get("CF")
    chosen = filters.get(str(name)) if isinstance(filters, Dictionary) and isinstance(name, Name) else None
    method = chosen.get("CFM") if isinstance(chosen, Dictionary) else None
    try:
        return Cipher(str(method))
    except ValueError:
        raise Encrypted("pdf-security-handler", path=path, handler=str(method)) from None


def _bytes(encrypt: Dictionary, key: str, length: int, path: str) -> bytes:
    value = encrypt.get(key)
    if not isinstance(value, String) or len(value.data) < length:
        raise Malformed("pdf-encrypt", path=path, key=key)
    return value.data[:length]


def _key_128(encrypt: Dictionary, file_id: bytes, version: int, revision: int, *, metadata: bool, path: str) -> bytes:
    """Algorithms 2, 4 and 5: up to 128 bits, from MD5 of the padded password."""
    bits = encrypt.integer("Length") or 40
    length = {1: 5, 4: 16}.get(version, bits // 8)
    if not 5 <= length <= 16:
        raise Malformed("pdf-encrypt", path=path, key="Length")
    permissions = ((encrypt.integer("P") or 0) & 0xFFFFFFFF).to_bytes(4, "little")
    owner, user = _bytes(encrypt, "O", 32, path), _bytes(encrypt, "U", 32, path)
    key = _md5(_PADDING + owner + permissions + file_id + (b"" if metadata or revision < 4 else b"\xff" * 4))
    if revision >= 3:
        for _ in range(50):
            key = _md5(key[:length])
    key = key[:length]
    if revision == 2:
        proof, expected = _rc4(key, _PADDING), user
    else:
        proof, expected = _md5(_PADDING + file_id), user[:16]
        for i in range(20):
            proof = _rc4(bytes(b ^ i for b in key), proof)
    if proof != expected:
        raise Encrypted("pdf-password", path=path)
    return key


def _key_256(encrypt: Dictionary, revision: int, path: str) -> bytes:
    """Algorithm 2.A for the empty user password."""
    user, wrapped = _bytes(encrypt, "U", 48, path), _bytes(encrypt, "UE", 32, path)
    digest = _hash_r6 if revision == 6 else _sha256
    if digest(user[32:40]) != user[:32]:
        raise Encrypted("pdf-password", path=path)
    return _aes_cbc(digest(user[40:48]), bytes(16), wrapped, encrypt=False)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _hash_r6(salt: bytes) -> bytes:
    """Algorithm 2.B with an empty password and no user key."""
    key, last, done = _sha256(salt), 0, 0
    while done < 64 or last > done - 32:
        block = _aes_cbc(key[:16], key[16:32], key * 64, encrypt=True)
        kind = ("sha256", "sha384", "sha512")[sum(block[:16]) % 3]
        key, last, done = hashlib.new(kind, block).digest(), block[-1], done + 1
    return key[:32]


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _aes_cbc(key: bytes, start: bytes, data: bytes, *, encrypt: bool) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher as Algorithm
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    if len(key) not in (16, 32):
        raise Malformed("pdf-encrypt", key="Length")
    algorithm = Algorithm(AES(key), CBC(start))
    context = algorithm.encryptor() if encrypt else algorithm.decryptor()
    return context.update(data) + context.finalize()


def _rc4(key: bytes, data: bytes) -> bytes:
    """RC4, which current libraries no longer offer in every build and which old documents still need."""
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 0xFF
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(len(data)), 0, 0
    for at, byte in enumerate(data):
        i = (i + 1) & 0xFF
        x = state[i]
        j = (j + x) & 0xFF
        y = state[j]
        state[i], state[j] = y, x
        out[at] = byte ^ state[(x + y) & 0xFF]
    return bytes(out)
