"""What importing costs: ``import yinji`` next to nothing, reading a label the standard library alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import samples
from yinji.containers.registry import by_name
from yinji.testing import Sample, labelled

FEW = 5
"""Modules that ``import yinji`` may add to a bare interpreter's."""

_ALONE = "import sys; before = set(sys.modules); import yinji; print(*sorted(set(sys.modules) - before))"
_READING = """
import json, sys
before = set(sys.modules)
import yinji
state = yinji.read(sys.argv[1]).state
print(json.dumps({"state": state, "modules": sorted(set(sys.modules) - before)}))
"""
_HEAVY = ("email", "http", "importlib.metadata", "ssl", "tomllib", "urllib.request", "xml.sax")


def run(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def files() -> dict[str, Path]:
    text = samples.directory() / "imports.md"
    text.write_text("# A page\n", "utf-8")
    return {
        "jpeg": samples.jpeg("camera"),
        "png": samples.png("rgb"),
        "mp4": samples.video("mp4"),
        "m4a": samples.audio("m4a"),
        "mp3": samples.audio("mp3", "v24"),
        "markdown": text,
    }


def test_import_alone_adds_next_to_nothing() -> None:
    added = run(_ALONE).split()
    assert "yinji" in added
    assert len(added) < FEW, added


@pytest.mark.parametrize("format", ["jpeg", "png", "mp4", "m4a", "mp3", "markdown"])
def test_reading_a_label_imports_the_standard_library_alone(format: str, sample_dir: Path, tmp_path: Path) -> None:
    plain = files()[format]
    path = tmp_path / plain.name
    path.write_bytes(labelled(by_name(format), Sample(plain.name, plain.read_bytes())).data)
    answer = json.loads(run(_READING, str(path)))
    assert answer["state"] == "labelled"
    roots = {name.partition(".")[0] for name in answer["modules"]}
    assert roots - set(sys.stdlib_module_names) <= {"yinji", "_distutils_hack"}
    if format != "markdown":  # told by its name alone, so containers of other distributions are asked first
        assert not [name for name in answer["modules"] if name in _HEAVY]
