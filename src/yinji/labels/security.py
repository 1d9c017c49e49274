"""Verifies and writes the protection of a label: ReservedCode1 by its producer, ReservedCode2 by its propagator.

Two questions are kept apart (checklist R78). *Integrity*: does the signature hold over the label's own fields? The
public key travels in the same file, so anybody can make that true. *Identity*: is the key one that the caller pinned?

The message of slot 1 is the text of TC260-PG-202511A, App. A.1 (R74)::

    "Label":"1","ContentProducer":"<value2>","ProduceID":"<value3>"

No public source settles the message of slot 2. Yinji signs the propagator's own triple in the same form, and says so in
the entry (``"Fields":["Label","ContentPropagator","PropagateID"]``); for entries of others that do not verify over that
text or over the producer's, the answer is "unverifiable", never "invalid".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol

from yinji.errors import LimitExceeded, Malformed
from yinji.labels.aigc import AigcLabel, require_producer, require_propagation, shown
from yinji.labels.algorithms import Algorithm, algorithm, spki_of_certificate
from yinji.labels.problem import Problem, Severity
from yinji.labels.securitydata import PublicKey, SecurityData, Signature, Signs, build, holds_security_data, parse

PRODUCER_FIELDS: Final = ("Label", "ContentProducer", "ProduceID")
PROPAGATOR_FIELDS: Final = ("Label", "ContentPropagator", "PropagateID")

Result = Literal["valid", "invalid", "unverifiable", "absent"]
Identity = Literal["pinned", "unpinned"]

_SLOTS: Final = {1: "ReservedCode1", 2: "ReservedCode2"}
_CANDIDATE_KEYS: Final = 2
_CANDIDATE_BINDINGS: Final = 2
"""Together with the bound on entries, these keep a hostile label below some hundred curve operations."""


class Signer(Protocol):
    """What :func:`protect` needs of a private key; :class:`yinji.labels.keys.SigningKey` is one."""

    @property
    def algorithm(self) -> str:
        """OID of the signature algorithm."""

    @property
    def spki(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""

    def sign(self, message: bytes) -> bytes:
        """Returns the signature over a message."""


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What one signature of a label shows.

    Attributes:
        slot: 1, the producer's ReservedCode1; 2, the propagator's ReservedCode2.
        result: ``valid`` and ``invalid`` speak of integrity only; ``unverifiable`` where nobody can tell.
        signs: ``metadata``, ``binding``, ``content``, ``unknown``, or "" where there is no signature.
        covers: What a valid signature covers: the label's keys, or ``("Bindings",)``.
        algorithm: Its name, "" when there is none; the OID when it is unknown.
        form: The algorithm's form that verified, or "".
        fingerprint: SHA-256 of the key's SubjectPublicKeyInfo in lower-case hexadecimal, or "".
        identity: ``pinned`` when the signature is valid under a key that the caller trusts.
        owner: Whose pinned key it is, or "".
        problems: Why the result is what it is.
    """

    slot: int
    result: Result
    signs: str = ""
    covers: tuple[str, ...] = ()
    algorithm: str = ""
    form: str = ""
    fingerprint: str = ""
    identity: Identity = "unpinned"
    owner: str = ""
    problems: tuple[Problem, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "slot": self.slot,
            "result": self.result,
            "signs": self.signs,
            "covers": list(self.covers),
            "algorithm": self.algorithm,
            "form": self.form,
            "fingerprint": self.fingerprint,
            "identity": self.identity,
            "owner": self.owner,
            "problems": [p.to_dict() for p in self.problems],
        }


def message(label: AigcLabel, fields: tuple[str, ...] = PRODUCER_FIELDS) -> bytes:
    """Returns the text that a signature covers (TC260-PG-202511A, App. A.1).

    For values of the standard's characters this is the guide's text to the letter; quotes and backslashes, which the
    standard excludes there, are written as in JSON, so that no two labels share a message.

    Args:
        label: The label.
        fields: Its keys, in order.
    """
    values = dict(label.items())
    return ",".join(f'"{f}":{json.dumps(values[f], ensure_ascii=False)}' for f in fields).encode(
        "utf-8", "surrogatepass"
    )


def verify(label: AigcLabel, *, pinned: Mapping[str, str] | None = None) -> tuple[SignatureCheck, ...]:
    """Checks every signature of a label: at least one answer a slot, producer first.

    Args:
        label: The label, as decoded.
        pinned: Owners by SHA-256 of the key's SubjectPublicKeyInfo in hexadecimal.
    """
    owners = {fingerprint.lower(): owner for fingerprint, owner in (pinned or {}).items()}
    checks = (*_slot(label, 1, label.reserved1), *_slot(label, 2, label.reserved2))
    return tuple(_identified(check, owners) for check in checks)


def protect(label: AigcLabel, key: Signer) -> AigcLabel:
    """Returns the label with the producer's signature in ReservedCode1.

    Raises:
        InvalidLabel: The producer's fields do not conform.
        MissingExtra: An SM2 key, without the optional dependency.
    """
    require_producer(label)
    return replace(label, reserved1=_signed(label, key, PRODUCER_FIELDS))


