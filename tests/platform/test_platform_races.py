"""What comes between a look and what follows from it: another request, another process, a clock that is set back.

Each test opens one window: whatever else happens is done in the middle, by :func:`meanwhile`, the same every time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text, update

import samples
from case_desk import GENERATED, NOT_AI, posted, refusing, said, traced_png
from yinji.errors import Refused, StorageError
from yinji.platform import instants, publishing
from yinji.platform.audit.checkpoints import Checkpoints
from yinji.platform.cases.appealing import Appealing
from yinji.platform.cases.deciding import CaseDeciding
from yinji.platform.cases.model import Case, State, Why
from yinji.platform.cases.strikes import Strikes
from yinji.platform.database import Database
from yinji.platform.drafts import Drafts
from yinji.platform.errors import Conflict, NotFound, NotSignedIn
from yinji.platform.model import Account, Item, Role
from yinji.platform.oidc.people import People
from yinji.platform.oidc.tokens import Person
from yinji.platform.passwords import Passwords
from yinji.platform.redeciding import Redeciding
from yinji.platform.relabelling import Relabellings
from yinji.platform.schema import drafts, sessions, tasks, webhook_endpoints
from yinji.platform.service import Platform
from yinji.platform.webhooks import sending
from yinji.platform.work.model import Handler
from yinji.platform.work.pool import Pool
from yinji.platform.work.queue import WorkQueue

PASSWORD = "正确 horse battery"
SECONDS = 30


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has something happen once, right before or right after the next call of a function."""

    def arrange(owner: Any, name: str, act: Callable[[], object], *, before: bool = False) -> None:
        called, acts = getattr(owner, name), [act]

        def around(*args: Any, **kwargs: Any) -> Any:
            now = acts.pop() if acts else None
            if now and before:
                now()
            result = called(*args, **kwargs)
            if now and not before:
                now()
            return result

        monkeypatch.setattr(owner, name, around)

    return arrange


Meanwhile = Callable[..., None]


def events(platform: Platform) -> list[str]:
    return [entry.event for entry in platform.audit_export()]


def work(platform: Platform) -> int:
    return platform.work.pool(1).drain()


def plain_png() -> bytes:
    file = BytesIO()
    samples.picture(size=(64, 48)).save(file, "PNG")
    return file.getvalue()


def words(platform: Platform, author: Account) -> Item:
    return platform.publish(author, title="湖边", text="湖边的清晨", declaration=NOT_AI)


# --- publishing
def uploaded(platform: Platform, author: Account) -> str:
    with platform.upload(author) as upload:
        upload.write(traced_png())
        return upload.finish("图.png").id


def test_the_same_request_twice_at_once_is_one_post(platform: Platform, author: Account, meanwhile: Meanwhile) -> None:
    draft, numbers = uploaded(platform, author), []

    def publish() -> None:
        item = platform.publish(author, title="图", text="", declaration=NOT_AI, draft_id=draft, idempotency_key="once")
        numbers.append(item.id)

    meanwhile(Drafts, "unpublished", publish, before=True)
    publish()
    assert len(numbers) == 2
    assert len(set(numbers)) == 1
    assert events(platform).count("item.published") == 1


def test_a_request_is_known_again_when_its_draft_is_over(platform: Platform, author: Account, raw: Engine) -> None:
    draft = uploaded(platform, author)
    post = {"title": "图", "text": "", "declaration": NOT_AI, "draft_id": draft, "idempotency_key": "once"}
    item = platform.publish(author, **post)
    for past in (timedelta(seconds=1), publishing.PUBLISHED_KEPT):
        with raw.begin() as connection:
            connection.execute(update(drafts).values(expires_at=instants.now() - past))
        assert platform.publish(author, **post).id == item.id
        platform.tidy()
    with raw.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(drafts)) == 0


