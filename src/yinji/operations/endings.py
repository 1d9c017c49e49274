"""Whether a new file may have a name: its ending should say what its content is, which labelling never changes."""

from __future__ import annotations

import os
from typing import BinaryIO, Final

from yinji.containers.registry import extension_owner, sniff
from yinji.containers.source import RangedReader, Source
from yinji.errors import UsageError

_ALSO: Final = {
    "mp4": frozenset(("m4v", "m4a", "m4b", "3gp", "mov")),
    "m4v": frozenset(("mp4",)),
    "m4a": frozenset(("mp4",)),
    "3gp": frozenset(("mp4", "3g2")),
    "3g2": frozenset(("mp4", "3gp")),
    "mov": frozenset(("mp4", "m4v")),
    "webm": frozenset(("mkv",)),
    "heic": frozenset(("heif", "hif")),
    "heif": frozenset(("heic",)),
    "avif": frozenset(("heif",)),
    "dng": frozenset(("tif", "tiff")),
    "asf": frozenset(("wma",)),
    "wma": frozenset(("wmv", "asf")),
    "vrm": frozenset(("glb",)),
    "csv": frozenset(("txt",)),
    "json": frozenset(("txt",)),
}
"""Endings that files of a format go by without harm, beside its own: players and programs open them alike."""


def require_fitting(
    input: str | os.PathLike[str] | bytes | BinaryIO | RangedReader | Source,
    output: str | os.PathLike[str],
    *,
    filename: str = "",
) -> None:
    """Makes sure that the name of a new file does not say that it is something else.

    An ending that nobody knows is let pass, and so is the input's own, right or wrong.

    Args:
        input: What is read.
        output: The new file.
        filename: Name to go by where the input has none.

    Raises:
        UsageError: The ending belongs to another format.
        NotRegularFile, StorageError: The input cannot be opened.
    """
    ending = os.path.splitext(os.fspath(output))[1][1:].lower()
    if not ending or extension_owner(ending) is None:
        return
    source = Source.open(input, name=filename)
    try:
        found = sniff(source)
        own = source.extension or os.path.splitext(filename)[1][1:].lower()
    finally:
        if source is not input:
            source.close()
    if found.container is None or ending == own:
        return
    endings = found.container.extensions
    if ending not in endings and ending not in _ALSO.get(found.name, ()):
        raise UsageError(
            "output-ending", path=os.fspath(output), ending=ending, format=found.name.upper(), fitting=endings[0]
        )
