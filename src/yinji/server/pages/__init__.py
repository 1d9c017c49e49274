"""The pages: a module for each area, whose addresses count once it stands here."""

from __future__ import annotations

from typing import Final

from yinji.server.pages import account, agreements, audit, embed, feed, item, preview, publish, statistics, verify
from yinji.server.pages.tables import ActionTable, PageTable

PAGES: Final[PageTable] = (
    *feed.PAGES,
    *item.PAGES,
    *publish.PAGES,
    *preview.PAGES,
    *verify.PAGES,
    *statistics.PAGES,
    *audit.PAGES,
    *account.PAGES,
    *agreements.PAGES,
)
ACTIONS: Final[ActionTable] = (
    *item.ACTIONS,
    *embed.ACTIONS,
    *publish.ACTIONS,
    *preview.ACTIONS,
    *verify.ACTIONS,
    *statistics.ACTIONS,
    *audit.ACTIONS,
    *account.ACTIONS,
    *agreements.ACTIONS,
)