def test_a_draft_that_expires_while_it_is_published(
    platform: Platform, author: Account, raw: Engine, meanwhile: Meanwhile
) -> None:
    draft = uploaded(platform, author)

    def expire() -> None:
        with raw.begin() as connection:
            connection.execute(update(drafts).values(expires_at=instants.now() - timedelta(seconds=1)))
        platform.tidy()

    meanwhile(Drafts, "unpublished", expire)
    with refusing("draft-not-found", NotFound):
        platform.publish(author, title="图", text="", declaration=GENERATED, draft_id=draft)


def test_uploads_at_once_keep_to_the_bound(platform: Platform, author: Account, meanwhile: Meanwhile) -> None:
    platform._drafts._settings = replace(platform.settings, max_open_drafts=1)
    meanwhile(Drafts, "examine", lambda: uploaded(platform, author))
    with refusing("too-many-drafts", Refused):
        uploaded(platform, author)


# --- erasing, withdrawing
def test_nobody_gets_in_while_the_account_is_erased(
    platform: Platform, author: Account, raw: Engine, meanwhile: Meanwhile
) -> None:
    meanwhile(Passwords, "matches", lambda: platform.erasing._erase(author.id, author.id))
    with refusing("account-erased", NotSignedIn):
        platform.sign_in("qinghe", PASSWORD)
    with raw.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(sessions)) == 0


def test_requests_under_way_leave_nothing_of_an_erased_account(platform: Platform, author: Account) -> None:
    other = platform.create_account("other", PASSWORD, Role.CREATOR)
    theirs = words(platform, other)
    with platform.upload(author) as upload:
        upload.write(traced_png())
        platform.erasing.erase_own(author, PASSWORD)
        with refusing("account-erased", NotSignedIn):
            upload.finish("图.png")
    for act in (
        lambda: words(platform, author),
        lambda: platform.keys.create(author, "key"),
        lambda: platform.cases.report(author, theirs.id, Why.UNLABELLED, "my words"),
        lambda: platform.cases.appeal_notice(author, theirs.id, "why", ""),
    ):
        with pytest.raises((NotSignedIn, Refused)):
            act()
    assert [item.id for item in platform.feed().rows] == [theirs.id]
    assert platform.cases.jobs(platform.create_account("r1", PASSWORD, Role.REVIEWER)).rows == ()


def test_no_case_is_left_open_about_a_post_withdrawn_meanwhile(
    platform: Platform, author: Account, people: dict[str, Account], meanwhile: Meanwhile
) -> None:
    first, second = words(platform, author), posted(platform, author, traced_png())
    meanwhile(Strikes, "require_report", lambda: platform.withdrawing.withdraw(author, first.id))
    with refusing("item-withdrawn", NotFound):
        platform.cases.report(people["reader"], first.id, Why.UNLABELLED)
    for case in platform.cases.jobs(people["r1"]).rows:
        platform.cases.claim(people["r1"], case.id)
        platform.cases.decide(people["r1"], case.id, said("false_report"))
    meanwhile(Appealing, "_appealable", lambda: platform.withdrawing.withdraw(author, second.id))
    with pytest.raises((NotFound, Refused)):
        platform.cases.appeal_notice(author, second.id, "不是", "")
    assert platform.cases.jobs(people["r2"]).rows == ()


def test_what_is_said_of_a_post_withdrawn_meanwhile_is_refused(
    platform: Platform, author: Account, meanwhile: Meanwhile
) -> None:
    item = words(platform, author)
    meanwhile(Redeciding, "decision", lambda: platform.withdrawing.withdraw(author, item.id))
    with refusing("item-withdrawn", NotFound):
        platform.declare(author, item.id, GENERATED)
    assert "item.declared" not in events(platform)


def test_work_for_a_post_withdrawn_meanwhile_is_over(platform: Platform, author: Account) -> None:
    item = posted(platform, author, traced_png(), GENERATED)
    platform.marking.ask(author, item.id)
    platform.withdrawing.withdraw(author, item.id)
    assert work(platform) == 1
    assert platform._queue.counts() == {"waiting": {}, "dead": {}}


