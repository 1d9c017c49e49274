"""Reads every file under some folders and says how it went: states per format, slow files, anything unexpected.

    .venv/bin/python tools/survey.py FOLDER...

For public test corpora and one's own archives. A file that raises anything but a YinjiError, or takes over two
seconds, is named and makes the exit code 1.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from yinji.containers import reading
from yinji.containers.source import Source
from yinji.errors import YinjiError

SLOW_SECONDS = 2.0


def files(folders: list[str]) -> Iterator[Path]:
    for folder in folders:
        yield from (p for p in sorted(Path(folder).rglob("*")) if p.is_file() and not p.is_symlink())


def main() -> int:
    states: Counter[tuple[str, str]] = Counter()
    labelled, slow, broken = [], [], []
    for path in files(sys.argv[1:]):
        began = time.perf_counter()
        try:
            with Source.open(path) as source:
                found = reading.read(source, thorough=True)
            states[found.format, str(found.state)] += 1
            if found.found:
                labelled.append(f"{path}: {[f.carrier for f in found.found]}")
        except YinjiError as error:
            states["–", error.code] += 1
        except Exception as error:
            broken.append(f"{path}: {type(error).__name__}: {error}")
        if (took := time.perf_counter() - began) > SLOW_SECONDS:
            slow.append(f"{path}: {took:.1f} s")
    for (format, state), count in sorted(states.items()):
        print(f"{format:<12} {state:<14} {count:>6}")
    for title, lines in (("labelled", labelled), ("slow", slow), ("broken", broken)):
        print(f"\n{title}: {len(lines)}")
        print("\n".join(f"  {line}" for line in lines))
    return 1 if slow or broken else 0


if __name__ == "__main__":
    sys.exit(main())
