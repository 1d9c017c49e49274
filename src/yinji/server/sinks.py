"""Where uploaded bytes go: to a draft of the platform, or to a look at the file and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, Generic, TypeVar, cast

from yinji.errors import LimitExceeded
from yinji.limits import MIB
from yinji.platform.copies import Media, media_of
from yinji.platform.model import Account, Draft
from yinji.platform.posts import Incoming
from yinji.platform.service import Platform, Upload

T = TypeVar("T")

_IN_MEMORY: Final = 1 * MIB


class DraftSink:
    """Keeps the file as a draft of ``author``."""

    def __init__(self, platform: Platform, author: Account, filename: str) -> None:
        self._platform = platform
        self._author = author
        self._filename = filename
        self._stack = ExitStack()
        self._upload: Upload | None = None

    def write(self, chunk: bytes) -> None:
        self._opened().write(chunk)

    def finish(self) -> Draft:
        return self._opened().finish(self._filename)

    def discard(self) -> None:
        self._stack.close()

    def _opened(self) -> Upload:
        if self._upload is None:
            self._upload = self._stack.enter_context(self._platform.upload(self._author))
        return self._upload


class PostSink:
    """Takes a file that is published at once; it stays until ``kept`` closes."""

    def __init__(self, platform: Platform, author: Account, kept: ExitStack, filename: str) -> None:
        self._platform = platform
        self._author = author
        self._kept = kept
        self._filename = filename
        self._stack = ExitStack()
        self._incoming: Incoming | None = None

    def write(self, chunk: bytes) -> None:
        self._opened().write(chunk)

    def finish(self) -> Incoming:
        finished = self._opened().finish(self._filename)
        self._kept.enter_context(self._stack.pop_all())
        return finished

    def discard(self) -> None:
        self._stack.close()

    def _opened(self) -> Incoming:
        if self._incoming is None:
            self._incoming = self._stack.enter_context(self._platform.receive(self._author))
        return self._incoming


@dataclass(frozen=True, slots=True)
class Checked:
    """One file that was looked at and let go."""

    filename: str
    size: int
    report: dict[str, Any]


class LookSink(Generic[T]):
    """Spools the file outside the store, has it looked at and forgets it."""

    def __init__(self, look: Callable[[BinaryIO, str, int], T], limit: int, filename: str) -> None:
        self._look = look
        self._limit = limit
        self._filename = filename
        self._size = 0
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by discard()

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise LimitExceeded("body-too-large", limit=f"{self._limit / MIB:g} MB")
        self._file.write(chunk)

    def finish(self) -> T:
        self._file.seek(0)
        return self._look(cast(BinaryIO, self._file), self._filename, self._size)

    def discard(self) -> None:
        self._file.close()


def draft_sink(platform: Platform, author: Account) -> Callable[[str], DraftSink]:
    """Returns what opens a draft of ``author`` for a file name."""
    return partial(DraftSink, platform, author)


def post_sink(platform: Platform, author: Account, kept: ExitStack) -> Callable[[str], PostSink]:
    """Returns what opens a file to be published by ``author`` before ``kept`` closes."""
    return partial(PostSink, platform, author, kept)


def check_sink(platform: Platform, limit: int) -> Callable[[str], LookSink[Checked]]:
    """Returns what opens a check of a file of at most ``limit`` bytes."""

    def look(file: BinaryIO, filename: str, size: int) -> Checked:
        return Checked(filename, size, platform.check(file, filename))

    return partial(LookSink, look, limit)


def digest_sink(limit: int, filename: str) -> LookSink[Media]:
    """Returns what tells the media of a file of at most ``limit`` bytes by their digest."""
    return LookSink(lambda file, name, _: media_of(file, name), limit, filename)