# --- cases
@pytest.mark.parametrize("outcome", ["confirm", "false_report"])
def test_a_decision_sent_twice_at_once_counts_once(
    platform: Platform, people: dict[str, Account], case: Case, meanwhile: Meanwhile, outcome: str
) -> None:
    platform.cases.claim(people["r1"], case.id)
    made: list[str] = []

    def decide() -> None:
        made.append(platform.cases.decide(people["r1"], case.id, said(outcome)).id)

    meanwhile(CaseDeciding, "_change" if outcome == "confirm" else "_keep", decide, before=True)
    decide()
    assert len(made) == 2
    assert len(set(made)) == 1


def test_copies_are_decided_though_one_was_withdrawn(
    platform: Platform, author: Account, people: dict[str, Account]
) -> None:
    data = traced_png()
    first, gone, last = (posted(platform, author, data) for _ in range(3))
    case = next(c for c in platform.cases.jobs(people["r1"]).rows if c.item_id == first.id)
    platform.cases.claim(people["r1"], case.id)
    platform.cases.decide(people["r1"], case.id, said("confirm", copies=True))
    platform.withdrawing.withdraw(author, gone.id)
    work(platform)
    assert platform.item(last.id).verdict["tier"] == "confirmed"
    assert platform._queue.counts() == {"waiting": {}, "dead": {}}
    assert platform.cases.job(people["r1"], case.id).case.state is State.DECIDED


# --- accounts
def test_connected_in_two_windows_at_once(platform: Platform, author: Account, meanwhile: Meanwhile) -> None:
    people = People(platform._database, platform._audit, platform._accounts)
    person = Person("https://login.example.org", "42", {})
    meanwhile(People, "_known", lambda: people.connect(person, author, "one"))
    people.connect(person, author, "two")
    assert people.connected(author, person.issuer)
    assert events(platform).count("account.connected") == 1
    other = platform.create_account("other", PASSWORD, Role.CREATOR)
    with refusing("oidc-connected-elsewhere", Conflict):
        people.connect(person, other, "three")


def test_nobody_waits_for_a_clock_that_was_set_back(platform: Platform, author: Account) -> None:
    with instants.playing(instants.now() + timedelta(hours=3)):
        for _ in range(6):
            with pytest.raises(Refused):
                platform.sign_in("qinghe", "wrong password")
    assert platform.sign_in("qinghe", PASSWORD)


# --- the log
@pytest.mark.parametrize("before", [True, False])
def test_a_checkpoint_remembered_meanwhile_is_no_sign_of_a_cut_log(
    platform: Platform, author: Account, opened: Callable[[], Platform], meanwhile: Meanwhile, before: bool
) -> None:
    platform.audit.checkpoints.remember()
    other = opened()

    def grow() -> None:
        words(other, author)
        other.audit.checkpoints.remember()

    meanwhile(Checkpoints, "_known", grow, before=before)
    assert platform.audit.checkpoints.current()
    assert platform.audit.examine().size == len(events(platform))


# --- work
def test_the_supervisor_outlives_a_fault_in_a_look(database: Database) -> None:
    queue, done, faults = WorkQueue(database), threading.Event(), [ValueError("a fault")]

    def look() -> None:
        if faults:
            raise faults.pop()

    with Pool(database, queue, {"count": Handler(lambda run: done.set())}, 1, [look]):
        with database.write() as connection:
            queue.put(connection, "count", {})
        assert done.wait(SECONDS)
    assert not faults


def test_put_while_the_same_is_given_up_it_lives_again(database: Database, raw: Engine) -> None:
    queue = WorkQueue(database)

    def put() -> None:
        with database.write() as connection:
            queue.put(connection, "count", {}, key="k")

    put()
    again = threading.Thread(target=put)
    with database.write() as connection:
        connection.execute(update(tasks).values(state="dead", attempts=10))
        again.start()
        until = time.monotonic() + (SECONDS if raw.dialect.name == "postgresql" else 0)
        while time.monotonic() < until and not _somebody_waits(raw):
            time.sleep(0.01)
    again.join(SECONDS)
    assert [task.attempts for task in queue.take(["count"], 2)] == [1]


