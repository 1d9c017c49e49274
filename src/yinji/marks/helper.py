"""A process that answers messages (:mod:`yinji.marks.messages`), watched: where native code reads hostile bytes.

A file that makes one end, or take too long, costs that process and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Final

from yinji.marks.messages import send


class HelperGone(Exception):
    """The process ended or took too long; never leaves the room."""


class Helper:
    """One process, used by one thread at a time.

    Args:
        command: What to run.
        seconds: The longest that one answer may take.
        environment: Variables beside those of this process.
    """

    def __init__(self, command: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None) -> None:
        self._seconds = seconds
        self.process: Final = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )

    def ask(self, parts: Sequence[bytes]) -> list[bytes]:
        """Sends a message and waits for the answer.

        Raises:
            HelperGone: The process ended or took too long.
        """
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise HelperGone
        watch = threading.Timer(self._seconds, self.process.kill)
        watch.start()
        try:
            send(stdin, list(parts))
            head = stdout.read(4)
            if len(head) < 4:
                raise HelperGone
            return [self._part() for _ in range(struct.unpack("<I", head)[0])]
        except (OSError, struct.error) as error:
            raise HelperGone from error
        finally:
            watch.cancel()

    def tell(self, parts: Sequence[bytes]) -> None:
        """Sends a message that nothing is answered to.

        Raises:
            HelperGone: The process ended.
        """
        try:
            if self.process.stdin:
                send(self.process.stdin, list(parts))
        except OSError as error:
            raise HelperGone from error

    def _part(self) -> bytes:
        stdout = self.process.stdout
        if stdout is None:
            raise HelperGone
        (length,) = struct.unpack("<I", stdout.read(4))
        data = stdout.read(length)
        if len(data) != length:
            raise HelperGone
        return data

    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        with contextlib.suppress(OSError):
            self.process.communicate()
