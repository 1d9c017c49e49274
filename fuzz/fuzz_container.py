"""Feeds arbitrary bytes to one container: reading, measuring and writing may raise the package's own errors only.

Run: python fuzz/fuzz_container.py NAME [atheris options] [corpus directory …]

Needs atheris, which the ``test`` extra brings; ``fuzz_all.py`` runs all containers in turn.
Without a corpus directory it starts from the container's own examples, plain
and labelled, and from what ``tests/regress/NAME/`` holds. Add every file that made it fail there: a test replays them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

REGRESS = Path(__file__).resolve().parent.parent / "tests" / "regress"


def write_seeds(name: str, directory: Path) -> None:
    """Writes the corpus to start from."""
    from yinji.containers.registry import by_name
    from yinji.testing import seeds

    for number, sample in enumerate(seeds(by_name(name))):
        (directory / f"{number}").write_bytes(sample.data)
    for path in (REGRESS / name).glob("*"):
        (directory / path.name).write_bytes(path.read_bytes())


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    name = sys.argv.pop(1)
    import atheris

    with atheris.instrument_imports(include=["yinji"]):
        from yinji.containers.registry import by_name
        from yinji.testing import survives

        container = by_name(name)

    with tempfile.TemporaryDirectory() as corpus:
        if all(argument.startswith("-") for argument in sys.argv[1:]):
            write_seeds(name, Path(corpus))
            sys.argv.append(corpus)
        atheris.Setup(sys.argv, lambda data: survives(container, data) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
