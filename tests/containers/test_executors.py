"""Executors: the new file appears whole or not at all; the changed file can always go back."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import shutil
import signal
import stat
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from yinji.containers import executors, journal, undo
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.errors import (
    NotRegularFile,
    OutputExists,
    ReadBackMismatch,
    StorageError,
    UsageError,
)
from yinji.testing import applied

OLD = random.Random(1).randbytes(300_000)
PLANS = {
    "same length": Splice.of([Edit(10, 14, b"abcd"), Edit(200_000, 200_003, b"xyz")]),
    "close together": Splice.of([Edit(10, 14, b"abcd"), Edit(2_000, 2_003, b"xyz")]),
    "insert": Splice.of([Edit(100, 100, b"inserted" * 500)]),
    "cut": Splice.of([Edit(1000, 150_000, b"")]),
    "append": Splice.of([Edit(300_000, 300_000, b"tail")]),
    "mixed": Splice.of([Edit(0, 2, b"ab"), Edit(5, 5, b"longer"), Edit(900, 1000, b""), Edit(299_999, 300_000, b"z!")]),
    "nothing": Splice.of([]),
}


def no_check(source: Source) -> None:
    """Accepts what was written."""


def refuse(source: Source) -> None:
    raise ReadBackMismatch("read-back-mismatch", path=source.name)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.bin"
    path.write_bytes(OLD)
    return path


def leftovers(directory: Path) -> list[str]:
    return [p.name for p in directory.iterdir() if "yinji" in p.name or journal.ATTRIBUTE in os.listxattr(p)]


def has_attributes(path: Path) -> bool:
    """Whether the file system of a file has a block device, and extended attributes that anybody may set."""
    if not os.major(path.stat().st_dev):
        return False
    try:
        os.setxattr(path, "user.yinji.test", b"")
        os.removexattr(path, "user.yinji.test")
    except OSError:
        return False
    return True


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("durable", [True, False])
def test_new_file(old: Path, tmp_path: Path, name: str, durable: bool) -> None:
    output = tmp_path / "new.bin"
    seen = []

    def verify(source: Source) -> None:
        assert not output.exists()
        assert source.name == str(output)
        seen.append(source.payload(0, source.size))

    with Source.open(old) as source:
        executors.write_new(source, PLANS[name], output, verify=verify, overwrite=False, durable=durable)
    assert output.read_bytes() == applied(PLANS[name], OLD) == seen[0]
    assert old.read_bytes() == OLD
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("step", ["_by_copy_file_range", "_by_sendfile", "_by_buffer"])
def test_every_way_of_copying(old: Path, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("copy_file_range", "sendfile"):
        if not step.endswith(other) and step != "_by_copy_file_range":
            monkeypatch.delattr(os, other, raising=False)
    with Source.open(old) as source:
        executors.write_new(source, PLANS["mixed"], tmp_path / "new", verify=no_check, overwrite=False)
    assert (tmp_path / "new").read_bytes() == applied(PLANS["mixed"], OLD)


def test_new_file_from_memory(tmp_path: Path) -> None:
    executors.write_new(
        Source.open(OLD), PLANS["mixed"], tmp_path / "new", verify=no_check, overwrite=False, durable=False
    )
    assert (tmp_path / "new").read_bytes() == applied(PLANS["mixed"], OLD)


def test_nothing_is_replaced_when_the_check_fails(old: Path, tmp_path: Path) -> None:
    output = tmp_path / "there"
    output.write_bytes(b"precious")
    with Source.open(old) as source, pytest.raises(ReadBackMismatch):
        executors.write_new(source, PLANS["insert"], output, verify=refuse, overwrite=True)
    assert output.read_bytes() == b"precious"
    assert leftovers(tmp_path) == []


def test_overwriting_is_asked_for(old: Path, tmp_path: Path) -> None:
    output = tmp_path / "there"
    output.write_bytes(b"precious")
    output.chmod(0o640)
    with Source.open(old) as source:
        with pytest.raises(OutputExists) as caught:
            executors.write_new(source, PLANS["insert"], output, verify=no_check, overwrite=False)
        assert caught.value.code == "output-exists"
        assert output.read_bytes() == b"precious"
        executors.write_new(source, PLANS["insert"], output, verify=no_check, overwrite=True)
    assert output.read_bytes() == applied(PLANS["insert"], OLD)
    assert stat.S_IMODE(output.stat().st_mode) == 0o640


def test_an_output_that_appears_meanwhile_is_not_replaced(old: Path, tmp_path: Path) -> None:
    output = tmp_path / "there"

    def somebody_else(source: Source) -> None:
        output.write_bytes(b"first")

    with Source.open(old) as source, pytest.raises(OutputExists):
        executors.write_new(source, PLANS["insert"], output, verify=somebody_else, overwrite=False)
    assert output.read_bytes() == b"first"
    assert leftovers(tmp_path) == []


def test_mode_follows_the_source(old: Path, tmp_path: Path) -> None:
    old.chmod(0o604)
    with Source.open(old) as source:
        executors.write_new(source, PLANS["insert"], tmp_path / "new", verify=no_check, overwrite=False)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


def test_the_input_is_never_the_output(old: Path, tmp_path: Path) -> None:
    (tmp_path / "hard").hardlink_to(old)
    (tmp_path / "sub").mkdir()
    with Source.open(old) as source:
        for output in (old, tmp_path / "hard", tmp_path / "sub" / ".." / "old.bin"):
            with pytest.raises(UsageError) as caught:
                executors.write_new(source, PLANS["insert"], output, verify=no_check, overwrite=True)
            assert caught.value.code == "output-is-input"
            assert "--in-place" in caught.value.advice.en


def test_links_and_directories_are_no_outputs(old: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "dir").mkdir()
    with Source.open(old) as source:
        for name in ("link", "dir"):
            with pytest.raises(UsageError) as caught:
                executors.write_new(source, PLANS["insert"], tmp_path / name, verify=no_check, overwrite=True)
            assert caught.value.code == "output-not-file"
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_directory_is_a_storage_error(old: Path, tmp_path: Path) -> None:
    with Source.open(old) as source, pytest.raises(StorageError) as caught:
        executors.write_new(source, PLANS["insert"], tmp_path / "no" / "new", verify=no_check, overwrite=False)
    assert (caught.value.code, caught.value.details["folder"]) == ("no-folder", tmp_path / "no")


def test_what_is_replaced_leaves_its_owner_and_attributes(old: Path, tmp_path: Path) -> None:
    """An access list is an extended attribute; a new name gets neither, as with a copy."""
    owner = (12345, 12345) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    there, new = tmp_path / "there", tmp_path / "new"
    there.write_bytes(b"old self")
    there.chmod(0o640)
    os.chown(there, *owner)
    os.setxattr(there, "user.note", b"kept")
    os.setxattr(old, "user.note", b"of the input")
    with Source.open(old) as source:
        for output in (there, new):
            executors.write_new(source, PLANS["insert"], output, verify=no_check, overwrite=True)
    info = there.stat()
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (*owner, 0o640)
    assert {name: os.getxattr(there, name) for name in os.listxattr(there)} == {"user.note": b"kept"}
    assert os.listxattr(new) == []
    executors.write_in_place(there, PLANS["append"], verify=no_check)
    assert os.getxattr(there, "user.note") == b"kept"


def test_a_name_that_leaves_no_room_for_that_of_the_record(tmp_path: Path) -> None:
    names = ("长" * 85, "x" * 243, "x" * 244, "x" * 255)
    for path in (tmp_path / name for name in names):
        path.write_bytes(OLD)
        record = left_behind(path)
        assert executors.recover(path) is True
        executors.write_in_place(path, PLANS["insert"], verify=no_check)
        assert path.read_bytes() == applied(PLANS["insert"], OLD)
        assert not record.exists()


@pytest.mark.parametrize("name", PLANS)
def test_in_place(old: Path, tmp_path: Path, name: str) -> None:
    inode = old.stat().st_ino
    seen = []

    def verify(source: Source) -> None:
        assert (old.read_bytes(), leftovers(tmp_path)) == (OLD, [])
        seen.append(source.payload(0, source.size))

    executors.write_in_place(old, PLANS[name], verify=verify)
    assert old.read_bytes() == applied(PLANS[name], OLD) == seen[0]
    assert old.stat().st_ino == inode
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", PLANS)
def test_in_place_goes_back_when_the_check_fails(old: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ReadBackMismatch):
        executors.write_in_place(old, PLANS[name], verify=refuse)
    assert old.read_bytes() == OLD
    assert leftovers(tmp_path) == []


def test_in_place_refuses_links(old: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(old)
    with pytest.raises(NotRegularFile):
        executors.write_in_place(tmp_path / "link", PLANS["insert"], verify=no_check)
    (tmp_path / "hard").hardlink_to(old)
    with pytest.raises(UsageError) as caught:
        executors.write_in_place(old, PLANS["insert"], verify=no_check)
    assert caught.value.code == "in-place-linked"
    with pytest.raises(NotRegularFile):
        executors.write_in_place(tmp_path, PLANS["insert"], verify=no_check)
    with pytest.raises(StorageError):
        executors.write_in_place(tmp_path / "missing", PLANS["insert"], verify=no_check)
    assert old.read_bytes() == OLD
    assert leftovers(tmp_path) == []


def test_two_writers_do_not_meet(old: Path) -> None:
    inside, done = threading.Event(), threading.Event()

    def hold(source: Source) -> None:
        inside.set()
        done.wait(20)

    writer = threading.Thread(target=executors.write_in_place, args=(old, PLANS["insert"]), kwargs={"verify": hold})
    writer.start()
    try:
        assert inside.wait(20)
        with pytest.raises(UsageError) as caught:
            executors.write_in_place(old, PLANS["cut"], verify=no_check)
        assert caught.value.code == "in-place-busy"
    finally:
        done.set()
        writer.join()
    assert old.read_bytes() == applied(PLANS["insert"], OLD)


def test_recovery(old: Path, tmp_path: Path) -> None:
    assert executors.recover(old) is False
    record = left_behind(old)
    assert executors.recover(old) is True
    assert old.read_bytes() == OLD
    assert not record.exists()


def record_that_is_back(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Carries a change out, whose undo record is back then since nobody waits for its going; returns what brings it
    back again.
    """
    with monkeypatch.context() as patched:
        patched.setattr(undo.Record, "finish", lambda record: None)
        executors.write_in_place(path, PLANS[name], verify=no_check)
    beside = journal.place(path)
    if beside.exists():
        return partial(beside.write_bytes, beside.read_bytes())  # type: ignore[return-value]
    return partial(os.setxattr, path, journal.ATTRIBUTE, os.getxattr(path, journal.ATTRIBUTE))


