"""The platform's one front door for the floors above: everything the server and the workers may ask for.

This module only joins the rooms of the platform together; each verb lives in a module of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, Protocol

from yinji.labels.declaration import Declaration
from yinji.platform.model import Account, AuditEntry, Draft, Item, Page, Role, ServedFile


class Upload(Protocol):
    """A file on its way in, spooled to disk and hashed as it arrives."""

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes.

        Raises:
            LimitExceeded: The upload is over the limit; nothing of it is kept.
        """
        ...

    def finish(self, filename: str) -> Draft:
        """Looks at the file and keeps it as a draft."""
        ...


class PlatformService(Protocol):
    # --- accounts
    def create_account(self, name: str, password: str, role: Role, display_name: str = "") -> Account: ...
    def sign_in(self, name: str, password: str) -> str: ...
    def account_of(self, session_token: str) -> Account | None: ...
    def sign_out(self, session_token: str) -> None: ...

    # --- drafts
    def upload(self, author: Account) -> AbstractContextManager[Upload]: ...
    def draft(self, author: Account, draft_id: str) -> Draft: ...
    def preview(self, draft: Draft, declaration: Declaration) -> dict[str, Any]: ...

    # --- items
    def publish(
        self,
        author: Account,
        *,
        title: str,
        text: str,
        declaration: Declaration,
        draft_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Item: ...
    def item(self, item_id: str) -> Item: ...
    def feed(self, *, cursor: str | None = None, limit: int = 20, query: str = "") -> Page[Item]: ...
    def declare(self, actor: Account, item_id: str, declaration: Declaration) -> Item: ...
    def served_file(self, item_id: str) -> ServedFile: ...

    # --- anyone
    def check(self, file: BinaryIO, filename: str) -> dict[str, Any]: ...

    # --- audit
    def audit_entries(self, *, cursor: str | None = None, limit: int = 50) -> Page[AuditEntry]: ...
    def audit_verify(self) -> tuple[int, str]: ...
    def audit_export(self) -> Iterable[AuditEntry]: ...
