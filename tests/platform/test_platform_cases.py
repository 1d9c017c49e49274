"""Reports, queues, decisions, appeals and strikes, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

import samples
import yinji
from yinji.errors import Refused, UsageError, YinjiError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import instants
from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import Case, Outcome, State, Why
from yinji.platform.errors import Conflict, NotFound, TooManyAttempts
from yinji.platform.instants import to_text
from yinji.platform.model import Account, Item, Role
from yinji.platform.service import Platform

PASSWORD = "正确 horse battery"
NOT_AI = Declaration(Declared.NOT_AI)
GENERATED = Declaration(Declared.AI_GENERATED)
UNSAID = Declaration(Declared.UNDECLARED)
LABEL = yinji.AigcLabel.first(producer="001191110000MA0TE5T00Q10001", produce_id="20261122-7f3a9c")


@pytest.fixture
def people(platform: Platform) -> dict[str, Account]:
    """Two reviewers, readers, an administrator, an auditor."""
    roles = {"r1": Role.REVIEWER, "r2": Role.REVIEWER, "reader": Role.READER, "other": Role.READER}
    roles |= {"admin": Role.ADMIN, "auditor": Role.AUDITOR}
    return {name: platform.create_account(name, PASSWORD, role) for name, role in roles.items()}


@pytest.fixture
def words_item(platform: Platform, author: Account) -> Item:
    return platform.publish(author, title="湖边", text="湖边的清晨", declaration=NOT_AI)


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


# --- reports
def test_reports_make_one_case_and_one_person_counts_once(
    platform: Platform, people: dict[str, Account], words_item: Item
) -> None:
    first = platform.cases.report(people["reader"], words_item.id, Why.UNLABELLED, "像是生成的")
    again = platform.cases.report(people["reader"], words_item.id, Why.WRONGLY_LABELLED, "改一下")
    other = platform.cases.report(people["other"], words_item.id, Why.UNLABELLED)
    assert first.case_id == again.case_id == other.case_id
    file = platform.cases.job(people["r1"], first.case_id)
    assert file.case.reports == 2
    assert file.counts == {Why.UNLABELLED: 1, Why.WRONGLY_LABELLED: 1}
    assert file.notes == ((Why.WRONGLY_LABELLED, "改一下"),)
    assert events(platform, first.case_id) == ["case.opened", *["case.reported"] * 3]
    assert platform.audit_verify()


def test_who_reports_sees_what_came_of_it(platform: Platform, people: dict[str, Account], words_item: Item) -> None:
    case_id = platform.cases.report(people["reader"], words_item.id, Why.UNLABELLED).case_id
    assert platform.cases.reports(people["reader"]).rows[0].decision is None
    decided(platform, people["r1"], case_id, "confirm")
    report = platform.cases.reports(people["reader"]).rows[0]
    assert report.state is State.DECIDED
    assert report.decision is not None and report.decision.outcome is Outcome.CONFIRM
    assert report.decision.reviewer_id == ""
    assert platform.cases.reports(people["other"]).rows == ()


def test_what_cannot_be_reported(platform: Platform, author: Account, people: dict[str, Account]) -> None:
    item = platform.publish(author, title="", text="字", declaration=NOT_AI)
    with refusing("report-own", Refused):
        platform.cases.report(author, item.id, Why.UNLABELLED)
    with refusing("report-reason", UsageError):
        platform.cases.report(people["reader"], item.id, Why.REMOVAL)
    with refusing("report-note-rule", UsageError):
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED, "长" * 501)
    with refusing("item-not-found", NotFound):
        platform.cases.report(people["reader"], "0", Why.UNLABELLED)
    with refusing("not-permitted", Refused):
        platform.cases.report(people["auditor"], item.id, Why.UNLABELLED)


def test_reports_of_one_person_are_limited(
    platform: Platform, author: Account, people: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    from yinji.platform.cases import rules

    items = [platform.publish(author, title="", text=f"第 {n} 篇", declaration=NOT_AI) for n in range(3)]
    few = rules.Limits(timedelta(minutes=20), timedelta(days=30), timedelta(hours=72), 2, 20)
    monkeypatch.setattr(rules, "limits", lambda: few)
    for item in items[:2]:
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED)
    with refusing("too-many-reports", TooManyAttempts):
        platform.cases.report(people["reader"], items[2].id, Why.UNLABELLED)
    with later(monkeypatch, timedelta(hours=2)):
        platform.cases.report(people["reader"], items[2].id, Why.UNLABELLED)


def test_many_reports_cost_the_same_each_and_move_the_case_up(
    platform: Platform, people: dict[str, Account], words_item: Item
) -> None:
    """A hundred thousand behave as these do: the number of statements does not grow."""
    readers = [platform.create_account(f"reader{n}", PASSWORD, Role.READER) for n in range(40)]
    counted: list[int] = []
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(platform._database._engine, "before_cursor_execute", count)
    for reader in readers:
        before = statements
        platform.cases.report(reader, words_item.id, Why.UNLABELLED)
        counted.append(statements - before)
    event.remove(platform._database._engine, "before_cursor_execute", count)
    (job,) = platform.cases.jobs(people["r1"]).rows
    assert (job.reports, job.queue) == (40, "urgent")
    assert counted[1] == counted[10] == counted[30] == counted[39] == min(counted)
    assert [step.event for step in platform.cases.job(people["r1"], job.id).steps] == ["requeued", "opened"]


def test_first_reports_at_the_same_moment_make_one_case(
    platform: Platform, people: dict[str, Account], words_item: Item
) -> None:
    readers = [people["reader"], people["other"], people["r1"], people["r2"]]
    found = together([lambda r=r: platform.cases.report(r, words_item.id, Why.UNLABELLED).case_id for r in readers])
    assert len(set(found)) == 1 and isinstance(found[0], str)
    assert platform.cases.job(people["admin"], found[0]).case.reports == 4


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


# --- routing of new posts
def test_new_posts_are_routed_by_what_was_found(
    platform: Platform, author: Account, people: dict[str, Account]
) -> None:
    posted(platform, author, traced_png())
    posted(platform, author, traced_png(), NOT_AI)
    posted(platform, author, traced_png(), GENERATED)
    platform.publish(author, title="", text="写的字", declaration=NOT_AI)
    found = {(job.why, job.queue) for job in platform.cases.jobs(people["r1"]).rows}
    assert found == {(Why.SUSPECTED, "unlabelled"), (Why.CONTRADICTION, "contested")}
    queues = {queue.name: queue.waiting for queue in platform.cases.queues(people["auditor"])}
    assert queues == {"tampering": 0, "urgent": 0, "unlabelled": 1, "contested": 1, "appeals": 0}


def test_a_copy_without_its_label_is_looked_at(
    platform: Platform, author: Account, people: dict[str, Account], tmp_path: Path
) -> None:
    plain, labelled = tmp_path / "a.png", tmp_path / "b.png"
    samples.picture(size=(64, 48)).save(plain, "PNG")
    yinji.label(plain, LABEL, output=labelled, metadata_only=True)
    posted(platform, author, labelled.read_bytes(), GENERATED)
    stripped = posted(platform, author, plain.read_bytes(), NOT_AI)
    (job,) = (job for job in platform.cases.jobs(people["r1"]).rows if job.item_id == stripped.id)
    assert (job.why, job.queue) == (Why.REMOVAL, "tampering")
    assert platform.cases.job(people["r1"], job.id).copy_count == 1


# --- queues
@pytest.fixture
def case(platform: Platform, people: dict[str, Account], words_item: Item) -> Case:
    case_id = platform.cases.report(people["reader"], words_item.id, Why.UNLABELLED).case_id
    return platform.cases.job(people["r1"], case_id).case


def test_of_two_reviewers_exactly_one_gets_the_case(platform: Platform, people: dict[str, Account], case: Case) -> None:
    got = together([lambda r=r: platform.cases.claim(people[r], case.id) for r in ("r1", "r2", "admin")])
    assert sum(not isinstance(one, YinjiError) for one in got) == 1
    assert {one.code for one in got if isinstance(one, YinjiError)} == {"case-claimed"}


def test_next_up_gives_each_reviewer_another_case(
    platform: Platform, author: Account, people: dict[str, Account]
) -> None:
    for n in range(3):
        item = platform.publish(author, title="", text=f"第 {n} 篇", declaration=NOT_AI)
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED)
    got = together([lambda r=r: platform.cases.next_up(people[r]) for r in ("r1", "r2", "admin")])
    assert len({file.case.id for file in got}) == 3  # type: ignore[attr-defined]
    assert platform.cases.next_up(people["r1"]) is None
    with refusing("queue-not-found", NotFound):
        platform.cases.next_up(people["r1"], "nowhere")


def test_a_claim_is_released_skipped_and_runs_out(
    platform: Platform, people: dict[str, Account], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    r1, r2 = people["r1"], people["r2"]
    platform.cases.claim(r1, case.id)
    with refusing("case-claimed", Conflict):
        platform.cases.claim(r2, case.id)
    with refusing("case-not-claimed", Conflict):
        platform.cases.release(r2, case.id)
    platform.cases.release(r1, case.id)
    assert platform.cases.next_up(r1).case.id == case.id  # type: ignore[union-attr]
    platform.cases.release(r1, case.id, skip=True)
    assert platform.cases.next_up(r1) is None
    assert platform.cases.next_up(r2).case.id == case.id  # type: ignore[union-attr]
    with later(monkeypatch, timedelta(minutes=21)):
        assert platform.cases.jobs(r1).rows[0].id == case.id
        with refusing("case-not-claimed", Conflict):
            platform.cases.decide(r2, case.id, said("confirm"))
        assert platform.cases.claim(r1, case.id).case.claimed_by == r1.id
    names = [step.event for step in reversed(platform.cases.job(r1, case.id).steps)]
    assert names == ["opened", "claimed", "released", "claimed", "skipped", "claimed", "expired", "claimed"]
    assert platform.audit_verify()


def test_upkeep_returns_claims_that_ran_out(
    platform: Platform, people: dict[str, Account], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.cases.claim(people["r1"], case.id)
    with later(monkeypatch, timedelta(minutes=21)):
        platform.tidy()
    assert platform.cases.job(people["r1"], case.id).case.state is State.OPEN


def test_nobody_judges_their_own_post_or_report(platform: Platform, people: dict[str, Account]) -> None:
    item = platform.publish(people["admin"], title="", text="管理员写的", declaration=NOT_AI)
    case_id = platform.cases.report(people["r1"], item.id, Why.UNLABELLED).case_id
    with refusing("case-own", Refused):
        platform.cases.claim(people["admin"], case_id)
    with refusing("case-reported", Refused):
        platform.cases.claim(people["r1"], case_id)
    assert platform.cases.next_up(people["admin"]) is None
    assert platform.cases.next_up(people["r1"]) is None
    assert platform.cases.next_up(people["r2"]) is not None


# --- decisions
@pytest.mark.parametrize(
    ("outcome", "became", "state"),
    [
        ("confirm", "confirmed", State.DECIDED),
        ("suspect", "suspected", State.DECIDED),
        ("no_ai", "none", State.DECIDED),
        ("needs_label", "suspected", State.AWAITING),
        ("false_report", "suspected", State.DECIDED),
    ],
)
def test_a_decision_becomes_evidence_and_all_follows(
    platform: Platform, author: Account, people: dict[str, Account], outcome: str, became: str, state: State
) -> None:
    item = posted(platform, author, traced_png())
    job = platform.cases.next_up(people["r1"])
    assert job is not None and job.case.item_id == item.id
    decision = platform.cases.decide(people["r1"], job.case.id, said(outcome, version=job.case.version))
    after = platform.item(item.id)
    assert (after.verdict["tier"], platform.cases.job(people["r1"], job.case.id).case.state) == (became, state)
    assert (decision.tier_before, decision.tier_after) == ("suspected", became)
    reviews = [e for e in after.report["evidence"] if e["basis"] == "review"]
    assert [e["detail"]["decision"] for e in reviews] == (
        [decision.id] if outcome in ("confirm", "suspect", "no_ai") else []
    )
    assert "item.reviewed" in [change.event for change in after.history]
    assert people["r1"].name not in str(after.history), "readers do not learn who decided"
    label = after.propagation["label"]
    assert (label["Label"] if label else "") == {"confirmed": "1", "suspected": "3", "none": ""}[became]
    served = yinji.read(BytesIO(platform.served_file(item.id).path.read_bytes()))
    assert [found.label.label for found in served.found if found.label] == ([label["Label"]] if label else [])
    assert platform.audit_verify()


def test_no_reviewer_takes_a_label_out_of_force(
    platform: Platform, author: Account, people: dict[str, Account], tmp_path: Path
) -> None:
    plain, labelled = tmp_path / "a.png", tmp_path / "b.png"
    samples.picture(size=(64, 48)).save(plain, "PNG")
    yinji.label(plain, LABEL, output=labelled, metadata_only=True)
    item = posted(platform, author, labelled.read_bytes(), GENERATED)
    case_id = platform.cases.report(people["reader"], item.id, Why.WRONGLY_LABELLED).case_id
    decided(platform, people["r1"], case_id, "no_ai")
    assert tier(platform, item) == "confirmed"
    with refusing("appeal-locked", Refused):
        platform.cases.appeal_notice(author, posted(platform, author, labelled.read_bytes(), GENERATED).id, "不是", "")


def test_the_same_decision_twice_counts_once(platform: Platform, people: dict[str, Account], case: Case) -> None:
    platform.cases.claim(people["r1"], case.id)
    got = together([lambda: platform.cases.decide(people["r1"], case.id, said("confirm"))] * 3)
    ids = {one.id for one in got if not isinstance(one, YinjiError)}  # type: ignore[union-attr]
    assert len(ids) == 1
    assert platform.cases.decide(people["r1"], case.id, said("confirm")).id in ids
    with refusing("case-not-claimed", Conflict):
        platform.cases.decide(people["r1"], case.id, said("no_ai"))
    assert len(platform.cases.job(people["r1"], case.id).decisions) == 1


def test_a_decision_on_what_has_changed_is_not_taken(
    platform: Platform, author: Account, people: dict[str, Account], case: Case
) -> None:
    seen = platform.cases.claim(people["r1"], case.id).case.version
    platform.declare(author, case.item_id, Declaration(Declared.AI_EDITED))
    for outcome in ("confirm", "false_report"):
        with refusing("changed-meanwhile", Conflict):
            platform.cases.decide(people["r1"], case.id, said(outcome, version=seen))
    new = platform.cases.claim(people["r1"], case.id).case.version
    platform.cases.decide(people["r1"], case.id, said("confirm", version=new))


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (said("confirm", reason=" \n"), "decision-reason-missing"),
        (said("confirm", reason="长" * 2001), "decision-reason-rule"),
        (said("confirm", policy="no-such"), "decision-policy"),
        (said("confirm", policy="report-unfounded"), "decision-policy"),
    ],
)
def test_a_decision_needs_policy_and_reason(
    platform: Platform, people: dict[str, Account], case: Case, what: Said, code: str
) -> None:
    platform.cases.claim(people["r1"], case.id)
    with refusing(code, UsageError):
        platform.cases.decide(people["r1"], case.id, what)


def test_nobody_decides_without_a_claim_or_permission(
    platform: Platform, people: dict[str, Account], author: Account, case: Case
) -> None:
    with refusing("case-not-claimed", Conflict):
        platform.cases.decide(people["r1"], case.id, said("confirm"))
    for account in (author, people["reader"], people["auditor"]):
        with refusing("not-permitted", Refused):
            platform.cases.decide(account, case.id, said("confirm"))
    platform.cases.claim(people["r1"], case.id)
    with refusing("case-move", Conflict):
        platform.cases.decide(people["r1"], case.id, said("uphold"))


# --- asking the author
def test_an_author_who_is_asked_answers(
    platform: Platform, author: Account, people: dict[str, Account], case: Case
) -> None:
    decided(platform, people["r1"], case.id, "needs_label")
    platform.declare(author, case.item_id, GENERATED)
    assert platform.cases.own_case(author, case.id).case.state is State.CLOSED
    assert platform.cases.standing(author).strikes == ()


def test_an_author_who_does_not_answer_gets_a_strike(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(platform, people["r1"], case.id, "needs_label")
    with later(monkeypatch, timedelta(hours=73)):
        platform.tidy()
        platform.tidy()
        assert [strike.kind for strike in platform.cases.standing(author).strikes] == ["unanswered"]
    assert platform.cases.job(people["r1"], case.id).case.state is State.OPEN


# --- copies
def test_all_copies_are_decided_alike_and_fall_together(
    platform: Platform, author: Account, people: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    second = platform.create_account("second", PASSWORD, Role.CREATOR)
    item, copy, declared = (
        posted(platform, author, traced_png()),
        posted(platform, second, traced_png()),
        posted(platform, second, traced_png(), GENERATED),
    )
    (case_id,) = (job.id for job in platform.cases.jobs(people["r1"]).rows if job.item_id == item.id)
    assert platform.cases.job(people["r1"], case_id).copy_count == 2
    monkeypatch.setattr("yinji.platform.cases.copies.BATCH", 1)
    decided(platform, people["r1"], case_id, "no_ai", copies=True)
    platform.work.pool(1).drain()
    assert [tier(platform, one) for one in (item, copy, declared)] == ["none", "none", "possible"]
    assert len(platform.cases.own(second).rows) == 2
    again = platform.cases.report(people["reader"], item.id, Why.UNLABELLED).case_id
    decided(platform, people["r1"], again, "confirm", copies=True)
    platform.work.pool(1).drain()
    assert [tier(platform, one) for one in (item, copy, declared)] == ["confirmed", "confirmed", "confirmed"]
    assert len(platform.cases.standing(second).strikes) == 1, "one of the two was declared"
    file = platform.cases.own(author).rows[0]
    platform.cases.appeal(author, platform.cases.own_case(author, file.id).decisions[0].id, "是我画的")
    decided(platform, people["r2"], file.id, "overturn")
    platform.work.pool(1).drain()
    assert [tier(platform, one) for one in (item, copy, declared)] == ["none", "none", "possible"]
    assert platform.cases.standing(second).strikes == platform.cases.standing(author).strikes == ()
    assert platform.audit_verify()


# --- appeals
@pytest.fixture
def confirmed(platform: Platform, people: dict[str, Account], case: Case) -> str:
    return decided(platform, people["r1"], case.id, "confirm")


def test_an_appeal_is_judged_by_somebody_else(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, confirmed: str
) -> None:
    assert [strike.kind for strike in platform.cases.standing(author).strikes] == ["undeclared"]
    file = platform.cases.appeal(author, confirmed, "原图和草稿都在")
    assert (file.case.state, file.case.queue) == (State.APPEALED, "appeals")
    with refusing("case-same-reviewer", Refused):
        platform.cases.claim(people["r1"], case.id)
    assert platform.cases.next_up(people["r1"]) is None
    judged = decided(platform, people["r2"], case.id, "overturn")
    assert tier(platform, platform.item(case.item_id)) == "none"
    assert platform.cases.standing(author).strikes == ()
    with refusing("appeal-final", Refused):
        platform.cases.appeal(author, judged, "再来一次")


def test_the_database_transaction_holds_the_first_reviewer_off(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, confirmed: str, raw: Engine
) -> None:
    """Even with a claim put there past all our code."""
    platform.cases.appeal(author, confirmed, "不对")
    until = to_text(instants.now() + timedelta(hours=1))
    with raw.begin() as connection:
        connection.execute(
            text("UPDATE cases SET state = 'judging', claimed_by = :who, claimed_until = :until WHERE id = :id"),
            {"who": people["r1"].id, "until": until, "id": case.id},
        )
    with refusing("case-same-reviewer", Refused):
        platform.cases.decide(people["r1"], case.id, said("uphold"))


def test_an_appeal_is_upheld_once_and_for_all(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, confirmed: str
) -> None:
    platform.cases.appeal(author, confirmed, "不对")
    assert platform.cases.appeal(author, confirmed, "不对").case.id == case.id, "sent twice, it is one"
    with refusing("appeal-there", Conflict):
        platform.cases.appeal(author, confirmed, "还是不对")
    decided(platform, people["r2"], case.id, "uphold")
    assert tier(platform, platform.item(case.item_id)) == "confirmed"
    assert platform.cases.own_case(author, case.id).case.state is State.UPHELD
    assert len(platform.cases.standing(author).strikes) == 1


def test_who_may_appeal_and_until_when(
    platform: Platform,
    author: Account,
    people: dict[str, Account],
    case: Case,
    confirmed: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = platform.create_account("another", PASSWORD, Role.CREATOR)
    with refusing("not-the-author", Refused):
        platform.cases.appeal(other, confirmed, "不是我的")
    with refusing("not-the-author", Refused):
        platform.cases.own_case(other, case.id)
    with refusing("appeal-reason-missing", UsageError):
        platform.cases.appeal(author, confirmed, "  ")
    with refusing("decision-not-found", NotFound):
        platform.cases.appeal(author, "0", "理由")
    with later(monkeypatch, timedelta(days=31)):
        with refusing("appeal-over", Refused):
            platform.cases.appeal(author, confirmed, "晚了")
        platform.tidy()
        assert platform.cases.own_case(author, case.id).case.state is State.CLOSED


def test_an_author_sees_reasons_and_nobody_behind_them(
    platform: Platform, author: Account, people: dict[str, Account], case: Case, confirmed: str
) -> None:
    platform.cases.report(people["other"], case.item_id, Why.WRONGLY_LABELLED, "别人的话")
    file = platform.cases.own_case(author, case.id)
    assert file.decisions[0].reason and file.decisions[0].policy == "undeclared-ai"
    shown = repr(file)
    assert not any(account.id in shown for name, account in people.items() if name != "admin")
    assert "别人的话" not in shown


def test_a_declaration_is_corrected_downward_by_appeal_alone(
    platform: Platform, author: Account, people: dict[str, Account]
) -> None:
    item = platform.publish(author, title="", text="误选了", declaration=GENERATED)
    with refusing("declaration-lowers", Refused):
        platform.declare(author, item.id, NOT_AI)
    with refusing("appeal-declaration", UsageError):
        platform.cases.appeal_notice(author, item.id, "误选")
    with refusing("appeal-wants", UsageError):
        platform.cases.appeal_notice(author, item.id, "误选", "ai_generated")
    case = platform.cases.appeal_notice(author, item.id, "误选", "not_ai").case
    with refusing("appeal-there", Conflict):
        platform.cases.appeal_notice(author, item.id, "又一次", "not_ai")
    decided(platform, people["r1"], case.id, "overturn", policy="declared-by-mistake")
    after = platform.item(item.id)
    assert (after.declaration.choice, after.verdict["tier"]) == (Declared.NOT_AI, "none")


def test_a_notice_that_nobody_decided_is_appealed(
    platform: Platform, author: Account, people: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    item = posted(platform, author, traced_png())
    with refusing("appeal-undecided", Conflict):
        platform.cases.appeal_notice(author, item.id, "这是我画的")
    job = platform.cases.next_up(people["r1"])
    assert job is not None
    platform.cases.decide(people["r1"], job.case.id, said("false_report"))
    file = platform.cases.appeal_notice(author, item.id, "这是我画的")
    assert file.case.id == job.case.id, "the decision is what is appealed"
    decided(platform, people["r2"], job.case.id, "overturn")
    assert tier(platform, item) == "suspected", "an unfounded report was no ground of the notice"
    words = platform.publish(author, title="", text="没有提示", declaration=NOT_AI)
    with refusing("appeal-nothing", UsageError):
        platform.cases.appeal_notice(author, words.id, "没什么")


# --- strikes
def test_repeated_silence_costs_and_expires(
    platform: Platform, author: Account, people: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        item = posted(platform, author, traced_png())
        job = platform.cases.next_up(people["r1"])
        assert job is not None and job.case.item_id == item.id
        platform.cases.decide(people["r1"], job.case.id, said("confirm"))
    standing = platform.cases.standing(author)
    assert (len(standing.strikes), [c.id for c in standing.consequences]) == (2, ["declare-to-publish"])
    with refusing("declare-to-publish", Refused):
        platform.publish(author, title="", text="没有声明", declaration=UNSAID)
    item = platform.publish(author, title="", text="声明了", declaration=NOT_AI)
    assert item.id in [job.item_id for job in platform.cases.jobs(people["r1"]).rows], "new posts are looked at"
    with later(monkeypatch, timedelta(days=181)):
        assert platform.cases.standing(author).consequences == ()
        platform.publish(author, title="", text="没有声明", declaration=UNSAID)


def test_reports_in_bad_faith_are_limited(platform: Platform, author: Account, people: dict[str, Account]) -> None:
    for n in range(3):
        item = platform.publish(author, title="", text=f"第 {n} 篇", declaration=NOT_AI)
        case_id = platform.cases.report(people["reader"], item.id, Why.UNLABELLED).case_id
        decided(platform, people["r1"], case_id, "false_report", bad_faith=True)
    standing = platform.cases.standing(people["reader"])
    assert [(c.id, c.per_day) for c in standing.consequences] == [("reports-limited", 1)]
    item = platform.publish(author, title="", text="又一篇", declaration=NOT_AI)
    with refusing("too-many-reports", TooManyAttempts):
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED)


def test_listings_page_through(platform: Platform, author: Account, people: dict[str, Account]) -> None:
    for n in range(3):
        item = platform.publish(author, title="", text=f"第 {n} 篇", declaration=NOT_AI)
        platform.cases.report(people["reader"], item.id, Why.UNLABELLED)
    for listing in (
        lambda cursor: platform.cases.jobs(people["r1"], cursor=cursor, limit=2),
        lambda cursor: platform.cases.reports(people["reader"], cursor=cursor, limit=2),
        lambda cursor: platform.cases.own(author, cursor=cursor, limit=2),
    ):
        first = listing(None)
        second = listing(first.next_cursor)
        assert (len(first.rows), len(second.rows), second.next_cursor) == (2, 1, None)
    while job := platform.cases.next_up(people["r1"]):
        platform.cases.decide(people["r1"], job.case.id, said("false_report"))
    done = platform.cases.jobs(people["r1"], view="done", limit=2)
    assert len(platform.cases.jobs(people["r1"], view="done", cursor=done.next_cursor, limit=2).rows) == 1


def test_withdrawing_a_post_closes_its_cases(platform: Platform, author: Account, people: dict[str, Account]) -> None:
    item = platform.publish(author, title="雾", text="雾里看湖", declaration=NOT_AI)
    report = platform.cases.report(people["reader"], item.id, Why.UNLABELLED)
    platform.cases.claim(people["r1"], report.case_id)
    platform.withdrawing.withdraw(author, item.id)
    file = platform.cases.job(people["r1"], report.case_id)
    assert file.case.state is State.CLOSED
    assert platform.cases.jobs(people["r2"]).rows == ()
    with refusing("item-withdrawn", NotFound):
        platform.cases.decide(people["r1"], report.case_id, said("suspect"))
    (outcome,) = platform.cases.reports(people["reader"]).rows
    assert outcome.case_id == report.case_id
