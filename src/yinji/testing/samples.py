"""What the harness writes, and what it writes into."""

from __future__ import annotations

from typing import Final, NamedTuple

from yinji.labels.aigc import AigcLabel

LABEL: Final = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
PROPAGATED: Final = LABEL.propagated("001191110000MA0TE5T00Q20001", "post-42")


class Sample(NamedTuple):
    """One file to check with.

    Attributes:
        name: File name, with an ending of the format.
        data: Its bytes.
    """

    name: str
    data: bytes
