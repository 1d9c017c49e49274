"""Runs the process that makes a derivative, and turns its end into errors of the package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from yinji.errors import LimitExceeded, UnreadableInput


def make(task: dict[str, Any], *, seconds: float) -> None:
    """Makes one file.

    Args:
        task: What :func:`yinji.platform.derivatives.worker.work` takes.
        seconds: After this the process is ended.

    Raises:
        UnreadableInput: The content cannot be decoded, or took the process down.
        LimitExceeded: It took too long.
    """
    command = [sys.executable, "-P", "-m", "yinji.platform.derivatives.worker"]
    try:
        done = subprocess.run(
            command, input=json.dumps(task).encode(), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise LimitExceeded("derivative-too-slow", seconds=round(seconds)) from error
    if done.returncode != 0 or not Path(task["target"]).is_file():
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UnreadableInput("derivative-failed", reason=last[-1][:200] if last else f"exit {done.returncode}")
