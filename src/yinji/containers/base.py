"""The protocol that each container family fulfils, and nothing else.

A container knows bytes and places. It never decodes media, never judges a label's values, and holds no state, so one
instance serves all threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.labels.aigc import AigcLabel


class Span(NamedTuple):
    """A byte range of a file, ``start`` inclusive, ``stop`` exclusive."""

    start: int
    stop: int


class Example(NamedTuple):
    """A minimal valid file of a format, for the documentation, the demo and the shared harness."""

    name: str
    data: bytes


@runtime_checkable
class Container(Protocol):
    """One container family.

    Attributes:
        name: Short lower-case name; the ``format`` of a reading.
        media_type: IANA media type written for it.
        kind: Content kind.
        extensions: File name endings, lower case, without the dot; the usual one first.
        carrier: The carrier that :meth:`write` uses; "" when the format can carry no label.
        clause: Where that place is prescribed ("TC260-PG-20259A 6"), or "" for a placement of our own.
        writable: Whether :meth:`write` works.
    """

    name: ClassVar[str]
    media_type: ClassVar[str]
    kind: ClassVar[Kind]
    extensions: ClassVar[tuple[str, ...]]
    carrier: ClassVar[str]
    clause: ClassVar[str]
    writable: ClassVar[bool]

    def score(self, head: bytes, extension: str) -> int:
        """Rates how surely the file is of this family.

        Args:
            head: The first bytes of the file, 64 or fewer.
            extension: Lower-case ending of its name without the dot, or "".

        Returns:
            0 for no; 100 for a magic number; about 10 for formats known only by their name (Markdown).
        """
        ...

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the metadata blocks in file order, without reading media payload.

        Args:
            source: The file.
            thorough: Also look behind the media payload when a block that can hold the label was already seen
                in front of it (needed to count labels, R35). A reading that found nothing always looks everywhere.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: The rest cannot be read. Blocks already yielded count.
        """
        ...

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the change that leaves exactly this one label in the file (GB 45438 6.1 c, R34).

        Bytes the plan does not own stay as they are; media samples are never touched. Room is reserved for the next
        writer, so that a propagator's half can be replaced without moving anything.

        Args:
            source: The file.
            label: What to write, in the shape the guide prescribes for this carrier.
            reading: A thorough reading of the same source.
            in_place: Prefer a plan that moves no bytes over one that keeps the customary order (a new ``moov`` at the
                end instead of a shifted ``mdat``).

        Raises:
            UnsupportedFormat: No place in this variant of the format.
            Malformed, Encrypted: The file cannot be edited safely.
        """
        ...

    def media(self, source: Source) -> Iterator[Span | bytes]:
        """Yields the media alone, in order: what no metadata write may change.

        Byte ranges of the file, and in a format whose tables a write packs anew, what those say instead.
        """
        ...

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields small valid files, built by the code itself."""
        ...


@runtime_checkable
class Glancing(Container, Protocol):
    """A container with a short way to the answer for the files that people really have.

    A reading costs its Python calls, hardly its bytes, and a walk that is ready for every variant of a format makes
    hundreds. A glance goes straight to what decides, gives up at the first thing that it does not expect, and is held
    to the answer of the walk by :func:`yinji.testing.survives`: state, labels and problems.
    """

    def glance(self, source: Source) -> list[Block] | None:
        """Settles a quick reading.

        Returns:
            Every block that a quick reading needs: none in a whole file that holds no label, nor the trace of one.
            None where only :meth:`blocks` can tell.

        Raises:
            LookupError, ValueError, struct.error, zlib.error, UnreadableInput: As good as None.
        """
        ...
