"""The demo as a site of its own, for what looks at pages without testing them: pictures of the docs, benchmarks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running() -> Iterator[str]:
    """Starts ``yinji demo`` in a folder of its own and gives its address once it answers; ends it afterwards.

    It plays its month first, which takes as long as the machine takes.

    Raises:
        RuntimeError: It ended instead.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "YINJI_DATA_DIR": folder}
        command = [sys.executable, "-m", "yinji", "demo", "--port", str(port)]
        server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            while not _answers(port):
                if server.poll() is not None:
                    raise RuntimeError(f"yinji demo ended with {server.returncode}")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
