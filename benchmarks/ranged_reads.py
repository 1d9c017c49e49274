"""How many requests a reading of an object in a store takes, and what they bring: without a label, and with one.

    .venv/bin/python benchmarks/ranged_reads.py FILE...

Each file is read by ranges as it is; one without a label also with a label written into a copy, as a new file and in
place. A line that takes more than four requests ends with an arrow: the file leads from place to place.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yinji
from yinji.containers.registry import by_name
from yinji.testing import Sample, labelled

MOST = 4


class Remote:
    """An object in a store, and what was asked of it."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self.size = data, name, len(data)
        self.requests = self.bytes = 0

    def read_range(self, start: int, length: int) -> bytes:
        self.requests, self.bytes = self.requests + 1, self.bytes + length
        return self.data[start : start + length]


def measured(name: str, data: bytes) -> tuple[str, int, str]:
    """Returns the state and format of one reading, its requests, and both in words."""
    remote = Remote(data, name)
    reading = yinji.read(remote)
    words = f"{reading.state} {remote.requests} ({remote.bytes / 1024:,.0f} KiB)"
    return reading.format if reading.state == "unlabelled" else "", remote.requests, words


def line(path: Path) -> str:
    data = path.read_bytes()
    format, most, words = measured(path.name, data)
    shown = [words]
    if format and by_name(format).writable:
        for in_place in (False, True):
            copy = labelled(by_name(format), Sample(path.name, data), in_place=in_place).data
            _, requests, words = measured(path.name, copy)
            most = max(most, requests)
            shown.append(f"in place: {words}" if in_place else words)
    return f"{path.name:30} {len(data) / 1e6:8.2f} MB  {' | '.join(shown)}{'   <--' if most > MOST else ''}"


def main() -> int:
    for name in sys.argv[1:]:
        try:
            print(line(Path(name)), flush=True)
        except yinji.YinjiError as error:
            print(f"{name}: {error}", flush=True)
    return 0 if sys.argv[1:] else 2


if __name__ == "__main__":
    sys.exit(main())
