"""Publishing with and without a worker that looks for labels in what was published (python benchmarks/sightings.py).

Two servers, uvicorn with one process each, take the same pictures in turn, in rounds: one does no work beside, one has
the usual two threads, of which one at a time hands pictures to a helper process that stands back for others. Printed
are the median of the ratios of throughput, and how many pictures were looked at meanwhile, a second.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ingest import PASSWORD, body, crowd, free_port, ready
from sqlalchemy import create_engine, text

from yinji.platform.model import Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yinji-sightings-") as name:
        ports, tokens, servers, sites = [], [], [], []
        try:
            for workers in (0, 2):
                settings = Settings(data_dir=Path(name) / str(workers))
                with Platform.open(settings) as platform:
                    platform.create_account("qinghe", PASSWORD, Role.SERVICE)
                    tokens.append(platform.sign_in("qinghe", PASSWORD))
                ports.append(free_port())
                sites.append(settings)
                environment = os.environ | {"YINJI_DATA_DIR": str(settings.data_dir), "YINJI_WORKERS": str(workers)}
                command = [sys.executable, "-m", "yinji", "serve", "--port", str(ports[-1])]
                servers.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
            for port in ports:
                ready(port)
            measure(options, ports, tokens, sites[1])
        finally:
            for server in servers:
                server.kill()
                server.wait()


def looked_at(settings: Settings) -> int:
    engine = create_engine(settings.sqlalchemy_url)
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM sightings")) or 0)


def measure(options: argparse.Namespace, ports: list[int], tokens: list[str], settings: Settings) -> None:
    ratios, looks = [], []
    for number in range(options.rounds):
        bodies = [body(number * options.posts + n) for n in range(options.posts)]
        took = {}
        for which in (0, 1) if number % 2 else (1, 0):
            before, began = looked_at(settings), time.perf_counter()
            took[which] = crowd(ports[which], bodies, tokens[which], "not_ai", options.clients)
            if which == 1:
                looks.append((looked_at(settings) - before) / (time.perf_counter() - began))
        ratios.append(took[0] / took[1])
    print(
        f"publishing while pictures are looked at: {statistics.median(ratios):.2f}x the throughput without, "
        f"{statistics.median(looks):.1f} pictures a second looked at meanwhile"
    )


if __name__ == "__main__":
    main()
