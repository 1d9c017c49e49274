"""The lean path gives the same answers as the framework behind it, to good requests and bad ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import live
import pytest

from yinji.platform.model import Role
from yinji.server import lean

MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
Send = Callable[[httpx.Client], httpx.Response]


def post(path: str, **request: Any) -> Send:
    return lambda client: client.post(path, **request)


def said(**fields: str) -> dict[str, str]:
    return {"declaration": "not_ai", **fields}


def streamed(data: bytes) -> Iterator[bytes]:
    yield data[: len(data) // 2]
    yield data[len(data) // 2 :]


ITEMS = "/v1/items"
CHECK = "/v1/check"


def requests(png: bytes) -> dict[str, tuple[Role | None, Send]]:
    """Requests by name, each with the role that sends it."""
    file = {"file": ("街景.png", png, "image/png")}
    creator, reader = Role.CREATOR, Role.READER
    key = {"Idempotency-Key": "one"}
    raw = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment; filename*=UTF-8''%E5%9B%BE.png",
    }
    return {
        "nobody": (None, post(ITEMS, data=said(text="words"))),
        "a reader": (reader, post(ITEMS, data=said(text="words"))),
        "a bad token": (None, post(ITEMS, data=said(text="w"), headers={"Authorization": "Bearer nonsense"})),
        "another site": (None, post(ITEMS, data=said(text="w"), headers={"Sec-Fetch-Site": "cross-site"})),
        "another origin": (None, post(CHECK, files=file, headers={"Origin": "https://elsewhere.example"})),
        "words": (creator, post(ITEMS, data=said(title="题", text="words"))),
        "a file": (creator, post(ITEMS, data=said(declaration="ai_generated"), files=file)),
        "a file of unknown length": (creator, post(CHECK, content=streamed(png), headers=raw)),
        "several files": (creator, post(ITEMS, data=said(), files=[("file", file["file"]), ("file", file["file"])])),
        "in English": (creator, post(ITEMS, data={}, headers={"Accept-Language": "en"})),
        "no declaration": (creator, post(ITEMS, data={"text": "words"})),
        "an unknown declaration": (creator, post(ITEMS, data={"declaration": "perhaps", "text": "words"})),
        "nothing": (creator, post(ITEMS, data=said())),
        "an empty file": (creator, post(ITEMS, data=said(), files={"file": ("x.png", b"")})),
        "a long title": (creator, post(ITEMS, data=said(title="t" * 121, text="w"))),
        "a long field": (creator, post(ITEMS, data=said(text="w" * 140_000), files=file)),
        "no form": (creator, post(ITEMS, json={"declaration": "not_ai"})),
        "no body": (creator, post(ITEMS)),
        "a torn form": (creator, post(ITEMS, content=b"--b\r\nContent-Disposition: form-data; n", headers=MULTIPART)),
        "a form that never began": (creator, post(ITEMS, content=b"nothing of the kind", headers=MULTIPART)),
        "a body over the limit": (creator, post(ITEMS, content=b"x" * (live.MAX_UPLOAD + 2 * 1024 * 1024))),
        "a file over the limit": (creator, post(ITEMS, data=said(), files={"file": b"x" * (live.MAX_UPLOAD + 1)})),
        "a key": (creator, post(ITEMS, data=said(text="words"), headers=key)),
        "the same key": (creator, post(ITEMS, data=said(text="words"), headers=key)),
        "a key for something else": (creator, post(ITEMS, data=said(text="others"), headers=key)),
        "a key with a space": (creator, post(ITEMS, data=said(text="w"), headers={"Idempotency-Key": "a b"})),
        "an empty key": (creator, post(ITEMS, data=said(text="w"), headers={"Idempotency-Key": ""})),
        "a long key": (creator, post(ITEMS, data=said(text="w"), headers={"Idempotency-Key": "k" * 256})),
        "a long key of a reader": (reader, post(ITEMS, data=said(text="w"), headers={"Idempotency-Key": "k" * 256})),
        "check": (None, post(CHECK, files=file)),
        "check a body": (None, post(CHECK, content=png, headers=raw)),
        "check a named body": (None, post(f"{CHECK}?filename=x.png", content=png)),
        "check nothing": (None, post(CHECK)),
        "check a form without a file": (None, post(CHECK, data={"a": "b"}, headers=MULTIPART)),
        "check two": (None, post(CHECK, files=[("file", file["file"]), ("file", file["file"])])),
        "check damage": (None, post(CHECK, content=png[:200], headers=raw)),
        "check large": (None, post(CHECK, content=png + bytes(1_500_000), headers=raw)),
    }


def test_both_ways_answer_alike(plain_png: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(way: str) -> dict[str, Any]:
        with live.serve(tmp_path / way) as site:
            found = {}
            for name, (role, send) in requests(plain_png.read_bytes()).items():
                with site.client(role) as client:
                    found[name] = comparable(send(client))
            return found

    fast = ask("lean")
    monkeypatch.setattr(lean, "OPERATIONS", {})
    slow = ask("framework")
    for name, answer in fast.items():
        assert answer == slow[name], name
    assert {200, 201, 400, 401, 403, 409, 413, 415} <= {status for status, _, _ in fast.values()}


_VARIES = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "NUMBER"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "TIME"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
)


def comparable(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Returns an answer without what differs from one request to the next."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "date", "content-length")}
    body = answer.text
    for pattern, stands in _VARIES:
        headers = {name: re.sub(pattern, stands, value) for name, value in headers.items()}
        body = re.sub(pattern, stands, body)
    return answer.status_code, headers, body
