"""The inside of a helper process, within bounds: ``python -m yinji.platform.work.helper MODULE NICENESS``.

Each line on standard input is a task, each line on standard output ``{"done": …}`` or ``{"failed": why}``.
"""

from __future__ import annotations

import json
import os
import resource
import select
import sys
from importlib import import_module
from typing import Final

MOST_MEMORY: Final = 4 << 30
_IDLE_SECONDS: Final = 30.0
_MOST_REASON: Final = 200


def main(module: str, niceness: int) -> None:
    """Does task after task until nothing comes any more."""
    os.nice(niceness)
    for kind, most in ((resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    work = import_module(module).work
    while select.select([0], [], [], _IDLE_SECONDS)[0] and (line := sys.stdin.buffer.readline()):
        try:
            answer = {"done": work(json.loads(line))}
        except Exception as error:  # whatever a decoder raises: the process that asked says what becomes of it
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            answer = {"failed": reason[:_MOST_REASON]}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
