"""Feeds arbitrary bytes to one container: reading, measuring and writing may raise the package's own errors only.

Run: python fuzz/fuzz_container.py NAME [atheris options] [corpus directory …]

Needs atheris, which the ``test`` extra brings; ``fuzz_all.py`` runs all containers in turn.
Without a corpus directory it starts from the container's own examples, plain
and labelled, and from what ``tests/regress/NAME/`` holds. Add every file that made it fail there: a test replays them.
"""

from __future__ import annotations

import random
import struct
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
REGRESS = TESTS / "regress"
CRATE = b"PXR-USDC"
sys.path.insert(0, str(TESTS / "containers"))


def write_seeds(name: str, directory: Path) -> None:
    """Writes the corpus to start from."""
    from yinji.containers.registry import by_name
    from yinji.testing import seeds

    for number, sample in enumerate(seeds(by_name(name))):
        (directory / f"{number}").write_bytes(sample.data)
    for path in (REGRESS / name).glob("*"):
        (directory / path.name).write_bytes(path.read_bytes())


def mutate_tables(data: bytes, max_size: int, seed: int) -> bytes:
    """Changes a binary layer of OpenUSD inside its packed tables every second time, where bytes alone seldom lead."""
    import atheris
    from crate_tables import lying

    from yinji.errors import YinjiError

    chance = random.Random(seed)
    if data.startswith(CRATE) and chance.random() < 0.5:
        try:
            return lying(chance, data)[:max_size]
        except (LookupError, ValueError, struct.error, YinjiError):
            pass
    return bytes(atheris.Mutate(data, len(data) + 64))


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
        mutator = {"custom_mutator": mutate_tables} if name == "usd" else {}
        atheris.Setup(sys.argv, lambda data: survives(container, data) and None, **mutator)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
