"""Posts that arrive together are stored together, each is answered after its commit, and a bad one fails alone."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import Connection, event, select, text

from yinji.errors import UsageError, YinjiError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.database import Database
from yinji.platform.errors import Conflict, Unavailable
from yinji.platform.grouping import Grouped
from yinji.platform.model import Account, Item
from yinji.platform.schema import items
from yinji.platform.service import Platform

GENERATED = Declaration(Declared.AI_GENERATED, "用模型画的")
NOT_AI = Declaration(Declared.NOT_AI)


def picture(number: int) -> bytes:
    file = io.BytesIO()
    Image.frombytes("RGB", (48, 48), random.Random(number).randbytes(48 * 48 * 3)).save(file, "PNG")
    return file.getvalue()


def sent(platform: Platform, author: Account, data: bytes, declaration: Declaration, key: str | None = None) -> Item:
    """Publishes a file as the API does: it arrives and is published, with no draft in between."""
    with platform.receive(author) as incoming:
        incoming.write(data)
        file = incoming.finish("图.png")
        return platform.publish(author, title="标题", text="", declaration=declaration, file=file, idempotency_key=key)


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Runs calls in threads of their own and returns what each returned or raised."""
    found: list[object] = [None] * len(calls)

    def run(number: int) -> None:
        try:
            found[number] = calls[number]()
        except YinjiError as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@contextmanager
def statements(platform: Platform) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(platform._database._engine, "before_cursor_execute", note)
    yield seen
    event.remove(platform._database._engine, "before_cursor_execute", note)


@contextmanager
def transactions(platform: Platform) -> Iterator[list[int]]:
    """Counts the posts in each transaction that is tried."""
    storing = platform._publishing._storing
    seen: list[int] = []
    inner = storing._grouped._carry_out

    def noted(connection: Connection, posts: Sequence[object]) -> Sequence[object]:
        seen.append(len(posts))
        return inner(connection, posts)

    storing._grouped._carry_out = noted
    yield seen
    storing._grouped._carry_out = inner


@contextmanager
def held_back(platform: Platform, until: int) -> Iterator[None]:
    """Lets nobody lead a transaction until so many posts wait."""
    grouped = platform._publishing._storing._grouped
    grouped._led = True
    ended = threading.Event()

    def let_go() -> None:
        while len(grouped._waiting) < until:
            if ended.wait(0.002):
                return
        grouped._waiting[0].woken.set()

    starter = threading.Thread(target=let_go)
    starter.start()
    try:
        yield
    finally:
        ended.set()
        starter.join()


@pytest.mark.parametrize("declaration", [GENERATED, NOT_AI], ids=lambda d: str(d.choice))
def test_what_publishing_returns_is_what_reading_returns(
    platform: Platform, author: Account, declaration: Declaration
) -> None:
    said = "字里行间\n两行"
    with platform.upload(author) as upload:
        upload.write(picture(1))
        draft = upload.finish("x.png")
    for item in (
        sent(platform, author, picture(2), declaration),
        sent(platform, author, picture(2), declaration),
        sent(platform, author, b"\x89PNG broken", declaration),
        platform.publish(author, title="t", text=said, declaration=declaration),
        platform.publish(author, title="", text=said, declaration=declaration, draft_id=draft.id),
    ):
        assert platform.item(item.id) == item
    platform.audit_verify()


