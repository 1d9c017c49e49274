"""Kills server and worker again and again while a crowd posts, then asks whether anything is lost, double or torn.

    .venv/bin/python tests/crashing.py 1000 sqlite|postgresql [restart]

The crowd does what good clients do: it repeats a request that got no answer, with the same Idempotency-Key. With
``restart`` PostgreSQL itself is crashed and started again instead of our processes.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

import postgres
import yinji
from yinji.platform.model import Role
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

PASSWORD = "correct horse battery"
CROWD = 3
PATIENCE = 120.0
MARKED = 10
"""Every so-manieth author taps for the visible label."""


@dataclass
class Site:
    """A server and a worker, each a process that can die."""

    settings: Settings
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        arguments = ["serve", "--port", str(self.port)] if name == "serve" else ["worker", "--threads", "1"]
        environment = os.environ | {
            "YINJI_DATA_DIR": str(self.settings.data_dir),
            "YINJI_DATABASE_URL": self.settings.database_url,
            "YINJI_WORKERS": "0",
        }
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "yinji", *arguments],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)


def picture(number: int) -> bytes:
    """A small picture that no other number has."""
    chance = random.Random(number)
    file = BytesIO()
    Image.frombytes("RGB", (64, 64), chance.randbytes(64 * 64 * 3)).save(file, "PNG")
    return file.getvalue()


class Crowd:
    """Posts numbers until all are acknowledged."""

    def __init__(self, site: Site, token: str, count: int) -> None:
        self.acknowledged: dict[int, str] = {}
        self.answers: dict[int, int] = {}
        self._site = site
        self._headers = {"Authorization": f"Bearer {token}"}
        self._todo = iter(range(count))
        self._guard = threading.Lock()

    def run(self) -> None:
        threads = [threading.Thread(target=self._one) for _ in range(CROWD)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _one(self) -> None:
        with httpx.Client(base_url=self._site.base, headers=self._headers, timeout=30) as client:
            while True:
                with self._guard:
                    number = next(self._todo, None)
                if number is None:
                    return
                item = self._insist(lambda n=number: self._post(client, n), 201).json()["id"]
                with self._guard:
                    self.acknowledged[number] = item
                if number % MARKED == 0:
                    self._insist(lambda i=item: client.post(f"/v1/items/{i}/visible-label"), 202)

    def _post(self, client: httpx.Client, number: int) -> httpx.Response:
        return client.post(
            "/v1/items",
            data={"declaration": "ai_generated", "title": str(number)},
            files={"file": (f"{number}.png", picture(number))},
            headers={"Idempotency-Key": f"post-{number}"},
        )

    def _insist(self, ask: Callable[[], httpx.Response], wanted: int) -> httpx.Response:
        """Repeats a request until it is answered as wished; only "try again" may come in between."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                answer = ask()
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            with self._guard:
                self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1
            if answer.status_code == wanted:
                return answer
            assert answer.status_code in (503, 507), answer.text
            time.sleep(0.1)
        raise AssertionError("no answer in time")


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, postgres.Postgres | None]]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/site.sqlite3", None
        return
    with postgres.running(synchronous_commit="on") as server, server.database() as url:
        yield url, server


def crash(kind: str, count: int, kills: int, *, restart: bool = False) -> dict[str, int]:
    """Runs the loop and returns what happened.

    Raises:
        AssertionError: Something was lost, is double, or is torn.
    """
    chance = random.Random(20261127)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yinji-crash-")))
        url, server = stack.enter_context(database(kind, folder))
        settings = Settings(data_dir=folder / "data", database_url=url)
        with Platform.open(settings) as platform:
            platform.create_account("qinghe", PASSWORD, Role.SERVICE)
            token = platform.sign_in("qinghe", PASSWORD)
        site = Site(settings, postgres.free_port())
        stack.callback(site.close)
        site.start("serve")
        site.start("worker")
        crowd = Crowd(site, token, count)
        thread = threading.Thread(target=crowd.run)
        thread.start()
        killed = 0
        for number in range(kills):
            _wait_for(lambda n=number: len(crowd.acknowledged) >= (n + 1) * count // (kills + 2), thread)
            time.sleep(chance.uniform(0, 0.2))
            if server is not None and restart:
                server.crash()
            else:
                name = "serve" if number % 3 < 2 else "worker"
                site.kill(name)
                site.start(name)
            killed += 1
        thread.join()
        assert len(crowd.acknowledged) == count, "somebody never got an answer"
        site.close()
        with Platform.open(settings) as platform:
            return _examined(platform, crowd) | {"kills": killed}


def _wait_for(condition: Callable[[], bool], thread: threading.Thread) -> None:
    while thread.is_alive() and not condition():
        time.sleep(0.02)


def _examined(platform: Platform, crowd: Crowd) -> dict[str, int]:
    """Holds what is stored to what was acknowledged."""
    from sqlalchemy import func, select, update

    from yinji.platform.instants import now
    from yinji.platform.schema import items, tasks

    with platform._database.read() as connection:
        stored = connection.scalar(select(func.count()).select_from(items))
    assert stored == len(crowd.acknowledged) == len(set(crowd.acknowledged.values())), "lost or double"
    with platform._database.write() as connection:  # leases of the dead are over
        connection.execute(update(tasks).values(due_at=now()))
    platform.work.pool(1).drain()
    marked = 0
    for number, item_id in crowd.acknowledged.items():
        item, file = platform.item(item_id), platform.served_file(item_id)
        data = file.path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == file.sha256, "torn"
        label = yinji.read(data, filename=item.filename).label
        assert label is not None
        assert label.propagate_id == item_id
        assert item.title == str(number)
        steps = [step.event for step in item.history]
        assert steps.count("item.published") == 1
        assert steps.count("item.marked") == (number % MARKED == 0), "not marked, or twice"
        marked += steps.count("item.marked")
    size, _ = platform.audit_verify()
    platform.tidy(thorough=True)
    assert all(platform.served_file(i).path.exists() for i in crowd.acknowledged.values())
    return {"posts": len(crowd.acknowledged), "marked": marked, "log": size, "tried again": crowd.answers.get(503, 0)}


if __name__ == "__main__":
    posts, where, how = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    print(where, *how, crash(where, posts, max(3, posts // 40), restart="restart" in how))
