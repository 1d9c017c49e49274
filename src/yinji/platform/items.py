"""Reading what was published: one item, the feed, the file that readers get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yinji.platform import cursors, item_rows
from yinji.platform.blobs import BlobStore
from yinji.platform.model import Item, Page, ServedFile

if TYPE_CHECKING:
    from yinji.platform.database import Database


class Items:
    """The published posts."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    def get(self, item_id: str) -> Item:
        """Returns an item with its history."""
        with self._database.read() as connection:
            row = item_rows.shown(item_rows.one(connection, item_id))
            return item_rows.item_from(row, item_rows.history(connection, item_id))

    def feed(self, *, cursor: str | None, limit: int, query: str, author_id: str | None) -> Page[Item]:
        """Lists items, newest first."""
        limit = cursors.rows(limit)
        select_page = item_rows.page(cursor=cursor, limit=limit, query=query, author_id=author_id)
        with self._database.read() as connection:
            found = connection.execute(select_page).all()
        more = cursors.encode(item_rows.LISTING, found[limit - 1].id) if len(found) > limit else None
        return Page(tuple(item_rows.item_from(row) for row in found[:limit]), more)

    def served_file(self, item_id: str) -> ServedFile:
        """Returns the file that readers get."""
        row = item_rows.required(self._database, item_id)
        return ServedFile(
            self._blobs,
            row.filename or f"{row.id}.md",
            row.media_type,
            row.served_size,
            row.served_sha256,
        )
