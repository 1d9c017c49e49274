"""A file with a C2PA manifest, signed by the reference library: no write breaks it unasked; one that does says so."""

from __future__ import annotations

import datetime
import io
import json
from pathlib import Path
from typing import Any

import c2pa
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import samples
import yinji
from yinji.cli.app import group
from yinji.errors import WouldBreakCredentials

PRODUCER, PLATFORM = "001191110000MA0TE5T00Q10001", "001191110000MA0TE5T00Q20001"
LABEL = yinji.AigcLabel.first(PRODUCER, "20261122-7f3a9c")
TYPES = {"jpg": "image/jpeg", "png": "image/png", "mp4": "video/mp4"}
NOW = datetime.datetime.now(datetime.UTC)


def certificate(name: str, key: Any, issuer: Any = None, issuer_key: Any = None) -> x509.Certificate:
    """A root when there is no issuer, else an end entity that may sign documents (C2PA 14.5)."""
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Yinji tests")]
    )
    is_root = issuer is None
    signing_key = issuer_key or key
    usage = x509.KeyUsage(not is_root, False, False, False, False, is_root, is_root, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if is_root else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if not is_root:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(signing_key, hashes.SHA256())


@pytest.fixture(scope="module")
def signer() -> c2pa.Signer:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Test root", root_key)
    chain = [certificate("Test signer", key, root, root_key), root]
    pem = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=pem, private_key=private, ta_url=None)
    return c2pa.Signer.from_info(info)


MANIFEST = {
    "claim_generator_info": [{"name": "yinji tests", "version": "1"}],
    "title": "a test",
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
                    }
                ]
            },
        }
    ],
}


@pytest.fixture(scope="module")
def signed(signer: c2pa.Signer, sample_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A signed file of each type."""
    sources = {"jpg": samples.jpeg("baseline"), "png": samples.png("rgb"), "mp4": samples.video("mp4")}
    folder = tmp_path_factory.mktemp("signed")
    made = {}
    for ending, source in sources.items():
        out = io.BytesIO()
        with c2pa.Builder(MANIFEST) as builder:
            builder.sign(signer, TYPES[ending], io.BytesIO(source.read_bytes()), out)
        made[ending] = folder / f"signed.{ending}"
        made[ending].write_bytes(out.getvalue())
        assert mismatches(made[ending]) == []
    return made


def mismatches(path: Path) -> list[str]:
    """What the reference library says of the manifest's binding to the file."""
    with c2pa.Reader(TYPES[path.suffix[1:]], io.BytesIO(path.read_bytes())) as reader:
        told = json.loads(reader.json())
    return [status["code"] for status in told.get("validation_status", []) if "mismatch" in status["code"].lower()]


ENDINGS = pytest.mark.parametrize("ending", list(TYPES))


@ENDINGS
def test_nothing_is_written_unasked(ending: str, signed: dict[str, Path], tmp_path: Path) -> None:
    path = signed[ending]
    before = path.read_bytes()
    labelled = tmp_path / f"labelled.{ending}"
    out = tmp_path / f"out.{ending}"
    source = samples.jpeg("baseline")
    carrier = tmp_path / "source.jpg"
    yinji.label(source, LABEL, output=carrier, metadata_only=True)
    attempts = (
        lambda: yinji.label(path, LABEL, output=out, metadata_only=True),
        lambda: yinji.label(path, LABEL, in_place=True, metadata_only=True),
        lambda: yinji.label(path, LABEL, output=out, metadata_only=True, dry_run=True),
        lambda: yinji.propagate(path, propagator=PLATFORM, propagate_id="p", label="3", output=out),
        lambda: yinji.carry(carrier, path),
    )
    for attempt in attempts:
        with pytest.raises(WouldBreakCredentials) as refused:
            attempt()
        assert refused.value.exit_code == 2
        assert "--break-credentials" in refused.value.advice.en
    assert path.read_bytes() == before
    assert not out.exists()
    assert not labelled.exists()


@ENDINGS
def test_asked_for_it_is_done_and_said(ending: str, signed: dict[str, Path], tmp_path: Path) -> None:
    path, out = signed[ending], tmp_path / f"out.{ending}"
    result = yinji.label(path, LABEL, output=out, metadata_only=True, break_credentials=True)
    assert result.to_dict()["steps"][-1] == {"step": "credentials", "broken": True}
    assert yinji.read(out).label == LABEL
    assert mismatches(out), "the step says that the manifest no longer verifies"
    passed_on = tmp_path / f"passed-on.{ending}"
    result = yinji.propagate(out, propagator=PLATFORM, propagate_id="p", output=passed_on, break_credentials=True)
    assert result.to_dict()["steps"][-1] == {"step": "credentials", "broken": True}
    carried = tmp_path / f"carried.{ending}"
    carried.write_bytes(path.read_bytes())
    result = yinji.carry(out, carried, break_credentials=True)
    assert result.to_dict()["steps"][-1] == {"step": "credentials", "broken": True}
    assert mismatches(carried)
    assert yinji.media_digest(carried) == yinji.media_digest(path)


@ENDINGS
def test_the_command_line(ending: str, signed: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / f"out.{ending}"
    words = ["--producer", PRODUCER, "--id", "1", "--metadata-only", "-o", str(out)]
    command = ["--lang", "en", "label", str(signed[ending]), *words]
    refused = CliRunner().invoke(group, command, standalone_mode=False)
    code = refused.exception.exit_code if isinstance(refused.exception, yinji.YinjiError) else refused.return_value
    assert code == 2
    assert not out.exists()
    done = CliRunner().invoke(group, [*command, "--break-credentials"], standalone_mode=False)
    assert done.exception is None
    assert "C2PA manifest in the file no longer verifies" in done.output


@ENDINGS
def test_a_file_signed_after_labelling_keeps_both(ending: str, signer: c2pa.Signer, tmp_path: Path) -> None:
    sources = {"jpg": samples.jpeg("baseline"), "png": samples.png("rgb"), "mp4": samples.video("mp4")}
    labelled, both = tmp_path / f"labelled.{ending}", tmp_path / f"both.{ending}"
    result = yinji.label(sources[ending], LABEL, output=labelled, metadata_only=True)
    assert "credentials" not in [step.name for step in result.steps]
    out = io.BytesIO()
    with c2pa.Builder(MANIFEST) as builder:
        builder.sign(signer, TYPES[ending], io.BytesIO(labelled.read_bytes()), out)
    both.write_bytes(out.getvalue())
    assert mismatches(both) == []
    assert yinji.read(both).label == LABEL
    before = both.read_bytes()
    yinji.carry(labelled, both)
    assert both.read_bytes() == before, "the label is there already, so there is nothing to break"
