"""Publishing. A post is acknowledged only once it, its files and its log entries are durable (design, rule 10)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from yinji.errors import UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import copies, instants, words
from yinji.platform.audit import SYSTEM, AuditLog
from yinji.platform.blobs import BLOBS_LOCK, BlobStore, Spooled, opened
from yinji.platform.canonical import canonical
from yinji.platform.deciding import Decision, decide
from yinji.platform.drafts import Drafts
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.marking import Marking
from yinji.platform.model import Account
from yinji.platform.policy import Policies
from yinji.platform.propagation import TEXT_NAME, Propagation, Served
from yinji.platform.schema import drafts, idempotency_keys, items
from yinji.platform.settings import Settings
from yinji.platform.steps import Steps

if TYPE_CHECKING:
    from yinji.platform.cases.service import Cases
    from yinji.platform.database import Database

AI_ANNOTATION: Final = "ai_generated"
"""The one of the mandatory short-video labels that says AI was used."""

MAX_TITLE: Final = 120
MAX_TEXT: Final = 20_000
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_KEYS_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Content:
    """What is published: a draft's file, or a text as a Markdown file of its own."""

    path: Path
    filename: str
    media_type: str
    kind: str
    size: int
    sha256: str
    report: dict[str, Any]
    draft_id: str | None = None
    media_digest: str | None = None
    spooled: Spooled | None = None


@dataclass(frozen=True, slots=True)
class _Post:
    """One post, checked and ready to be stored."""

    id: str
    author: Account
    title: str
    text: str
    declaration: Declaration
    content: _Content
    decision: Decision
    served: Served
    key: str | None
    request: str
    annotation: str


