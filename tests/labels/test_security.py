"""Signatures of labels: the public vector, every form met in real files, and everything that must not pass."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from yinji.errors import InvalidLabel, Malformed
from yinji.labels import keys, sm2
from yinji.labels.aigc import AigcLabel
from yinji.labels.algorithms import ECDSA_SHA256, SM3_WITH_SM2, spki_of_certificate
from yinji.labels.decode import decode
from yinji.labels.security import (
    PRODUCER_FIELDS,
    PROPAGATOR_FIELDS,
    SignatureCheck,
    message,
    protect,
    protect_propagation,
    verify,
)
from yinji.labels.securitydata import parse
from yinji.labels.sm3 import sm3

RSA_SHA256 = "1.2.840.113549.1.1.11"
STEPFUN_KEY = (
    "3059301306072A8648CE3D020106082A811CCF5501822D034200045728F08C58D9C72150A705693EF7337859F8FF216E802630041AFAE5"
    "C036F0A67CB1FDF8C57F5F8B623284AE09E4E545464B7140B26BBDA51BAE965F854C57AA"
)
STEPFUN_SIGNATURE = (
    "3046022100AE6B84B3342128AE301A597596FCD9EECF3EA0FC2DB6C250BAF234E167298E90"
    "02210097223ABB647B786A90D0A1B93CB9382EA879563B2C7F025FA006BE16AE926C14"
)
FIRST = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
MESSAGE = message(FIRST)


def entry(signature: bytes, oid: str = SM3_WITH_SM2, tbs: Any = "Md", **more: Any) -> dict[str, Any]:
    return {"Type": "DS", "AlgID": oid, "TBSData": {"Type": tbs}, "Signature": signature.hex()} | more


def public(key: bytes, oid: str = SM3_WITH_SM2, **more: Any) -> dict[str, Any]:
    return {"Type": "PubKey", "AlgID": oid, "KeyValue": key.hex()} | more


def security(*entries: dict[str, Any], name: str = "PubSD", **more: Any) -> str:
    data = {"SecurityData": {"Type": "TC260PG", "Version": 1, name: list(entries)} | more}
    return json.dumps(data, separators=(",", ":"))


def slot1(reserved: str, label: AigcLabel = FIRST) -> SignatureCheck:
    (check,) = [c for c in verify(replace(label, reserved1=reserved)) if c.slot == 1]
    return check


STEPFUN = AigcLabel.first(
    "001191310104MACE0YX63918020",
    "142569260085903360",
    reserved1=security(entry(bytes.fromhex(STEPFUN_SIGNATURE)), public(bytes.fromhex(STEPFUN_KEY))),
)


def test_message_is_the_guides_text() -> None:
    assert MESSAGE == (b'"Label":"1","ContentProducer":"001191110000MA0TE5T00Q10001","ProduceID":"20261122-7f3a9c"')


def test_published_vector_verifies() -> None:
    first, second = verify(STEPFUN)
    assert (first.slot, first.result, first.form) == (1, "valid", "SM3(Z||SM3(M))")
    assert (first.algorithm, first.signs, first.covers) == ("SM3withSM2", "metadata", PRODUCER_FIELDS)
    assert first.fingerprint == hashlib.sha256(bytes.fromhex(STEPFUN_KEY)).hexdigest()
    assert (first.identity, first.owner) == ("unpinned", "")
    assert [p.code for p in first.problems] == ["signature-unpinned"]
    assert (second.slot, second.result) == (2, "absent")
    (point,) = sm2.points(bytes.fromhex(STEPFUN_KEY))
    e = sm3(sm2.user_hash(point) + sm3(message(STEPFUN)))
    assert e.hex() == "afde01c206b5824826730b6491bfe12b537492b51528603c3f276dd2f8e4ed89"


def test_published_vector_through_the_text_of_a_file() -> None:
    decoded = decode(STEPFUN.to_json(wrapped=True))
    assert decoded.label == STEPFUN
    assert verify(decoded.label)[0].result == "valid"


@pytest.mark.parametrize(
    "changed",
    [
        replace(STEPFUN, label="2"),
        replace(STEPFUN, label="3"),
        replace(STEPFUN, producer="001191310104MACE0YX63918021"),
        replace(STEPFUN, produce_id="142569260085903361"),
        replace(STEPFUN, producer=STEPFUN.produce_id, produce_id=STEPFUN.producer),
    ],
)
def test_any_change_of_the_signed_fields_fails(changed: AigcLabel) -> None:
    check = verify(changed)[0]
    assert (check.result, check.covers, check.identity) == ("invalid", (), "unpinned")
    assert [p.code for p in check.problems] == ["signature-mismatch"]


@settings(max_examples=25)
@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from("123"))
def test_no_other_fields_pass(producer: str, produce_id: str, label: str) -> None:
    assert verify(replace(STEPFUN, label=label, producer=producer, produce_id=produce_id))[0].result == "invalid"


def test_pinning_tells_who() -> None:
    fingerprint = verify(STEPFUN)[0].fingerprint
    check = verify(STEPFUN, pinned={fingerprint.upper(): "StepFun", "0" * 64: "other"})[0]
    assert (check.result, check.identity, check.owner, check.problems) == ("valid", "pinned", "StepFun", ())
    forged = verify(replace(STEPFUN, label="2"), pinned={fingerprint: "StepFun"})[0]
    assert (forged.result, forged.identity, forged.owner) == ("invalid", "unpinned", "")


def test_propagation_leaves_the_producers_signature_valid() -> None:
    passed = STEPFUN.propagated("001191110000MA0TE5T00Q20001", "post-42")
    assert verify(passed)[0].result == "valid"


@pytest.mark.parametrize("hashed_twice", [False, True])
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("encoding", ["spki", "04", "xy", "compressed", "x0", "0x", "x"])
def test_sm2_in_every_form(hashed_twice: bool, raw: bool, encoding: str) -> None:
    key, private = gmssl_pyx.sm2_key_generate()
    signature = gmssl_pyx.sm2_sign(private, key, sm3(MESSAGE) if hashed_twice else MESSAGE)
    (point,) = sm2.points(key)
    x = key[:32]
    encoded = {
        "spki": point.spki(),
        "04": b"\x04" + key,
        "xy": key,
        "compressed": bytes((2 + key[-1] % 2,)) + x,
        "x0": x + bytes(32),
        "0x": bytes(32) + x,
        "x": x,
    }[encoding]
    if raw:
        r, s = sm2.signature_integers(signature)
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    reserved = security(entry(signature), public(encoded))
    check = slot1(reserved)
    assert (check.result, check.form) == ("valid", "SM3(Z||SM3(M))" if hashed_twice else "SM3(Z||M)")
    assert check.fingerprint == hashlib.sha256(point.spki()).hexdigest()
    assert slot1(reserved, replace(FIRST, label="2")).result == "invalid"


def spki(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_rsa_as_the_algorithm_says(rsa_key: rsa.RSAPrivateKey) -> None:
    signature = rsa_key.sign(MESSAGE, PKCS1v15(), hashes.SHA256())
    reserved = security(entry(signature, RSA_SHA256), public(spki(rsa_key), RSA_SHA256), name="PubSd")
    check = slot1(reserved)
    assert (check.result, check.algorithm, check.form) == ("valid", "SHA256withRSA", "PKCS#1 v1.5")
    assert slot1(reserved, replace(FIRST, produce_id="x")).result == "invalid"


def test_rsa_over_the_bare_hash(rsa_key: rsa.RSAPrivateKey) -> None:
    numbers = rsa_key.private_numbers()
    digest = hashlib.sha256(MESSAGE).digest()
    padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest
    signature = pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
    reserved = security(entry(signature, RSA_SHA256), public(spki(rsa_key), RSA_SHA256))
    assert (slot1(reserved).result, slot1(reserved).form) == ("valid", "PKCS#1 v1.5, bare hash")
    assert slot1(reserved, replace(FIRST, produce_id="x")).result == "invalid"


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("bare_point", [False, True])
def test_ecdsa(raw: bool, bare_point: bool) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(hashlib.sha256(MESSAGE).digest(), ec.ECDSA(Prehashed(hashes.SHA256())))
    if raw:
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    reserved = security(entry(signature, ECDSA_SHA256), public(point if bare_point else spki(key), ECDSA_SHA256))
    check = slot1(reserved)
    assert (check.result, check.form) == ("valid", "ECDSA, raw" if raw else "ECDSA")
    assert check.fingerprint == hashlib.sha256(spki(key)).hexdigest()
    assert slot1(reserved, replace(FIRST, produce_id="x")).result == "invalid"


@pytest.mark.parametrize("algorithm", ["sm2", "ed25519"])
def test_certificate_as_key(tmp_path: Path, algorithm: str) -> None:
    private, certificate = tmp_path / "key.pem", tmp_path / "certificate.der"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", algorithm, "-out", private],
        check=True,
        capture_output=True,
    )
    request = ["openssl", "req", "-new", "-x509", "-key", private, "-subj", "/CN=test", "-days", "3650"]
    subprocess.run([*request, "-outform", "DER", "-out", certificate], check=True, capture_output=True)
    exported = subprocess.run(
        ["openssl", "pkey", "-in", private, "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    assert spki_of_certificate(certificate.read_bytes()) == exported
    if algorithm == "sm2":
        signature = keys.load(private).sign(MESSAGE)
        for value in (certificate.read_bytes().hex(), subprocess_base64(certificate)):
            check = slot1(security(entry(signature), {"Type": "Cert", "CertValue": value}))
            assert (check.result, check.fingerprint) == ("valid", hashlib.sha256(exported).hexdigest())


def subprocess_base64(path: Path) -> str:
    arguments = ["openssl", "x509", "-inform", "DER", "-in", str(path)]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    "reserved",
    [
        "5f0c6a2e-7b7e-4d7e-8a53-0f7e5f1c2a11",
        "d41d8cd98f00b204e9800998ecf8427e",
        "L-1234",
        "3045022100aa",
        '{"a":1}',
        "eyJhIjoxfQ==",
    ],
)
def test_opaque_reserved_codes_are_unverifiable(reserved: str) -> None:
    check = slot1(reserved)
    assert (check.result, [p.code for p in check.problems]) == ("unverifiable", ["reserved-opaque"])


GOOD = bytes.fromhex(STEPFUN_SIGNATURE)
KEY = bytes.fromhex(STEPFUN_KEY)


@pytest.mark.parametrize(
    ("reserved", "code"),
    [
        ('{"SecurityData":', "security-syntax"),
        ('{"SecurityData":1}', "security-syntax"),
        ('{"SecurityData":{"Type":"OTHER","PubSD":[]}}', "security-syntax"),
        ('{"SecurityData":{"PubSD":[1]}}', "security-syntax"),
        ('{"SecurityData":{"PubSD":[],"PubSD":[]}}', "security-syntax"),
        ('{"SecurityData":' + "[" * 5000, "security-syntax"),
        ('{"SecurityData":{"Type":"TC260PG"}' + " " * 70_000 + "}", "security-syntax"),
        (security(*[entry(GOOD)] * 9), "security-syntax"),
        (security(), "signature-none"),
        (security(public(KEY)), "signature-none"),
        (security(entry(GOOD)), "signature-no-key"),
        (security(entry(GOOD), public(KEY, KeyID=1)), "signature-no-key"),
        (security(entry(GOOD, "1.2.3"), public(KEY)), "signature-algorithm"),
        (security(entry(GOOD, "1.2.840.113549.1.1.5"), public(KEY)), "signature-algorithm"),
        (security(entry(b""), public(KEY)), "signature-broken"),
        (security(entry(b"x" * 10), public(KEY)), "signature-broken"),
        (security(entry(GOOD), public(b"x")), "signature-broken"),
        (security(entry(GOOD, RSA_SHA256), public(KEY)), "signature-broken"),
        (security(entry(GOOD, "1.3.101.112"), public(KEY)), "signature-broken"),
        (security(entry(GOOD), {"Type": "Cert", "CertValue": KEY.hex()}), "signature-broken"),
        (security(entry(GOOD, tbs="Content"), public(KEY)), "signature-content"),
        (security(entry(GOOD, tbs="Binding"), public(KEY), Bindings=[{"BType": 0}]), "signature-message-unknown"),
        (security(entry(GOOD, tbs="Strange"), public(KEY)), "signature-message-unknown"),
        (security(entry(GOOD), public(KEY)), "signature-mismatch"),
    ],
)
def test_what_cannot_be_verified_says_why(reserved: str, code: str) -> None:
    check = slot1(reserved)
    assert [p.code for p in check.problems] == [code]
    assert check.result == ("invalid" if code == "signature-mismatch" else "unverifiable")
    assert all("{" not in p.text.en + p.text.zh for p in check.problems)
    assert check.to_dict()["result"] == check.result


def test_key_ids_link_signatures_and_keys() -> None:
    mine, other = keys.generate("sm2"), keys.generate("sm2")
    reserved = security(
        public(other.spki, KeyID=1), public(mine.spki, KeyID=2), entry(mine.sign(MESSAGE), KeyID=2, tbs="LabelMataData")
    )
    assert slot1(reserved).fingerprint == mine.fingerprint


def test_binding_signature_covers_the_bindings_only() -> None:
    key = keys.generate("sm2")
    binding = {"BType": 0, "Hash": "00ff"}
    text = json.dumps(binding, separators=(",", ":")).encode()
    reserved = security(
        entry(key.sign(MESSAGE)), entry(key.sign(text), tbs="Binding"), public(key.spki), Bindings=[binding]
    )
    metadata, bound, absent = verify(replace(FIRST, reserved1=reserved))
    assert (metadata.result, metadata.signs, metadata.covers) == ("valid", "metadata", PRODUCER_FIELDS)
    assert (bound.result, bound.signs, bound.covers) == ("valid", "binding", ("Bindings",))
    assert absent.result == "absent"


@pytest.mark.parametrize("kind", ["sm2", "ed25519", "p256"])
def test_protect_and_verify(kind: keys.KeyKind) -> None:
    producer, propagator = keys.generate(kind), keys.generate(kind)
    signed = protect(FIRST, producer)
    assert not signed.problems()
    assert decode(signed.to_json()).label == signed
    passed = protect_propagation(signed.propagated("001191110000MA0TE5T00Q20001", "post-42"), propagator)
    assert list(passed.items())[:4] == list(signed.items())[:4]
    assert not passed.problems()
    first, second = verify(passed, pinned={producer.fingerprint: "us", propagator.fingerprint: "them"})
    assert (first.result, first.owner, first.covers) == ("valid", "us", PRODUCER_FIELDS)
    assert (second.result, second.owner, second.covers) == ("valid", "them", PROPAGATOR_FIELDS)
    for changed in (replace(passed, propagator="x"), replace(passed, propagate_id="x"), replace(passed, label="2")):
        assert verify(changed)[1].result == "invalid"
    assert verify(replace(passed, label="2"))[0].result == "invalid"
    assert verify(replace(passed, produce_id="x"))[1].result == "valid"
    assert verify(replace(passed, reserved1=passed.reserved2))[0].result == "invalid"


def test_written_form_is_the_guides() -> None:
    data = json.loads(protect(FIRST, keys.generate("sm2")).reserved1)["SecurityData"]
    assert (data["Type"], data["Version"]) == ("TC260PG", 1)
    signature, key = data["PubSD"]
    assert signature["TBSData"] == {"Type": "Md"}
    assert (signature["Type"], key["Type"]) == ("DS", "PubKey")
    assert signature["AlgID"] == key["AlgID"] == SM3_WITH_SM2
    assert len(bytes.fromhex(key["KeyValue"])) == 91


def test_unknown_propagator_signature_is_never_called_invalid() -> None:
    check = verify(replace(STEPFUN, reserved2=security(entry(GOOD), public(bytes.fromhex(STEPFUN_KEY)))))[1]
    assert (check.result, check.covers) == ("valid", PRODUCER_FIELDS)
    other = verify(replace(FIRST, reserved2=security(entry(GOOD), public(KEY))))[1]
    assert (other.result, [p.code for p in other.problems]) == ("unverifiable", ["signature-message-unknown"])


def test_only_conforming_halves_are_signed() -> None:
    key = keys.generate("ed25519")
    with pytest.raises(InvalidLabel):
        protect(AigcLabel.first("小厂", "1"), key)
    with pytest.raises(InvalidLabel):
        protect_propagation(FIRST.propagated("", "1"), key)
    assert verify(protect_propagation(AigcLabel("AIGC", "小厂", "").propagated("x", "1"), key))[1].result == "valid"


def test_two_labels_never_share_a_message() -> None:
    one = AigcLabel("1", 'a","ProduceID":"b', "c")
    two = AigcLabel("1", "a", 'b","ProduceID":"c')
    assert message(one) != message(two)


LABELS = st.builds(AigcLabel, *[st.text(max_size=8)] * 3)


@given(LABELS, LABELS)
def test_messages_differ_where_labels_do(one: AigcLabel, two: AigcLabel) -> None:
    assert (message(one) == message(two)) == (one == two)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6) | st.sampled_from(["DS", "PubKey", "Md"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Type", "PubSD", "PubSd", "TBSData", "Signature", "KeyValue", "KeyID", "AlgID", "Bindings"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_any_security_data_gets_an_answer(value: object) -> None:
    for check in verify(replace(FIRST, reserved1=json.dumps({"SecurityData": value}))):
        assert check.result in ("unverifiable", "absent")


@given(st.text(max_size=80))
def test_any_reserved_code_gets_an_answer(text: str) -> None:
    for reserved in (text, '{"SecurityData":' + text + "}"):
        assert verify(replace(FIRST, reserved1=reserved))[0].result in ("unverifiable", "absent")
        try:
            parse(reserved)
        except Malformed as error:
            assert error.text.en
