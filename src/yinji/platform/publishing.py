"""Publishing. A post is acknowledged only once it, its files and its log entries are durable (design, rule 10)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from yinji.errors import StorageError, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.operations.examination import Examination
from yinji.platform import instants, words
from yinji.platform.blobs import BlobStore, Spool, source_of
from yinji.platform.canonical import canonical
from yinji.platform.cases.strikes import Strikes
from yinji.platform.deciding import decide
from yinji.platform.drafts import PUBLISHED_KEPT, Drafts, Examined, identity
from yinji.platform.errors import Conflict, NotFound
from yinji.platform.items import Items
from yinji.platform.model import Account, Draft, Item
from yinji.platform.policy import Policies
from yinji.platform.posts import Content, Incoming, Post
from yinji.platform.prepared import Prepared
from yinji.platform.propagation import TEXT_NAME, Propagation
from yinji.platform.schema import idempotency_keys
from yinji.platform.settings import Settings
from yinji.platform.storing import Storing

if TYPE_CHECKING:
    from yinji.platform.database import Database

AI_ANNOTATION: Final = "ai_generated"
"""The one of the mandatory short-video labels that says AI was used."""

MAX_TITLE: Final = 120
MAX_TEXT: Final = 20_000
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_USED_KEY: Final = Prepared(
    select(idempotency_keys).where(
        idempotency_keys.c.account_id == bindparam("account"), idempotency_keys.c.key == bindparam("key")
    )
)


class Publishing:
    """Turns drafts and texts into items."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        drafts: Drafts,
        propagation: Propagation,
        strikes: Strikes,
        settings: Settings,
        policies: Policies,
        storing: Storing,
        items: Items,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._drafts = drafts
        self._propagation = propagation
        self._strikes = strikes
        self._settings = settings
        self._policies = policies
        self._storing = storing
        self._items = items

    @contextmanager
    def receive(self) -> Iterator[Incoming]:
        """Opens a file that is published as it arrives; what was not published when the block ends is gone."""
        with self._blobs.spool(self._settings.max_upload_bytes) as spool:
            yield Incoming(spool)

    def publish(
        self,
        author: Account,
        *,
        title: str,
        text: str,
        declaration: Declaration,
        draft_id: str | None,
        file: Incoming | None,
        idempotency_key: str | None,
        annotation: str = "",
    ) -> Item:
        """Publishes a post and returns the item; the same key and the same post again return the same item."""
        title = words.line(title, most=MAX_TITLE, code="title-rule")
        text = words.paragraphs(text, most=MAX_TEXT, code="text-rule").strip()
        declaration = words.declaration(declaration)
        if draft_id is None and file is None and not text:
            raise UsageError("text-missing")
        if draft_id is not None and not words.is_number(draft_id):
            raise NotFound("draft-not-found")
        if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
            raise UsageError("idempotency-key-rule")
        sent = self._sent(author, draft_id, file)
        request = _fingerprint(title, text, declaration, sent, annotation)
        known = self._published_with(author, idempotency_key, request)
        if known is not None:
            self._drafts.let_go(author, draft_id)
            return self._items.get(known)
        self._strikes.require_publish(author, declaration)
        try:
            return self._published(
                author, title, text, declaration, draft_id, file, idempotency_key, request, annotation
            )
        except Conflict:  # the very same request may have come through meanwhile
            known = self._published_with(author, idempotency_key, request)
            if known is None:
                raise
            return self._items.get(known)

    def _published(
        self,
        author: Account,
        title: str,
        text: str,
        declaration: Declaration,
        draft_id: str | None,
        file: Incoming | None,
        key: str | None,
        request: str,
        annotation: str,
    ) -> Item:
        with self._content(author, draft_id, file, text) as content:
            item_id = instants.uuid7()
            annotation = self._policies.require_annotation(annotation, content.kind, declaration)
            declaration = _with(declaration, annotation)
            decision = decide(content.report, declaration, self._settings.regime)
            undeclared = declaration.choice is Declared.UNDECLARED
            marks = undeclared and bool(content.filename) and self._policies.adds_explicit(decision.tier)
            with self._propagation.derive(content.file, decision.verdict, item_id) as served:
                post = Post(
                    item_id,
                    author,
                    title,
                    text,
                    declaration,
                    content,
                    decision,
                    served,
                    key,
                    request,
                    annotation,
                    marks,
                )
                return self._storing.store(post) or self._items.get(item_id)

    def _sent(self, author: Account, draft_id: str | None, file: Incoming | None) -> str | None:
        """Returns what tells the file that was sent from others; "" where none was."""
        if file is not None:
            return identity(file.spool.sha256, file.filename)
        return (self._drafts.content(author, draft_id) or draft_id) if draft_id else None

    def _published_with(self, author: Account, key: str | None, request: str) -> str | None:
        """Returns the item that was published with this key, if any.

        Raises:
            Conflict: The key was used for another post.
        """
        if key is None:
            return None
        found = self._database.find(_USED_KEY, account=author.id, key=key)
        if not found:
            return None
        (row,) = found
        if row.request_sha256 != request:
            raise Conflict("idempotency-key-reused")
        return str(row.item_id)

    @contextmanager
    def _content(self, author: Account, draft_id: str | None, file: Incoming | None, text: str) -> Iterator[Content]:
        if draft_id is not None:
            draft = self._drafts.unpublished(author, draft_id)
            try:
                with source_of(self._blobs.path(draft.sha256), draft.filename) as source:
                    yield _draft_content(draft, Examination(source))
            except StorageError:
                self._drafts.unpublished(author, draft_id)  # it may have expired meanwhile, and its file with it
                raise
        elif file is not None:
            with self._drafts.examine(file.spool.path, file.filename) as examined:
                yield _spooled_content(file.spool, file.filename, examined.report["kind"], examined)
        else:
            with self._blobs.spool(self._settings.max_upload_bytes) as spool:
                spool.write(f"{text}\n".encode())
                spool.seal()
                with source_of(spool.path, TEXT_NAME) as source:
                    words_alone = Examination(source)
                    report = words_alone.report(regime=self._settings.regime).to_dict()
                    yield _spooled_content(spool, "", "text", Examined(words_alone, report, None))

    def expire(self) -> None:
        """Forgets idempotency keys that nobody will repeat any more."""
        with self._database.write() as connection:
            old = idempotency_keys.c.created_at < instants.now() - PUBLISHED_KEPT
            connection.execute(delete(idempotency_keys).where(old))


def _draft_content(draft: Draft, file: Examination) -> Content:
    return Content(
        file,
        draft.filename,
        draft.media_type,
        draft.kind,
        draft.size,
        draft.sha256,
        draft.report,
        draft.id,
        draft.media_digest,
    )


def _spooled_content(spool: Spool, filename: str, kind: str, examined: Examined) -> Content:
    return Content(
        examined.file,
        filename,
        examined.report["media_type"],
        kind,
        spool.size,
        spool.sha256,
        examined.report,
        media_digest=examined.media_digest,
        spooled=spool,
    )


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
