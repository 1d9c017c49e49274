"""A reviewer corrects the mandatory label of a short video; the author is told, and may appeal (R91)."""

from __future__ import annotations

import pytest

import samples
from yinji.errors import UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import Outcome, State, Why
from yinji.platform.model import Account, Item, Role
from yinji.platform.service import Platform

PASSWORD = "正确 horse battery"
NOT_AI = Declaration(Declared.NOT_AI)
REASON = "画面里有商品链接和价格。"


@pytest.fixture
def clip(platform: Platform, author: Account) -> Item:
    with platform.upload(author) as upload:
        upload.write(samples.video("mp4").read_bytes())
        draft = upload.finish("clip.mp4")
    return platform.publish(author, title="好物", text="", declaration=NOT_AI, draft_id=draft.id, annotation="opinion")


def claimed(platform: Platform, item: Item, reviewer: Account) -> str:
    reader = platform.create_account(f"reader-{item.id[-6:]}", PASSWORD, Role.READER)
    case_id = platform.cases.report(reader, item.id, Why.WRONGLY_LABELLED).case_id
    platform.cases.claim(reviewer, case_id)
    return case_id


def correct(label: str) -> Said:
    return Said(Outcome.ANNOTATE, "short-video-label", REASON, annotation=label)


def test_a_label_is_corrected_and_the_correction_appealed(platform: Platform, author: Account, clip: Item) -> None:
    first, second = (platform.create_account(name, PASSWORD, Role.REVIEWER) for name in ("r1", "r2"))
    case_id = claimed(platform, clip, first)
    made = platform.cases.decide(first, case_id, correct("marketing"))
    assert (made.annotation_before, made.annotation_after) == ("opinion", "marketing")
    item = platform.item(clip.id)
    assert (item.annotation, item.verdict["tier"]) == ("marketing", clip.verdict["tier"])
    step = next(change for change in item.history if change.event == "item.annotated")
    assert (step.detail["before"], step.detail["annotation"], step.actor) == ("opinion", "marketing", "reviewer")
    assert any(e.event == "item.annotated" and e.actor == first.id for e in platform.audit_export())
    told = platform.cases.own_case(author, case_id)
    assert (told.decisions[0].reason, told.case.state) == (REASON, State.DECIDED)
    platform.cases.appeal(author, made.id, "链接是误放的。")
    platform.cases.claim(second, case_id)
    platform.cases.decide(second, case_id, Said(Outcome.OVERTURN, "short-video-label", "作者说得对。"))
    assert platform.item(clip.id).annotation == "opinion"


def test_what_is_no_correction_changes_nothing(platform: Platform, author: Account, clip: Item) -> None:
    reviewer = platform.create_account("r1", PASSWORD, Role.REVIEWER)
    words = platform.publish(author, title="字", text="不是视频", declaration=NOT_AI)
    for item, labels in ((clip, ("opinion", "", "anything")), (words, ("marketing",))):
        case_id = claimed(platform, item, reviewer)
        for label in labels:
            with pytest.raises(UsageError):
                platform.cases.decide(reviewer, case_id, correct(label))
        assert platform.item(item.id).annotation == item.annotation
