"""Helper processes: kept between tasks, ended when they fail or are late, and never a reason to lose one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from yinji.errors import LimitExceeded, UnreadableInput
from yinji.platform.work.helpers import Helpers

WORK = """
import os, time

def work(task):
    print("noise of a library")
    if "sleep" in task:
        time.sleep(task["sleep"])
    if "die" in task:
        os.kill(os.getpid(), 9)
    if "raise" in task:
        raise ValueError("no such colour")
    return {"pid": os.getpid(), "nice": os.nice(0), "long": "x" * task.get("long", 0)}
"""


@pytest.fixture
def helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Helpers]:
    (tmp_path / "odd_work.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    made = Helpers("odd_work", most=1, niceness=7)
    yield made
    made._warm.close()


def test_one_process_does_task_after_task_and_another_takes_over_when_it_fails(helpers: Helpers) -> None:
    first = helpers.do({}, seconds=60)
    assert (first["nice"], helpers.do({"long": 300_000}, seconds=60)["pid"]) == (os.nice(0) + 7, first["pid"])
    for task, why in (({"raise": 1}, "ValueError: no such colour"), ({"die": 1}, "exit -9")):
        with pytest.raises(UnreadableInput) as caught:
            helpers.do(task, seconds=60)
        assert caught.value.details["reason"] == why
    with pytest.raises(LimitExceeded) as late:
        helpers.do({"sleep": 60}, seconds=1.5)
    assert late.value.code == "helper-too-slow"
    assert helpers.do({}, seconds=60)["pid"] != first["pid"]


def test_a_process_that_went_home_is_not_mistaken_for_one_that_failed(helpers: Helpers) -> None:
    first = helpers.do({}, seconds=60)
    (resting,) = helpers._warm.idle()
    assert resting._process.stdin is not None
    resting._process.stdin.close()  # as if nothing had come for a while
    resting._process.wait(30)
    assert helpers.do({}, seconds=60)["pid"] != first["pid"]
