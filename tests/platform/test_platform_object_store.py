"""Files in a real S3 endpoint: the same promises as the local folder, and a platform that lives on it."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import httpx
import pytest

import s3
from noise import noise
from yinji.errors import LimitExceeded, StorageError, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.blobs import BlobStore, open_store
from yinji.platform.blobs.objects import ObjectStore
from yinji.platform.model import Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.server.app import create_app

Open = Callable[[str], ObjectStore]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[s3.S3]:
    with s3.running() as server:
        yield server


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(endpoint: s3.S3) -> str:
    return endpoint.bucket()


@pytest.fixture
def opened(endpoint: s3.S3, bucket: str, tmp_path: Path) -> Open:
    """Opens the bucket as a machine of the given name does, with a cache of its own."""

    def open_on(machine: str, cache: int = 1 << 30) -> ObjectStore:
        store = open_store(site(endpoint, bucket, tmp_path / machine, cache))
        assert isinstance(store, ObjectStore)
        return store

    return open_on


def site(endpoint: s3.S3, bucket: str, folder: Path, cache: int = 1 << 30) -> Settings:
    return Settings(
        data_dir=folder, blobs=f"s3://{bucket}/site-1", s3_endpoint=endpoint.endpoint, blob_cache_bytes=cache
    )


def kept(store: BlobStore, data: bytes) -> str:
    with store.spool(1 << 24) as spool:
        spool.write(data)
        spool.seal()
        spool.stage()
        spool.keep()
        return spool.sha256


def test_kept_on_one_machine_read_on_another(opened: Open, endpoint: s3.S3, bucket: str) -> None:
    one, two = opened("one"), opened("two")
    assert isinstance(one, BlobStore)
    data = os.urandom(6 << 20)  # sent in several parts
    digest = kept(one, data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert endpoint.keys(bucket) == [f"site-1/{digest[:2]}/{digest}"]
    assert two.local(digest) is None
    assert b"".join(two.chunks(digest, 3, 2_500_000)) == data[3:2_500_000]
    assert two.local(digest) is None, "a range was fetched, not the file"
    assert two.path(digest).read_bytes() == data
    assert two.local(digest) == two.path(digest)
    assert b"".join(two.chunks(digest, 5, 9)) == data[5:9]
    assert list(two.shards()) == [(digest,)]
    two.remove(digest)
    two.remove(digest)
    with pytest.raises(StorageError) as caught:
        two.path(digest)
    assert caught.value.code == "blob-missing"
    with pytest.raises(StorageError):
        list(two.chunks(digest, 0, 1))
    assert list(two.shards()) == []


def test_collected_between_staging_and_keeping_it_is_sent_again(opened: Open, endpoint: s3.S3, bucket: str) -> None:
    one, two = opened("one"), opened("two")
    with one.spool(100) as spool:
        spool.write(b"contended")
        spool.seal()
        spool.stage()
        two.remove(spool.sha256)
        assert endpoint.keys(bucket) == []
        spool.keep()
    assert two.path(spool.sha256).read_bytes() == b"contended"


def test_what_was_not_kept_leaves_nothing(opened: Open, endpoint: s3.S3, bucket: str, tmp_path: Path) -> None:
    store = opened("one")
    with store.spool(5) as spool, pytest.raises(LimitExceeded):
        spool.write(b"more than five")
    with store.scratch() as folder:
        (folder / "made").write_bytes(b"made here")
        store.spooled(folder / "made")
    assert endpoint.keys(bucket) == []
    assert [p for p in (tmp_path / "one" / "cache").rglob("*") if p.is_file()] == []


def test_altered_in_the_bucket_it_is_not_served(opened: Open, endpoint: s3.S3, bucket: str) -> None:
    digest = kept(opened("one"), b"as it was")
    endpoint.overwrite(bucket, f"site-1/{digest[:2]}/{digest}", b"as it is!")
    with pytest.raises(StorageError) as caught:
        opened("two").path(digest)
    assert caught.value.code == "blob-altered"


def test_the_cache_is_bounded(opened: Open) -> None:
    store = opened("one", cache=250)
    digests = [kept(store, bytes([n]) * 100) for n in range(4)]
    store.sweep()
    assert all(store.local(digest) for digest in digests), "asked for a moment ago"
    for age, digest in enumerate(digests):
        long_ago = time.time() - 7200 + age
        path = store.local(digest)
        assert path is not None
        os.utime(path, (long_ago, long_ago))
    store.sweep()
    assert [store.local(digest) is not None for digest in digests] == [False, False, True, True]
    assert store.path(digests[0]).read_bytes() == b"\x00" * 100


def test_out_of_reach_is_an_error_of_ours(endpoint: s3.S3, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        open_store(site(endpoint, "no-such-bucket", tmp_path))
    assert caught.value.code == "object-store"
    with pytest.raises(UsageError):
        Settings(data_dir=tmp_path, blobs="ftp://x/y")


def test_a_platform_lives_on_it(endpoint: s3.S3, bucket: str, tmp_path: Path) -> None:
    file = io.BytesIO()
    noise((64, 64), 90).convert("RGB").save(file, "PNG")
    settings = site(endpoint, bucket, tmp_path / "one")
    with ExitStack() as stack:
        platform = stack.enter_context(Platform.open(settings))
        author = platform.create_account("qinghe", "correct horse battery", Role.CREATOR)
        with platform.upload(author) as upload:
            upload.write(file.getvalue())
            draft = upload.finish("x.png")
        item = platform.publish(
            author, title="t", text="", declaration=Declaration(Declared.AI_GENERATED), draft_id=draft.id
        )
        served = platform.served_file(item.id)
        whole = served.path.read_bytes()
        assert item.id.encode() in whole
        assert len(endpoint.keys(bucket)) == 2

        served.path.unlink()  # as on a machine that never had it
        first, last, beyond, all_of_it = anyio.run(asked, platform, f"/v1/items/{item.id}/file", len(whole))
        assert (first.status_code, first.content) == (206, whole[:8])
        assert first.headers["content-range"] == f"bytes 0-7/{len(whole)}"
        assert (last.status_code, last.content) == (206, whole[-5:])
        assert beyond.status_code == 416
        assert (all_of_it.status_code, all_of_it.content) == (200, whole)
        assert served.local is None
        platform.tidy(thorough=True)
        assert len(endpoint.keys(bucket)) == 2
        assert platform.healthy()


async def asked(platform: Platform, address: str, size: int) -> list[httpx.Response]:
    """Asks the server for the first bytes, the last ones, some beyond the end, and all."""
    transport = httpx.ASGITransport(create_app(platform))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        ranges: list[dict[str, str]] = [{"Range": value} for value in ("bytes=0-7", "bytes=-5", f"bytes={size}-")]
        return [await client.get(address, headers=headers) for headers in [*ranges, {}]]
