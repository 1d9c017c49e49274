from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live import MAX_UPLOAD, Site, serve

from postgres import free_port
from yinji.platform.model import Role
from yinji.server.options import ServerOptions

MIB = 1024 * 1024


@pytest.fixture
def author(site: Site) -> Iterator[httpx.Client]:
    with site.client(Role.CREATOR) as client:
        yield client


def test_too_large_is_refused_by_its_announced_length(author: httpx.Client) -> None:
    answer = author.post("/v1/check", content=bytes(MAX_UPLOAD + 2 * MIB))
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_too_large_is_refused_while_it_streams(author: httpx.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 64 * MIB:
            sent += MIB
            yield bytes(MIB)

    answer = author.post("/v1/check", content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_file_just_over_the_limit_is_a_problem_for_programs(author: httpx.Client) -> None:
    files = {"file": ("big.png", bytes(MAX_UPLOAD + 1))}
    answer = author.post("/v1/items", data={"declaration": "not_ai"}, files=files)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert author.get("/v1/items?q=big.png").json()["items"] == []


def test_a_file_just_over_the_limit_is_a_kind_page_for_people(author: httpx.Client) -> None:
    author.headers["Accept"] = "text/html"
    author.headers["Accept-Language"] = "en"
    form = {"text": "words I typed", "declaration": "ai_edited"}
    answer = author.post("/publish", data=form, files={"file": ("big.png", bytes(MAX_UPLOAD + 1))})
    assert answer.status_code == 413
    assert "words I typed" in answer.text
    assert 'value="ai_edited" checked' in answer.text


@pytest.mark.parametrize("address", ["/v1/check", "/v1/items"])
def test_an_empty_file_is_named(author: httpx.Client, address: str) -> None:
    answer = author.post(address, data={"declaration": "not_ai"}, files={"file": ("leer.png", b"")})
    assert (answer.status_code, answer.json()["code"]) == (422, "empty-file")
    assert "leer.png" in answer.json()["detail"]


def test_no_file_at_all(author: httpx.Client) -> None:
    assert author.post("/v1/check", files={"other": (None, "text")}).json()["code"] == "file-missing"
    assert author.post("/v1/check", content=b"").json()["code"] == "empty-file"


def test_a_truncated_picture_cannot_be_judged(author: httpx.Client, labelled_png: Path) -> None:
    cut = labelled_png.read_bytes()[:60]
    report = author.post("/v1/check", files={"file": ("cut.png", cut)}).json()
    assert report["state"] == "malformed"
    page = author.post("/verify?lang=en", files={"file": ("cut.png", cut)}, headers={"Accept": "text/html"}).text
    assert "Cannot tell" in page and "No label found" not in page


def test_an_unknown_format_is_another_answer(author: httpx.Client) -> None:
    page = author.post("/verify?lang=en", files={"file": ("x.bin", b"\1\2\3" * 9)}, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Format not supported" in page.text
    assert "No label found" not in page.text and "Cannot tell" not in page.text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"garbage", "multipart/form-data; boundary=x", 422),
        (b"--x\r\ngarbage", "multipart/form-data; boundary=x", 422),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nopen end', "multipart/form-data; boundary=x", 422),
        (b"a=1", "text/plain", 415),
        (b"a=1", "multipart/form-data", 415),
        (b"&".join(b"a=1" for _ in range(99)), "application/x-www-form-urlencoded", 422),
        (b"text=" + b"x" * 300_000, "application/x-www-form-urlencoded", 422),
        (b"--x\r\n" + b"y" * 9000 + b": 1\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x", 422),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"y" * 200_000 + b"\r\n--x--",
            "multipart/form-data; boundary=x",
            413,
        ),
    ],
    ids=lambda v: str(v)[:30],
)
def test_bad_forms(author: httpx.Client, body: bytes, content_type: str, status: int) -> None:
    answer = author.post("/v1/items", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text


def test_small_routes_take_small_bodies(author: httpx.Client) -> None:
    answer = author.post("/v1/session", json={"name": "x", "password": "y" * 400_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_too_many_files_and_fields(author: httpx.Client) -> None:
    many = [("file", (f"{n}.png", b"x")) for n in range(11)]
    assert author.post("/verify.json", files=many).json()["code"] == "too-many-files"
    fields = [(f"f{n}", (None, "x")) for n in range(40)]
    assert author.post("/verify.json", files=fields).json()["code"] == "form-too-large"


def trickle(base: str, seconds_between: float, count: int) -> bytes:
    """Sends a body a byte at a time and returns what came back."""
    host, port = base.removeprefix("http://").split(":")
    head = f"POST /v1/check HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode())
        for _ in range(count):
            time.sleep(seconds_between)
            try:
                connection.sendall(b"x")
            except OSError:
                break
        return connection.recv(65536)


def test_slow_bodies_are_given_up(tmp_path: Path) -> None:
    quick = ServerOptions(idle_seconds=0.3, grace_seconds=0.3, least_rate=1_000_000)
    with serve(tmp_path, quick) as site:
        assert b" 408 " in trickle(site.base, 0.0, 1), "stops sending"
        assert b" 408 " in trickle(site.base, 0.1, 8), "sends too little"
        with site.client() as client:
            assert client.get("/healthz").status_code == 200


SERVER = """
import sys
from pathlib import Path
import uvicorn
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.server.app import create_app
with Platform.open(Settings(data_dir=Path(sys.argv[1]), max_upload_bytes=256 * 2**20)) as platform:
    uvicorn.run(create_app(platform), host="127.0.0.1", port=int(sys.argv[2]), log_level="critical")
"""


def peak_memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def test_a_hundred_megabytes_stream_through_without_growth(tmp_path: Path, labelled_png: Path) -> None:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path), str(port)], env=dict(os.environ))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while True:  # a busy machine takes its time to start
                try:
                    client.get("/healthz")
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    time.sleep(0.05)
            small = labelled_png.read_bytes()
            assert client.post("/v1/check", files={"file": ("a.png", small)}).status_code == 200
            before = peak_memory(process.pid)

            def stream() -> Iterator[bytes]:
                for _ in range(100):
                    yield bytes(MIB)

            answer = client.post("/v1/check", content=stream(), params={"filename": "zeros.bin"})
            assert (answer.status_code, answer.json()["state"]) == (200, "unsupported")
            assert peak_memory(process.pid) - before < 24 * MIB
    finally:
        process.terminate()
        process.wait(20)
