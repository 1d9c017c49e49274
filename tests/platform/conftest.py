from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine

import postgres
from case_desk import NOT_AI, decided
from yinji.platform.cases.model import Case, Why
from yinji.platform.database import Database
from yinji.platform.model import Account, Item, Role
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


# --- cases
@pytest.fixture
def people(platform: Platform) -> dict[str, Account]:
    """Two reviewers, readers, an administrator, an auditor."""
    roles = {"r1": Role.REVIEWER, "r2": Role.REVIEWER, "reader": Role.READER, "other": Role.READER}
    roles |= {"admin": Role.ADMIN, "auditor": Role.AUDITOR}
    return {name: platform.create_account(name, PASSWORD, role) for name, role in roles.items()}


@pytest.fixture
def words_item(platform: Platform, author: Account) -> Item:
    return platform.publish(author, title="湖边", text="湖边的清晨", declaration=NOT_AI)


@pytest.fixture
def case(platform: Platform, people: dict[str, Account], words_item: Item) -> Case:
    case_id = platform.cases.report(people["reader"], words_item.id, Why.UNLABELLED).case_id
    return platform.cases.job(people["r1"], case_id).case


@pytest.fixture
def confirmed(platform: Platform, people: dict[str, Account], case: Case) -> str:
    return decided(platform, people["r1"], case.id, "confirm")
