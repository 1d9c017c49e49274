"""What breaks off, lies or explodes on its way in: each has one outcome, and the next request is answered as ever."""

from __future__ import annotations

import io
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import live
import pytest
from sqlalchemy import event, text

from yinji.platform.cases.model import Why
from yinji.platform.model import Role

NOBODY = 401


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Site]:
    with live.serve(tmp_path_factory.mktemp("hostile")) as site:
        yield site


def scratch(site: live.Site) -> list[Path]:
    folder = site.platform.settings.data_dir / "blobs" / "scratch"
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [40_000, 1_800_000], ids=["small", "large"])
@pytest.mark.parametrize("path", ["/v1/items", "/v1/check"])
def test_a_body_that_breaks_off_leaves_nothing(place: live.Site, path: str, size: int) -> None:
    """The client is gone after half of what it announced."""
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.png"\r\n\r\n' + bytes(size // 2)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.token(Role.CREATOR)}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {size}\r\n\r\n"
    )
    with place.client() as client:
        before = client.get("/v1/items").json()["items"]
        with socket.create_connection(httpx.URL(place.base).netloc.decode().split(":")) as connection:
            connection.sendall(head.encode() + form)
        assert client.get("/v1/items").json()["items"] == before
    until = time.monotonic() + 20
    while scratch(place) and time.monotonic() < until:
        time.sleep(0.02)
    assert scratch(place) == []
    with place.platform._database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM drafts")) == 0


def test_forged_sessions_open_nothing(place: live.Site) -> None:
    """Neither a changed token, nor what the database keeps of a real one, nor one that was signed out."""
    real = place.token(Role.CREATOR)
    ended = place.token(Role.CREATOR)
    place.platform.sign_out(ended)
    with place.platform._database.read() as connection:
        kept = connection.scalars(text("SELECT token_sha256 FROM sessions")).all()
    changed = real[:-1] + ("A" if real[-1] != "A" else "B")
    forged = [changed, real[:-1], real + "A", real.lower(), ended, *kept, "null", "' OR 1=1 --", "yk_" + real]
    with place.client() as client:
        assert client.get("/account.json", headers={"Authorization": f"Bearer {real}"}).status_code == 200
        for token in forged:
            for headers in (
                {"Authorization": f"Bearer {token}"},
                {"Cookie": f"yinji-session={token}"},
                {"X-API-Key": token},
            ):
                assert client.get("/account.json", headers=headers).status_code == NOBODY, (token, headers)
        other_name = {"Cookie": f"__Host-yinji-session={real}"}
        assert client.get("/account.json", headers=other_name).status_code == NOBODY


def bomb() -> bytes:
    """A document of half a megabyte whose parts unpack to half a gigabyte."""
    file = io.BytesIO()
    zeros = bytes(1 << 20)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", "docProps/custom.xml", "word/document.xml"):
            with archive.open(name, "w", force_zip64=True) as part:
                for _ in range(32):
                    part.write(zeros)
    return file.getvalue()


def test_a_zip_bomb_is_taken_and_told_and_not_unpacked(place: live.Site) -> None:
    data = bomb()
    with place.client(Role.CREATOR) as client:
        checked = client.post(
            "/v1/check", content=data, headers={"Content-Disposition": 'attachment; filename="x.docx"'}
        )
        posted = client.post("/v1/items", data={"declaration": "ai_generated"}, files={"file": ("x.docx", data)})
    assert checked.status_code == 200
    assert checked.json()["state"] in ("malformed", "unreadable")
    item = posted.json()
    assert posted.status_code == 201
    assert item["propagation"]["state"] in ("failed", "unsupported")
    assert item["propagation"]["reason"]["zh"]


def test_pages_ask_the_database_no_more_with_more_on_them(tmp_path: Path) -> None:
    """No list asks once for each of its rows."""
    pages = {
        None: ("/", "/v1/items", "/?q=t"),
        Role.CREATOR: ("/", "/cases"),
        Role.READER: ("/reports",),
        Role.REVIEWER: ("/review", "/v1/queues"),
        Role.AUDITOR: ("/v1/audit/entries",),
    }
    seen: list[str] = []
    with live.serve(tmp_path) as site:

        def note(*asked: object) -> None:
            if threading.current_thread().name.startswith("AnyIO"):  # what works in the background is not the page's
                seen.append(str(asked[2]))

        event.listen(site.platform._database._engine, "before_cursor_execute", note)
        tokens = {role: site.token(role) for role in pages if role is not None}

        def asked() -> dict[str, int]:
            found = {}
            for role, paths in pages.items():
                headers = {"Accept": "text/html"} | ({"Authorization": f"Bearer {tokens[role]}"} if role else {})
                with site.client(**headers) as client:
                    for path in paths:
                        client.get(path)  # whatever is written once in a while is written now
                        seen.clear()
                        assert client.get(path).status_code == 200
                        found[f"{role} {path}"] = len(seen)
            return found

        def filled(count: int) -> None:
            with site.client(Role.CREATOR) as author:
                for number in range(count):
                    form = {"declaration": "ai_generated", "title": "t", "text": f"words {number}"}
                    item = author.post("/v1/items", data=form).json()["id"]
                    site.platform.cases.report(site.accounts[Role.READER], item, Why.WRONGLY_LABELLED, "")

        filled(2)
        few = asked()
        filled(8)
        assert asked() == few
