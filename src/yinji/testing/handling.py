"""What a container makes of samples, and how the harness says that it is not what it should be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from yinji.containers.base import Container, Span
from yinji.containers.model import Reading, State
from yinji.containers.reading import read_as
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Severity
from yinji.testing.samples import LABEL, Sample


def applied(splice: Splice, data: bytes) -> bytes:
    """Returns what a plan makes of a file."""
    return splice.applied(data)


def reading_of(container: Container, sample: Sample, *, thorough: bool = True) -> Reading:
    """Reads bytes with one given container."""
    with Source.open(sample.data, name=sample.name) as source:
        return read_as(container, source, thorough=thorough)


def labelled(container: Container, sample: Sample, label: AigcLabel = LABEL, *, in_place: bool = False) -> Sample:
    """Returns the sample with the label written into it."""
    return Sample(sample.name, applied(plan(container, sample, label, in_place=in_place), sample.data))


def media_hash(container: Container, data: bytes) -> str:
    """Returns the SHA-256 of the media alone."""
    digest = hashlib.sha256()
    with Source.open(data) as source:
        for part in container.media(source):
            digest.update(part if isinstance(part, bytes) else data[part.start : part.stop])
    return digest.hexdigest()


def spans(container: Container, source: Source) -> Iterator[Span]:
    """Yields where the media stand in the file; what a container makes of them itself is left out."""
    return (part for part in container.media(source) if not isinstance(part, bytes))


def examples(container: Container) -> Iterator[Sample]:
    """Yields the container's own examples."""
    for example in container.examples():
        name = example.name if "." in example.name else f"{example.name}.{container.extensions[0]}"
        yield Sample(name, example.data)


def plan(container: Container, sample: Sample, label: AigcLabel, *, in_place: bool) -> Splice:
    """Returns how the container would write the label."""
    with Source.open(sample.data, name=sample.name) as source:
        reading = read_as(container, source, thorough=True)
        return container.write(source, label, reading, in_place=in_place)


def expect_label(container: Container, reading: Reading, label: AigcLabel, what: str) -> None:
    """Makes sure that a file holds one sound label where its format keeps it, and which."""
    expect(reading.state is State.LABELLED, container, f"{what}: reads as {reading.state} after writing")
    expect(len(reading.found) == 1, container, f"{what}: {len(reading.found)} labels after writing")
    found = reading.found[0]
    expect(found.label == label, container, f"{what}: reads back as {found.label}")
    expect(found.carrier == container.carrier, container, f"{what}: written to {found.carrier}")
    errors = [problem.code for problem in found.problems if problem.severity is Severity.ERROR]
    expect(not errors, container, f"{what}: the written label has the problems {errors}")


def expect(condition: bool, container: Container, message: str) -> None:
    """Makes sure of something that a container owes."""
    if not condition:
        raise AssertionError(f"{container.name}: {message}")
