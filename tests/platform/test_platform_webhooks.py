"""Webhooks against a real receiver on loopback; signatures checked by the public ``standardwebhooks`` package."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
from sqlalchemy import update

from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.database import Database
from yinji.platform.errors import NotFound
from yinji.platform.instants import now
from yinji.platform.model import Account, Role
from yinji.platform.schema import tasks, webhook_endpoints
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.platform.webhooks import sending, signing
from yinji.platform.webhooks.signing import new_secret
from yinji.platform.work.queue import MAX_ATTEMPTS


@dataclass
class Receiver:
    """What came in, and what to answer."""

    url: str = ""
    status: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def messages(self, secret: str) -> list[dict[str, object]]:
        """Every body, each held to its signature."""
        verify = standardwebhooks.Webhook(secret).verify
        return [verify(body, headers) for headers, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(state.status)
            if 300 <= state.status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    state.url = f"http://127.0.0.1:{server.server_port}/hook?a=1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=database_url, webhook_private=True)


@pytest.fixture
def admin(platform: Platform) -> Account:
    return platform.create_account("admin", "correct horse battery", Role.ADMIN)


def post(platform: Platform, author: Account, text: str = "words") -> str:
    return platform.publish(author, title="t", text=text, declaration=Declaration(Declared.NOT_AI)).id


def work(platform: Platform) -> int:
    return platform.work.pool(1).drain()


def make_due(database: Database) -> None:
    with database.write() as connection:
        connection.execute(update(tasks).values(due_at=now() - timedelta(seconds=1)))


def test_what_happens_is_told_once_and_signed(
    platform: Platform, author: Account, admin: Account, receiver: Receiver
) -> None:
    post(platform, author, "before")
    made = platform.webhooks.create(admin, receiver.url, ["item.published", "session.*"])
    first, second = post(platform, author), post(platform, author, "more")
    assert work(platform) == 2
    assert work(platform) == 0
    told = receiver.messages(made.secret)
    assert [(m["type"], m["data"]["subject"]) for m in told] == [("item.published", first), ("item.published", second)]  # type: ignore[index]
    entry = next(e for e in platform.audit_export() if e.event == "item.published" and e.subject == first)
    assert told[0]["data"]["index"] == entry.index  # type: ignore[index]
    assert b"words" not in receiver.got[0][1]
    page = platform.webhooks.deliveries(admin, made.id, limit=1)
    assert (page.rows[0].state, page.rows[0].status, page.rows[0].attempts) == ("delivered", 204, 1)
    assert page.next_cursor is not None
    rest = platform.webhooks.deliveries(admin, made.id, cursor=page.next_cursor)
    assert [row.id for row in rest.rows] == [receiver.got[0][0]["webhook-id"]]
    assert platform.webhooks.list(admin)[0].secret == ""


def test_refused_it_is_tried_again_later_under_the_same_number(
    platform: Platform, author: Account, admin: Account, receiver: Receiver, database: Database
) -> None:
    made = platform.webhooks.create(admin, receiver.url, ["item.published"])
    post(platform, author)
    for receiver.status in (500, 302, 404):  # a redirect is not followed
        assert work(platform) == 1
        assert work(platform) == 0
        make_due(database)
    receiver.status = 200
    work(platform)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    receiver.messages(made.secret)
    (delivery,) = platform.webhooks.deliveries(admin, made.id).rows
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 4, 200)


def test_given_up_listed_and_sent_again(
    platform: Platform, author: Account, admin: Account, receiver: Receiver, database: Database
) -> None:
    made = platform.webhooks.create(admin, receiver.url, ["item.published"])
    post(platform, author)
    receiver.status = 503
    for _ in range(MAX_ATTEMPTS):
        work(platform)
        make_due(database)
    (delivery,) = platform.webhooks.deliveries(admin, made.id).rows
    assert (delivery.state, delivery.attempts, delivery.status) == ("failed", MAX_ATTEMPTS, 503)
    receiver.status = 204
    assert platform.webhooks.replay(admin, made.id, delivery.id).state == "pending"
    work(platform)
    assert platform.webhooks.deliveries(admin, made.id).rows[0].state == "delivered"
    with pytest.raises(NotFound):
        platform.webhooks.replay(admin, made.id, made.id)


def test_long_failing_or_gone_it_is_switched_off_and_hears_the_rest_when_on_again(
    platform: Platform, author: Account, admin: Account, receiver: Receiver, database: Database
) -> None:
    made = platform.webhooks.create(admin, receiver.url, ["item.published"])
    refused = post(platform, author)
    receiver.status = 500
    work(platform)
    assert platform.webhooks.list(admin)[0].state == "active"
    with database.write() as connection:
        connection.execute(update(webhook_endpoints).values(failing_since=now() - timedelta(days=4)))
    make_due(database)
    work(platform)
    assert platform.webhooks.list(admin)[0].state == "disabled"
    missed = post(platform, author, "missed")
    make_due(database)
    work(platform)
    seen = len(receiver.got)
    receiver.status = 200
    assert platform.webhooks.turn(admin, made.id, on=True).state == "active"
    work(platform)
    assert [m["data"]["subject"] for m in receiver.messages(made.secret)[seen:]] == [refused, missed]  # type: ignore[index]
    receiver.status = 410
    post(platform, author, "gone")
    work(platform)
    assert platform.webhooks.list(admin)[0].state == "disabled"
    events = [entry.event for entry in platform.audit_export() if entry.event.startswith("webhook.")]
    assert events == ["webhook.created", "webhook.disabled", "webhook.enabled", "webhook.disabled"]


def test_a_stretch_of_the_log_again(platform: Platform, author: Account, admin: Account, receiver: Receiver) -> None:
    before = [post(platform, author, str(n)) for n in range(3)]
    made = platform.webhooks.create(admin, receiver.url, ["item.published"])
    work(platform)
    assert receiver.got == []
    platform.webhooks.replay_from(admin, made.id, 0)
    work(platform)
    assert [m["data"]["subject"] for m in receiver.messages(made.secret)] == before  # type: ignore[index]
    with pytest.raises(UsageError):
        platform.webhooks.replay_from(admin, made.id, 10_000)


def test_a_replaced_secret_holds_for_a_while(
    platform: Platform, author: Account, admin: Account, receiver: Receiver, database: Database
) -> None:
    made = platform.webhooks.create(admin, receiver.url, ["item.published"])
    again = platform.webhooks.rotate(admin, made.id)
    post(platform, author)
    work(platform)
    assert receiver.messages(made.secret) == receiver.messages(again.secret)
    receiver.got.clear()
    last = platform.webhooks.rotate(admin, made.id)
    post(platform, author, "more")
    work(platform)
    receiver.messages(last.secret)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        receiver.messages(made.secret)


def test_who_may_and_what_is_an_address(platform: Platform, author: Account, admin: Account) -> None:
    with pytest.raises(Refused):
        platform.webhooks.create(author, "https://example.org/", ["*"])
    for url in ("ftp://x/", "https://", "https://a:b@x/", "https://x/#a", "https://x:0/", "https://x /", "https://é/"):
        with pytest.raises(UsageError):
            platform.webhooks.create(admin, url, ["*"])
    for events in ([], "item", ["Item.*"], ["a.b.c"], ["x"] * 51, [1]):
        with pytest.raises(UsageError):
            platform.webhooks.create(admin, "https://example.org/", events)
    made = platform.webhooks.create(admin, "https://example.org/", ["*"])
    assert json.dumps(made.to_dict())
    platform.webhooks.remove(admin, made.id)
    with pytest.raises(NotFound):
        platform.webhooks.rotate(admin, made.id)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_private_addresses(address: str) -> None:
    assert not sending.is_public(address)


def test_public_addresses() -> None:
    assert all(map(sending.is_public, ("1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101")))


def test_without_leave_nothing_goes_to_a_private_network(receiver: Receiver) -> None:
    with pytest.raises(UsageError):
        sending.post(receiver.url, b"", {}, private=False)
    for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"):
        with pytest.raises((Refused, sending.NotReached)):
            sending.post(f"https://{host}:{receiver.url.split(':')[2].split('/')[0]}/", b"", {}, private=False)
    assert receiver.got == []


def test_nobody_there_is_noted(platform: Platform, author: Account, admin: Account) -> None:
    made = platform.webhooks.create(admin, "http://127.0.0.1:9/", ["item.published"])
    post(platform, author)
    work(platform)
    (delivery,) = platform.webhooks.deliveries(admin, made.id).rows
    assert (delivery.state, delivery.status) == ("pending", None)
    assert "refused" in delivery.error.lower()


# --- the receiver's side, as documented
@pytest.mark.parametrize("page", ["operating.md", "operating.zh-CN.md"])
def test_the_documented_receiver_refuses_what_was_recorded_and_sent_again(page: str) -> None:
    document = (Path(__file__).parents[2] / "docs" / page).read_text("utf-8")
    (snippet,) = [block for block in re.findall(r"```python\n(.*?)```", document, re.DOTALL) if "webhook-id" in block]
    there: dict[str, Any] = {}
    exec(snippet, there)
    seen: set[str] = set()

    def remember(number: str) -> bool:
        return number not in seen and not seen.add(number)  # type: ignore[func-returns-value]

    secret, replaced, body, at = new_secret(), new_secret(), b'{"type":"item.published"}', int(time.time())

    def taken(message: dict[str, str], sent: bytes = body) -> bool:
        return bool(there["accepted"](message, sent, secret, remember))

    message = signing.headers("msg_1", at, body, [replaced, secret])
    for wrong in (
        lambda: taken(message, body + b" "),
        lambda: taken(message | {"webhook-id": "msg_2"}),
        lambda: taken(message | {"webhook-timestamp": str(at + 1)}),
        lambda: taken(message | {"webhook-timestamp": "soon"}),
        lambda: taken(message | {"webhook-signature": "v1,é v1, x"}),
        lambda: taken(signing.headers("msg_1", at, body, [replaced])),
        lambda: taken(signing.headers("msg_1", at - 400, body, [secret])),
        lambda: taken(signing.headers("msg_1", at + 400, body, [secret])),
    ):
        with pytest.raises(ValueError, match=r"too old|not signed"):
            wrong()
    assert not seen
    assert taken(message)
    assert not taken(message), "the same again"
    assert not taken(signing.headers("msg_1", at + 5, body, [secret])), "a later attempt at the same"
    assert taken(signing.headers("msg_2", at, body, [secret]))
