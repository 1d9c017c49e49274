"""Writes constraints.txt: the versions, in the current environment, of everything the extras need.

.venv/bin/python tools/freeze.py
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OUTPUT = Path(__file__).resolve().parent.parent / "constraints.txt"
ROOT_EXTRAS = frozenset({"all", "test"})


def needed() -> dict[str, str]:
    """Returns name and version of every distribution that `yinji[all,test]` pulls in."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [("yinji", ROOT_EXTRAS)]
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        versions[name] = found.version
        for line in found.requires or ():
            requirement = Requirement(line)
            wanted = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in (extras or {""})
            )
            if wanted:
                todo.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    versions.pop("yinji")
    return versions


if __name__ == "__main__":
    lines = [f"{name}=={version}\n" for name, version in sorted(needed().items())]
    OUTPUT.write_text("# Versions that the tests passed with; made by tools/freeze.py.\n" + "".join(lines))
    print(f"{len(lines)} versions written to {OUTPUT.name}")