def test_a_file_that_is_published_as_it_arrives_leaves_no_draft(platform: Platform, author: Account) -> None:
    data = picture(3)
    item = sent(platform, author, data, NOT_AI)
    assert (item.sha256, item.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert platform.served_file(item.id).path.read_bytes() == data
    with platform._database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM drafts")) == 0
    with platform.receive(author) as incoming:
        incoming.write(picture(4))
        unused = incoming.finish("x.png")
    assert not unused.spool.path.exists()
    platform.tidy(thorough=True)
    assert platform.served_file(item.id).path.read_bytes() == data


def test_a_post_costs_few_statements_and_ten_together_hardly_more(platform: Platform, author: Account) -> None:
    sent(platform, author, picture(5), GENERATED)
    with statements(platform) as seen:
        sent(platform, author, picture(6), GENERATED)
    alone = len(seen)
    assert alone <= 14, "\n".join(seen)
    with statements(platform) as seen, transactions(platform) as groups, held_back(platform, 10):
        found = at_once(*(lambda n=n: sent(platform, author, picture(10 + n), GENERATED) for n in range(10)))
    assert all(isinstance(item, Item) for item in found)
    assert groups == [10]
    looked_up = 10
    assert len(seen) <= alone + looked_up
    assert platform.audit_verify()[0] >= 36


def test_a_bad_post_fails_alone(platform: Platform, author: Account) -> None:
    first = sent(platform, author, picture(7), NOT_AI, key="k")
    calls = [
        lambda: sent(platform, author, picture(20), NOT_AI),
        lambda: sent(platform, author, picture(21), NOT_AI, key="same"),
        lambda: sent(platform, author, picture(21), NOT_AI, key="same"),
        lambda: sent(platform, author, picture(22), NOT_AI, key="other"),
        lambda: sent(platform, author, picture(23), NOT_AI, key="other"),
    ]
    with transactions(platform) as groups, held_back(platform, len(calls)):
        found = at_once(*calls)
    assert groups[0] == 5 and set(groups[1:]) == {1}
    alone, one, again, *others = found
    assert isinstance(alone, Item) and isinstance(one, Item)
    assert one == again, "sent twice at once: one item"
    refused = [error for error in others if isinstance(error, Conflict)]
    assert [error.code for error in refused] == ["idempotency-key-reused"]
    stored = {item.id for item in found if isinstance(item, Item)}
    assert {item.id for item in platform.feed().rows} == stored | {first.id}
    platform.audit_verify()


def test_a_commit_whose_answer_was_lost_is_found_again(
    platform: Platform, author: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after the database has committed and before it says so."""
    real = Database.write
    broken: list[int] = []

    @contextmanager
    def breaks_once(self: Database) -> Iterator[Connection]:
        with real(self) as connection:
            yield connection
            posted = connection.scalar(select(items.c.id).limit(1)) is not None
        if posted and not broken:
            broken.append(1)
            raise Unavailable("database", reason="gone")

    monkeypatch.setattr(Database, "write", breaks_once)
    with held_back(platform, 2):
        found = at_once(*(lambda n=n: sent(platform, author, picture(30 + n), NOT_AI) for n in range(2)))
    assert broken == [1]
    assert all(isinstance(item, Item) for item in found)
    assert {item.id for item in platform.feed().rows} == {item.id for item in found if isinstance(item, Item)}


def test_jobs_that_come_meanwhile_go_together_and_none_is_forgotten(database: Database) -> None:
    first_is_in, go_on = threading.Event(), threading.Event()
    groups: list[list[int]] = []

    def carry_out(connection: Connection, jobs: Sequence[int]) -> list[int]:
        groups.append(list(jobs))
        if jobs[0] == 0:
            first_is_in.set()
            assert go_on.wait(30)
        if 13 in jobs:
            raise UsageError("text-missing")
        return [job * job for job in jobs]

    grouped: Grouped[int, int] = Grouped(database, carry_out)

    def late() -> object:
        assert first_is_in.wait(30)
        return at_once(*(lambda n=n: grouped.do(n) for n in range(10, 15)), waits)

    def waits() -> None:
        while len(grouped._waiting) < 5:
            threading.Event().wait(0.002)
        go_on.set()

    zero, others = at_once(lambda: grouped.do(0), late)
    assert zero == 0
    assert isinstance(others, list)
    assert [others[0], others[1], others[2], others[4]] == [100, 121, 144, 196]
    assert isinstance(others[3], UsageError)
    assert groups[0] == [0] and sorted(groups[1]) == [10, 11, 12, 13, 14] and len(groups) == 7
    assert grouped.do(5) == 25


def test_a_file_that_was_collected_while_its_post_waited_is_put_back(platform: Platform, author: Account) -> None:
    """The transaction that removes unused files ran between the file's arrival and the post's own transaction."""
    storing = platform._publishing._storing
    inner = storing._grouped._carry_out
    data = picture(40)

    def collected_first(connection: Connection, posts: Sequence[object]) -> Sequence[object]:
        platform._blobs.remove(hashlib.sha256(data).hexdigest())
        return inner(connection, posts)

    storing._grouped._carry_out = collected_first
    item = sent(platform, author, data, NOT_AI)
    assert platform.served_file(item.id).path.read_bytes() == data


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_jumps_breaks_nothing(
    platform: Platform, author: Account, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The clock of a machine is set back, or forward, while people are signed in and the log grows."""
    token = platform.sign_in("qinghe", "正确 horse battery")
    _, key = platform.keys.create(author, "k")
    first = sent(platform, author, picture(50), GENERATED)
    true, jump = instants.now, timedelta(hours=hours)
    monkeypatch.setattr(instants, "now", lambda: true() + jump)
    second = sent(platform, author, picture(51), GENERATED)
    assert platform.account_of(token) == platform.account_of(key) == author
    assert {item.id for item in platform.feed().rows} == {first.id, second.id}
    platform.marking.ask(author, second.id)
    platform.work.pool(1).drain()
    assert "item.marked" in [step.event for step in platform.item(second.id).history]
    platform.tidy(thorough=True)
    monkeypatch.setattr(instants, "now", true)
    third = sent(platform, author, picture(52), NOT_AI)
    assert platform.item(third.id) == third
    entries = list(platform.audit_export())
    assert platform.audit_verify()[0] == len(entries)
    assert all(platform.served_file(item.id).path.exists() for item in (first, second, third))
