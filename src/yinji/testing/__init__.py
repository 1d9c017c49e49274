"""The harness that every container passes, built-in or third-party.

Call :func:`check_container` with a container and a few real files from your own tests; it raises AssertionError with a
sentence that says what broke. A container that passes reads, writes exactly one label, keeps every byte it does not
own, and meets hostile input with :class:`~yinji.errors.YinjiError` alone::

    from yinji.testing import Sample, check_container

    check_container(Png(), [Sample("photo.png", data)])
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from yinji.containers import exif, readback, xmp
from yinji.containers.base import Container, Span
from yinji.containers.model import Block, Reading, State
from yinji.containers.reading import read_as
from yinji.containers.registry import sniff
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.errors import ReadBackMismatch, UnreadableInput, YinjiError
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.labels.problem import Severity
from yinji.limits import Limits
from yinji.testing.damage import GARBAGE, crossed, mutated
from yinji.testing.samples import LABEL, PROPAGATED, Sample

__all__ = (
    "IN_PLACE_BYTES",
    "LABEL",
    "PROPAGATED",
    "Sample",
    "applied",
    "check_appended",
    "check_container",
    "check_cut",
    "check_damage",
    "check_doubled",
    "check_fuzzed",
    "check_propagated",
    "check_sniffed",
    "check_tiny",
    "check_unlabelled",
    "check_written",
    "labelled",
    "media_hash",
    "mutated",
    "reading_of",
    "seeds",
    "survives",
)

IN_PLACE_BYTES: Final = 4096
"""What a propagator's rewrite may write at most."""

_HEAD: Final = 64
_MAX_CUTS: Final = 96


def check_container(
    container: Container,
    samples: Iterable[tuple[str, bytes]] = (),
    *,
    doubled: Iterable[tuple[str, bytes]] = (),
    label: AigcLabel = LABEL,
    ends_itself: bool = True,
    mutations: int = 150,
    seed: int = 45438,
) -> None:
    """Puts a container through every check.

    Args:
        container: What is checked.
        samples: (name, bytes) of files without a label; the container's own examples are always checked too.
        doubled: (name, bytes) of files that hold two or more labels.
        label: The label to write.
        ends_itself: Whether the format tells where a file ends, so that a cut is noticed (not so for plain text).
        mutations: Damaged copies tried per sample.
        seed: Of the damage.

    Raises:
        AssertionError: The container broke a rule.
    """
    all_samples = [Sample(*sample) for sample in (*_examples(container), *samples)]
    _expect(bool(all_samples), container, "no example and no sample to check with")
    for sample in all_samples:
        check_sniffed(container, sample)
        check_unlabelled(container, sample)
        check_damage(container, sample, mutations=mutations, seed=seed)
        if container.writable:
            check_written(container, sample, label)
            check_propagated(container, sample, label)
            check_cut(container, sample, label, ends_itself=ends_itself)
            check_appended(container, sample, label)
    for name, data in doubled:
        check_doubled(container, Sample(name, data), label)
    check_tiny(container)


def applied(splice: Splice, data: bytes) -> bytes:
    """Returns what a plan makes of a file."""
    return splice.applied(data)


def reading_of(container: Container, sample: Sample, *, thorough: bool = True) -> Reading:
    """Reads bytes with one given container."""
    with Source.open(sample.data, name=sample.name) as source:
        return read_as(container, source, thorough=thorough)


def labelled(container: Container, sample: Sample, label: AigcLabel = LABEL, *, in_place: bool = False) -> Sample:
    """Returns the sample with the label written into it."""
    return Sample(sample.name, applied(_plan(container, sample, label, in_place=in_place), sample.data))


def media_hash(container: Container, data: bytes) -> str:
    """Returns the SHA-256 of the media alone."""
    digest = hashlib.sha256()
    with Source.open(data) as source:
        for part in container.media(source):
            digest.update(part if isinstance(part, bytes) else data[part.start : part.stop])
    return digest.hexdigest()


def check_sniffed(container: Container, sample: Sample) -> None:
    """The sample is recognised, with its name and, where bytes decide, without."""
    extension = sample.name.rpartition(".")[2].lower()
    score = container.score(sample.data[:_HEAD], extension)
    _expect(score > 0, container, f"{sample.name} scores {score}")
    with Source.open(sample.data, name=sample.name) as source:
        identity = sniff(source)
    _expect(identity.name == container.name, container, f"{sample.name} is taken for {identity.name}")
    _expect(not identity.mismatch, container, f"the ending of {sample.name} is taken for a wrong one")


def check_unlabelled(container: Container, sample: Sample) -> None:
    """A file without a label reads as such, quickly and thoroughly."""
    for thorough in (False, True):
        reading = reading_of(container, sample, thorough=thorough)
        told = [problem.text.en for problem in reading.problems]
        _expect(reading.state is State.UNLABELLED, container, f"{sample.name} reads as {reading.state}: {told}")


