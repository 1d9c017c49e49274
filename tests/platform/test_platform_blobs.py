"""Files under their hash: whole or absent, bounded, and never where a person says."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yinji.errors import LimitExceeded, StorageError
from yinji.platform.blobs import BlobStore, DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "blobs")


def kept(store: DirectoryStore, data: bytes) -> str:
    with store.spool(1 << 20) as spool:
        spool.write(data)
        spool.seal()
        spool.keep()
        return spool.sha256


def everything(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_it_fulfils_the_protocol(store: DirectoryStore) -> None:
    assert isinstance(store, BlobStore)


def test_kept_bytes_are_found_by_their_hash(store: DirectoryStore, tmp_path: Path) -> None:
    with store.spool(100) as spool:
        spool.write(b"one ")
        spool.write(b"two")
        spool.seal()
        assert (spool.size, spool.sha256) == (7, hashlib.sha256(b"one two").hexdigest())
        assert spool.path.read_bytes() == b"one two"
        spool.keep()
    assert store.path(spool.sha256).read_bytes() == b"one two"
    assert everything(tmp_path / "blobs") == [f"{spool.sha256[:2]}/{spool.sha256}"]


def test_the_same_bytes_are_kept_once(store: DirectoryStore, tmp_path: Path) -> None:
    assert kept(store, b"same") == kept(store, b"same")
    assert len(everything(tmp_path / "blobs")) == 1


def test_over_the_limit_nothing_is_kept(store: DirectoryStore, tmp_path: Path) -> None:
    with store.spool(10) as spool:
        spool.write(b"0123456789")
        with pytest.raises(LimitExceeded) as caught:
            spool.write(b"x")
        assert caught.value.code == "upload-too-large"
        assert everything(tmp_path / "blobs") == []
        with pytest.raises(StorageError):
            spool.write(b"y")
        with pytest.raises(StorageError):
            spool.seal()


def test_what_is_not_kept_is_gone(store: DirectoryStore, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), store.spool(10) as spool:
        spool.write(b"abc")
        raise ZeroDivisionError
    assert everything(tmp_path / "blobs") == []
    assert [path for path in (tmp_path / "blobs" / "scratch").rglob("*") if path.is_file()] == []


def test_a_file_written_by_something_else_is_taken_up(store: DirectoryStore) -> None:
    with store.scratch() as folder:
        (folder / "served").write_bytes(b"made elsewhere")
        spooled = store.spooled(folder / "served")
        spooled.keep()
    assert spooled.size == 14
    assert store.path(spooled.sha256).read_bytes() == b"made elsewhere"


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, "/etc/passwd", "g" * 64])
def test_only_hashes_name_files(store: DirectoryStore, name: str) -> None:
    with pytest.raises(StorageError):
        store.path(name)
    with pytest.raises(StorageError):
        store.remove(name)


def test_a_missing_file_is_an_error_of_ours(store: DirectoryStore) -> None:
    with pytest.raises(StorageError) as caught:
        store.path("a" * 64)
    assert caught.value.code == "blob-missing"


def test_removed_files_are_gone_and_removing_again_is_fine(store: DirectoryStore) -> None:
    digest = kept(store, b"x")
    store.remove(digest)
    store.remove(digest)
    with pytest.raises(StorageError):
        store.path(digest)


def test_shards_list_everything(store: DirectoryStore) -> None:
    digests = {kept(store, str(number).encode()) for number in range(20)}
    assert {digest for shard in store.shards() for digest in shard} == digests


def test_sweeping_removes_what_dead_processes_left_and_nothing_else(store: DirectoryStore, tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom yinji.platform.blobs import DirectoryStore\n"
        "with DirectoryStore(Path(sys.argv[1])).spool(100) as spool:\n"
        "    spool.write(b'left behind'); spool.seal(); os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "blobs")], timeout=60).returncode == 9
    scratch = tmp_path / "blobs" / "scratch"
    (left,) = scratch.iterdir()
    store.sweep()
    assert left.exists(), "it may be so fresh that its owner has not locked it yet"
    with store.spool(100) as spool:
        spool.write(b"alive")
        for folder in scratch.iterdir():
            os.utime(folder, (time.time() - 3600,) * 2)
        store.sweep()
        assert not left.exists()
        spool.seal()
        spool.keep()
    assert store.path(spool.sha256).read_bytes() == b"alive"


def test_a_full_disk_is_an_error_of_ours(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with store.spool(100) as spool:
        spool.write(b"abc")
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError) as caught:
            spool.stage()
    assert caught.value.code == "disk-full"


def test_a_folder_that_cannot_be_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        DirectoryStore(tmp_path / "file" / "blobs")
