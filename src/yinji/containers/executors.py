"""How a planned change reaches the disk: a new file, or the file itself with a way back (design, rules 2 and 3)."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from yinji.containers import journal
from yinji.containers.copying import copy
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Foreseen, Splice
from yinji.containers.undo import Record
from yinji.errors import NotRegularFile, OutputExists, ReadBackMismatch, StorageError, UsageError

Verify = Callable[[Source], None]
"""Reads the written file by a path of its own and raises when it is not what was meant (R41)."""

TEMPORARY: Final = ".yinji-tmp-"
_TEMPORARY: Final = re.compile(r"\.yinji-tmp-(\d+)-[0-9a-f]+")
_ONE_WRITE: Final = 4096
"""Edits within a stretch shorter than this are written in one: a propagator's half, and the checksum behind it."""

_READING: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def write_new(
    source: Source,
    splice: Splice,
    output: Path,
    *,
    verify: Verify,
    overwrite: bool,
    durable: bool = True,
    replace_input: bool = False,
) -> None:
    """Writes the changed file beside its place, has it verified there, and only then gives it its name.

    What stood there before leaves its mode, and where the system allows it its owner, access list and extended
    attributes to the new file; a new name gets the mode of the old file alone, as copies do.

    Args:
        source: The old file.
        splice: What changes.
        output: Where the new file goes. Its directory must exist.
        verify: Called with the finished temporary file; whatever it raises stops the write.
        overwrite: Replace an existing regular file.
        durable: Flush the file and its directory to the disk before returning.
        replace_input: Let the output be the input itself: its new self takes its name in one step.

    Raises:
        OutputExists: ``output`` exists and ``overwrite`` is false, also when it appears in the meantime.
        UsageError: The output is the input, or no regular file.
        StorageError: The operating system refused; nothing is left behind.
    """
    _check_output(source, output, overwrite=overwrite, replace_input=replace_input)
    sweep(output.parent)
    with _storage(output):
        temporary = output.parent / f"{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}"
        mode = _mode(source, output)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        fd = os.open(temporary, flags, 0o666 if mode is None else 0o600)
        try:
            try:
                copy(source, splice, fd)
                if mode is not None:
                    os.fchmod(fd, mode)
                if overwrite:
                    _take_over(output, fd)
                if durable:
                    os.fsync(fd)
            finally:
                os.close(fd)
            with Source.open(temporary, limits=source.limits) as written:
                written.name = str(output)
                verify(written)
            _publish(temporary, output, overwrite=overwrite)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
        if durable:
            sync_directory(output.parent)


def write_in_place(path: Path, splice: Splice, *, verify: Verify, durable: bool = True) -> None:
    """Changes the file itself; an undo record kept with it brings the old bytes back after any failure or crash.

    What the file will say is verified before the first byte changes, and the bytes are compared once they stand there:
    so a file never holds a change that was not verified, and one that holds all of it needs no way back.

    Bytes behind the first edit that changes the length are rewritten, so plans that move nothing are the cheap ones.
    The disk needs room for the bytes that are written over.

    Args:
        path: The file.
        splice: What changes.
        verify: Called with the file as it will be; whatever it raises stops the write.
        durable: Wait for the disk. Without that the way back is there when the process dies, not when the machine does.

    Raises:
        NotRegularFile: A link, directory or device.
        UsageError: The file has other hard links, or another process is changing it.
        StorageError: The operating system refused; the old bytes are back.
    """
    with _storage(path):
        fd = _open_to_change(path)
        try:
            journal.recover(path, fd)
            size = os.fstat(fd).st_size
            foreseen = Foreseen(partial(os.pread, fd), splice, size)
            verify(Source(foreseen.read, foreseen.size, name=str(path)))
            if not splice.edits:
                return
            record = journal.write(path, fd, splice, size, durable=durable)
            try:
                _change(path, fd, splice, record, durable=durable)
            finally:
                record.close()
        finally:
            os.close(fd)


def _change(path: Path, fd: int, splice: Splice, record: Record, *, durable: bool) -> None:
    try:
        joined = _joined(fd, splice)
        record.apply(fd, joined)
        if durable:
            journal.sync_data(fd)
        stands = all(os.pread(fd, len(edit.data), edit.start) == edit.data for edit in joined)
        if not (stands and record.is_complete(fd)):
            raise ReadBackMismatch("read-back-mismatch", path=path, state="changed")
    except BaseException:
        journal.roll_back(path, fd, record)
        raise
    record.finish()


