"""A hundred thousand people report one post: what the first and the last of them wait, and the pages of the case.

    python benchmarks/reports.py 100000 100000 16

Every report is made as the API makes it, durable when it is answered, with its entry in the log; only the accounts are
put into the database past Argon2. The third number is how many people report at the same time; reports that arrive
together share a transaction. If the second number is smaller than the first, only so many are made like that, half of
them first and half of them last, and those in between are put into the database as rows. Without numbers: 2,000, one by
one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import insert, select, update

from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.cases.model import Why
from yinji.platform.model import Account, Role
from yinji.platform.schema import accounts, cases, reports
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

PASSWORD = "correct horse battery"
SHOWN = 1000


def crowd(platform: Platform, count: int) -> list[Account]:
    """Puts so many readers into the database."""
    at = instants.now()
    people = [Account(instants.uuid7(), f"reader{n}", f"Reader {n}", Role.READER, at) for n in range(count)]
    rows = [
        {
            "id": p.id,
            "name": p.name,
            "name_key": p.name,
            "display_name": p.display_name,
            "role": str(p.role),
            "created_at": at,
            "password_hash": "",
        }
        for p in people
    ]
    with platform._database.write() as connection:
        connection.execute(insert(accounts), rows)
    return people


def typical(call: Callable[[], object]) -> float:
    """Returns the median milliseconds of eleven calls."""
    took = []
    for _ in range(11):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def put(platform: Platform, item_id: str, people: list[Account]) -> None:
    """Puts reports into the database as rows, and counts them in the case."""
    at = instants.now()
    with platform._database.write() as connection:
        case_id = connection.scalar(select(cases.c.id).where(cases.c.slot == item_id))
        same = {"case_id": case_id, "item_id": item_id, "at": at, "why": str(Why.UNLABELLED), "note": "这是 AI 生成的"}
        if people:
            connection.execute(insert(reports), [same | {"reporter_id": p.id} for p in people])
        more = {"unlabelled": cases.c.unlabelled + len(people)}
        connection.execute(update(cases).where(cases.c.id == case_id).values(more))


def tell(each: list[float], number: str) -> None:
    print(f"report {number}: {statistics.median(each[-SHOWN:]) * 1000:.2f} ms (median of the last {SHOWN:,})")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    made = int(sys.argv[2]) if len(sys.argv) > 2 else count
    at_once = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with (
        tempfile.TemporaryDirectory(prefix="yinji-reports-") as name,
        Platform.open(Settings(data_dir=Path(name))) as platform,
        ThreadPoolExecutor(at_once) as pool,
    ):
        author = platform.create_account("qinghe", PASSWORD, Role.CREATOR)
        reviewer = platform.create_account("reviewer", PASSWORD, Role.REVIEWER)
        item = platform.publish(author, title="t", text="words", declaration=Declaration(Declared.NOT_AI))
        people = crowd(platform, count)
        each: list[float] = []
        began = time.perf_counter()

        def look(when: str) -> None:
            (job,) = platform.cases.jobs(reviewer).rows
            print(
                f"{when}: queue {typical(lambda: platform.cases.jobs(reviewer)):.1f} ms, "
                f"case {typical(lambda: platform.cases.job(reviewer, job.id)):.1f} ms, "
                f"author's case {typical(lambda: platform.cases.own_case(author, job.id)):.1f} ms, "
                f"item {typical(lambda: platform.item(item.id)):.1f} ms, feed {typical(platform.feed):.1f} ms",
                flush=True,
            )

        def report(number: int) -> None:
            start = time.perf_counter()
            why = Why.UNLABELLED if number % 2 else Why.WRONGLY_LABELLED
            platform.cases.report(people[number], item.id, why, "这是 AI 生成的" if number % 3 else "")
            each.append(time.perf_counter() - start)

        list(pool.map(report, range(made // 2)))
        tell(each, f"{made // 2:,}")
        look(f"after {made // 2:,} reports")
        put(platform, item.id, people[made // 2 : count - made // 2])
        list(pool.map(report, range(count - made // 2, count)))
        tell(each, f"{count:,}")
        look(f"after {count:,} reports")
        took = time.perf_counter() - began
        (job,) = platform.cases.jobs(reviewer).rows
        assert job.reports == count, job
        size, _ = platform.audit_verify()
        print(f"{count:,} reports, {made:,} of them made in {took:.0f} s, one case, log of {size:,} entries verified")


if __name__ == "__main__":
    main()
