"""The middleware around real applications, served by a real server: pages, streams, compression, policies, programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from yinji.errors import UsageError
from yinji.marks.interface import component
from yinji.pipelines.asgi import InterfaceLabel, label_event, label_field

PAGE = '<!doctype html><html lang="zh-CN"><head><title>t</title></head><body class="a>b"><p>内容</p></body></html>'
MARK = b'<yinji-label variant="bar"'


def get(app: Any, path: str = "/", *, method: str = "GET", **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return asyncio.run(ask())


def serving(body: bytes | str, *, type: str = "text/html; charset=utf-8", status: int = 200, **headers: str) -> Any:
    async def answer(request: Request) -> Response:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        return Response(body, status, named, type)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD", "POST"])])


def test_a_page_begins_with_the_label() -> None:
    app = FastAPI()
    app.add_middleware(InterfaceLabel)

    @app.get("/", response_class=HTMLResponse)
    def home() -> str:
        return PAGE

    answer = get(app)
    before, _, after = answer.content.partition(b'<body class="a>b">')
    assert after.startswith(MARK)
    assert before + b'<body class="a>b">' + after[after.index(b"<p>") :] == PAGE.encode()
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["yinji-label"] == "tier=is"
    assert "本服务的内容由人工智能生成" in httpx_text(answer)
    script = answer.text.partition('src="')[2].partition('"')[0]
    served = get(app, script)
    assert served.content == component.script()
    assert served.headers["content-type"].startswith("text/javascript")
    assert "immutable" in served.headers["cache-control"]
    assert get(app, script, method="POST").status_code == 405


def httpx_text(answer: httpx.Response) -> str:
    import html

    return html.unescape(answer.text)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_stream_is_labelled_and_stays_a_stream(size: int) -> None:
    async def answer(request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            data = PAGE.encode()
            for at in range(0, len(data), size):
                yield data[at : at + size]

        return StreamingResponse(pieces(), media_type="text/html")

    labelled = get(InterfaceLabel(Starlette(routes=[Route("/", answer)])))
    assert labelled.content.count(MARK) == 1
    assert labelled.content.index(MARK) == labelled.content.index(b'<body class="a>b">') + 18
    assert "content-length" not in labelled.headers


def test_the_label_goes_out_before_the_stream_has_ended() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<html><body>", "more_body": True})
        seen.append(len(sent))
        await send({"type": "http.response.body", "body": b"<p>1", "more_body": True})
        await send({"type": "http.response.body", "body": b"<p>2"})

    sent: list[Any] = []
    seen: list[int] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(InterfaceLabel(app)(scope, None, send))  # type: ignore[arg-type]
    assert seen == [2]
    assert MARK in sent[1]["body"]
    assert [m.get("body") for m in sent[2:]] == [b"<p>1", b"<p>2"]


@pytest.mark.parametrize(
    ("body", "before"),
    [
        ("<html><head><title>t</title></head><p>x</p></html>", "</head>"),
        ("<!-- <body> --><html><script>'<body>'</script><BODY\nonload='a>b'><p>", "<BODY\nonload='a>b'>"),
        ("﻿<!doctype html><title><body></title><body><p>", "</title><body>"),
    ],
)
def test_where_the_body_begins(body: str, before: str) -> None:
    content = get(InterfaceLabel(serving(body))).text
    assert content.index("<yinji-label") == body.index(before) + len(before)


@pytest.mark.parametrize(
    ("app", "why"),
    [
        (serving("<p>a fragment for a page that is labelled already</p>"), "fragment"),
        (serving(PAGE, content_encoding="br"), "compressed"),
        (serving(PAGE, cache_control="no-transform"), "no-transform"),
        (serving(PAGE, content_disposition="attachment; filename=a.html"), "download"),
        (serving(PAGE.encode("utf-16"), type="text/html; charset=utf-16"), "charset"),
        (serving(PAGE, status=206, content_range="bytes 0-9/99"), "part"),
        (serving(PAGE, type="image/svg+xml"), "picture"),
    ],
)
def test_what_is_left_as_it_is(app: Any, why: str) -> None:
    plain, labelled = get_raw(app), get_raw(InterfaceLabel(app))
    assert labelled[1] == plain[1], why
    kept = [pair for pair in labelled[0] if pair[0] != b"yinji-label"]
    assert kept == plain[0], why


def get_raw(app: Any) -> tuple[list[Any], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(app(scope, receive, send))
    return list(sent[0]["headers"]), b"".join(m.get("body", b"") for m in sent[1:])


def test_compression_outside_compresses_the_label_too() -> None:
    async def answer(request: Request) -> Response:
        return HTMLResponse(PAGE + "<p>x</p>" * 500)

    layers = [Middleware(GZipMiddleware), Middleware(InterfaceLabel)]
    labelled = get(Starlette(routes=[Route("/", answer)], middleware=layers), accept_encoding="gzip")
    assert labelled.headers["content-encoding"] == "gzip"
    assert labelled.content.count(MARK) == 1
    swapped = get(Starlette(routes=[Route("/", answer)], middleware=layers[::-1]), accept_encoding="gzip")
    assert swapped.content.count(MARK) == 0


def test_labelling_twice_labels_once() -> None:
    app = InterfaceLabel(InterfaceLabel(serving(PAGE)))
    assert get(app).content.count(MARK) == 1
    own = PAGE.replace("<p>", '\n <yinji-label variant="bar"></yinji-label><p>', 1)
    assert get(InterfaceLabel(serving(own))).text == own


def test_policies_with_a_nonce() -> None:
    policy = "default-src 'none'; script-src 'nonce-abc123=' 'strict-dynamic'"
    assert 'nonce="abc123="' in get(InterfaceLabel(serving(PAGE, content_security_policy=policy))).text
    assert "nonce" not in get(InterfaceLabel(serving(PAGE, content_security_policy="script-src 'self'"))).text


def test_other_encodings_show_the_same_words() -> None:
    app = InterfaceLabel(serving(PAGE.encode("gb18030"), type="text/html; charset=gb18030"))
    content = get(app).content.decode("gb18030")
    assert "<p>内容</p>" in content
    assert "&#26412;&#26381;&#21153;" in content


def test_validators_and_digests_follow_the_page() -> None:
    async def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == '"v1"':
            return Response(status_code=304, headers={"ETag": '"v1"'})
        return HTMLResponse(PAGE, headers={"ETag": '"v1"', "Content-Digest": "sha-256=:x:"})

    app = InterfaceLabel(Starlette(routes=[Route("/", answer)]))
    first = get(app)
    assert first.headers["etag"] != '"v1"'
    assert "content-digest" not in first.headers
    assert get(app, if_none_match=first.headers["etag"]).status_code == 304
    assert get(app, if_none_match='"v0-yl00000000"').status_code == 200


def test_head_of_a_page_promises_no_wrong_length() -> None:
    answer = get(InterfaceLabel(serving(PAGE)), method="HEAD")
    assert "content-length" not in answer.headers
    assert answer.headers["yinji-label"] == "tier=is"


def test_only_some_paths() -> None:
    app = InterfaceLabel(serving(PAGE), paths=("/chat",), language="en", place="bottom", tier="may", href="/a?b&c")
    assert MARK not in get(app, "/").content
    page = get(app, "/chat/1").text
    assert 'place="bottom" tier="may" language="en" href="/a?b&amp;c"' in page
    assert "This may be AI-generated content" in page


def test_programs_are_told_too() -> None:
    async def chat(request: Request) -> Response:
        return JSONResponse({"answer": "…", "yinji_label": label_field()})

    async def stream(request: Request) -> Response:
        async def events() -> AsyncIterator[str]:
            yield label_event(language="both")
            yield "data: x\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    app = InterfaceLabel(Starlette(routes=[Route("/chat", chat), Route("/stream", stream)]))
    answer = get(app, "/chat")
    assert answer.headers["yinji-label"] == "tier=is"
    assert answer.json()["yinji_label"]["words"] == "该内容属于人工智能生成合成内容"
    streamed = get(app, "/stream")
    assert streamed.headers["yinji-label"] == "tier=is"
    name, data = streamed.text.split("\n")[:2]
    assert name == "event: label"
    assert json.loads(data.removeprefix("data: "))["tier"] == "is"


def test_wrong_wishes() -> None:
    for wishes, code in (
        ({"tier": "none"}, "no-such-tier"),
        ({"place": "left"}, "no-such-place"),
        ({"language": "fr"}, "no-such-language"),
    ):
        with pytest.raises(UsageError) as caught:
            InterfaceLabel(serving(PAGE), **wishes)
        assert caught.value.code == code
    with pytest.raises(UsageError):
        label_field("none")


def test_behind_a_real_server(tmp_path: Any) -> None:
    import socket
    import threading

    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(InterfaceLabel(serving(PAGE)), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            answer = httpx.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", trust_env=False)
        finally:
            server.should_exit = True
            thread.join()
    assert answer.content.count(MARK) == 1
    assert int(answer.headers["content-length"]) == len(answer.content)
