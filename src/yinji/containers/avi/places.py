"""Where metadata stands in an AVI file: one walk that reading and writing share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from yinji.containers import embedded
from yinji.containers.avi.index import HEADERS
from yinji.containers.riff import Chunk, Form, children, chunks
from yinji.containers.source import HEAD_BYTES
from yinji.containers.window import Window
from yinji.labels.problem import Problem, Severity
from yinji.limits import KIB

INFO: Final = b"INFO"
MEDIA: Final = b"movi"
LABEL: Final = b"AIGC"
_AHEAD: Final = 64 * KIB


@dataclass(frozen=True, slots=True)
class Place:
    """One chunk that may say something, or the media.

    Attributes:
        chunk: It.
        info: The INFO list that it is part of.
        form: The RIFF around it.
        in_headers: Whether that list is part of the header list, where few programs look.
    """

    chunk: Chunk
    form: Form
    info: Chunk | None = None
    in_headers: bool = False

    @property
    def is_info(self) -> bool:
        return self.info is not None

    @property
    def is_right(self) -> bool:
        """Whether TC260-PG-20257A wants the label in this list."""
        return self.is_info and not self.in_headers and self.form.start == 0

    def problems(self) -> tuple[Problem, ...]:
        """Returns what is wrong with a label's place."""
        if self.is_right:
            return ()
        where = "hdrl" if self.in_headers else self.form.type.decode("ascii")
        return (Problem("avi-place", Severity.WARNING, "R55", {"place": where}),)


def places(window: Window, form: Form) -> Iterator[Place]:
    """Yields the chunks of a RIFF, those of INFO lists one by one.

    Raises:
        Malformed, Truncated, LimitExceeded: The rest cannot be read.
    """
    for chunk in chunks(window, form):
        if chunk.type == INFO:
            yield from (Place(child, form, chunk) for child in children(window, chunk))
        elif chunk.type == HEADERS:
            if chunk.stop > HEAD_BYTES:  # room for an index of each stream; what follows comes with the same request
                window.fetch_ahead(chunk.start, min(chunk.stop - chunk.start + 4 * KIB, _AHEAD))
            for inner in children(window, chunk):
                if inner.type == INFO:
                    yield from (Place(child, form, inner, True) for child in children(window, inner, 3))
        else:
            yield Place(chunk, form)


def text_of(data: bytes) -> str:
    """Returns the text of a chunk, up to the NUL that ends it: UTF-8, else as Windows writes Chinese."""
    return embedded.decoded(data.partition(b"\0")[0])
