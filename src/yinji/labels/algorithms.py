"""Signature algorithms by OID: which checks there are, and in which forms producers use them (checklist R76, R79)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from yinji.errors import Malformed
from yinji.labels import der, sm2
from yinji.labels.sm3 import sm3

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

SM3_WITH_SM2: Final = "1.2.156.10197.1.501"
ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"
ED25519: Final = "1.3.101.112"

_MAX_SIGNATURE: Final = 4096
_MAX_KEY: Final = 16384


class Outcome(NamedTuple):
    """What a check found.

    Attributes:
        valid: The signature signs the message under the key.
        form: Which of the algorithm's forms it has, or "" when invalid.
        spki: The key as DER SubjectPublicKeyInfo; its SHA-256 is the fingerprint.
    """

    valid: bool
    form: str
    spki: bytes


class Algorithm(NamedTuple):
    """One algorithm.

    Attributes:
        name: What reports call it.
        check: Takes (key, signature, message); raises Malformed when key or signature cannot be read.
    """

    name: str
    check: Callable[[bytes, bytes, bytes], Outcome]


def algorithm(oid: str) -> Algorithm | None:
    """Returns the algorithm with this OID, or None when it is unknown or too weak to mean anything (MD5, SHA-1)."""
    return _ALGORITHMS.get(oid)


def spki_of_certificate(certificate: bytes) -> bytes:
    """Returns the SubjectPublicKeyInfo of a DER X.509 certificate (RFC 5280, 4.1), of any algorithm, SM2 included.

    Raises:
        Malformed: It is no certificate.
    """
    tbs = der.sequence(certificate)[0]
    members = der.elements(tbs.content)
    offset = 1 if members and members[0].tag == der.CONTEXT_0 else 0
    if tbs.tag != der.SEQUENCE or len(members) < offset + 6 or members[offset + 5].tag != der.SEQUENCE:
        raise Malformed("der-syntax", offset=0)
    return der.write(der.SEQUENCE, members[offset + 5].content)


def _sm2(key: bytes, signature: bytes, message: bytes) -> Outcome:
    r, s = sm2.signature_integers(signature)
    points = sm2.points(key)
    for point in points:
        z = sm2.user_hash(point)
        for form, signed in (("SM3(Z||M)", message), ("SM3(Z||SM3(M))", sm3(message))):
            if sm2.verify(point, sm3(z + signed), r, s):
                return Outcome(True, form, point.spki())
    return Outcome(False, "", points[0].spki())


def _load(key: bytes) -> tuple[PublicKeyTypes, bytes]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    if len(key) > _MAX_KEY:
        raise Malformed("signature-key")
    try:
        public = load_der_public_key(key)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("signature-key") from None
    return public, public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _rsa(hash_name: str) -> Callable[[bytes, bytes, bytes], Outcome]:
    def check(key: bytes, signature: bytes, message: bytes) -> Outcome:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

        public, spki = _load(key)
        if not isinstance(public, RSAPublicKey):
            raise Malformed("signature-key")
        digest = _hash(hash_name)
        try:
            public.verify(signature, message, PKCS1v15(), digest)
        except InvalidSignature:
            bare = _is_bare_hash(public.recover_data_from_signature, signature, _digest(digest, message))
            return Outcome(bare, "PKCS#1 v1.5, bare hash" if bare else "", spki)
        return Outcome(True, "PKCS#1 v1.5", spki)

    return check


def _is_bare_hash(recover: Callable[..., bytes], signature: bytes, digest: bytes) -> bool:
    """Honor pads the hash itself, without the DigestInfo that names its algorithm."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    try:
        return recover(signature, PKCS1v15(), None) == digest
    except InvalidSignature:
        return False


def _ecdsa(hash_name: str) -> Callable[[bytes, bytes, bytes], Outcome]:
    def check(key: bytes, signature: bytes, message: bytes) -> Outcome:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey

        public, spki = _load(_p256_spki(key))
        if not isinstance(public, EllipticCurvePublicKey):
            raise Malformed("signature-key")
        size = (public.key_size + 7) // 8
        raw = len(signature) == 2 * size
        if raw:
            r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
            signature = der.write(der.SEQUENCE, der.integer(r), der.integer(s))
        try:
            public.verify(signature, message, ECDSA(_hash(hash_name)))
        except InvalidSignature:
            return Outcome(False, "", spki)
        return Outcome(True, "ECDSA, raw" if raw else "ECDSA", spki)

    return check


def _p256_spki(key: bytes) -> bytes:
    """Returns a key given as a bare point 04||x||y as SubjectPublicKeyInfo of P-256; others unchanged."""
    if len(key) != 65 or key[0] != 4:
        return key
    curve = der.write(der.SEQUENCE, der.oid(sm2.EC_PUBLIC_KEY), der.oid("1.2.840.10045.3.1.7"))
    return der.write(der.SEQUENCE, curve, der.write(der.BIT_STRING, b"\x00", key))


def _ed25519(key: bytes, signature: bytes, message: bytes) -> Outcome:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(key) == 32:
        key = der.write(
            der.SEQUENCE, der.write(der.SEQUENCE, der.oid(ED25519)), der.write(der.BIT_STRING, b"\x00", key)
        )
    public, spki = _load(key)
    if not isinstance(public, Ed25519PublicKey):
        raise Malformed("signature-key")
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return Outcome(False, "", spki)
    return Outcome(True, "Ed25519", spki)


def _hash(name: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    known: dict[str, HashAlgorithm] = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    return known[name]


def _digest(hash: HashAlgorithm, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import Hash

    running = Hash(hash)
    running.update(message)
    return running.finalize()


def _bounded(check: Callable[[bytes, bytes, bytes], Outcome]) -> Callable[[bytes, bytes, bytes], Outcome]:
    def bounded(key: bytes, signature: bytes, message: bytes) -> Outcome:
        if not 0 < len(signature) <= _MAX_SIGNATURE:
            raise Malformed("der-syntax", offset=0)
        return check(key, signature, message)

    return bounded


_ALGORITHMS: Final = {
    oid: Algorithm(name, _bounded(check))
    for oid, name, check in (
        (SM3_WITH_SM2, "SM3withSM2", _sm2),
        ("1.2.156.10197.1.301", "SM3withSM2", _sm2),
        ("1.2.156.10197.1.301.1", "SM3withSM2", _sm2),
        ("1.2.840.113549.1.1.11", "SHA256withRSA", _rsa("sha256")),
        ("1.2.840.113549.1.1.12", "SHA384withRSA", _rsa("sha384")),
        ("1.2.840.113549.1.1.13", "SHA512withRSA", _rsa("sha512")),
        (ECDSA_SHA256, "SHA256withECDSA", _ecdsa("sha256")),
        ("1.2.840.10045.4.3.3", "SHA384withECDSA", _ecdsa("sha384")),
        ("1.2.840.10045.4.3.4", "SHA512withECDSA", _ecdsa("sha512")),
        (ED25519, "Ed25519", _ed25519),
    )
}