def check_written(container: Container, sample: Sample, label: AigcLabel = LABEL) -> None:
    """Written, the label reads back equal and alone; everything else stays; writing again changes nothing."""
    for in_place in (False, True):
        written = labelled(container, sample, label, in_place=in_place)
        for thorough in (False, True):
            _expect_label(container, reading_of(container, written, thorough=thorough), label, sample.name)
        before, after = (_kept(reading_of(container, s)) for s in (sample, written))
        _expect(before == after, container, f"{sample.name}: other metadata changed: {before} became {after}")
        media = [media_hash(container, s.data) for s in (sample, written)]
        _expect(media[0] == media[1], container, f"{sample.name}: media bytes changed")
        again = labelled(container, written, label, in_place=in_place)
        _expect(again.data == written.data, container, f"{sample.name}: writing the same label again changed bytes")
        other = labelled(container, written, _longer(label), in_place=in_place)
        _expect_label(container, reading_of(container, other), _longer(label), sample.name)


def check_propagated(container: Container, sample: Sample, label: AigcLabel = LABEL) -> None:
    """The next writer's half goes in with a small write, the producer's half byte-exact (R36)."""
    written = labelled(container, sample, label)
    passed_on = label.propagated(PROPAGATED.propagator, PROPAGATED.propagate_id)
    splice = _plan(container, written, passed_on, in_place=True)
    size = sum(len(edit.data) for edit in splice.edits)
    _expect(size <= IN_PLACE_BYTES, container, f"{sample.name}: propagation writes {size} bytes")
    result = Sample(sample.name, applied(splice, written.data))
    _expect_label(container, reading_of(container, result), passed_on, sample.name)
    media = [media_hash(container, s.data) for s in (sample, result)]
    _expect(media[0] == media[1], container, f"{sample.name}: propagation changed media bytes")


def check_cut(container: Container, sample: Sample, label: AigcLabel = LABEL, *, ends_itself: bool = True) -> None:
    """A labelled file cut anywhere is never called unlabelled, and never raises anything of its own (R62)."""
    written = labelled(container, sample, label)
    for cut in _boundaries(container, written):
        piece = Sample(sample.name, written.data[:cut])
        reading = _survives(container, piece, f"{sample.name} cut at {cut}")
        if reading.state is State.LABELLED:
            _expect(reading.label == label, container, f"{sample.name} cut at {cut} says something else")
        elif ends_itself:
            _expect(reading.state is not State.UNLABELLED, container, f"{sample.name} cut at {cut} reads as unlabelled")


def check_appended(container: Container, sample: Sample, label: AigcLabel = LABEL) -> None:
    """Bytes behind the end do not hide the label."""
    written = labelled(container, sample, label)
    for garbage in GARBAGE:
        longer = Sample(sample.name, written.data + garbage)
        reading = _survives(container, longer, f"{sample.name} with {len(garbage)} bytes behind it")
        _expect(reading.label == label, container, f"{sample.name}: bytes behind the end hide the label")


def check_doubled(container: Container, sample: Sample, label: AigcLabel = LABEL) -> None:
    """Two labels are counted (R35), and one write leaves exactly one (R34)."""
    reading = reading_of(container, sample)
    _expect(len(reading.found) > 1, container, f"{sample.name}: {len(reading.found)} of several labels found")
    codes = [problem.code for problem in reading.problems]
    _expect("several-labels" in codes, container, f"{sample.name}: several labels are not reported")
    if container.writable:
        written = labelled(container, sample, label)
        _expect_label(container, reading_of(container, written), label, sample.name)
        before, after = (_kept(reading_of(container, s)) for s in (sample, written))
        _expect(before == after, container, f"{sample.name}: other metadata changed: {before} became {after}")


def check_tiny(container: Container) -> None:
    """Files of no bytes, one byte and only the magic do no harm."""
    name = f"tiny.{container.extensions[0]}"
    heads = {sample.data[:size] for sample in _examples(container) for size in (0, 1, 2, 4, 8, 12, 16)}
    for data in sorted(heads | {b"", b"\0", b"\xff"}):
        _survives(container, Sample(name, data), f"a file of {len(data)} bytes")


def check_damage(container: Container, sample: Sample, *, mutations: int = 150, seed: int = 45438) -> None:
    """Damaged copies are read and written without any error but the package's own."""
    chance = random.Random(f"{seed} {sample.name}")  # noqa: S311 - damage must be repeatable, not secret
    start = sample
    if container.writable and mutations:
        start = labelled(container, sample)
    for number in range(mutations):
        damaged = Sample(sample.name, mutated(chance, start.data if number % 2 else sample.data))
        _survives(container, damaged, f"{sample.name} damaged (seed {seed}, copy {number})")


def seeds(container: Container) -> Iterator[Sample]:
    """Yields what fuzzing starts from: the container's own examples, plain and labelled."""
    for sample in _examples(container):
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
        _survives(container, Sample(f"input.{container.extensions[0]}", mutated(chance, data)), what)