def _somebody_waits(raw: Engine) -> bool:
    with raw.connect() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_posts_whose_numbers_are_older_are_looked_at_as_well(platform: Platform, author: Account) -> None:
    """A clock that was set back; and a large file that took long to reach the store after it got its number."""
    platform.sightings.look()
    with instants.playing(instants.now() - timedelta(hours=2)):
        posted(platform, author, plain_png(), NOT_AI)
        for _ in range(2):
            platform.sightings.look()
        assert platform._queue.counts()["waiting"] == {"sight": 1}
        work(platform)
    platform.sightings.look()
    with instants.playing(instants.now() - timedelta(minutes=20)):
        posted(platform, author, plain_png(), NOT_AI)
    for _ in range(61):
        platform.sightings.look()
    assert platform._queue.counts()["waiting"] == {"sight": 1}


def test_a_pass_paused_in_its_last_batch_rests_and_ends_once(
    platform: Platform, author: Account, people: dict[str, Account], meanwhile: Meanwhile
) -> None:
    words(platform, author)
    number = platform.relabelling.start(people["admin"]).id
    meanwhile(Relabellings, "_one", lambda: platform.relabelling.pause(people["admin"], number))
    work(platform)
    assert platform.relabelling.get(people["admin"], number).state == "paused"
    assert "relabelling.done" not in events(platform)
    platform.relabelling.resume(people["admin"], number)
    work(platform)
    found = platform.relabelling.get(people["admin"], number)
    assert (found.state, found.checked) == ("done", 1)
    assert events(platform).count("relabelling.done") == 1


# --- webhooks
def test_a_success_beside_a_failure_counts(
    platform: Platform, author: Account, people: dict[str, Account], meanwhile: Meanwhile, database: Database
) -> None:
    made = platform.webhooks.create(people["admin"], "https://203.0.113.7/hook", ["item.published"])
    words(platform, author)

    def since(value: Any) -> None:
        with database.write() as connection:
            connection.execute(update(webhook_endpoints).values(failing_since=value))

    def refused(*args: Any, **kwargs: Any) -> int:
        since(None)  # another message was taken meanwhile
        return 500

    since(instants.now() - timedelta(days=4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "post", refused)
        work(platform)
    (endpoint,) = platform.webhooks.list(people["admin"])
    assert (endpoint.id, endpoint.state) == (made.id, "active")
    assert endpoint.failing_since is not None
    assert instants.now() - endpoint.failing_since < timedelta(hours=1)


def test_switched_off_and_on_it_hears_what_was_on_its_way(
    platform: Platform, author: Account, people: dict[str, Account]
) -> None:
    made, told = platform.webhooks.create(people["admin"], "https://203.0.113.7/hook", ["item.published"]), []
    words(platform, author)
    platform.work._looks[-1]()
    platform.webhooks.turn(people["admin"], made.id, on=False)
    assert work(platform) == 1
    platform.webhooks.turn(people["admin"], made.id, on=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "post", lambda url, *args, **kwargs: told.append(url) or 204)
        work(platform)
    assert told == ["https://203.0.113.7/hook"]


def test_a_full_disk_keeps_nobody_from_reading(
    platform: Platform, author: Account, raw: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, (_, key) = platform.sign_in("qinghe", PASSWORD), platform.keys.create(author, "key")
    with raw.begin() as connection:
        connection.execute(update(sessions).values(seen_at=instants.now() - timedelta(minutes=5)))

    def full(self: Database) -> None:
        raise StorageError("disk-full")

    monkeypatch.setattr(Database, "write", full)
    assert platform.account_of(session) == platform.account_of(key) == author
