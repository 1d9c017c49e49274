"""Four operations over loopback against bare Starlette handlers: publishing, checking, the feed page, an item's page.

    python benchmarks/load.py [--requests 200] [--clients 4] [--database postgresql://…]

Both servers are uvicorn with one process. The bare one stores the body of a post with fsync, throws the body of a check
away and answers with a ready page of the same size. The client writes ready bytes into sockets that stay open, so that
it costs next to nothing; each pair is measured in turn, in rounds. Printed are the medians of the ratios of throughput,
of the processor time that a request costs the server, and the slowest of a hundred requests (p99).
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bare import BARE
from ingest import PASSWORD, body, free_port, processor_seconds, ready

from yinji.platform.model import Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings


def request(method: str, path: str, token: str, data: bytes = b"", kind: str = "text/plain") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def form(says: str, data: bytes) -> bytes:
    fields = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("declaration", says), ("title", "t"))
    )
    file = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n'
    return f"{fields}{file}".encode() + data + b"\r\n--b--\r\n"


def answered(connection: socket.socket, data: bytes) -> bytes:
    """Sends one request and returns the whole answer.

    Raises:
        SystemExit: It is no success.
    """
    connection.sendall(data)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, rest = answer.partition(b"\r\n\r\n")
    if not head.split(b" ", 2)[1].startswith(b"20"):
        raise SystemExit(answer.decode(errors="replace"))
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(rest) < length:
        rest += connection.recv(65536)
    return rest


def crowd(port: int, requests: list[bytes], clients: int) -> tuple[float, list[float]]:
    """Sends everything over as many connections; returns the seconds it took, and each request's own."""
    todo, guard, each = iter(requests), threading.Lock(), []

    def one() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with guard:
                    data = next(todo, None)
                if data is None:
                    return
                began = time.perf_counter()
                answered(connection, data)
                each.append(time.perf_counter() - began)

    threads = [threading.Thread(target=one) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, each


def pairs(count: int, token: str, port: int, number: int) -> Iterator[tuple[str, list[bytes], list[bytes]]]:
    """Yields each kind of work with the requests for the bare handler and for Yinji."""
    kind, start = "multipart/form-data; boundary=b", number * count * 10
    for says in ("not_ai", "ai_generated"):
        start += count
        posts = [request("POST", "/v1/items", token, form(says, body(start + n)), kind) for n in range(count)]
        yield f"POST /v1/items, {says}", posts, posts
    checks = [request("POST", "/v1/check", token, body(n)) for n in range(count)]
    yield "POST /v1/check", checks, checks
    with socket.create_connection(("127.0.0.1", port)) as connection:
        listing = answered(connection, request("GET", "/v1/items?limit=1", token))
        item = listing.split(b'"id":"', 1)[1][:36].decode()
        for name, path in (("feed page", "/"), ("item page", f"/items/{item}")):
            ours = request("GET", path, token)
            size = len(answered(connection, ours))
            yield name, [request("GET", f"/page?bytes={size}", token)] * count, [ours] * count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--database", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yinji-load-") as name:
        folder = Path(name)
        settings = Settings(data_dir=folder / "site", database_url=options.database)
        with Platform.open(settings) as platform:
            platform.create_account("qinghe", PASSWORD, Role.SERVICE)
            token = platform.sign_in("qinghe", PASSWORD)
        (folder / "bare").mkdir()
        ports = [free_port(), free_port()]
        environment = os.environ | {
            "YINJI_DATA_DIR": str(settings.data_dir),
            "YINJI_DATABASE_URL": options.database,
            "YINJI_WORKERS": "0",
        }
        commands = (
            [sys.executable, "-c", BARE, str(folder / "bare"), str(ports[0])],
            [sys.executable, "-m", "yinji", "serve", "--port", str(ports[1])],
        )
        servers = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for command in commands]
        try:
            for port in ports:
                ready(port)
            measure(options, ports, servers, token)
        finally:
            for server in servers:
                server.kill()
                server.wait()


def measure(options: argparse.Namespace, ports: list[int], servers: list[subprocess.Popen[bytes]], token: str) -> None:
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    for number in range(options.rounds):
        for name, bare, ours in pairs(options.requests, token, ports[1], number + 1):
            took, used, slow = [], [], []
            for port, server, requests in zip(ports, servers, (bare, ours), strict=True):
                before = processor_seconds(server)
                seconds, each = crowd(port, requests, options.clients)
                took.append(seconds)
                used.append(processor_seconds(server) - before)
                slow.append(sorted(each)[int(len(each) * 0.99) - 1])
            ratios = (took[0] / took[1], used[1] / max(used[0], 0.01), options.requests / took[1], slow[1] * 1000)
            found.setdefault(name, []).append(ratios)
    print(f"{'':28}{'throughput':>12}{'processor':>12}{'a second':>10}{'p99 ms':>9}")
    for name, rounds in found.items():
        speed, cost, rate, slowest = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:28}{speed:11.2f}x{cost:11.1f}x{rate:10.0f}{slowest:9.1f}")


if __name__ == "__main__":
    main()
