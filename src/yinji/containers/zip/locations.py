"""Where a location in a part of OFD leads to (GB/T 33190-2016, 5.4)."""

from __future__ import annotations

import posixpath


def resolved(base: str, location: str) -> str:
    """Returns the name of the entry that a location in the part ``base`` leads to."""
    folder = "" if location.startswith("/") else posixpath.dirname(base)
    return posixpath.normpath("/" + posixpath.join(folder, location.lstrip("/"))).lstrip("/")
