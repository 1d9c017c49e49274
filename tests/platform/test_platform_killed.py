"""Processes killed while people post, PostgreSQL crashed under load, a full disk: nothing acknowledged is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import crashing


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_again_and_again(kind: str) -> None:
    """The same with 1,000 posts: ``python tests/crashing.py 1000 sqlite``."""
    found = crashing.crash(kind, 24, 3)
    assert (found["posts"], found["marked"], found["kills"]) == (24, 3, 3)


@pytest.mark.timeout(300)
def test_postgresql_crashed_under_load() -> None:
    found = crashing.crash("postgresql", 24, 2, restart=True)
    assert (found["posts"], found["kills"]) == (24, 2)


FULL = """
import resource, signal, sys
from yinji.errors import StorageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

with Platform.open(Settings.from_environment()) as platform:
    author = platform.create_account("qinghe", "correct horse battery", Role.CREATOR)
    kept = platform.publish(author, title="before", text="kept", declaration=Declaration(Declared.NOT_AI))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        with platform.upload(author) as upload:
            for _ in range(64):
                upload.write(b"x" * 65536)
            upload.finish("x.bin")
    except StorageError as error:
        print(error.code, error.http_status)
    try:
        platform.publish(author, title="full", text="y" * 20000, declaration=Declaration(Declared.AI_GENERATED))
    except StorageError as error:
        print(error.code, error.http_status)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert platform.item(kept.id).title == "before"
    platform.publish(author, title="after", text="room again", declaration=Declaration(Declared.NOT_AI))
    assert [item.title for item in platform.feed().rows][::-1] in (["before", "after"], ["before", "full", "after"])
    platform.audit_verify()
"""


def test_a_full_disk_is_said_and_leaves_nothing_half(tmp_path: Path) -> None:
    """The kernel refuses to let any file grow beyond 1 MiB, as a full disk does."""
    script = FULL.replace("BYTES", str(1 << 20))
    environment = os.environ | {"YINJI_DATA_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "disk-full 507"
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file() and path.stat().st_size > 1 << 16] == []
    assert list((tmp_path / "blobs" / "scratch").iterdir()) == []
