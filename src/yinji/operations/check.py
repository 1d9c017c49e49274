"""``check``: is this file labelled, by whom, is the label intact, and what follows?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import BinaryIO

from yinji.containers.source import RangedReader, Source
from yinji.evidence.base import Known
from yinji.labels.declaration import Declaration
from yinji.limits import DEFAULT, Limits
from yinji.operations.examination import Examination
from yinji.operations.report import Report


def check(
    input: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    *,
    declaration: Declaration | None = None,
    regime: str = "cn",
    filename: str = "",
    pinned_keys: Mapping[str, str] | None = None,
    known: Known | None = None,
    limits: Limits = DEFAULT,
) -> Report:
    """Gathers all evidence on a file and concludes from it by the rules of one jurisdiction.

    Args:
        input: A path, bytes, a seekable binary file or an object with ``size`` and ``read_range``.
        declaration: What the author says, if asked.
        regime: Name of the rules ("cn").
        filename: Name to go by where the input has none.
        pinned_keys: Public keys you trust: SHA-256 of the SubjectPublicKeyInfo (hex) to the owner's code or name.
        known: What your register of known media says of this file's ``media_digest``, where it knows it.
        limits: Bounds of the reading.

    A label in a sidecar counts where the file is on disk, its format has no place for one, and the sidecar names its
    content.

    Returns:
        File facts, evidence and verdict. A verdict of ``none`` is no proof that people made the content.

    Raises:
        NotRegularFile: A directory, FIFO, device or symbolic link.
        StorageError: The operating system refused.
        UsageError: No such regime.
    """
    with Source.open(input, name=filename, limits=limits) as source:
        file = Examination(source, with_sidecar=True)
        found = file.report(regime=regime, declaration=declaration, pinned_keys=pinned_keys, known=known)
        return replace(found, path=filename) if filename else found
