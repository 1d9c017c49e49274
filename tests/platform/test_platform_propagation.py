"""What is written into the file served, and what is said where nothing can be."""

from __future__ import annotations

import errno
import io
import os
import shutil
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import yinji
from yinji.errors import StorageError, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.model import Account, Item, Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

GENERATED = Declaration(Declared.AI_GENERATED)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    data = file.getvalue()
    extra = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    return data[:33] + extra + data[33:]


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "blue").save(file, "JPEG")
    return file.getvalue()


CREDENTIAL = (
    b"caBX",
    b"\x00\x00\x00\x20jumb\x00\x00\x00\x18jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq\x03c2pa\x00",
)


def published(platform: Platform, author: Account, data: bytes, name: str) -> Item:
    with platform.upload(author) as upload:
        upload.write(data)
        draft = upload.finish(name)
    return platform.publish(author, title="", text="", declaration=GENERATED, draft_id=draft.id)


def test_a_credential_is_not_broken_unless_the_operator_says_so(settings: Settings) -> None:
    data = png(CREDENTIAL)
    with Platform.open(settings) as platform:
        author = platform.create_account("a", "password of a", Role.CREATOR)
        item = published(platform, author, data, "x.png")
        assert (item.verdict["tier"], item.propagation["state"]) == ("possible", "unsupported")
        assert "C2PA" in item.propagation["reason"]["zh"]
        assert platform.served_file(item.id).path.read_bytes() == data
    with Platform.open(replace(settings, break_credentials=True)) as platform:
        item = published(platform, author, data, "x.png")
        assert item.propagation["state"] == "written"
        assert CREDENTIAL[1] in platform.served_file(item.id).path.read_bytes()


def test_a_label_that_nobody_understands_is_left_alone(platform: Platform, author: Account) -> None:
    data = png((b"tEXt", b'AIGC\x00{"Label": broken'))
    item = published(platform, author, data, "x.png")
    assert item.propagation["state"] == "failed"
    assert item.propagation["reason"]["zh"]
    assert platform.served_file(item.id).path.read_bytes() == data


def test_an_independent_reader_finds_the_label(platform: Platform, author: Account, tmp_path: Path) -> None:
    assert shutil.which("exiftool"), "exiftool is needed: install the Debian package libimage-exiftool-perl"
    for name, data in (("x.jpg", jpeg()), ("x.png", png())):
        item = published(platform, author, data, name)
        copy = tmp_path / name
        shutil.copyfile(platform.served_file(item.id).path, copy)
        done = subprocess.run(
            ["exiftool", "-s3", "-XMP-TC260:all", str(copy)], capture_output=True, text=True, timeout=60
        )
        assert f'"PropagateID":"{item.id}"' in done.stdout
        assert Image.open(copy).convert("RGB").tobytes() == Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def test_a_full_disk_acknowledges_nothing(platform: Platform, author: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = os.fsync, [0]

    def soon_full(fd: int) -> None:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        real(fd)

    empty, refused = platform.audit_verify(), 0
    for allowed in range(20):
        left[0] = allowed
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", soon_full)
            try:
                item = platform.publish(author, title="", text="一次", declaration=GENERATED)
                break
            except StorageError as error:
                assert error.http_status == 507
                refused += 1
        assert platform.feed().rows == ()
        assert platform.audit_verify() == empty
    assert refused >= 4, "text, file for readers, and both folders wait for the disk"
    file = platform.served_file(item.id)
    assert yinji.read(file.path.read_bytes(), filename="x.md").label is not None


def test_unknown_rules_are_refused_at_once(settings: Settings) -> None:
    with pytest.raises(UsageError):
        Platform.open(replace(settings, regime="atlantis"))
