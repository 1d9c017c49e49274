"""The queue: put with what needs it, leased, renewed, ended with its outcome, given up after ten attempts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text, update

from yinji.errors import Refused, StorageError
from yinji.platform import instants
from yinji.platform.database import Database
from yinji.platform.errors import NotFound
from yinji.platform.model import Role
from yinji.platform.schema import tasks
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.platform.work.model import DEAD, Handler, LeaseLost, Task
from yinji.platform.work.pool import Pool
from yinji.platform.work.queue import MAX_ATTEMPTS, WorkQueue, wait_after
from yinji.platform.work.run import Run

SECONDS = 20


@pytest.fixture
def queue(database: Database) -> WorkQueue:
    return WorkQueue(database)


def put(database: Database, queue: WorkQueue, kind: str = "count", key: str = "", **payload: object) -> None:
    with database.write() as connection:
        queue.put(connection, kind, payload, key=key)


def make_due(database: Database) -> None:
    """Lets time pass: every wait and every lease is over."""
    with database.write() as connection:
        connection.execute(update(tasks).values(due_at=instants.now() - timedelta(seconds=1)))


def test_a_task_is_there_only_with_what_needs_it(database: Database, queue: WorkQueue) -> None:
    def put_and_fail() -> None:
        with database.write() as connection:
            queue.put(connection, "count", {})
            raise StorageError("database", reason="x")

    with pytest.raises(StorageError):
        put_and_fail()
    assert queue.take(["count"], 5) == []
    put(database, queue, number=7)
    assert [task.payload for task in queue.take(["count"], 5)] == [{"number": 7}]


def test_a_leased_task_is_nobody_elses_until_the_lease_ends(database: Database, queue: WorkQueue) -> None:
    put(database, queue)
    (first,) = queue.take(["count"], 5)
    assert queue.take(["count"], 5) == []
    assert queue.renew([first]) == {first.id}
    make_due(database)
    (second,) = queue.take(["count"], 5)
    assert (second.id, second.attempts) == (first.id, 2)
    assert queue.renew([first, second]) == {second.id}
    with pytest.raises(LeaseLost), database.write() as connection:
        queue.finish(connection, first)
    with database.write() as connection:
        queue.finish(connection, second)
    assert queue.counts() == {"waiting": {}, "dead": {}}


def test_one_key_is_one_task_until_it_is_done(database: Database, queue: WorkQueue) -> None:
    put(database, queue, key="a", n=1)
    put(database, queue, key="a", n=2)
    (task,) = queue.take(["count"], 5)
    assert task.payload == {"n": 1}
    with database.write() as connection:
        queue.finish(connection, task)
    put(database, queue, key="a", n=3)
    assert [task.payload for task in queue.take(["count"], 5)] == [{"n": 3}]


def test_what_a_dead_worker_had_is_done_by_another_and_said(
    database: Database, queue: WorkQueue, caplog: pytest.LogCaptureFixture
) -> None:
    put(database, queue)
    (task,) = queue.take(["count"], 1)  # … and dies
    make_due(database)
    assert Pool(database, queue, {"count": Handler(lambda run: None)}, 1).drain() == 1
    assert f"task {task.id} (count) taken over: its worker was not heard of" in caplog.text


def test_a_kind_without_a_handler_here_is_left_to_others(database: Database, queue: WorkQueue) -> None:
    put(database, queue, kind="other")
    assert queue.take(["count"], 5) == []
    assert queue.counts()["waiting"] == {"other": 1}


def test_failing_waits_longer_each_time_and_is_given_up(database: Database, queue: WorkQueue) -> None:
    buried: list[Task] = []

    def fail(run: Run) -> None:
        raise ValueError("a fault in the handler")

    put(database, queue, key="k")
    pool = Pool(database, queue, {"count": Handler(fail, lambda _, task: buried.append(task))}, 1)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert pool.drain() == 1
        waiting = queue.pending("k")
        assert waiting is not None
        assert waiting.last_error == "ValueError: a fault in the handler"
        assert waiting.due_at - instants.now() > wait_after(attempt) * 0.5 - timedelta(seconds=1)
        make_due(database)
    assert pool.drain() == 0
    assert [task.attempts for task in buried] == [MAX_ATTEMPTS]
    assert [task.key for task in queue.page(DEAD, after="", limit=5)] == ["k"]


def test_a_task_that_kills_its_process_is_given_up(database: Database, queue: WorkQueue) -> None:
    put(database, queue, key="k")
    for _ in range(MAX_ATTEMPTS):
        queue.take(["count"], 1)  # … and dies
        make_due(database)
    assert Pool(database, queue, {"count": Handler(lambda run: pytest.fail("begun again"))}, 1).drain() == 1
    dead = queue.pending("k")
    assert dead is not None
    assert (dead.state, dead.last_error) == (DEAD, "its process died, each time")


def test_threads_do_every_task_once(database: Database, queue: WorkQueue) -> None:
    done: list[int] = []
    all_done = threading.Event()

    def count(run: Run) -> None:
        done.append(run.task.payload["n"])
        if len(done) == 40:
            all_done.set()

    for number in range(20):
        put(database, queue, n=number)
    handlers = {"count": Handler(count)}
    other = WorkQueue(database)
    with Pool(database, queue, handlers, 2), Pool(database, other, handlers, 2):
        for number in range(20, 40):
            put(database, queue, n=number)
        assert all_done.wait(SECONDS)
    assert sorted(done) == list(range(40))
    assert queue.counts() == {"waiting": {}, "dead": {}}


def test_a_kind_with_a_bound_leaves_a_thread_to_the_others(database: Database, queue: WorkQueue) -> None:
    let_go, counted = threading.Event(), threading.Event()
    looking: list[Run] = []

    def sight(run: Run) -> None:
        looking.append(run)
        assert let_go.wait(SECONDS)

    for _ in range(3):
        put(database, queue, "sight")
    handlers = {"sight": Handler(sight, at_once=1), "count": Handler(lambda run: counted.set())}
    with Pool(database, queue, handlers, 2):
        put(database, queue)
        assert counted.wait(SECONDS), "although two more wait that came before it"
        assert len(looking) <= 1
        let_go.set()


def test_work_in_steps_goes_on_where_it_was(database: Database, queue: WorkQueue) -> None:
    steps: list[int] = []

    def step(run: Run) -> None:
        at = run.task.payload["at"]
        steps.append(at)
        if at < 3:
            with run.write() as connection:
                run.again(connection, {"at": at + 1})

    put(database, queue, at=0)
    assert Pool(database, queue, {"count": Handler(step)}, 1).drain() == 4
    assert steps == [0, 1, 2, 3]


WORKER = """
import os, sys
from sqlalchemy import text
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.platform.work.model import Handler

