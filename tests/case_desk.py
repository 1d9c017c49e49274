"""What the tests of cases share: posts, people at the desk, what reviewers say, time that passes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO

import pytest

import samples
import yinji
from yinji.errors import YinjiError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import Outcome
from yinji.platform.model import Account, Item
from yinji.platform.service import Platform

PASSWORD = "正确 horse battery"
NOT_AI = Declaration(Declared.NOT_AI)
GENERATED = Declaration(Declared.AI_GENERATED)
UNSAID = Declaration(Declared.UNDECLARED)
LABEL = yinji.AigcLabel.first(producer="001191110000MA0TE5T00Q10001", produce_id="20261122-7f3a9c")


def traced_png() -> bytes:
    from PIL.PngImagePlugin import PngInfo

    traces, file = PngInfo(), BytesIO()
    traces.add_text("parameters", "cat\nSteps: 28, Sampler: Euler, CFG scale: 6.5, Seed: 1, Size: 64x64, Model: v1-5")
    samples.picture(size=(64, 48)).save(file, "PNG", pnginfo=traces)
    return file.getvalue()


def posted(platform: Platform, author: Account, data: bytes, declaration: Declaration = UNSAID) -> Item:
    with platform.upload(author) as upload:
        upload.write(data)
        draft = upload.finish("图.png")
    return platform.publish(author, title="图", text="", declaration=declaration, draft_id=draft.id)


def said(outcome: str, policy: str = "", reason: str = "看过了，理由写在这里。", **more: object) -> Said:
    fitting = {
        "confirm": "undeclared-ai",
        "suspect": "traces",
        "needs_label": "undeclared-ai",
        "no_ai": "improper-label",
    }
    fitting |= {
        "no_ai": "improper-label",
        "false_report": "report-unfounded",
        "uphold": "traces",
        "overturn": "not-enough-evidence",
    }
    return Said(Outcome(outcome), policy or fitting[outcome], reason, **more)  # type: ignore[arg-type]


def tier(platform: Platform, item: Item) -> str:
    return str(platform.item(item.id).verdict["tier"])


def decided(platform: Platform, reviewer: Account, case_id: str, outcome: str, **more: object) -> str:
    platform.cases.claim(reviewer, case_id)
    return platform.cases.decide(reviewer, case_id, said(outcome, **more)).id


def events(platform: Platform, subject: str) -> list[str]:
    return [entry.event for entry in platform.audit_export() if entry.subject == subject]


class refusing:
    """Demands an error of this kind with this code."""

    def __init__(self, code: str, kind: type[YinjiError]) -> None:
        self.code, self.kind = code, kind

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        assert isinstance(error, self.kind) and error.code == self.code, f"{self.code} expected, not {error!r}"
        return True


@contextmanager
def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> Iterator[None]:
    """Lets time pass."""
    real = instants.now

    def now() -> datetime:
        return real() + by

    with monkeypatch.context() as patch:
        patch.setattr(instants, "now", now)
        yield


def together(works: list[Callable[[], object]]) -> list[object]:
    """Runs all at the same moment and returns results and errors."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(n: int) -> None:
        barrier.wait()
        try:
            results[n] = works[n]()  # type: ignore[call-overload]
        except YinjiError as error:
            results[n] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