def recover(path: Path) -> bool:
    """Restores a file whose in-place change was cut short (power, ``kill -9``).

    Returns:
        Whether there was an unfinished change.

    Raises:
        UsageError: The change is still going on in another process.
        StorageError: The undo record is of another file, another program has changed the same bytes since, or the
            operating system refused.
    """
    return _settled(path, journal.recover)


def forget(path: Path) -> bool:
    """Drops the undo record of a file, which stays as it is: for whoever has looked at it and found it good.

    Returns:
        Whether there was one.

    Raises:
        UsageError: The change is still going on in another process.
        StorageError: The operating system refused.
    """
    return _settled(path, journal.forget)


def _settled(path: Path, settle: Callable[[Path, int], bool]) -> bool:
    """Does something with the undo record of a file, if one was left; returns what that says."""
    if not journal.is_left(path):
        return False
    with _storage(path):
        fd = _open_to_change(path)
        try:
            return settle(path, fd)
        finally:
            os.close(fd)


def sweep(directory: Path) -> int:
    """Deletes temporary files of processes that no longer run; returns how many.

    Only names that this module gives are touched, and only while no process of that number exists.
    """
    swept = 0
    with suppress(OSError), os.scandir(directory or ".") as entries:
        for entry in entries:
            match = _TEMPORARY.fullmatch(entry.name)
            if match and not _runs(int(match[1])):
                with suppress(OSError):
                    Path(entry.path).unlink()
                    swept += 1
    return swept


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
            raise StorageError("no-folder", path=path, folder=path.parent) from error
        raise StorageError("storage", path=path, reason=error.strerror or str(error)) from error


def _check_output(source: Source, output: Path, *, overwrite: bool, replace_input: bool) -> None:
    try:
        there = output.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError("storage", path=output, reason=error.strerror or str(error)) from error
    if not replace_input and source.path is not None and _same_file(source.path, there):
        raise UsageError("output-is-input", path=output)
    if not stat.S_ISREG(there.st_mode):
        raise UsageError("output-not-file", path=output)
    if not overwrite:
        raise OutputExists("output-exists", path=output)


def _same_file(path: Path, there: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), there)
    except OSError:
        return False


def _mode(source: Source, output: Path) -> int | None:
    """The mode of what is replaced, else of what is copied, else None: what the process gives new files."""
    for path in (output, source.path):
        if path is not None:
            with suppress(OSError):
                return stat.S_IMODE(path.stat().st_mode) & 0o777
    return None


def _take_over(output: Path, fd: int) -> None:
    """Gives a file the owner and the extended attributes (an access list is one) of what it is to replace."""
    try:
        old = os.open(output, _READING)
    except OSError:  # nothing there yet
        return
    try:
        there, here = os.fstat(old), os.fstat(fd)
        if (there.st_uid, there.st_gid) != (here.st_uid, here.st_gid):
            with suppress(OSError):
                os.fchown(fd, there.st_uid, there.st_gid)
                os.fchmod(fd, stat.S_IMODE(there.st_mode) & 0o777)
        for name in os.listxattr(old) if hasattr(os, "listxattr") else ():
            if name == journal.ATTRIBUTE:  # of a change to the old file
                continue
            with suppress(OSError):
                os.setxattr(fd, name, os.getxattr(old, name))
    except OSError:  # a file system without them
        pass
    finally:
        os.close(old)


def _publish(temporary: Path, output: Path, *, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(output)
        return
    try:
        os.link(temporary, output)
    except FileExistsError:
        raise OutputExists("output-exists", path=output) from None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _open_to_change(path: Path) -> int:
    try:
        fd = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise NotRegularFile("symbolic-link", path=path, target=os.path.realpath(path)) from None
        if error.errno == errno.EISDIR:
            raise NotRegularFile("directory", path=path) from None
        raise
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise NotRegularFile("not-a-file", path=path)
        if info.st_nlink > 1:
            raise UsageError("in-place-linked", path=path, links=info.st_nlink)
        journal.lock(fd, path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _joined(fd: int, splice: Splice) -> list[Edit]:
    """Makes one write of edits that keep their length and stand close together; what lies between goes with them.

    The undo record holds the edits alone: what lies between stays what it is.
    """
    joined: list[Edit] = []
    for edit in splice.edits[: splice.still]:
        last = joined[-1] if joined else None
        if last is None or edit.stop - last.start >= _ONE_WRITE:
            joined.append(edit)
            continue
        between = os.pread(fd, edit.start - last.stop, last.stop)
        if len(between) != edit.start - last.stop:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        joined[-1] = Edit(last.start, edit.stop, last.data + between + edit.data)
    return joined
