"""What readers, reviewers and authors of the demo did, the earliest first, so that queues and figures are not empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from yinji.labels.declaration import Declaration, Declared
from yinji.platform.cases.deciding import Said
from yinji.platform.cases.model import Outcome, Why
from yinji.platform.demo import posts
from yinji.platform.model import Account, Item

if TYPE_CHECKING:
    from yinji.platform.service import Platform

READER: Final = "demo-reader"
REVIEWERS: Final = ("demo-reviewer", "demo-reviewer-2")

Deed = Callable[[], object]
Act = tuple[float, Deed]
"""How many days before the demo begins, and what happens then."""


class Acting:
    """Those who play the cases."""

    def __init__(self, platform: Platform, accounts: Mapping[str, Account]) -> None:
        self._platform = platform
        self._accounts = accounts
        self._reader = accounts[READER]

    @property
    def over(self) -> bool:
        """Whether it was played before: what happened already stays as it is."""
        return bool(self._platform.cases.reports(self._reader).rows)

    def acts(self) -> tuple[Act, ...]:
        """Returns what happens, the earliest first."""
        first, second = REVIEWERS
        unfounded = Said(Outcome.FALSE_REPORT, "report-unfounded", "没有发现任何生成的痕迹，举报没有依据。")
        traces = Said(Outcome.SUSPECT, "traces", "句式与平台已知的生成文本高度相似，先按疑似处理。")
        confirmed = Said(Outcome.CONFIRM, "undeclared-ai", "文件里留有生成工具的完整参数，作者没有声明。")
        asked = Said(Outcome.NEEDS_LABEL, "undeclared-ai", "文中提到用工具整理，请作者补充声明。")
        overturned = Said(Outcome.OVERTURN, "not-enough-evidence", "作者提供了手稿和改稿记录，撤销疑似。")
        edited = Declaration(Declared.AI_EDITED, "用模型把口语改成书面语")
        return (
            (21.9, lambda: self._report(posts.SOUP, "chengnan", "文字太顺了。")),
            (21.6, lambda: self._decide(second, posts.SOUP, unfounded)),
            (18.4, lambda: self._decide(first, posts.NAP, confirmed)),
            (16.8, lambda: self._report(posts.NOTES, "yanhe", "像是模型整理的。")),
            (16.3, lambda: self._decide(first, posts.NOTES, asked)),
            (
                15.6,
                lambda: self._platform.declare(self._accounts["yanhe"], self._item("yanhe", posts.NOTES).id, edited),
            ),
            (13.7, lambda: self._report(posts.ALLEY, "chengnan", "这段话在别处也见过。")),
            (13.2, lambda: self._decide(first, posts.ALLEY, traces)),
            (12.4, lambda: self._appeal("chengnan", posts.ALLEY, "手稿和改稿都在，可以提供。")),
            (11.1, lambda: self._decide(second, posts.ALLEY, overturned)),
            (6.9, lambda: self._report(posts.RECIPE, "chengnan", "")),
            (6.6, lambda: self._decide(second, posts.RECIPE, unfounded)),
            (4.9, lambda: self._report(posts.MORNING, "yanhe", "句子太工整，像是生成的。")),
            (4.5, lambda: self._decide(first, posts.MORNING, traces)),
            (0.8, lambda: self._appeal("yanhe", posts.MORNING, "这是我自己在湖边写的，手稿照片可以补交。")),
            (0.3, lambda: self._report(posts.NOODLES, "chengnan", "碗边的热气不太自然。")),
        )

    def _report(self, title: str, author: str, note: str) -> None:
        self._platform.cases.report(self._reader, self._item(author, title).id, Why.UNLABELLED, note)

    def _decide(self, reviewer: str, title: str, said: Said) -> None:
        judge = self._accounts[reviewer]
        case_id = next(case.id for case in self._platform.cases.jobs(judge).rows if case.title == title)
        self._platform.cases.claim(judge, case_id)
        self._platform.cases.decide(judge, case_id, said)

    def _appeal(self, author: str, title: str, reason: str) -> None:
        account = self._accounts[author]
        case = next(case for case in self._platform.cases.own(account).rows if case.title == title)
        decision = self._platform.cases.own_case(account, case.id).decisions[-1]
        self._platform.cases.appeal(account, decision.id, reason)

    def _item(self, author: str, title: str) -> Item:
        rows = self._platform.feed(author_id=self._accounts[author].id, limit=100).rows
        return next(item for item in rows if item.title == title)
