"""Private keys on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from yinji.errors import Malformed, MissingExtra, OutputExists, StorageError, UsageError
from yinji.labels import keys

KINDS: list[keys.KeyKind] = ["sm2", "ed25519", "p256"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("passphrase", [None, "口令".encode()])
def test_saved_keys_load(tmp_path: Path, kind: keys.KeyKind, passphrase: bytes | None) -> None:
    key, path = keys.generate(kind), tmp_path / "key.pem"
    keys.save(key, path, passphrase=passphrase)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.load(path, passphrase=passphrase) == key
    assert ("ENCRYPTED" in path.read_text()) == (passphrase is not None)
    assert keys.fingerprint_of_pem(key.public_pem()) == key.fingerprint
    assert key.secret.hex() not in repr(key)
    assert str(key.secret) not in repr(key)
    if kind != "sm2":
        load_pem_private_key(path.read_bytes(), passphrase)


@pytest.mark.parametrize("kind", KINDS)
def test_passphrases(tmp_path: Path, kind: keys.KeyKind) -> None:
    path = tmp_path / "key.pem"
    keys.save(keys.generate(kind), path, passphrase=b"right")
    with pytest.raises(UsageError) as needed:
        keys.load(path)
    assert needed.value.code == "key-passphrase-needed"
    with pytest.raises(UsageError) as wrong:
        keys.load(path, passphrase=b"wrong")
    assert wrong.value.code == "key-passphrase"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-algorithm", "ed25519"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
        ("-algorithm", "ed25519", "-aes-192-cbc", "-pass", "pass:secret"),
    ],
)
def test_keys_of_openssl(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", *arguments, "-out", path], check=True, capture_output=True)
    assert keys.load(path, passphrase=b"secret").kind in ("ed25519", "p256")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("mine")
    with pytest.raises(OutputExists):
        keys.save(keys.generate("ed25519"), path)
    assert path.read_text() == "mine"
    with pytest.raises(StorageError):
        keys.save(keys.generate("ed25519"), tmp_path / "none" / "key.pem")
    with pytest.raises(StorageError):
        keys.load(tmp_path / "none.pem")


def armoured(label: str, body: str) -> str:
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "not a key",
        armoured("PRIVATE KEY", "AAAA"),
        armoured("PRIVATE KEY", "A"),
        armoured("PRIVATE KEY", "MAA="),
        armoured("PUBLIC KEY", "MAA="),
        armoured("ENCRYPTED PRIVATE KEY", "MAA="),
        armoured("ENCRYPTED PRIVATE KEY", "MAQwAAQA"),
    ],
)
def test_files_that_are_no_keys(pem: str) -> None:
    with pytest.raises(Malformed) as caught:
        keys.from_pem(pem, passphrase=b"x")
    assert caught.value.code == "key-file"


def test_other_curves_and_mismatched_pairs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    for arguments in (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"), ("-algorithm", "X25519")):
        subprocess.run(["openssl", "genpkey", *arguments, "-out", path], check=True, capture_output=True)
        with pytest.raises(Malformed):
            keys.load(path)
    mine, other = keys.generate("sm2"), keys.generate("sm2")
    mixed = keys.SigningKey("sm2", other.spki, mine.secret[:-64] + other.secret[-64:])
    with pytest.raises(Malformed):
        mixed.sign(b"message")


def test_public_pem_only() -> None:
    key = keys.generate("p256")
    for pem in ("", armoured("PUBLIC KEY", "A"), armoured("CERTIFICATE", "MAA=")):
        with pytest.raises(Malformed):
            keys.fingerprint_of_pem(pem)
    assert len(keys.fingerprint_of_pem(key.public_pem())) == 64


def test_without_gmssl(monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys.generate("sm2")
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    with pytest.raises(MissingExtra) as caught:
        keys.generate("sm2")
    with pytest.raises(MissingExtra):
        key.sign(b"message")
    assert caught.value.details["names"] == "gmssl_pyx"


def test_unknown_kind() -> None:
    with pytest.raises(UsageError):
        keys.generate("rsa")  # type: ignore[arg-type]


def test_reading_labels_needs_the_standard_library_only() -> None:
    code = (
        "import sys; import yinji.labels.decode, yinji.labels.security, yinji.labels.codes, yinji.labels.iptc,"
        "yinji.labels.keys;"
        "print([m for m in sys.modules if m.split('.')[0] in ('cryptography', 'gmssl_pyx')])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"
    )
