from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine

import postgres
from yinji.platform.database import Database
from yinji.platform.model import Account, Role
from yinji.platform.passwords import Passwords
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

PASSWORD = "正确 horse battery"

QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=256, parallelism=1))
"""Real Argon2id, with parameters that cost a test nothing."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Every test that touches the database runs on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/site.sqlite3"
        return
    server: postgres.Postgres = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=database_url)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database.open(settings.sqlalchemy_url)
    yield database
    database.close()


@pytest.fixture
def platform(settings: Settings) -> Iterator[Platform]:
    with Platform.open(settings, passwords=QUICK) as platform:
        yield platform


@pytest.fixture
def raw(settings: Settings) -> Iterator[Engine]:
    """The database as somebody with its password sees it, past all our code."""
    engine = create_engine(settings.sqlalchemy_url)
    yield engine
    engine.dispose()


@pytest.fixture
def author(platform: Platform) -> Account:
    return platform.create_account("qinghe", PASSWORD, Role.CREATOR, "青禾画室")


@pytest.fixture
def opened(settings: Settings) -> Iterator[Callable[[], Platform]]:
    """Opens further platforms on the same site, as other processes would."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Platform.open(settings, passwords=QUICK))
