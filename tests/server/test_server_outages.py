"""What readers and programs are told while the database or the store of the files is away, and what operators are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.engine import make_url
from starlette.requests import Request

from yinji.platform.blobs.directory import DirectoryStore
from yinji.platform.database import Database, _engine
from yinji.platform.errors import Unavailable
from yinji.platform.model import ServedFile
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.server.app import create_app
from yinji.server.files import serve_file

PAGE = {"Accept": "text/html"}


def answers(platform: Platform, *asked: tuple[str, dict[str, str]]) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(platform), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return [await client.get(address, headers=headers) for address, headers in asked]

    return asyncio.run(ask())


def test_while_the_database_is_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    away = Database(_engine(make_url("postgresql://secret-user@127.0.0.1:9/hidden")))
    platform = Platform(Settings(data_dir=tmp_path), away, DirectoryStore(tmp_path / "blobs"))
    english, chinese = {"Accept-Language": "en"}, {"Accept-Language": "zh"}
    page, seite, program, health = answers(
        platform, ("/", PAGE | english), ("/", PAGE | chinese), ("/v1/items", english), ("/healthz", {})
    )
    for answer in (page, seite, program):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert not {"secret-user", "127.0.0.1", "hidden", "Error"} & set(answer.text.replace('"', " ").split())
        assert "secret-user" not in answer.text
    assert "Try again in a few seconds" in page.text
    assert "请过几秒重试" in seite.text
    assert program.json()["code"] == "database"
    assert (health.status_code, health.json()) == (503, {"healthy": False})
    assert "port 9 failed" in caplog.text


class Away(DirectoryStore):
    def local(self, sha256: str) -> Path | None:
        return None

    def chunks(self, sha256: str, start: int, stop: int) -> Iterator[bytes]:
        raise Unavailable("object-store", reason="connection refused")
        yield b""


def test_an_answer_whose_file_cannot_be_had_does_not_begin(tmp_path: Path) -> None:
    file = ServedFile(Away(tmp_path), "x.png", "image/png", 10, "00" * 32)
    request = Request({"type": "http", "method": "GET", "headers": []})
    with pytest.raises(Unavailable):
        serve_file(request, file, download=False)