def protect_propagation(label: AigcLabel, key: Signer) -> AigcLabel:
    """Returns the label with the propagator's signature in ReservedCode2; the producer's half is untouched (R36).

    Raises:
        InvalidLabel: The propagator's fields do not conform.
        MissingExtra: An SM2 key, without the optional dependency.
    """
    require_propagation(label)
    return replace(label, reserved2=_signed(label, key, PROPAGATOR_FIELDS))


def _signed(label: AigcLabel, key: Signer, fields: tuple[str, ...]) -> str:
    told = fields if fields != PRODUCER_FIELDS else ()  # the guide settles slot 1, so nothing needs telling there
    signature = Signature(key.algorithm, "0", Signs.METADATA, key.sign(message(label, fields)), told)
    return build(signature, PublicKey(key.algorithm, "0", key.spki))


def _identified(check: SignatureCheck, owners: Mapping[str, str]) -> SignatureCheck:
    if check.result != "valid":
        return check
    owner = owners.get(check.fingerprint)
    if owner is None:
        unpinned = Problem("signature-unpinned", Severity.NOTE, "R78")
        return replace(check, problems=(*check.problems, unpinned))
    return replace(check, identity="pinned", owner=owner)


def _slot(label: AigcLabel, slot: int, reserved: str) -> Iterator[SignatureCheck]:
    if not reserved.strip():
        yield SignatureCheck(slot, "absent")
        return
    if not holds_security_data(reserved):
        yield _unverifiable(slot, "reserved-opaque", "R72")
        return
    try:
        data = parse(reserved)
    except (Malformed, LimitExceeded):
        yield _unverifiable(slot, "security-syntax", "R73")
        return
    if not data.signatures:
        yield _unverifiable(slot, "signature-none", "R73")
    for signature in data.signatures:
        yield _check(label, slot, data, signature)


def _unverifiable(slot: int, code: str, rule: str, *, signs: str = "", algorithm: str = "") -> SignatureCheck:
    values = {"key": _SLOTS[slot], "algorithm": algorithm}
    problem = Problem(code, Severity.NOTE, rule, values)
    return SignatureCheck(slot, "unverifiable", signs, algorithm=algorithm, problems=(problem,))


def _check(label: AigcLabel, slot: int, data: SecurityData, signature: Signature) -> SignatureCheck:
    signs = str(signature.signs)
    if signature.signs is Signs.CONTENT:
        return _unverifiable(slot, "signature-content", "R79", signs=signs)
    keys = [key for key in data.keys if key.key_id == signature.key_id][:_CANDIDATE_KEYS]
    if not keys:
        return _unverifiable(slot, "signature-no-key", "R73", signs=signs)
    oid = signature.algorithm or keys[0].algorithm
    chosen = algorithm(oid)
    if chosen is None:
        return _unverifiable(slot, "signature-algorithm", "R79", signs=signs, algorithm=shown(oid))
    check = SignatureCheck(slot, "unverifiable", signs, algorithm=chosen.name)
    readable = ""
    for covers, text in _messages(label, slot, data, signature):
        for key in keys:
            fingerprint, form = _attempt(chosen, key, signature.value, text)
            if form:
                return replace(check, result="valid", covers=covers, form=form, fingerprint=fingerprint)
            readable = readable or fingerprint
    if not readable:
        return replace(check, problems=(Problem("signature-broken", Severity.WARNING, "R76", {"key": _SLOTS[slot]}),))
    return _failed(replace(check, fingerprint=readable), signature)


def _failed(check: SignatureCheck, signature: Signature) -> SignatureCheck:
    """A signature that fails is invalid only where it is settled what it signs."""
    settled = check.slot == 1 or signature.fields == PROPAGATOR_FIELDS
    values = {"key": _SLOTS[check.slot]}
    if settled and signature.signs is Signs.METADATA:
        return replace(
            check, result="invalid", problems=(Problem("signature-mismatch", Severity.ERROR, "R77", values),)
        )
    return replace(check, problems=(Problem("signature-message-unknown", Severity.NOTE, "R79", values),))


def _messages(
    label: AigcLabel, slot: int, data: SecurityData, signature: Signature
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """Yields what the signature may cover, with the text, the likeliest first."""
    if signature.signs is Signs.BINDING:
        for binding in data.bindings[:_CANDIDATE_BINDINGS]:
            yield ("Bindings",), binding.encode("utf-8", "surrogatepass")
        yield ("Bindings",), f"[{','.join(data.bindings)}]".encode("utf-8", "surrogatepass")
        return
    if slot == 2:
        yield PROPAGATOR_FIELDS, message(label, PROPAGATOR_FIELDS)
    if slot == 1 or not signature.fields:
        yield PRODUCER_FIELDS, message(label, PRODUCER_FIELDS)


def _attempt(chosen: Algorithm, key: PublicKey, signature: bytes, text: bytes) -> tuple[str, str]:
    """Returns the key's fingerprint and the form that verified; both are "" for a key or signature out of form."""
    try:
        public = spki_of_certificate(key.value) if key.certificate else key.value
        outcome = chosen.check(public, signature, text)
    except Malformed:
        return "", ""
    return hashlib.sha256(outcome.spki).hexdigest(), outcome.form if outcome.valid else ""
