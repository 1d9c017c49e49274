"""What is published: a post, checked and ready to be stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from yinji.labels.declaration import Declaration
from yinji.operations.examination import Examination
from yinji.platform.blobs import Spool, Spooled
from yinji.platform.deciding import Decision
from yinji.platform.model import Account
from yinji.platform.propagation import Served
from yinji.platform.words import filename as tidy_name


class Incoming:
    """A file that is published as it arrives, without a draft in between."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.filename = ""

    def write(self, chunk: bytes) -> None:
        self.spool.write(chunk)

    def finish(self, filename: str) -> Incoming:
        """Ends the file."""
        self.spool.seal()
        self.filename = tidy_name(filename)
        return self


@dataclass(frozen=True, slots=True)
class Content:
    """A file or, as a Markdown file of its own, a text.

    Attributes:
        file: The bytes, open.
        draft_id: The draft that becomes the post, if it was uploaded before.
        spooled: The bytes, where they are not in the store yet.
    """

    file: Examination
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
class Post:
    """One post.

    Attributes:
        key, request: The author's idempotency key, if any, and what tells this request from others.
        marks: Whether the platform draws the label that people see by itself.
    """

    id: str
    author: Account
    title: str
    text: str
    declaration: Declaration
    content: Content
    decision: Decision
    served: Served
    key: str | None
    request: str
    annotation: str
    marks: bool

    @property
    def files(self) -> tuple[Spooled, ...]:
        """What has to be in the store before the post is."""
        return tuple(file for file in (self.content.spooled, self.served.file) if file is not None)