def survives(container: Container, data: bytes, name: str = "") -> Reading:
    """Reads, measures and (if it can be) labels any bytes; the package's own errors are the only ones let pass.

    What is written must say what it should and leave the media as they were. Only of a file that was not in order
    before may the check behind every write find otherwise, and refuse it.

    Raises:
        AssertionError: Another exception came out, a reading raised at all, or a written file is not right.
    """
    return _survives(container, Sample(name or f"input.{container.extensions[0]}", data), name or "the input")


def _survives(container: Container, sample: Sample, what: str) -> Reading:
    try:
        quick = reading_of(container, sample, thorough=False)
        reading = reading_of(container, sample)
    except Exception as error:
        raise AssertionError(f"{container.name}: reading {what} raised {error!r}") from error
    said = [f"{each.state} {each.label}" for each in (quick, reading)]
    is_same = quick.label in ([item.label for item in reading.found] if quick.label else [reading.label])
    _expect(is_same, container, f"{what}: a quick reading says {said[0]}, a thorough one {said[1]}")
    walked = _walked(container, sample)
    _expect(_answer(quick) == _answer(walked), container, f"{what}: a glance says {quick}, a walk {walked}")
    try:
        with Source.open(sample.data, name=sample.name) as source:
            for start, stop in _spans(container, source):
                _expect(0 <= start <= stop <= len(sample.data), container, f"{what}: media at {start}-{stop}")
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
    _expect_label(container, reading_of(container, after), LABEL, what)
    media = [media_hash(container, each.data) for each in (before, after)]
    _expect(media[0] == media[1], container, f"{what}: media bytes changed")


def _examples(container: Container) -> Iterator[Sample]:
    for example in container.examples():
        name = example.name if "." in example.name else f"{example.name}.{container.extensions[0]}"
        yield Sample(name, example.data)


def _plan(container: Container, sample: Sample, label: AigcLabel, *, in_place: bool) -> Splice:
    with Source.open(sample.data, name=sample.name) as source:
        reading = read_as(container, source, thorough=True)
        return container.write(source, label, reading, in_place=in_place)


def _longer(label: AigcLabel) -> AigcLabel:
    """A label whose reserved field needs more room than a writer leaves."""
    return AigcLabel(
        label.label, label.producer, label.produce_id, "S" * 3000, label.propagator, label.propagate_id, ""
    )


def _expect_label(container: Container, reading: Reading, label: AigcLabel, what: str) -> None:
    _expect(reading.state is State.LABELLED, container, f"{what}: reads as {reading.state} after writing")
    _expect(len(reading.found) == 1, container, f"{what}: {len(reading.found)} labels after writing")
    found = reading.found[0]
    _expect(found.label == label, container, f"{what}: reads back as {found.label}")
    _expect(found.carrier == container.carrier, container, f"{what}: written to {found.carrier}")
    errors = [problem.code for problem in found.problems if problem.severity is Severity.ERROR]
    _expect(not errors, container, f"{what}: the written label has the problems {errors}")


def _kept(reading: Reading) -> list[tuple[str, str, object]]:
    """Returns what a write must not change: all metadata but labels, in a form that moving does not alter."""
    places = {(found.carrier, found.start) for found in reading.found}
    kept: list[tuple[str, str, object]] = []
    for block in reading.blocks:
        content = _content(block, is_label=(block.carrier, block.start) in places)
        if content:
            kept.append((block.carrier, block.key, content))
    return sorted(kept, key=repr)


def _content(block: Block, *, is_label: bool) -> object:
    if block.carrier == "xmp" and isinstance(block.value, bytes):
        try:
            properties = xmp.properties(block.value)
        except UnreadableInput:
            return block.value
        return {name: value for name, value in properties.items() if name[1].upper() != xmp.NAME}
    if block.carrier == "exif" and isinstance(block.value, bytes):
        try:
            fields = exif.fields(block.value)
        except UnreadableInput:
            return block.value
        return [(field.name, field.text) for field in fields if field.text and not looks_like_label(field.text)]
    return None if is_label else block.value


def _boundaries(container: Container, sample: Sample) -> Sequence[int]:
    """Positions where structures begin and end, and one byte on either side."""
    edges = {0, 1, len(sample.data) - 1}
    for block in reading_of(container, sample).blocks:
        edges |= {block.start, block.stop, (block.start + block.stop) // 2}
    with Source.open(sample.data, name=sample.name) as source:
        for start, stop in _spans(container, source):
            edges |= {start, stop}
    cuts = sorted({cut for edge in edges for cut in (edge - 1, edge, edge + 1) if 0 <= cut < len(sample.data)})
    step = max(1, len(cuts) // _MAX_CUTS)
    return cuts[::step]


def _spans(container: Container, source: Source) -> Iterator[Span]:
    return (part for part in container.media(source) if not isinstance(part, bytes))


def _expect(condition: bool, container: Container, message: str) -> None:
    if not condition:
        raise AssertionError(f"{container.name}: {message}")
