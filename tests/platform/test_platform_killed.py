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
import os, resource, signal, sys
from pathlib import Path
from yinji.errors import StorageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

data = Path(os.environ["YINJI_DATA_DIR"])
BALLAST = data / "ballast"


def fill():
    if sys.argv[1] == "disk":
        with open(BALLAST, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def empty():
    BALLAST.unlink(missing_ok=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


with Platform.open(Settings.from_environment()) as platform:
    author = platform.create_account("qinghe", "correct horse battery", Role.CREATOR)
    kept = platform.publish(author, title="before", text="kept", declaration=Declaration(Declared.NOT_AI))
    fill()
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
    empty()
    assert platform.item(kept.id).title == "before"
    platform.publish(author, title="after", text="room again", declaration=Declaration(Declared.NOT_AI))
    assert [item.title for item in platform.feed().rows][::-1] in (["before", "after"], ["before", "full", "after"])
    platform.audit_verify()
"""


def small_disk(folder: Path) -> list[str]:
    """Returns what runs a command with a disk of 8 MiB at ``folder``; nothing where the kernel allows no such thing."""
    mounted = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = f'mount -t tmpfs -o size=8m none "{folder}" && exec "$@"'
    tried = subprocess.run([*mounted, mount, "sh", "true"], capture_output=True, timeout=20)
    return [*mounted, mount, "sh"] if tried.returncode == 0 else []


@pytest.mark.parametrize("how", ["disk", "limit"])
def test_a_full_disk_is_said_and_leaves_nothing_half(tmp_path: Path, how: str) -> None:
    """A file system without room; and a kernel that lets no file grow beyond 1 MiB, where none can be mounted."""
    prefix = small_disk(tmp_path) if how == "disk" else []
    look = (
        "blobs = data / 'blobs'\n"
        "print([str(p) for p in blobs.rglob('*') if p.is_file() and p.stat().st_size > 1 << 16])\n"
        "print([str(p) for p in (blobs / 'scratch').rglob('*') if p.is_file()])\n"
    )
    environment = os.environ | {"YINJI_DATA_DIR": str(tmp_path)}
    command = [*prefix, sys.executable, "-c", FULL + look, "disk" if prefix else "limit"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "disk-full 507"
    assert said[-2:] == ["[]", "[]"]
