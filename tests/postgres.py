"""A real PostgreSQL server for tests: started as an unprivileged user in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "listen_addresses": "127.0.0.1",
}


class Postgres:
    """A running server; each test gets a database of its own."""

    def __init__(self, port: int, data: Path) -> None:
        self.port = port
        self._data = data

    def crash(self) -> None:
        """Ends it as a power failure would, and starts it again."""
        _run(
            _tool("pg_ctl"), "restart", "-D", str(self._data), "-m", "immediate", "-w", "-l", f"{self._data.parent}/log"
        )

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Creates an empty database and yields its address."""
        name = f"test_{uuid.uuid4().hex}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
        try:
            yield self._url(name)
        finally:
            self._admin(f"DROP DATABASE {name} WITH (FORCE)")

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def _tool(name: str) -> str:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    found = next((str(folder / name) for folder in folders if (folder / name).exists()), None) or shutil.which(name)
    assert found, f"{name} is needed: install the Debian package postgresql"
    return found


def _unprivileged(*command: str) -> list[str]:
    """The server refuses to run as root; the account that the Debian package makes runs it then."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else list(command)


def _run(*command: str) -> None:
    done = subprocess.run(
        _unprivileged(*command),
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C", "PGCTLTIMEOUT": "180"},
        cwd="/",
        timeout=200,
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


def free_port() -> int:
    """Returns a port that nobody has and that no connection will be given, so that it can be left and taken again.

    The kernel gives out ports above 32768 by itself; of those below, two test processes hardly choose the same.
    """
    while True:
        port = random.SystemRandom().randrange(10_240, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(**changed: str) -> Iterator[Postgres]:
    """Starts a server, with other settings where they are given, and stops it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="yinji-pg-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    data, port = folder / "data", free_port()
    settings = _SETTINGS | changed | {"port": str(port), "unix_socket_directories": str(folder)}
    options = shlex.join(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
    try:
        _run(_tool("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        _run(_tool("pg_ctl"), "start", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options)
        try:
            yield Postgres(port, data)
        finally:
            _run(_tool("pg_ctl"), "stop", "-D", str(data), "-m", "immediate", "-w")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
