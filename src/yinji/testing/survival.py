"""Damaged and hostile files: what a container makes of them is right, or refused with an error of the package's own."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from yinji.containers import readback
from yinji.containers.base import Container
from yinji.containers.model import Reading
from yinji.containers.reading import read_as
from yinji.containers.source import Source
from yinji.errors import ReadBackMismatch, YinjiError
from yinji.limits import Limits
from yinji.testing.damage import crossed, mutated
from yinji.testing.handling import examples, expect, expect_label, labelled, media_hash, reading_of, spans
from yinji.testing.samples import LABEL, Sample


def check_damage(container: Container, sample: Sample, *, mutations: int = 150, seed: int = 45438) -> None:
    """Damaged copies are read and written without any error but the package's own."""
    chance = random.Random(f"{seed} {sample.name}")  # noqa: S311 - damage must be repeatable, not secret
    start = sample
    if container.writable and mutations:
        start = labelled(container, sample)
    for number in range(mutations):
        damaged = Sample(sample.name, mutated(chance, start.data if number % 2 else sample.data))
        meets(container, damaged, f"{sample.name} damaged (seed {seed}, copy {number})")


def seeds(container: Container) -> Iterator[Sample]:
    """Yields what fuzzing starts from: the container's own examples, plain and labelled."""
    for sample in examples(container):
        yield sample
        if container.writable:
            yield labelled(container, sample)


def check_fuzzed(container: Container, found: Iterable[bytes] = (), *, runs: int = 250, seed: int = 45438) -> None:
    """Feeds a container what a seed makes of its examples and of files that once broke it, the same every time.

    Args:
        container: What is checked.
        found: Such files, beside the container's own examples.
        runs: Inputs tried.
        seed: Of everything that is left to chance.
    """
    chance = random.Random(f"{seed} {container.name}")  # noqa: S311 - it must be repeatable, not secret
    corpus = [*(sample.data for sample in seeds(container)), *found]
    for number in range(runs):
        data = crossed(chance, chance.choice(corpus), chance.choice(corpus))
        what = f"input {number} of seed {seed}"
        meets(container, Sample(f"input.{container.extensions[0]}", mutated(chance, data)), what)


def survives(container: Container, data: bytes, name: str = "") -> Reading:
    """Reads, measures and (if it can be) labels any bytes; the package's own errors are the only ones let pass.

    What is written must say what it should and leave the media as they were. Only of a file that was not in order
    before may the check behind every write find otherwise, and refuse it.

    Raises:
        AssertionError: Another exception came out, a reading raised at all, or a written file is not right.
    """
    return meets(container, Sample(name or f"input.{container.extensions[0]}", data), name or "the input")


def meets(container: Container, sample: Sample, what: str) -> Reading:
    """Does what :func:`survives` does, of a sample and with words for it."""
    try:
        quick = reading_of(container, sample, thorough=False)
        reading = reading_of(container, sample)
    except Exception as error:
        raise AssertionError(f"{container.name}: reading {what} raised {error!r}") from error
    said = [f"{each.state} {each.label}" for each in (quick, reading)]
    is_same = quick.label in ([item.label for item in reading.found] if quick.label else [reading.label])
    expect(is_same, container, f"{what}: a quick reading says {said[0]}, a thorough one {said[1]}")
    walked = _walked(container, sample)
    expect(_answer(quick) == _answer(walked), container, f"{what}: a glance says {quick}, a walk {walked}")
    try:
        with Source.open(sample.data, name=sample.name) as source:
            for start, stop in spans(container, source):
                expect(0 <= start <= stop <= len(sample.data), container, f"{what}: media at {start}-{stop}")
        if container.writable:
            _check_read_back(container, sample, labelled(container, sample), reading, what)
    except ReadBackMismatch as error:
        raise AssertionError(f"{container.name}: {what}: {error}") from error
    except YinjiError:
        return reading
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"{container.name}: writing {what} raised {error!r}") from error
    return reading


def _walked(container: Container, sample: Sample) -> Reading:
    """A quick reading that takes no short way: limits of the caller's own are for the walk to count."""
    with Source.open(sample.data, name=sample.name, limits=Limits()) as source:
        return read_as(container, source)


def _answer(reading: Reading) -> tuple[object, ...]:
    """What two quick readings of one file must agree on: all but which blocks they came by."""
    return reading.state, reading.found, reading.other, reading.problems


def _check_read_back(container: Container, before: Sample, after: Sample, reading: Reading, what: str) -> None:
    with Source.open(after.data, name=after.name) as copy:
        readback.check(copy, LABEL, reading, len(after.data), container=container)
    expect_label(container, reading_of(container, after), LABEL, what)
    media = [media_hash(container, each.data) for each in (before, after)]
    expect(media[0] == media[1], container, f"{what}: media bytes changed")
