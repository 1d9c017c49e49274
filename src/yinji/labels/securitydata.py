"""The security data of TC260-PG-202511A, as ReservedCode1 and ReservedCode2 hold them: a JSON object in a string.

::

    {"SecurityData":{"Type":"TC260PG","Version":1,
      "PubSD":[{"Type":"DS","AlgID":OID,"TBSData":{"Type":"Md"},"Signature":HEX},
               {"Type":"PubKey","AlgID":OID,"KeyValue":HEX}],
      "Bindings":[…]}}

Producers spell it in several ways (``PubSd``, ``LabelMataData``); all that were met are read, only the guide's are
written.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from yinji.errors import LimitExceeded, Malformed
from yinji.labels.scanner import scan_object

TYPE: Final = "TC260PG"
VERSION: Final = 1
MAX_CHARACTERS: Final = 1 << 16
MAX_ENTRIES: Final = 8


class Signs(StrEnum):
    """What a signature covers, after its ``TBSData.Type``."""

    METADATA = "metadata"
    BINDING = "binding"
    CONTENT = "content"
    UNKNOWN = "unknown"


_SIGNS: Final = {
    "md": Signs.METADATA,
    "metadata": Signs.METADATA,
    "labelmetadata": Signs.METADATA,
    "labelmatadata": Signs.METADATA,
    "bnd": Signs.BINDING,
    "binding": Signs.BINDING,
    "content": Signs.CONTENT,
}


@dataclass(frozen=True, slots=True)
class Signature:
    """One entry of type ``DS``.

    Attributes:
        algorithm: OID of the signature algorithm, or "".
        key_id: Which key made it; "0" by default.
        signs: What it covers.
        value: The signature.
        fields: The label's keys that it covers, when the entry says so itself (Yinji's own addition, slot 2).
    """

    algorithm: str
    key_id: str
    signs: Signs
    value: bytes
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One entry of type ``PubKey`` or ``Cert``.

    Attributes:
        algorithm: OID, or "".
        key_id: The number that signatures refer to; "0" by default.
        value: The key, in whatever encoding its writer chose; of a certificate, the DER certificate.
        certificate: The value is an X.509 certificate.
    """

    algorithm: str
    key_id: str
    value: bytes
    certificate: bool = False


@dataclass(frozen=True, slots=True)
class SecurityData:
    """The parsed object.

    Attributes:
        version: ``Version`` as text.
        signatures: The entries of type ``DS``.
        keys: The entries that carry public keys.
        bindings: The entries of ``Bindings``, each as compact JSON.
    """

    version: str
    signatures: tuple[Signature, ...]
    keys: tuple[PublicKey, ...]
    bindings: tuple[str, ...] = ()


def holds_security_data(reserved: str) -> bool:
    """Says whether a reserved field claims to hold security data; anything else is opaque and legal (R72)."""
    return reserved.lstrip()[:1] == "{" and '"SecurityData"' in reserved[:MAX_CHARACTERS]


def parse(reserved: str) -> SecurityData:
    """Reads a reserved field (R73).

    Args:
        reserved: The value of ReservedCode1 or ReservedCode2.

    Raises:
        Malformed: It is no SecurityData object of type TC260PG, or has a key twice.
        LimitExceeded: Too long, too deep, or too many entries.
    """
    if len(reserved) > MAX_CHARACTERS:
        raise LimitExceeded("json-members", offset=0, limit=MAX_CHARACTERS)
    reserved = reserved.strip()
    scan_object(reserved)  # bounds the nesting, so that the standard parser below cannot recurse far
    try:
        outer = json.loads(reserved, object_pairs_hook=_unique, strict=False)
    except ValueError:
        raise Malformed("json-syntax", offset=0) from None
    data = _table(outer.get("SecurityData"))
    if data.get("Type", TYPE) != TYPE:
        raise Malformed("json-syntax", offset=0)
    entries = _list(data.get("PubSD", data.get("PubSd")))
    return SecurityData(
        str(data.get("Version", "")),
        tuple(_signature(e) for e in entries if e.get("Type") == "DS"),
        tuple(_key(e) for e in entries if str(e.get("Type")).lower() in ("pubkey", "cert", "x509", "x509cert")),
        tuple(json.dumps(b, ensure_ascii=False, separators=(",", ":")) for b in _list(data.get("Bindings"))),
    )


def build(signature: Signature, key: PublicKey) -> str:
    """Returns the reserved field for one signature and the key that checks it, as the guide writes it."""
    tbs: dict[str, Any] = {"Type": "Md"}
    if signature.fields:
        tbs["Fields"] = list(signature.fields)
    public_data = [
        {"Type": "DS", "AlgID": signature.algorithm, "TBSData": tbs, "Signature": signature.value.hex().upper()},
        {"Type": "PubKey", "AlgID": key.algorithm, "KeyValue": key.value.hex().upper()},
    ]
    data = {"SecurityData": {"Type": TYPE, "Version": VERSION, "PubSD": public_data}}
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise Malformed("json-syntax", offset=0)
    return table


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("json-syntax", offset=0)
    return value


def _list(value: object) -> list[dict[str, Any]]:
    entries: Iterable[object] = [] if value is None else value if isinstance(value, list) else [value]
    tables = [_table(entry) for entry in entries]
    if len(tables) > MAX_ENTRIES:
        raise LimitExceeded("json-members", offset=0, limit=MAX_ENTRIES)
    return tables


def _signature(entry: dict[str, Any]) -> Signature:
    tbs = entry.get("TBSData")
    table = tbs if isinstance(tbs, dict) else {"Type": tbs}
    fields = table.get("Fields")
    return Signature(
        str(entry.get("AlgID", "")),
        str(entry.get("KeyID", 0)),
        _SIGNS.get(str(table.get("Type")).lower(), Signs.UNKNOWN),
        _octets(entry.get("Signature", entry.get("SignValue"))),
        tuple(f for f in fields if isinstance(f, str)) if isinstance(fields, list) else (),
    )


def _key(entry: dict[str, Any]) -> PublicKey:
    names = ("KeyValue", "CertValue", "Value", "PubKey", "Cert")
    value = next((entry[name] for name in names if name in entry), None)
    certificate = str(entry.get("Type")).lower() != "pubkey"
    return PublicKey(str(entry.get("AlgID", "")), str(entry.get("KeyID", 0)), _octets(value), certificate)


def _octets(value: object) -> bytes:
    """Decodes hexadecimal, or else Base64 (a certificate may come as PEM)."""
    if not isinstance(value, str):
        return b""
    lines = [line for line in value.split("\n") if not line.startswith("-----")]
    text = "".join("".join(lines).split())
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
