"""Posts become rows, several in one transaction where several authors post at once.

The files are in place, and waited for, before the rows that name them are committed; a post is acknowledged after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from yinji.platform import copies, instants, item_rows, steps, words
from yinji.platform.accounts import require_living
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.blobs import BLOBS_LOCK
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.grouping import Grouped
from yinji.platform.marking import Marking
from yinji.platform.model import Change, Item
from yinji.platform.posts import Post
from yinji.platform.prepared import Prepared
from yinji.platform.schema import drafts, idempotency_keys, items

if TYPE_CHECKING:
    from yinji.platform.cases.service import Cases
    from yinji.platform.database import Database

_NEW_ITEM: Final = Prepared(insert(items))
_NEW_KEY: Final = Prepared(insert(idempotency_keys))
_DRAFT: Final = select(drafts.c.item_id).where(drafts.c.id == bindparam("draft")).with_for_update()
_USED_DRAFT: Final = update(drafts).where(drafts.c.id == bindparam("draft")).values(item_id=bindparam("item"))
_STORED: Final = select(items.c.id).where(items.c.id == bindparam("item"))


class Storing:
    """Stores posts."""

    def __init__(self, database: Database, audit: AuditLog, cases: Cases, marking: Marking) -> None:
        self._database = database
        self._audit = audit
        self._cases = cases
        self._marking = marking
        self._grouped: Grouped[Post, Item] = Grouped(database, self._write)

    def store(self, post: Post) -> Item | None:
        """Returns the item once it is durable; None where it is, but the answer of the database was lost.

        Raises:
            NotFound: Its draft expired meanwhile.
            Conflict: Its draft was published, or its key was used meanwhile.
        """
        for file in post.files:
            file.stage()
        try:
            return self._grouped.do(post)
        except Conflict:
            with self._database.read() as connection:
                if connection.scalar(_STORED, {"item": post.id}) is None:
                    raise
            return None

    def _write(self, connection: Connection, posts: Sequence[Post]) -> list[Item]:
        self._database.lock(connection, BLOBS_LOCK)
        require_living(connection, *(post.author.id for post in posts))
        for post in posts:
            if post.content.draft_id is not None:
                _use_draft(connection, post.content.draft_id, post.id)
            for file in post.files:
                file.keep()
        at = instants.now()
        _NEW_ITEM.run(connection, *(_item_row(post, at) for post in posts))
        if keys := [_key_row(post, at) for post in posts if post.key is not None]:
            _NEW_KEY.run(connection, *keys)
        item_rows.NEW_DECISION.run(connection, *(_decision_row(post, at) for post in posts))
        item_rows.NEW_PROPAGATION.run(connection, *(_propagation_row(post, at) for post in posts))
        histories = [_history(post) for post in posts]
        item_rows.NEW_CHANGE.run(
            connection,
            *(
                item_rows.change_row(post.id, number, post.author.id, event, detail, at)
                for post, history in zip(posts, histories, strict=True)
                for number, (event, detail) in enumerate(history)
            ),
        )
        copies.keep(connection, [known for post in posts if (known := _known(post)) is not None])
        strikes = self._cases.strikes.counts(connection, {post.author.id for post in posts})
        for post, history in zip(posts, histories, strict=True):
            for event, detail in history:
                self._audit.append(connection, event, actor=post.author.id, subject=post.id, detail=detail)
            self._follow(connection, post, strikes.get(post.author.id, 0))
        return [_item(post, history, at) for post, history in zip(posts, histories, strict=True)]

    def _follow(self, connection: Connection, post: Post, strikes: int) -> None:
        """Sees to what a post leads to: a case, a label that people see."""
        self._cases.routing.published(
            connection,
            item_id=post.id,
            author_id=post.author.id,
            kind=post.content.kind,
            declaration=post.declaration,
            decision=post.decision,
            file_report=post.content.report,
            strikes=strikes,
        )
        if post.marks:
            self._marking.ask_in(connection, post.id, SYSTEM)


def _item_row(post: Post, at: datetime) -> dict[str, Any]:
    content = post.content
    return {
        "id": post.id,
        "author_id": post.author.id,
        "title": post.title,
        "text": post.text,
        "search": words.searchable(post.title, post.text, post.id),
        "kind": content.kind,
        "filename": content.filename,
        "media_type": content.media_type,
        "size": content.size,
        "sha256": content.sha256,
        "file_report": content.report,
        "declaration": str(post.declaration.choice),
        "declaration_note": post.declaration.note,
        "statement": post.declaration.statement,
        "decision": 0,
        "propagation": 0,
        "published_at": at,
        "updated_at": at,
        "revision": 0,
        "media_digest": content.media_digest,
        "annotation": post.annotation,
    }


def _key_row(post: Post, at: datetime) -> dict[str, Any]:
    return {
        "account_id": post.author.id,
        "key": post.key,
        "request_sha256": post.request,
        "item_id": post.id,
        "created_at": at,
    }


def _decision_row(post: Post, at: datetime) -> dict[str, Any]:
    return item_rows.decision_row(post.id, 0, post.decision, at)


def _propagation_row(post: Post, at: datetime) -> dict[str, Any]:
    content = post.content
    return item_rows.propagation_row(post.id, 0, post.served, sha256=content.sha256, size=content.size, at=at)


def _history(post: Post) -> list[tuple[str, dict[str, Any]]]:
    """Returns the first steps of a post's life, for its history and for the log."""
    published = {
        "declaration": str(post.declaration.choice),
        "statement": post.declaration.statement,
        "sha256": post.content.sha256,
        "draft": post.content.draft_id or "",
    }
    copy = copies.recognised(post.content.report["evidence"])
    return [
        ("item.published", published),
        *([("item.copy_recognised", copy)] if copy is not None else ()),
        (steps.DECIDED, steps.decided(0, post.decision)),
        (steps.PROPAGATED, steps.propagated(0, post.served, sha256=post.content.sha256)),
    ]


def _known(post: Post) -> copies.Served | None:
    return copies.served_with(post.id, post.content.report, post.served.label, post.content.media_digest)


def _item(post: Post, history: list[tuple[str, dict[str, Any]]], at: datetime) -> Item:
    """Returns what :meth:`Items.get` would, without reading it again."""
    content = post.content
    has_file = bool(content.filename)
    return Item(
        id=post.id,
        author=post.author,
        title=post.title,
        text=post.text,
        kind=content.kind,
        filename=content.filename,
        media_type=content.media_type if has_file else "",
        size=content.size if has_file else 0,
        sha256=content.sha256 if has_file else "",
        declaration=post.declaration,
        report=post.decision.report(content.report),
        propagation=post.served.to_dict(),
        published_at=at,
        updated_at=at,
        history=tuple(Change(at, post.author.display_name, event, detail) for event, detail in reversed(history)),
        annotation=post.annotation,
        served_size=post.served.file.size if post.served.file else content.size,
    )


def _use_draft(connection: Connection, draft_id: str, item_id: str) -> None:
    """Ties a draft to its item, once.

    Raises:
        NotFound: It expired meanwhile.
        Conflict: It was published meanwhile.
    """
    row = connection.execute(_DRAFT, {"draft": draft_id}).one_or_none()
    if row is None:
        raise NotFound("draft-not-found")
    if row.item_id is not None:
        raise Conflict("draft-published", item_id=row.item_id)
    connection.execute(_USED_DRAFT, {"draft": draft_id, "item": item_id})
