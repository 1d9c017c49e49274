"""Publishing over HTTP, durable log entry and all, against a bare Starlette handler that stores the same with fsync.

Both are uvicorn with one process; the same client posts the same 40 KB JPEG forms to each in turn, in rounds. Printed
are the median of the ratios of throughput, and of the processor time a post costs the server.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
from bare import BARE
from PIL import Image

from yinji.platform.model import Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

BUDGET = 0.5
PASSWORD = "correct horse battery"


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def body(number: int) -> bytes:
    chance = random.Random(number)
    file = io.BytesIO()
    Image.frombytes("RGB", (128, 128), chance.randbytes(128 * 128 * 3)).save(file, "JPEG", quality=90)
    return file.getvalue()


def crowd(port: int, bodies: list[bytes], token: str, says: str, clients: int) -> float:
    """Posts everything and returns the seconds it took."""
    todo, guard = iter(bodies), threading.Lock()

    def one() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            while True:
                with guard:
                    data = next(todo, None)
                if data is None:
                    return
                answer = client.post(
                    "/v1/items", data={"declaration": says, "title": "t"}, files={"file": ("x.jpg", data)}
                )
                assert answer.status_code == 201, answer.text

    threads = [threading.Thread(target=one) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ready(port: int) -> None:
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yinji-ingest-") as name:
        folder = Path(name)
        settings = Settings(data_dir=folder / "site")
        with Platform.open(settings) as platform:
            platform.create_account("qinghe", PASSWORD, Role.SERVICE)
            token = platform.sign_in("qinghe", PASSWORD)
        (folder / "bare").mkdir()
        ports = [free_port(), free_port()]
        environment = os.environ | {"YINJI_DATA_DIR": str(settings.data_dir), "YINJI_WORKERS": "0"}
        commands = (
            [sys.executable, "-c", BARE, str(folder / "bare"), str(ports[0])],
            [sys.executable, "-m", "yinji", "serve", "--port", str(ports[1])],
        )
        servers = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for command in commands]
        try:
            for port in ports:
                ready(port)
            for says in ("not_ai", "ai_generated"):
                measure(options, ports, servers, token, says)
        finally:
            for server in servers:
                server.kill()
                server.wait()


def measure(
    options: argparse.Namespace, ports: list[int], servers: list[subprocess.Popen[bytes]], token: str, says: str
) -> None:
    speed, cost = [], []
    for number in range(options.rounds):
        start = hash((says, number)) % 1_000_000
        bodies = [body(start + n) for n in range(options.posts)]
        took, used = [], []
        for port, server in zip(ports, servers, strict=True):
            before = processor_seconds(server)
            took.append(crowd(port, bodies, token, says, options.clients))
            used.append(processor_seconds(server) - before)
        speed.append(took[0] / took[1])
        cost.append(used[1] / max(used[0], 0.01))
    print(
        f"{says}: {statistics.median(speed):.2f}x the bare handler's throughput (budget {BUDGET}x), "
        f"{statistics.median(cost):.1f}x its processor time a post"
    )


if __name__ == "__main__":
    main()
