"""Starting the platform's web server: what ``serve`` and ``demo`` share."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final, TypeVar

import click

from yinji.cli.files import note
from yinji.cli.language import say
from yinji.errors import MissingExtra, StorageError

Command = TypeVar("Command", bound=Callable[..., Any])

_NEEDED: Final = ("fastapi", "uvicorn", "jinja2", "jwt", "sqlalchemy", "alembic", "argon2", "PIL")


def serving_options(command: Command) -> Command:
    """Adds ``--host`` and ``--port``."""
    port = click.option(
        "--port",
        default=8000,
        show_default=True,
        type=click.IntRange(1, 65535),
        envvar="YINJI_PORT",
        help=say("端口", "Port"),
    )
    host = click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        envvar="YINJI_HOST",
        help=say("监听的地址", "Address to listen on"),
    )
    return host(port(command))


def require_server() -> None:
    """Makes sure that the platform can run here.

    Raises:
        MissingExtra: The server's dependencies are not installed.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise MissingExtra("missing-extra", extra="image,server", names=", ".join(missing))


_TURN: Final = 0.0005
"""Seconds that a thread computes before another may. A request waits for the disk a dozen times, and after each for its
turn, which at the usual 5 ms can take longer than the disk."""


def run(host: str, port: int, *, demo: bool) -> int:
    """Opens the platform and serves it until interrupted.

    Raises:
        MissingExtra: The server's dependencies are not installed.
        StorageError: The address is taken, or the data directory cannot be used.
    """
    require_server()
    import uvicorn

    from yinji.platform.service import Platform
    from yinji.platform.settings import Settings
    from yinji.server.app import create_app

    _claim(host, port)
    sys.setswitchinterval(_TURN)
    settings = Settings.from_environment()
    with Platform.open(settings) as platform:
        if demo:
            from yinji.platform.demo import seed

            accounts = seed(platform)
            for account in accounts:
                note(
                    say(
                        f"演示账号 {account.name}，口令 {account.password}",
                        f"Demo account {account.name}, password {account.password}",
                    )
                )
        note(
            say(
                f"印记已启动：http://{host}:{port}（Ctrl+C 停止）",
                f"Yinji is running: http://{host}:{port} (Ctrl+C stops it)",
            )
        )
        uvicorn.run(create_app(platform), host=host, port=port, log_level="warning", server_header=False)
    return 0


def _claim(host: str, port: int) -> None:
    """Finds out before anything else starts whether the address is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            code = "address-in-use" if error.errno == errno.EADDRINUSE else "cannot-listen"
            raise StorageError(code, host=host, port=port, reason=error.strerror) from error