def count(run):
    os.write(1, b"begun" + os.linesep.encode())  # one write: lines of two threads do not mix
    with run.write() as connection:
        connection.execute(text("UPDATE counted SET n = n + 1 WHERE id = :id"), {"id": run.task.payload["id"]})
        run.finish(connection)

with Platform.open(Settings.from_environment()) as platform:
    platform.work.handle("count", Handler(count))
    with platform.work.pool(2):
        sys.stdin.read()
"""


def test_killed_workers_lose_nothing_and_repeat_nothing(settings: Settings, database: Database, raw: Engine) -> None:
    """Each outcome is one increment, written with the end of its task: anything but 1 is a loss or a repetition."""
    count = 60
    queue = WorkQueue(database)
    with raw.begin() as connection:
        connection.execute(text("CREATE TABLE counted (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO counted VALUES (:id, 0)"), [{"id": n} for n in range(count)])
    with database.write() as connection:
        for number in range(count):
            queue.put(connection, "count", {"id": number})
    environment = os.environ | {"YINJI_DATA_DIR": str(settings.data_dir), "YINJI_DATABASE_URL": settings.database_url}
    begun = 0
    for kill_after in (1, 5, 9):
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert process.stdin is not None
        assert process.stdout is not None
        begun += sum(process.stdout.readline() == "begun\n" for _ in range(kill_after))
        process.send_signal(signal.SIGKILL)
        process.wait(SECONDS)
        process.stdin.close()
        process.stdout.close()
        make_due(database)
    assert begun == 15

    def finish(run: Run) -> None:
        with run.write() as connection:
            connection.execute(text("UPDATE counted SET n = n + 1 WHERE id = :id"), {"id": run.task.payload["id"]})
            run.finish(connection)

    Pool(database, queue, {"count": Handler(finish)}, 1).drain()
    with raw.connect() as connection:
        assert set(connection.execute(text("SELECT n FROM counted")).scalars()) == {1}
    assert queue.counts() == {"waiting": {}, "dead": {}}


def test_the_door(platform: Platform) -> None:
    admin = platform.create_account("admin", "correct horse battery", Role.ADMIN)
    reader = platform.create_account("reader", "correct horse battery", Role.READER)
    with platform._database.write() as connection:
        platform._queue.put(connection, "count", {"n": 1})
    with platform._database.write() as connection:
        connection.execute(update(tasks).values(state=DEAD, attempts=10))
    (dead,) = platform.work.dead(admin)
    assert platform.work.counts(admin) == {"waiting": {}, "dead": {"count": 1}}
    for refused in (platform.work.counts, platform.work.dead, lambda who: platform.work.retry(who, dead.id)):
        with pytest.raises(Refused):
            refused(reader)
    platform.work.retry(admin, dead.id)
    with pytest.raises(NotFound):
        platform.work.retry(admin, dead.id)
    assert platform.work.counts(admin) == {"waiting": {"count": 1}, "dead": {}}
    assert [entry.event for entry in platform.audit_entries(limit=1).rows] == ["work.retried"]
