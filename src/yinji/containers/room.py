"""Whether a format keeps room for the next writer: found out by planning, not claimed."""

from __future__ import annotations

from typing import Final

from yinji.containers.base import Container
from yinji.containers.reading import read_as
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.errors import YinjiError
from yinji.labels.aigc import AigcLabel

_FIRST: Final = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
_PASSED_ON: Final = _FIRST.propagated("001191110000MA0TE5T00Q20001", "post-42")


def keeps_room(container: Container) -> bool:
    """Returns whether a propagator's half goes into every labelled example of a container without a byte moving."""
    return container.writable and all(_keeps_room(container, example.data) for example in container.examples())


def _keeps_room(container: Container, data: bytes) -> bool:
    try:
        labelled = _plan(container, data, _FIRST).applied(data)
        return _plan(container, labelled, _PASSED_ON).moves_nothing
    except YinjiError:
        return False


def _plan(container: Container, data: bytes, label: AigcLabel) -> Splice:
    with Source.open(data, name=f"example.{container.extensions[0]}") as source:
        return container.write(source, label, read_as(container, source, thorough=True), in_place=True)
