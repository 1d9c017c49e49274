"""The platform's one front door for the floors above: everything the server and the workers may ask for.

Each verb lives in a module of its own. What every visitor and author needs is asked of :class:`Platform` itself; each
further area (cases, proof, work …) has a door of its own, an attribute of it, that checks permissions for its verbs.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, Self

from yinji.labels.declaration import Declaration
from yinji.platform import permissions
from yinji.platform.model import Account, AuditEntry, Draft, Item, Notice, Page, Role, ServedFile
from yinji.platform.permissions import Permission
from yinji.platform.rooms import Rooms

if TYPE_CHECKING:
    from yinji.platform.blobs import BlobStore
    from yinji.platform.database import Database
    from yinji.platform.passwords import Passwords
    from yinji.platform.posts import Incoming
    from yinji.platform.settings import Settings

_DOTS_OF_A_JWT: Final = 2
"""No token of ours has any."""


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


class Platform(Rooms):
    """The platform, open on one database and one blob store. Safe to share between threads.

    Its rooms (cases, keys, work …) are attributes: see :class:`~yinji.platform.rooms.Rooms`.

    Attributes:
        pack: What an app store or an authority is shown of the site's labelling.
    """

    def __init__(
        self, settings: Settings, database: Database, blobs: BlobStore, passwords: Passwords | None = None
    ) -> None:
        from yinji.platform.pack import EvidencePack

        super().__init__(settings, database, blobs, passwords)
        self.pack = EvidencePack(self)

    @classmethod
    def open(cls, settings: Settings, *, passwords: Passwords | None = None) -> Self:
        """Opens the site's database and files, bringing the schema up to date, and clears what has expired.

        Args:
            settings: What the operator set.
            passwords: How passwords are hashed, where the recommended parameters do not fit the machine.

        Raises:
            UsageError: There are no such rules.
            StorageError: The folder or the database cannot be used.
        """
        from yinji.platform.blobs import open_store
        from yinji.platform.database import Database
        from yinji.regimes.registry import regime

        regime(settings.regime)
        platform = cls(settings, Database.open(settings.sqlalchemy_url), open_store(settings), passwords)
        platform.tidy()
        return platform

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- accounts
    def create_account(
        self, name: str, password: str, role: Role, display_name: str = "", *, actor: Account | None = None
    ) -> Account:
        """Creates an account; without an ``actor`` it is the operator who does so.

        Raises:
            Refused: The actor may not.
            UsageError: The name or the password breaks a rule.
            Conflict: The name is taken, or looks the same as one that is.
        """
        if actor is not None:
            self.require(actor, Permission.ACCOUNT_CREATE)
        return self._accounts.create(name, password, role, display_name, actor=actor.id if actor else "system")

    def create_first_admin(self, name: str, password: str, display_name: str = "") -> Account:
        """Creates the first administrator.

        Raises:
            Conflict: There is one already.
        """
        return self._accounts.create_first_admin(name, password, display_name)

    def has_admin(self) -> bool:
        return self._accounts.has_admin()

    def accounts(self, actor: Account, *, cursor: str | None = None, limit: int = 50) -> Page[Account]:
        """Lists accounts, newest first.

        Raises:
            Refused: The account may not.
        """
        self.require(actor, Permission.ACCOUNT_LIST)
        return self._accounts.page(cursor=cursor, limit=limit)

    def sign_in(self, name: str, password: str) -> str:
        """Opens a session and returns its token, which is kept nowhere but with the caller.

        Raises:
            NotSignedIn: Name and password do not belong together.
            TooManyAttempts: Too many attempts with this name; ``details["seconds"]`` says how long to wait.
        """
        return self._accounts.sign_in(name, password)

    def account_of(self, token: str) -> Account | None:
        """Returns whose session, API key or access token it is, or None when there is no such one or it is over.

        Raises:
            NotSignedIn: An access token that is not good; the error says why.
            Refused: A good one of somebody who has no role here.
            Unavailable: The provider's keys cannot be had.
        """
        from yinji.platform.api_keys import PREFIX

        if token.startswith(PREFIX):
            return self.keys.account_of(token)
        if self.oidc is not None and token.count(".") == _DOTS_OF_A_JWT:
            return self.oidc.account_of(token)
        return self._accounts.account_of(token)

    def has_password(self, account: Account) -> bool:
        """Tells whether a password opens the account; if not, its provider does."""
        return self._accounts.has_password(account)

    def confirm_password(self, account: Account, password: str) -> None:
        """Passes if it is the account's password, for what a session alone is not enough.

        Raises:
            NotSignedIn: It is not.
            TooManyAttempts: Too many attempts.
        """
        self._accounts.confirm(account, password)

    def account_named(self, name: str) -> Account | None:
        return self._accounts.by_name(name)

    def sign_out(self, session_token: str) -> None:
        self._accounts.sign_out(session_token)

    # --- permissions
    def allows(self, account: Account | None, permission: Permission) -> bool:
        return permissions.allows(account, permission)

    def require(self, account: Account | None, permission: Permission) -> None:
        """Passes if the account, or a visitor, may do this; raises :class:`~yinji.errors.Refused` otherwise."""
        permissions.require(account, permission)

    # --- drafts
    def upload(self, author: Account) -> AbstractContextManager[Upload]:
        """Opens an upload; leaving the block without ``finish`` drops it.

        Raises:
            Refused: The account may not upload, or holds too many drafts.
        """
        self.require(author, Permission.DRAFT_CREATE)
        return self._drafts.upload(author)

    def draft(self, author: Account, draft_id: str) -> Draft:
        """Returns one of the author's own drafts.

        Raises:
            NotFound: No such draft of this author, or it has expired.
        """
        return self._drafts.get(author, draft_id)

    def draft_to_publish(self, author: Account, draft_id: str) -> Draft:
        """Returns one of the author's own drafts that is about to be published.

        Raises:
            Conflict: It was published; `item_id` says as what.
            NotFound: No such draft of this author, or it has expired.
        """
        return self._drafts.unpublished(author, draft_id)

    def preview(self, draft: Draft, declaration: Declaration) -> dict[str, Any]:
        """Returns the draft's report as it would be with this declaration. Reads no file."""
        return self._drafts.preview(draft, declaration)

    # --- items
    def receive(self, author: Account) -> AbstractContextManager[Incoming]:
        """Opens a file to publish before the block ends; otherwise nothing of it is kept.

        Raises:
            Refused: The account may not publish.
        """
        self.require(author, Permission.ITEM_PUBLISH)
        return self._publishing.receive()

    def publish(
        self,
        author: Account,
        *,
        title: str,
        text: str,
        declaration: Declaration,
        draft_id: str | None = None,
        file: Incoming | None = None,
        idempotency_key: str | None = None,
        annotation: str = "",
    ) -> Item:
        """Publishes a file post (a draft, or a file that just came) or a text post; returns when it is durable.

        Raises:
            Refused: The account may not publish.
            UsageError: The title, text or key breaks a rule.
            NotFound: No such draft.
            Conflict: The draft is published already, or the key was used for something else.
        """
        self.require(author, Permission.ITEM_PUBLISH)
        return self._publishing.publish(
            author,
            title=title,
            text=text,
            declaration=declaration,
            draft_id=draft_id,
            file=file,
            idempotency_key=idempotency_key,
            annotation=annotation,
        )

    def item(self, item_id: str) -> Item:
        """Returns an item with its history.

        Raises:
            NotFound: No such item.
        """
        return self._items.get(item_id)

    def feed(
        self, *, cursor: str | None = None, limit: int = 20, query: str = "", author_id: str | None = None
    ) -> Page[Item]:
        """Lists items, newest first, without their history.

        Args:
            cursor: ``next_cursor`` of the page before.
            limit: Rows a page, 1 to 100.
            query: Words that title, text or number must all contain.
            author_id: Only this account's items.

        Raises:
            UsageError: The cursor is not one of ours.
        """
        return self._items.feed(cursor=cursor, limit=limit, query=query, author_id=author_id)

    def declare(self, actor: Account, item_id: str, declaration: Declaration) -> Item:
        """Records what the author says now; the tier can rise by it, never fall (R86).

        Raises:
            NotFound: No such item.
            Refused: Not the author, or the declaration would take an earlier one back.
        """
        self.require(actor, Permission.ITEM_DECLARE_OWN)
        self._declaring.declare(actor, item_id, declaration)
        return self._items.get(item_id)

    def served_file(self, item_id: str) -> ServedFile:
        """Returns the file that readers get.

        Raises:
            NotFound: No such item.
        """
        return self._items.served_file(item_id)

    def notice(self, item: Item) -> Notice | None:
        """Returns what to show around the item, or None when nothing need be shown."""
        from yinji.platform.notices import notice_of

        return notice_of(item.verdict)

    # --- anyone
    def check(self, file: BinaryIO, filename: str) -> dict[str, Any]:
        """Looks at a file for anybody who asks; keeps neither the file nor the answer."""
        return self._drafts.look(file, filename)

    # --- audit
    def audit_entries(self, *, cursor: str | None = None, limit: int = 50) -> Page[AuditEntry]:
        """Lists the log, newest first."""
        return self._audit.page(cursor=cursor, limit=limit)

    def audit_verify(self) -> tuple[int, str]:
        """Recomputes the whole log; returns its length and its last chain hash.

        Raises:
            AuditBroken: An entry was changed, removed or put in; names the first one.
        """
        verified = self._audit.verify()
        return verified.size, verified.chain_hash

    def audit_export(self) -> Iterable[AuditEntry]:
        """Yields the whole log, oldest first."""
        return self._audit.export()

    # --- upkeep
    def tidy(self, *, thorough: bool = False) -> None:
        """Removes expired drafts, sessions and keys, and what dead processes left. Cheap; run it every hour.

        Args:
            thorough: Also compare every kept file with the database and remove those that nothing refers to, such as
                files for readers that a newer one replaced. Run it every week.
        """
        self._accounts.expire()
        self._publishing.expire()
        self._drafts.expire()
        self.cases.expire()
        self.previews.expire()
        self._blobs.sweep()
        self.withdrawing.expire()
        self.unmarked.expire()
        self.audit.checkpoints.watch()
        if thorough:
            self._drafts.collect()

    def healthy(self) -> bool:
        """Tells whether the database answers and the files' folder can be written."""
        return self._database.answers() and self._blobs.writable()
