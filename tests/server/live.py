"""A real server on a loopback port, with real accounts, for the tests of this room."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from yinji.platform.agreements.texts import TERMS
from yinji.platform.model import Account, Role
from yinji.platform.oidc.settings import OidcSettings
from yinji.platform.passwords import Passwords
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.server.app import create_app
from yinji.server.options import ServerOptions

PASSWORD = "正确 horse battery"
MAX_UPLOAD = 2 * 1024 * 1024

QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=256, parallelism=1))
"""Real Argon2id, with parameters that cost a test nothing."""


@dataclass
class Site:
    base: str
    platform: Platform
    accounts: dict[Role, Account] = field(default_factory=dict)

    def client(self, role: Role | None = None, **headers: str) -> httpx.Client:
        """Returns a client; with a role it carries a bearer token of an account of that role."""
        if role is not None:
            headers["Authorization"] = f"Bearer {self.token(role)}"
        return httpx.Client(base_url=self.base, headers=headers, timeout=30)

    def token(self, role: Role) -> str:
        return self.platform.sign_in(self.accounts[role].name, PASSWORD)


@contextmanager
def serve(
    folder: Path,
    options: ServerOptions | None = None,
    *,
    max_upload: int = MAX_UPLOAD,
    prepare: Callable[[FastAPI], None] | None = None,
    oidc: OidcSettings | None = None,
    agreed: bool = True,
) -> Iterator[Site]:
    """Serves a new site from ``folder`` until the block is left; ``prepare`` may change the application before."""
    settings = Settings(data_dir=folder, max_upload_bytes=max_upload, oidc=oidc)
    with Platform.open(settings, passwords=QUICK) as platform:
        listener = socket.create_server(("127.0.0.1", 0))
        app = create_app(platform, options)
        if prepare:
            prepare(app)
        config = uvicorn.Config(app, log_level="critical", server_header=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", platform)
        for role in Role:
            site.accounts[role] = account = platform.create_account(f"the-{role}", PASSWORD, role, f"青禾 {role}")
            if agreed:
                platform.agreements.accept(account, TERMS, platform.agreements.in_force(TERMS).version)
        try:
            yield site
        finally:
            server.should_exit = True
            thread.join()
            listener.close()
