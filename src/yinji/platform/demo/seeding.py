"""Fills a site with the demo, once: accounts, then what its authors post, then what readers and reviewers do."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from yinji.errors import StorageError
from yinji.labels.aigc import AigcLabel
from yinji.labels.declaration import Declaration, Declared
from yinji.operations.label import label
from yinji.platform.agreements.texts import TERMS
from yinji.platform.demo import cases, film, pictures, scene, tune
from yinji.platform.model import Account, Role

if TYPE_CHECKING:
    from PIL import Image

    from yinji.platform.service import Platform

PRODUCER: Final = "001191110000MA0TE5T00Q10001"
"""Code of a generation service that does not exist."""

_PASSWORDS: Final = "demo-accounts.json"
_PARAMETERS: Final = (
    "orange cat in front of a round window, flat illustration\n"
    "Negative prompt: blurry, text\n"
    "Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 20261123, Size: 1200x900, Model hash: 6ce0161689, "
    "Model: v1-5-pruned-emaonly, Version: v1.10.1"
)
"""What a common local tool leaves in the PNG text chunk ``parameters``."""

_DIGEST_TEXT: Final = """本周共读《金石录》，大家谈得最多的是“印”：一枚印章落下，物与人之间就有了一条可以追问的线。

- 第一章讲收藏，也讲离散。
- 讨论集中在“信”字：凭什么相信一件东西的来历。

这份摘要由模型根据共读笔记整理，引文页码请以原书为准。"""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account to try things out with."""

    name: str
    password: str
    role: Role


@dataclass(frozen=True, slots=True)
class _Post:
    author: str
    title: str
    text: str
    declaration: Declaration
    filename: str = ""
    make: Callable[[], bytes] | None = None


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


def seed(platform: Platform) -> tuple[DemoAccount, ...]:
    """Fills the site with the demo accounts and items, once; what is there already stays as it is.

    Returns:
        The accounts with their passwords, which are drawn by lot for each site and kept in its data folder.
    """
    passwords = _passwords(platform.settings.data_dir)
    accounts = {name: _account(platform, name, shown, role, passwords[name]) for name, shown, role in _ACCOUNTS}
    for post in _posts():
        _publish(platform, accounts[post.author], post)
    cases.act(platform, accounts)
    return tuple(DemoAccount(name, passwords[name], role) for name, _, role in _ACCOUNTS)


def _posts() -> tuple[_Post, ...]:
    return (
        _Post("chengnan", *cases.RECIPE, Declaration(Declared.NOT_AI)),
        _Post("yanhe", *cases.MORNING, Declaration(Declared.NOT_AI)),
        _Post(
            "chengnan",
            cases.NOODLES,
            "巷口这家面馆开了二十年，汤还是那个味道。",
            Declaration(Declared.NOT_AI),
            "巷口的面.jpg",
            lambda: _encoded(pictures.noodles(), "JPEG"),
        ),
        _Post(
            "juyu",
            "掌柜今日当值",
            "掌柜今日当值，茶已泡好。",
            Declaration(Declared.UNDECLARED),
            "掌柜.png",
            _cat_from_a_local_tool,
        ),
        _Post(
            "yanhe",
            "寿山石印章三维稿",
            "印面的字还没有刻，先把石料和印纽的比例定下来。形体由模型生成，我改了印纽。",
            Declaration(Declared.AI_EDITED, "形体由模型生成"),
            "印章.glb",
            scene.seal,
        ),
        _Post(
            "juyu",
            "雨夜琴",
            "昨晚下雨，在窗边弹的一小段，没有修音。",
            Declaration(Declared.NOT_AI),
            "雨夜琴.wav",
            tune.strings,
        ),
        *_films(),
        _Post("yanhe", "本周共读摘要：印与信", _DIGEST_TEXT, Declaration(Declared.AI_EDITED, "由模型整理，人工校对")),
        _Post(
            "qinghe",
            "青绿山水：新展海报底图",
            "想给新展做一张石青石绿的海报底图，用文生图试了十几版，这一张的山势最舒服。",
            Declaration(Declared.AI_GENERATED),
            "青绿山水.png",
            _labelled_mountains,
        ),
    )


def _films() -> tuple[_Post, ...]:
    if importlib.util.find_spec("av") is None:  # the platform runs without PyAV; then it shows no film
        return ()
    words = "一镜走过整幅长卷，五秒。画面由文生视频模型生成。"
    return (_Post("qinghe", "山水长卷（短片）", words, Declaration(Declared.AI_GENERATED), "长卷.mp4", _labelled_film),)


def _publish(platform: Platform, author: Account, post: _Post) -> None:
    if any(item.title == post.title for item in platform.feed(author_id=author.id, limit=100).rows):
        return
    draft_id = None
    if post.make is not None:
        with platform.upload(author) as upload:
            upload.write(post.make())
            draft_id = upload.finish(post.filename).id
    platform.publish(author, title=post.title, text=post.text, declaration=post.declaration, draft_id=draft_id)


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


def _labelled_mountains() -> bytes:
    return _labelled(_encoded(pictures.mountains(), "PNG"), "demo-20261122-7f3a9c", "mountains.png")


def _labelled_film() -> bytes:
    return _labelled(film.pan(), "demo-20261124-c0ffee", "mountains.mp4", "top-right")  # clear of a player's controls


def _labelled(data: bytes, produce_id: str, filename: str, place: str = "") -> bytes:
    """Labels what was generated as its producer must: first what people see, then the metadata."""
    with tempfile.TemporaryDirectory(prefix="yinji-demo-") as folder:
        output = Path(folder) / filename
        first = AigcLabel.first(PRODUCER, produce_id)
        label(data, first, output=output, filename=filename, place=place, durable=False)
        return output.read_bytes()


def _cat_from_a_local_tool() -> bytes:
    from PIL.PngImagePlugin import PngInfo

    traces = PngInfo()
    traces.add_text("parameters", _PARAMETERS)
    file = io.BytesIO()
    pictures.cat().save(file, "PNG", pnginfo=traces)
    return file.getvalue()


def _encoded(picture: Image.Image, format: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, quality=90)
    return file.getvalue()
