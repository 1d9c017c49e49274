"""What readers, reviewers and authors of the demo did: reports, decisions, an appeal, so that queues are not empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import Outcome, Why
from yinji.platform.model import Account, Item

if TYPE_CHECKING:
    from yinji.platform.service import Platform

READER: Final = "demo-reader"
REVIEWERS: Final = ("demo-reviewer", "demo-reviewer-2")

MORNING: Final = (
    "湖边的清晨",
    "湖面像一张还没有落墨的纸，雾从对岸慢慢写过来。我在长椅上坐了一个钟头，只记下这一句。",
)
NOODLES: Final = "巷口的面"
RECIPE: Final = ("外婆的萝卜糕", "萝卜擦丝，米浆要用陈米，蒸足一个钟头。照片没有拍，味道都在字里。")


def act(platform: Platform, accounts: Mapping[str, Account]) -> None:
    """Plays the demo's cases, once; what happened already stays as it is."""
    reader = accounts[READER]
    if platform.cases.reports(reader).rows:
        return
    _appealed(platform, accounts, reader)
    _unfounded(platform, accounts, reader)
    noodles = _posted(platform, accounts["chengnan"], NOODLES)
    platform.cases.report(reader, noodles.id, Why.UNLABELLED, "碗边的热气不太自然。")


def _appealed(platform: Platform, accounts: Mapping[str, Account], reader: Account) -> None:
    """A text was found suspect; its author appeals, and another reviewer has yet to judge."""
    author, reviewer = accounts["yanhe"], accounts[REVIEWERS[0]]
    item = _posted(platform, author, MORNING[0])
    report = platform.cases.report(reader, item.id, Why.UNLABELLED, "句子太工整，像是生成的。")
    platform.cases.claim(reviewer, report.case_id)
    said = Said(Outcome.SUSPECT, "traces", "句式与平台已知的生成文本高度相似，先按疑似处理。")
    decision = platform.cases.decide(reviewer, report.case_id, said)
    platform.cases.appeal(author, decision.id, "这是我自己在湖边写的，手稿照片可以补交。")


def _unfounded(platform: Platform, accounts: Mapping[str, Account], reader: Account) -> None:
    """A report turned out to be unfounded."""
    reviewer = accounts[REVIEWERS[1]]
    item = _posted(platform, accounts["chengnan"], RECIPE[0])
    report = platform.cases.report(reader, item.id, Why.UNLABELLED)
    platform.cases.claim(reviewer, report.case_id)
    said = Said(Outcome.FALSE_REPORT, "report-unfounded", "没有发现任何生成的痕迹，举报没有依据。")
    platform.cases.decide(reviewer, report.case_id, said)


def _posted(platform: Platform, author: Account, title: str) -> Item:
    rows = platform.feed(author_id=author.id, limit=100).rows
    return next(item for item in rows if item.title == title)