class Publishing:
    """Turns drafts and texts into items."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        blobs: BlobStore,
        drafts: Drafts,
        propagation: Propagation,
        cases: Cases,
        settings: Settings,
        policies: Policies,
        marking: Marking,
    ) -> None:
        self._database = database
        self._audit = audit
        self._blobs = blobs
        self._drafts = drafts
        self._propagation = propagation
        self._cases = cases
        self._settings = settings
        self._policies = policies
        self._marking = marking

    def publish(
        self,
        author: Account,
        *,
        title: str,
        text: str,
        declaration: Declaration,
        draft_id: str | None,
        idempotency_key: str | None,
        annotation: str = "",
    ) -> str:
        """Publishes a post and returns its number; the same key and the same post again return the same number."""
        title = words.line(title, most=MAX_TITLE, code="title-rule")
        text = words.paragraphs(text, most=MAX_TEXT, code="text-rule").strip()
        declaration = words.declaration(declaration)
        if draft_id is None and not text:
            raise UsageError("text-missing")
        if draft_id is not None and not words.is_number(draft_id):
            raise NotFound("draft-not-found")
        if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
            raise UsageError("idempotency-key-rule")
        sent = self._drafts.content(author, draft_id) if draft_id else ""
        request = _fingerprint(title, text, declaration, sent or draft_id, annotation)
        known = self._published_with(author, idempotency_key, request)
        if known is not None:
            self._drafts.let_go(author, draft_id)
            return known
        self._cases.strikes.require_publish(author, declaration)
        with self._content(author, draft_id, text) as content:
            item_id = instants.uuid7()
            annotation = self._policies.require_annotation(annotation, content.kind)
            declaration = _with(declaration, annotation)
            decision = decide(content.report, declaration, self._settings.regime)
            with self._propagation.derive(
                content.path, content.filename or TEXT_NAME, decision.verdict, item_id, as_given=True
            ) as served:
                post = _Post(
                    item_id,
                    author,
                    title,
                    text,
                    declaration,
                    content,
                    decision,
                    served,
                    idempotency_key,
                    request,
                    annotation,
                )
                return self._stored(post)

    def _published_with(self, author: Account, key: str | None, request: str) -> str | None:
        """Returns the item that was published with this key, if any.

        Raises:
            Conflict: The key was used for another post.
        """
        if key is None:
            return None
        keys = idempotency_keys
        with self._database.read() as connection:
            row = connection.execute(
                select(keys).where(keys.c.account_id == author.id, keys.c.key == key)
            ).one_or_none()
        if row is None:
            return None
        if row.request_sha256 != request:
            raise Conflict("idempotency-key-reused")
        return str(row.item_id)

    @contextmanager
    def _content(self, author: Account, draft_id: str | None, text: str) -> Iterator[_Content]:
        if draft_id is not None:
            yield self._file_content(author, draft_id)
            return
        with self._blobs.spool(self._settings.max_upload_bytes) as spool:
            spool.write(f"{text}\n".encode())
            spool.seal()
            with opened(spool.path) as file:
                report = self._drafts.look(file, TEXT_NAME)
            yield _Content(
                spool.path, "", report["media_type"], "text", spool.size, spool.sha256, report, spooled=spool
            )

    def _file_content(self, author: Account, draft_id: str) -> _Content:
        published = self._drafts.published_as(author, draft_id)
        if published is not None:
            raise Conflict("draft-published", item_id=published)
        draft = self._drafts.get(author, draft_id)
        path = self._blobs.path(draft.sha256)
        return _Content(
            path,
            draft.filename,
            draft.media_type,
            draft.kind,
            draft.size,
            draft.sha256,
            draft.report,
            draft.id,
            draft.media_digest,
        )

    def _stored(self, post: _Post) -> str:
        """Writes everything in one transaction and returns the item's number.

        The files are in place, and waited for, before the rows that name them are committed.
        """
        files = [file for file in (post.content.spooled, post.served.file) if file is not None]
        for file in files:
            file.stage()
        try:
            with self._database.write() as connection:
                self._database.lock(connection, BLOBS_LOCK)
                if post.content.draft_id is not None:
                    _use_draft(connection, post.content.draft_id, post.id)
                for file in files:
                    file.keep()
                self._insert(connection, post)
        except Conflict:
            known = self._published_with(post.author, post.key, post.request)
            if known is None:
                raise
            return known
        return post.id

    def _insert(self, connection: Connection, post: _Post) -> None:
        at, content = instants.now(), post.content
        connection.execute(
            insert(items),
            {
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
            },
        )
        if post.key is not None:
            connection.execute(
                insert(idempotency_keys),
                {
                    "account_id": post.author.id,
                    "key": post.key,
                    "request_sha256": post.request,
                    "item_id": post.id,
                    "created_at": at,
                },
            )
        steps = Steps(self._audit, connection, post.id, post.author.id, at)
        detail = {
            "declaration": str(post.declaration.choice),
            "statement": post.declaration.statement,
            "sha256": content.sha256,
            "draft": content.draft_id or "",
        }
        steps.recorded("item.published", detail)
        if (copy := copies.recognised(content.report["evidence"])) is not None:
            steps.recorded("item.copy_recognised", copy)
        steps.decided(0, post.decision)
        steps.propagated(0, post.served, sha256=content.sha256, size=content.size)
        self._cases.routing.published(
            connection,
            item_id=post.id,
            author_id=post.author.id,
            kind=content.kind,
            declaration=post.declaration,
            decision=post.decision,
            file_report=content.report,
        )
        undeclared = post.declaration.choice is Declared.UNDECLARED
        if undeclared and content.draft_id and self._policies.adds_explicit(post.decision.tier):
            self._marking.ask_in(connection, post.id, SYSTEM)

    def expire(self) -> None:
        """Forgets idempotency keys that nobody will repeat any more."""
        with self._database.write() as connection:
            old = idempotency_keys.c.created_at < instants.now() - _KEYS_KEPT
            connection.execute(delete(idempotency_keys).where(old))


def _with(declaration: Declaration, annotation: str) -> Declaration:
    """Takes the mandatory short-video label that says so for a declaration of AI content, where nothing else was said.

    Raises:
        UsageError: It says the opposite of the declaration.
    """
    if annotation != AI_ANNOTATION or declaration.choice.says_ai:
        return declaration
    if declaration.choice is Declared.NOT_AI:
        raise UsageError("annotation-contradicts")
    return Declaration(Declared.AI_EDITED, declaration.note)


def _fingerprint(title: str, text: str, declaration: Declaration, content: str | None, annotation: str) -> str:
    """Tells whether a repeated key comes with the same post: with the same file, though it was sent again."""
    post = {
        "title": title,
        "text": text,
        "choice": str(declaration.choice),
        "note": declaration.note,
        "statement": declaration.statement,
        "content": content,
        **({"annotation": annotation} if annotation else {}),
    }
    return hashlib.sha256(canonical(post).encode()).hexdigest()


def _use_draft(connection: Connection, draft_id: str, item_id: str) -> None:
    """Ties a draft to its item, once.

    Raises:
        NotFound: It expired meanwhile.
        Conflict: It was published meanwhile.
    """
    draft = drafts.c.id == draft_id
    row = connection.execute(select(drafts.c.item_id).where(draft).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("draft-not-found")
    if row.item_id is not None:
        raise Conflict("draft-published", item_id=row.item_id)
    connection.execute(update(drafts).where(draft).values(item_id=item_id))
