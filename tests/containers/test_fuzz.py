"""Fuzzing that says the same every time: fixed seeds, so many inputs for each container, no clock.

``make fuzz`` looks further, guided by coverage. What it finds goes to ``tests/regress/NAME/`` and is a seed from then
on.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from yinji.containers.registry import BUILT_IN, by_name
from yinji.testing import check_fuzzed

REGRESS = Path(__file__).parent.parent / "regress"
RUNS = 250
DEAR = {"png": 60, "pdf": 60, "docx": 60, "xlsx": 60, "pptx": 60, "epub": 60, "ofd": 60, "xmind": 60, "usdz": 100}
"""Formats whose every input is inflated and parsed several times over get fewer."""


@pytest.mark.parametrize("name", [row.name for row in BUILT_IN])
def test_survives_what_a_seed_makes_of_its_examples(name: str) -> None:
    found = [path.read_bytes() for path in sorted((REGRESS / name).glob("*")) if path.name != "README.md"]
    check_fuzzed(by_name(name), found, runs=DEAR.get(name, RUNS))
