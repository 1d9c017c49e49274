"""A small file of every format that can carry a label, taken from the registry: new formats join by themselves."""

from __future__ import annotations

from pathlib import Path

from yinji.containers.base import Container
from yinji.containers.registry import containers

CONTAINERS = tuple(container for container in containers() if container.writable)
NAMES = tuple(container.name for container in CONTAINERS)


def examples(container: Container) -> list[tuple[str, bytes]]:
    """(file name, bytes) of every example of a container."""
    named = [(example.name, example.data) for example in container.examples()]
    return [(n if "." in n else f"{n.replace(' ', '-')}.{container.extensions[0]}", data) for n, data in named]


def place(container: Container, folder: Path, stem: str = "") -> Path:
    """Puts the first example of a container on disk."""
    name, data = examples(container)[0]
    path = folder / f"{stem or container.name}.{name.rpartition('.')[2]}"
    path.write_bytes(data)
    return path
