"""SM2 and SM3 in Python, against the published vectors, GmSSL and OpenSSL."""

from __future__ import annotations

import subprocess
from pathlib import Path

import gmssl_pyx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yinji.errors import Malformed
from yinji.labels import der, keys, sm2
from yinji.labels.sm2 import N, P, Point
from yinji.labels.sm3 import sm3, sm3_in_python


def openssl(*arguments: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=False)


def test_sm3_vectors_of_the_standard() -> None:
    assert sm3_in_python(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3_in_python(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@given(st.binary(max_size=300))
def test_sm3_agrees_with_gmssl(data: bytes) -> None:
    assert sm3_in_python(data) == gmssl_pyx.sm3_hash(data) == sm3(data)


def test_curve_parameters() -> None:
    assert sm2.on_curve(sm2.G)
    assert sm2._combine(N, N, sm2.G) is None
    assert sm2._combine(1, 0, sm2.G) == sm2.G.x
    assert sm2._combine(N - 1, 0, sm2.G) == sm2.G.x


@settings(max_examples=15)
@given(st.binary(max_size=100))
def test_verification_agrees_with_gmssl(message: bytes) -> None:
    public, private = gmssl_pyx.sm2_key_generate()
    (point,) = sm2.points(public)
    signature = gmssl_pyx.sm2_sign(private, public, message)
    r, s = sm2.signature_integers(signature)
    e = sm3(sm2.user_hash(point) + message)
    assert sm2.verify(point, e, r, s)
    assert not sm2.verify(point, sm3(sm2.user_hash(point) + message + b"x"), r, s)
    assert not sm2.verify(point, e, r ^ 1, s)
    assert not sm2.verify(point, e, r, s ^ 1)
    assert not sm2.verify(Point(point.x, P - point.y), e, r, s)
    assert not sm2.verify(Point(point.x, point.y ^ 1), e, r, s)
    assert not sm2.verify(point, e, r + N, s)
    assert not sm2.verify(point, e, r, N - r)


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (N, 1), (1, N), (-1, 1), (N - 1, 1)])
def test_out_of_range_signatures(r: int, s: int) -> None:
    assert not sm2.verify(sm2.G, bytes(32), r, s)


GB_EXAMPLE = Point(
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
"""The public key of the examples in GB/T 32918.5."""


def test_key_encodings() -> None:
    point = GB_EXAMPLE
    public = point.raw()
    x = public[:32]
    compressed = bytes((2 + (point.y & 1),)) + x
    for encoding in (public, b"\x04" + public, compressed, point.spki()):
        assert sm2.points(encoding) == (point,)
    for encoding in (x, x + bytes(32), bytes(32) + x, b"\0" + x, x + b"\0", x + bytes(33)):
        assert point in sm2.points(encoding)
        assert len(sm2.points(encoding)) == 2
    assert len(point.spki()) == 91


@pytest.mark.parametrize("first", [2, 3, 4, 0x30])
def test_a_padded_x_that_begins_as_another_form(first: int) -> None:
    coordinates = (bytes([first]) + bytes(30) + bytes([last]) for last in range(1, 64))
    even, odd = next(filter(None, map(sm2._with_x, coordinates)))
    x = even.x.to_bytes(32, "big")
    assert (even.y & 1, odd.y & 1) == (0, 1)
    for padding in (1, 32, 33, 59, 64):
        assert {even, odd} <= set(sm2.points(x + bytes(padding)))
        assert sm2.points(bytes(padding) + x) == (even, odd)


@pytest.mark.parametrize(
    "encoding",
    [
        b"",
        bytes(32),
        bytes(64),
        b"\xff" * 32,
        b"\xff" * 64,
        b"\x02" + b"\xff" * 32,
        b"\x30" * 91,
        b"x" * 10,
        b"x" * 200,
    ],
)
def test_no_keys(encoding: bytes) -> None:
    with pytest.raises(Malformed):
        sm2.points(encoding)


@given(st.binary(max_size=120))
def test_any_bytes_as_key_or_signature(data: bytes) -> None:
    for parse in (sm2.points, sm2.signature_integers, der.sequence):
        try:
            parse(data)
        except Malformed as error:
            assert error.text.zh


@given(st.integers(0, 1 << 600))
def test_integers_read_back(value: int) -> None:
    element = der.read(der.integer(value))
    assert (element.tag, int.from_bytes(element.content, "big", signed=True)) == (der.INTEGER, value)


def test_object_identifiers() -> None:
    assert der.oid("1.2.156.10197.1.501").hex() == "06082a811ccf55018375"
    assert der.oid("2.16.840.1.101.3.4.1.42").hex() == "060960864801650304012a"


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_openssl_verifies_what_we_sign(tmp_path: Path, passphrase: bytes | None) -> None:
    key = keys.generate("sm2")
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    keys.save(key, private, passphrase=passphrase)
    unlock = ["-passin", "pass:" + passphrase.decode()] if passphrase else []
    assert openssl("pkey", "-in", private, *unlock, "-pubout", "-out", public).returncode == 0
    assert public.read_text() == key.public_pem()
    message, signature = tmp_path / "message", tmp_path / "signature"
    message.write_bytes(b'"Label":"1"')
    signature.write_bytes(key.sign(b'"Label":"1"'))
    verify = ("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
    files = ("-pubin", "-inkey", public, "-sigfile", signature, "-in", message)
    assert openssl(*verify, *files).returncode == 0
    message.write_bytes(b'"Label":"2"')
    assert openssl(*verify, *files).returncode != 0


@pytest.mark.parametrize("cipher", [[], ["-aes-256-cbc"], ["-aes-128-cbc"]])
def test_we_verify_what_openssl_signs(tmp_path: Path, cipher: list[str]) -> None:
    private, message = tmp_path / "key.pem", tmp_path / "message"
    lock = [*cipher, "-pass", "pass:secret"] if cipher else []
    assert openssl("genpkey", "-algorithm", "SM2", *lock, "-out", private).returncode == 0
    key = keys.load(private, passphrase=b"secret" if cipher else None)
    message.write_bytes(b"a message")
    unlock = ["-passin", "pass:secret"] if cipher else []
    sign = ("pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
    signature = openssl(*sign, "-inkey", private, *unlock, "-in", message).stdout
    (point,) = sm2.points(key.spki)
    r, s = sm2.signature_integers(signature)
    assert sm2.verify(point, sm3(sm2.user_hash(point) + b"a message"), r, s)
    assert not sm2.verify(point, sm3(sm2.user_hash(point) + b"a massage"), r, s)
