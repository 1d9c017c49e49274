"""The pages: a module for each area, whose addresses count once it stands here."""

from __future__ import annotations

from typing import Final

from yinji.server.pages import (
    account,
    admin,
    agreements,
    appeals,
    audit,
    cases,
    embed,
    feed,
    item,
    preview,
    publish,
    review,
    single_sign_on,
    statistics,
    verify,
)
from yinji.server.pages.tables import ActionTable, PageTable

PAGES: Final[PageTable] = (
    *feed.PAGES,
    *item.PAGES,
    *review.PAGES,
    *cases.PAGES,
    *appeals.PAGES,
    *publish.PAGES,
    *preview.PAGES,
    *verify.PAGES,
    *statistics.PAGES,
    *audit.PAGES,
    *admin.PAGES,
    *account.PAGES,
    *single_sign_on.PAGES,
    *agreements.PAGES,
)
ACTIONS: Final[ActionTable] = (
    *item.ACTIONS,
    *review.ACTIONS,
    *cases.ACTIONS,
    *appeals.ACTIONS,
    *embed.ACTIONS,
    *publish.ACTIONS,
    *preview.ACTIONS,
    *verify.ACTIONS,
    *statistics.ACTIONS,
    *audit.ACTIONS,
    *admin.ACTIONS,
    *account.ACTIONS,
    *single_sign_on.ACTIONS,
    *agreements.ACTIONS,
)