def forget(path: Path) -> None:
    if journal.ATTRIBUTE in os.listxattr(path):
        os.removexattr(path, journal.ATTRIBUTE)
    journal.place(path).unlink(missing_ok=True)


@pytest.mark.parametrize("name", [name for name in PLANS if name != "nothing"])
def test_a_record_that_is_back_after_a_power_failure(name: str, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes nothing back of a complete change, and all of any other."""
    come_back, new = record_that_is_back(old, name, monkeypatch), applied(PLANS[name], OLD)
    assert executors.recover(old) is False
    assert old.read_bytes() == new
    assert not journal.is_left(old)
    hole = OLD + bytes(max(0, len(new) - len(OLD)))  # the size arrived, the bytes did not
    for torn in (new[: len(new) // 2] + OLD[len(new) // 2 :], OLD, hole):
        if torn == new:
            continue
        come_back()
        old.write_bytes(torn)
        executors.recover(old)
        assert old.read_bytes() == OLD


@pytest.mark.parametrize("name", [name for name in PLANS if name != "nothing"])
def test_a_record_that_is_back_leaves_alone_what_another_program_wrote(
    name: str, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power fails right after a change, of which the record is back, and another program had written meanwhile."""
    record_that_is_back(old, name, monkeypatch)
    at = PLANS[name].edits[0].start
    content = bytearray(old.read_bytes())
    content[at : at + 6] = b"THEIRS"
    for theirs in (bytes(content), bytes(content) + b"longer than both" * 30_000):
        old.write_bytes(theirs)
        with pytest.raises(StorageError) as caught:
            executors.recover(old)
        assert caught.value.code == "changed-since"
        assert old.read_bytes() == theirs
        assert journal.is_left(old)
    forget(old)
    executors.write_in_place(old, PLANS["append"], verify=no_check)
    assert old.read_bytes() == applied(PLANS["append"], theirs)


def test_nothing_waits_for_the_disk_when_nobody_asks(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []
    monkeypatch.setattr(os, "fsync", waits.append)
    monkeypatch.setattr(os, "fdatasync", waits.append)
    executors.write_in_place(old, PLANS["mixed"], verify=no_check, durable=False)
    assert (waits, old.read_bytes()) == ([], applied(PLANS["mixed"], OLD))
    executors.write_in_place(old, PLANS["same length"], verify=no_check)
    assert len(waits) == 2 + (not has_attributes(old))
    executors.write_in_place(old, PLANS["insert"], verify=no_check)
    assert len(waits) == 5 + (not has_attributes(old))


def test_the_next_write_recovers_first(old: Path) -> None:
    left_behind(old)
    executors.write_in_place(old, PLANS["append"], verify=no_check)
    assert old.read_bytes() == applied(PLANS["append"], OLD)


def test_a_record_cut_short_means_nothing_had_changed(old: Path) -> None:
    record = left_behind(old)
    whole = record.read_bytes()
    old.write_bytes(OLD)
    for length in (0, 5, 40, len(whole) // 2, len(whole) - 1):
        record.write_bytes(whole[:length])
        assert executors.recover(old) is False
        assert old.read_bytes() == OLD
        assert not record.exists()


def test_a_record_of_another_file_is_not_used(old: Path, tmp_path: Path) -> None:
    record = left_behind(old)
    other = tmp_path / "other.bin"
    other.write_bytes(b"different")
    record.rename(journal.place(other))
    with pytest.raises(StorageError) as caught:
        executors.recover(other)
    assert caught.value.code == "journal-broken"
    assert other.read_bytes() == b"different"


def stopped_half_way(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Ends a change after its first half, as a crash does; returns what stands there then."""
    with monkeypatch.context() as patched:
        patched.setattr(undo, "pwrite_all", lambda fd, data, at: os.pwrite(fd, data[: len(data) // 2], at))
        patched.setattr(
            executors, "_change", lambda path, fd, splice, record, **_: record.apply(fd, executors._joined(fd, splice))
        )
        executors.write_in_place(path, PLANS[name], verify=no_check)
    return path.read_bytes()


def test_a_short_record_is_kept_with_the_file_and_a_long_one_beside_it(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, is_short in (("same length", True), ("append", True), ("insert", False)):
        torn = stopped_half_way(old, name, monkeypatch)
        assert torn != OLD
        assert journal.place(old).exists() is not (is_short and has_attributes(old))
        moved = old.rename(old.with_name("moved.bin")) if not journal.place(old).exists() else old
        assert executors.recover(moved) is True
        assert moved.rename(old).read_bytes() == OLD
        assert not journal.is_left(old)


def test_without_attributes_the_record_stands_beside_the_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refused)
    stopped_half_way(old, "same length", monkeypatch)
    assert journal.place(old).exists()
    assert executors.recover(old) is True
    assert old.read_bytes() == OLD


def test_a_record_that_came_with_a_copy_brings_nothing_back(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies may keep attributes. What is torn is told; what is whole is not touched."""
    monkeypatch.setattr(os, "major", lambda device: 8)
    torn, copy = stopped_half_way(old, "same length", monkeypatch), old.with_name("copy.bin")
    if not has_attributes(old):
        return
    shutil.copy2(old, copy)
    with pytest.raises(StorageError) as caught:
        executors.recover(copy)
    assert (caught.value.code, copy.read_bytes()) == ("journal-broken", torn)
    for whole in (OLD, applied(PLANS["same length"], OLD)):
        shutil.copy2(old, copy)
        copy.write_bytes(whole)
        assert executors.recover(copy) is False
        assert (copy.read_bytes(), journal.is_left(copy)) == (whole, False)
    with Source.open(copy) as source:
        executors.write_new(source, PLANS["append"], old, verify=no_check, overwrite=True)
    assert not journal.is_left(old)


def test_of_two_records_the_later_one_counts(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither's going is waited for, so that both can be back; the later change began when the earlier was done."""
    monkeypatch.setattr(os, "major", lambda device: 8)
    if not has_attributes(old):
        return
    for first, second in (("insert", "same length"), ("append", "mixed")):
        old.write_bytes(OLD)
        come_back = record_that_is_back(old, first, monkeypatch)
        between = old.read_bytes()
        forget(old)
        stopped_half_way(old, second, monkeypatch)
        come_back()
        assert old.read_bytes() != between
        assert executors.recover(old) is True
        assert old.read_bytes() == between
        assert not journal.is_left(old)


def test_a_record_that_does_not_fit_together_is_named(old: Path) -> None:
    if not has_attributes(old):
        return
    front = b"yinji-undo 4\n"
    for header, rest in (
        ((len(OLD), old.stat().st_ino, 1, 1), b""),
        ((len(OLD), old.stat().st_ino, 1, 1), struct.pack(">QQQ", 0, 1, 1 << 62) + b"x"),
        ((len(OLD), old.stat().st_ino, 1, 1), struct.pack(">QQQ", 9, 4, 0)),
        ((1 << 63, old.stat().st_ino, 1, 1 << 60), struct.pack(">QQQ", 0, 1 << 62, 0)),
        ((1 << 62, old.stat().st_ino, 1, 1), struct.pack(">QQQ", 0, 1 << 61, 0)),
    ):
        data = front + struct.pack(">QQQQ", *header) + rest
        os.setxattr(old, journal.ATTRIBUTE, data + struct.pack(">I", zlib.crc32(data)))
        with pytest.raises(StorageError) as caught:
            executors.recover(old)
        assert caught.value.code == "journal-broken"
        assert journal.ATTRIBUTE in caught.value.text.en
    assert old.read_bytes() == OLD


def left_behind(path: Path) -> Path:
    """Leaves the file half-written beside its undo record, as a crash does."""
    splice = Splice.of([Edit(100, len(OLD), b"whole" * 79_980)])
    fd = os.open(path, os.O_RDWR)
    try:
        record = journal.write(path, fd, splice, len(OLD))
        record.close()
        os.pwrite(fd, b"whole" * 10_000, 100)
        os.ftruncate(fd, 350_000)
    finally:
        os.close(fd)
    return journal.place(path)


def test_sweep_takes_only_what_dead_processes_left(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    stale = tmp_path / f".yinji-tmp-{gone.pid}-0123456789ab"
    live = tmp_path / f".yinji-tmp-{os.getpid()}-0123456789ab"
    others = [tmp_path / name for name in (".yinji-tmp-x-1", f"yinji-tmp-{gone.pid}-01", ".old.yinji-undo", "a")]
    for path in (stale, live, *others):
        path.write_bytes(b"")
    assert executors.sweep(tmp_path) == 1
    assert not stale.exists()
    assert all(path.exists() for path in (live, *others))


@contextlib.contextmanager
def small_disk(directory: Path) -> Iterator[Path]:
    """A real file system that is full after 200 KB where one can be mounted, else a real limit on file size."""
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", directory], capture_output=True, check=False
    )
    if mounted.returncode == 0:
        try:
            yield directory
        finally:
            subprocess.run(["umount", "-l", directory], check=True)
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, limits[1]))
        yield directory
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    big = Splice.of([Edit(300_000, 300_000, bytes(400_000))])
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "old.bin"
        path.write_bytes(OLD)
        with Source.open(path) as source, pytest.raises(StorageError) as caught:
            executors.write_new(source, big, disk / "new.bin", verify=no_check, overwrite=False)
        assert caught.value.code == "storage"
        assert [p.name for p in disk.iterdir()] == ["old.bin"]
        with pytest.raises(StorageError):
            executors.write_in_place(path, big, verify=no_check)
        assert path.read_bytes() == OLD
        assert [p.name for p in disk.iterdir()] == ["old.bin"]


def test_no_room_for_the_undo_record_means_no_change(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "old.bin"
        path.write_bytes(OLD)
        (disk / "filler").write_bytes(bytes(150_000))
        with contextlib.suppress(StorageError):
            executors.write_in_place(path, Splice.of([Edit(0, 300_000, OLD[::-1])]), verify=refuse_storage)
        assert path.read_bytes() == OLD
        assert sorted(p.name for p in disk.iterdir()) == ["filler", "old.bin"]


def refuse_storage(source: Source) -> None:
    raise StorageError("storage", path=source.name, reason="no")


def test_a_device_that_fails_while_writing(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.pwrite, []

    def failing(fd: int, data: bytes, at: int) -> int:
        calls.append(at)
        if len(calls) == 1:
            real(fd, bytes(data)[:2], at)
            raise OSError(5, "Input/output error")
        return real(fd, data, at)

    monkeypatch.setattr(os, "pwrite", failing)
    with pytest.raises(StorageError):
        executors.write_in_place(old, PLANS["same length"], verify=no_check)
    assert old.read_bytes() == OLD
    assert leftovers(tmp_path) == []


def test_when_even_going_back_fails_the_record_stays(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(fd: int, data: bytes, at: int) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", failing)
        with pytest.raises(StorageError) as caught:
            executors.write_in_place(old, PLANS["same length"], verify=no_check)
    assert caught.value.code == "roll-back-failed"
    assert journal.is_left(old)
    assert executors.recover(old) is True
    assert old.read_bytes() == OLD
