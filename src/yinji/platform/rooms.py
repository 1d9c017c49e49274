"""The rooms of the platform, joined together: what each of them needs of the others is handed to it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yinji.platform.blobs import BlobStore
    from yinji.platform.database import Database
    from yinji.platform.passwords import Passwords
    from yinji.platform.settings import Settings


class Rooms:
    """Everything that works on one database and one blob store.

    Attributes:
        settings: What the operator set.
        cases: Reports, queues, decisions, appeals and strikes.
        keys: API keys.
        oidc: Signing in with an account of another house; None where no provider is named.
        previews: Labels tried out on one's own files.
        statistics: Figures of the site.
        copies: The register of media that is known with a label.
        marking: The visible label in served files.
        policy: What is added by itself, as the operator decided.
        relabelling: Passes over the back catalogue.
        derivatives: What is made from served files: thumbnails, cards, versions for the web.
        picture_sizes: How large pictures are.
        sightings: Where labels are seen in uploads, and what follows from it.
        webhooks: Who is told of what happens.
        work: What is still to be done, and who does it.
        audit: The log: checkpoints, tiles, proofs, entries.
        agreements: What people agree to, and who did.
        unmarked: Copies without the explicit label.
        withdrawing: Taking items from view.
        erasing: Erasing accounts.
        export: Everything out, as a stream.
    """

    def __init__(
        self, settings: Settings, database: Database, blobs: BlobStore, passwords: Passwords | None = None
    ) -> None:
        from yinji.platform import marking, relabelling
        from yinji.platform.accounts import Accounts
        from yinji.platform.agreements.door import Agreements
        from yinji.platform.api_keys import ApiKeys
        from yinji.platform.audit import AuditLog
        from yinji.platform.audit.door import Audit
        from yinji.platform.cases import copies as case_copies
        from yinji.platform.cases.service import Cases
        from yinji.platform.copies import Copies
        from yinji.platform.declaring import Declaring
        from yinji.platform.derivatives import service as derivatives
        from yinji.platform.derivatives.service import Derivatives
        from yinji.platform.drafts import Drafts
        from yinji.platform.erasing import Erasing
        from yinji.platform.export import Export
        from yinji.platform.items import Items
        from yinji.platform.marking import Marking
        from yinji.platform.oidc.door import Oidc
        from yinji.platform.picture_sizes import PictureSizes
        from yinji.platform.policy import Policies
        from yinji.platform.previews import Previews
        from yinji.platform.propagation import Propagation
        from yinji.platform.publishing import Publishing
        from yinji.platform.redeciding import Redeciding
        from yinji.platform.relabelling import Relabellings
        from yinji.platform.renewing import Renewing
        from yinji.platform.sightings import service as sightings
        from yinji.platform.sightings.service import Sightings
        from yinji.platform.statistics.counting import Statistics
        from yinji.platform.storing import Storing
        from yinji.platform.unmarked import UnmarkedCopies
        from yinji.platform.webhooks import dispatch
        from yinji.platform.webhooks.dispatch import Dispatch
        from yinji.platform.webhooks.service import Webhooks
        from yinji.platform.withdrawing import Withdrawing
        from yinji.platform.work.queue import WorkQueue
        from yinji.platform.work.service import Work

        self.settings = settings
        self._database = database
        self._blobs = blobs
        self._audit = AuditLog(database)
        self.audit = Audit(database, self._audit, settings)
        self._accounts = Accounts(database, self._audit, settings, passwords)
        self._drafts = Drafts(database, self._audit, blobs, settings)
        self._items = Items(database, blobs)
        self.previews = Previews(settings)
        self.keys = ApiKeys(database, self._audit)
        self.oidc = Oidc(database, self._audit, self._accounts, settings.oidc) if settings.oidc else None
        self.statistics = Statistics(database)
        self.export = Export(database, self.statistics)
        propagation = Propagation(database, blobs, settings)
        renewing = Renewing(database, self._audit, propagation, settings)
        self._queue = WorkQueue(database)
        self.policy = Policies(database, self._audit, settings)
        self.marking = Marking(database, blobs, renewing, self._queue, settings)
        self.relabelling = Relabellings(
            database,
            self._audit,
            blobs,
            self._drafts,
            renewing,
            self.marking,
            self.policy,
            self._queue,
            settings,
        )
        redeciding = Redeciding(database, self._audit, propagation, settings)
        self.cases = Cases(database, self._audit, redeciding, self._queue, self.policy)
        storing = Storing(database, self._audit, self.cases, self.marking)
        self._publishing = Publishing(
            database,
            blobs,
            self._drafts,
            propagation,
            self.cases.strikes,
            settings,
            self.policy,
            storing,
            self._items,
        )
        self._declaring = Declaring(database, self._audit, redeciding, self.cases.waiting)
        self.withdrawing = Withdrawing(database, self._audit, self._drafts, self.cases.waiting, settings)
        self.erasing = Erasing(database, self._audit, self._accounts, self._drafts, self.withdrawing)
        self.agreements = Agreements(database, self._audit, settings)
        self.unmarked = UnmarkedCopies(database, self._audit, blobs, self.agreements, propagation, settings)
        self.copies = Copies(database, self._audit)
        self.work = Work(database, self._audit, self._queue)
        self.work.handle(marking.KIND, self.marking.handler)
        self.work.handle(case_copies.KIND, self.cases.copies.handler)
        self.work.handle(relabelling.KIND, self.relabelling.handler)
        self.derivatives = Derivatives(database, blobs, self._queue, settings)
        self.work.handle(derivatives.KIND, self.derivatives.handler)
        self.picture_sizes = PictureSizes(blobs)
        self.sightings = Sightings(database, blobs, self._queue, redeciding, self.cases, settings)
        self.work.handle(sightings.KIND, self.sightings.handler)
        self.work.at_each_look(self.sightings.look)
        webhooks = Dispatch(database, self._audit, self._queue, settings)
        self.webhooks = Webhooks(database, self._audit, webhooks, settings)
        self.work.handle(dispatch.KIND, webhooks.handler)
        self.work.at_each_look(webhooks.fan_out)
