"""Reads every file under some folders and says how it went: states per format, slow files, anything unexpected.

    .venv/bin/python tools/survey.py [--write] FOLDER...

For public test corpora and one's own archives. A file that raises anything but a YinjiError, or takes over two
seconds of the processor, is named and makes the exit code 1. With ``--write`` every unlabelled file gets a metadata
label in a copy, which is passed on in place: refusals are counted, and media whose digest changed are named too.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from yinji import label, media_digest, propagate
from yinji.containers import reading
from yinji.containers.model import State
from yinji.containers.source import Source
from yinji.errors import YinjiError
from yinji.labels.aigc import AigcLabel

LABEL = AigcLabel.first("001191110000MA0TE5T00Q10001", "survey-1")
PLATFORM = "001191110000MA0TE5T00Q20001"
SLOW_SECONDS = 2.0


def files(folders: list[str]) -> Iterator[Path]:
    for folder in folders:
        yield from (p for p in sorted(Path(folder).rglob("*")) if p.is_file() and not p.is_symlink())


def written(path: Path, copy: Path) -> str:
    """Labels a copy of a file and passes it on; returns what came of it.

    Raises:
        AssertionError: The media are no longer what they were.
    """
    name, before = path.name, digest_of(path, path.name)
    try:
        label(path, LABEL, output=copy, metadata_only=True, overwrite=True, durable=False, break_credentials=True)
        assert digest_of(copy, name) == before, "the label changed the media"
        propagate(copy, propagator=PLATFORM, propagate_id="post-42", in_place=True, break_credentials=True)
        assert digest_of(copy, name) == before, "passing on changed the media"
    except YinjiError as error:
        return error.code
    return "written"


def digest_of(path: Path, name: str) -> str:
    """Returns the digest of the media, or why there is none."""
    try:
        return media_digest(path, filename=name)
    except YinjiError as error:
        return error.code


def main() -> int:
    states: Counter[tuple[str, str]] = Counter()
    writes: Counter[tuple[str, str]] = Counter()
    labelled, slow, broken = [], [], []
    writes_too = sys.argv[1] == "--write"
    copies = Path(tempfile.mkdtemp(prefix="yinji-survey-"))
    for path in files(sys.argv[1 + writes_too :]):
        began = time.process_time()
        try:
            with Source.open(path) as source:
                found = reading.read(source, thorough=True)
            states[found.format, str(found.state)] += 1
            if found.found:
                labelled.append(f"{path}: {[f.carrier for f in found.found]}")
            if writes_too and found.state is State.UNLABELLED:
                copy = copies / f"copy{path.suffix}"
                writes[found.format, written(path, copy)] += 1
                copy.unlink(missing_ok=True)
        except YinjiError as error:
            states["–", error.code] += 1
        except Exception as error:
            broken.append(f"{path}: {type(error).__name__}: {error}")
        if (took := time.process_time() - began) > SLOW_SECONDS:
            slow.append(f"{path}: {took:.1f} s")
    copies.rmdir()
    for table in (states, writes):
        for (format, outcome), count in sorted(table.items()):
            print(f"{format:<12} {outcome:<24} {count:>6}")
        print()
    for title, lines in (("labelled", labelled), ("slow", slow), ("broken", broken)):
        print(f"\n{title}: {len(lines)}")
        print("\n".join(f"  {line}" for line in lines))
    return 1 if slow or broken else 0


if __name__ == "__main__":
    sys.exit(main())
