"""Time stamps by a real authority: `openssl ts` behind a small server on loopback."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from audit_logs import fill
from yinji.cli.commands.audit import command
from yinji.errors import StorageError, UsageError
from yinji.platform.audit import AuditLog, stamps
from yinji.platform.audit.door import Audit
from yinji.platform.database import Database
from yinji.platform.errors import AuditBroken
from yinji.platform.settings import Settings
from yinji.server.stamping import post

CONFIG = """
[tsa]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
[extensions]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
"""


@dataclass
class Authority:
    url: str
    roots: Path
    folder: Path


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def certificates(folder: Path) -> None:
    (folder / "serial").write_text("01\n")
    (folder / "config").write_text(CONFIG.format(folder=folder))
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *new, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=Test CA",
            "-days", "30", "-config", "/dev/null", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    openssl("req", *new, "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr", "-subj", "/CN=Test TSA", "-config",
            "/dev/null")  # fmt: skip
    openssl("x509", "-req", "-in", folder / "tsa.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
            "-CAcreateserial", "-out", folder / "tsa.pem", "-days", "30", "-extfile", folder / "config",
            "-extensions", "extensions")  # fmt: skip


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    folder = tmp_path_factory.mktemp("tsa")
    certificates(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            (folder / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            openssl("ts", "-reply", "-config", folder / "config", "-section", "tsa", "-queryfile", folder / "query",
                    "-out", folder / "reply")  # fmt: skip
            body = b"nonsense" if self.path == "/broken" else (folder / "reply").read_bytes()
            self.send_response(500 if self.path == "/failing" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Authority(f"http://127.0.0.1:{server.server_port}/", folder / "ca.pem", folder)
    server.shutdown()
    thread.join()
    server.server_close()


def opened(database: Database, settings: Settings, authority: Authority, path: str = "") -> Audit:
    chosen = replace(settings, tsa_url=authority.url + path, tsa_roots=str(authority.roots))
    return Audit(database, AuditLog(database), chosen)


def test_a_checkpoint_is_stamped_once_kept_and_exported(
    database: Database, settings: Settings, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = opened(database, settings, authority)
    assert audit.stamps.stamp(post) is None, "there is no checkpoint yet"
    fill(database, AuditLog(database), 3)
    audit.checkpoints.remember()
    assert audit.stamps.stamp(post) == 3
    assert audit.stamps.stamp(post) is None
    fill(database, AuditLog(database), 2)
    audit.write_copy(tmp_path / "copy")
    checkpoint, stamp = tmp_path / "copy/checkpoints/3", tmp_path / "copy/checkpoints/3.tsr"
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-in", stamp, "-data", checkpoint, "-CAfile", authority.roots],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Verification: OK" in done.stdout
    assert not (tmp_path / "copy/checkpoints/5.tsr").exists()
    arguments = ["verify", str(tmp_path / "copy"), "--tsa-roots", str(authority.roots)]
    assert command.main(arguments, standalone_mode=False) == 0
    assert "3" in capsys.readouterr().err
    checkpoint.write_text(checkpoint.read_text().replace("localhost\n3", "localhost\n2"))
    with pytest.raises(AuditBroken):
        command.main(arguments, standalone_mode=False)


def test_other_stamps_are_refused(database: Database, settings: Settings, authority: Authority, tmp_path: Path) -> None:
    fill(database, AuditLog(database), 3)
    for path in ("broken", "failing"):
        audit = opened(database, settings, authority, path)
        audit.checkpoints.remember()
        with pytest.raises((AuditBroken, StorageError)) as caught:
            audit.stamps.stamp(post)
        assert caught.value.code in ("audit-stamp", "audit-fetch")
    audit = opened(database, settings, authority)
    audit.stamps.stamp(post)
    reply, roots = (authority.folder / "reply").read_bytes(), stamps.certificates(authority.roots)
    ((_, note),) = audit.checkpoints.history(1)
    assert stamps.verified(reply, note.encode(), roots).year >= 2024
    certificates(tmp_path)
    strangers = stamps.certificates(tmp_path / "ca.pem")
    for stamp, about, whom in (
        (reply, b"another", roots),
        (reply, note.encode(), strangers),
        (reply[:-9], note.encode(), roots),
        (b"", note.encode(), roots),
        (reply + bytes(70_000), note.encode(), roots),
    ):
        with pytest.raises(AuditBroken) as broken:
            stamps.verified(stamp, about, whom)
        assert broken.value.code == "audit-stamp"
    (tmp_path / "none.pem").write_text("no certificate")
    for place in (tmp_path / "none.pem", tmp_path / "missing.pem"):
        with pytest.raises(StorageError):
            stamps.certificates(place)


def test_an_authority_wants_an_address_and_certificates() -> None:
    for environment in (
        {"YINJI_TSA_URL": "ftp://x", "YINJI_TSA_ROOTS": "x"},
        {"YINJI_TSA_URL": "https://tsa.example"},
    ):
        with pytest.raises(UsageError):
            Settings.from_environment(environment)
