"""Fills a site with the demo, once: accounts, then a month in which authors post, readers report and reviewers decide.

The log only grows and is never dated back. So a new site plays that month with a clock of its own, in order, from a
month ago until now; the first entry of the log says so, and so does every page.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from yinji.errors import StorageError
from yinji.platform import instants
from yinji.platform.agreements.texts import TERMS
from yinji.platform.demo import cases
from yinji.platform.demo.posts import Post, posts
from yinji.platform.model import Account, Role

if TYPE_CHECKING:
    from yinji.platform.service import Platform

_MONTH: Final = timedelta(days=30)
_PASSWORDS: Final = "demo-accounts.json"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account to try things out with."""

    name: str
    password: str
    role: Role


_ACCOUNTS: Final = (
    ("demo-admin", "演示管理员", Role.ADMIN),
    ("demo-auditor", "演示审计员", Role.AUDITOR),
    (cases.REVIEWERS[0], "演示审核员", Role.REVIEWER),
    (cases.REVIEWERS[1], "演示复核员", Role.REVIEWER),
    (cases.READER, "演示读者", Role.READER),
    ("qinghe", "青禾画室", Role.CREATOR),
    ("chengnan", "城南食记", Role.CREATOR),
    ("yanhe", "沿河读书会", Role.CREATOR),
    ("juyu", "橘鱼事务所", Role.CREATOR),
)


def is_demo(data_dir: Path) -> bool:
    """Tells whether a site was filled with the demo."""
    return (data_dir / _PASSWORDS).exists()


def seed(platform: Platform) -> tuple[DemoAccount, ...]:
    """Fills the site with the demo accounts and items, once; what is there already stays as it is.

    Returns:
        The accounts with their passwords, which are drawn by lot for each site and kept in its data folder.
    """
    clock = _Clock(platform)
    passwords = _passwords(platform.settings.data_dir)
    with clock.before(_MONTH):
        accounts = {name: _account(platform, name, shown, role, passwords[name]) for name, shown, role in _ACCOUNTS}
    acting = cases.Acting(platform, accounts)
    steps = [(post.days, _publishing(platform, accounts[post.author], post)) for post in posts()]
    steps += () if acting.over else acting.acts()
    for days, act in sorted(steps, key=lambda step: -step[0]):
        with clock.before(timedelta(days=days)):
            act()
    return tuple(DemoAccount(name, passwords[name], role) for name, _, role in _ACCOUNTS)


class _Clock:
    """The clock of the play, on a site where nothing has happened yet; on any other it is the real one."""

    def __init__(self, platform: Platform) -> None:
        self._began = instants.now()
        self._plays = not platform.audit_entries(limit=1).rows
        if self._plays:
            with self.before(_MONTH + timedelta(minutes=1)):
                platform.audit.played(self._began - _MONTH)

    def before(self, span: timedelta) -> AbstractContextManager[None]:
        return instants.playing(self._began - span) if self._plays else nullcontext()


def _publishing(platform: Platform, author: Account, post: Post) -> cases.Deed:
    def publish() -> None:
        if any(item.title == post.title for item in platform.feed(author_id=author.id, limit=100).rows):
            return
        draft_id = None
        if post.make is not None:
            with platform.upload(author) as upload:
                upload.write(post.make())
                draft_id = upload.finish(post.filename).id
        platform.publish(author, title=post.title, text=post.text, declaration=post.declaration, draft_id=draft_id)

    return publish


def _account(platform: Platform, name: str, shown: str, role: Role, password: str) -> Account:
    account = platform.account_named(name) or platform.create_account(name, password, role, shown)
    platform.agreements.accept(account, TERMS, platform.agreements.in_force(TERMS).version)
    return account


def _passwords(folder: Path) -> dict[str, str]:
    """Reads the passwords of this site's demo accounts, and draws by lot those that are not there yet."""
    place = folder / _PASSWORDS
    try:
        kept: dict[str, str] = json.loads(place.read_text("utf-8")) if place.exists() else {}
        drawn = {name: secrets.token_urlsafe(9) for name, _, _ in _ACCOUNTS if name not in kept}
        if drawn:
            fresh = place.with_name(f".{_PASSWORDS}.{os.getpid()}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(kept | drawn, file, indent=2)
            fresh.replace(place)
    except OSError as error:
        raise StorageError("folder", path=place, reason=error.strerror) from error
    return kept | drawn
