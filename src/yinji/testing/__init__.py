"""The harness that every container passes, built-in or third-party.

Call :func:`check_container` with a container and a few real files from your own tests; it raises AssertionError with a
sentence that says what broke. A container that passes reads, writes exactly one label, keeps every byte it does not
own, and meets hostile input with :class:`~yinji.errors.YinjiError` alone::

    from yinji.testing import Sample, check_container

    check_container(Png(), [Sample("photo.png", data)])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from yinji.containers import exif, xmp
from yinji.containers.base import Container
from yinji.containers.model import Block, Reading, State
from yinji.containers.registry import sniff
from yinji.containers.source import Source
from yinji.errors import UnreadableInput
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import looks_like_label
from yinji.testing.damage import GARBAGE, mutated
from yinji.testing.handling import (
    applied,
    examples,
    expect,
    expect_label,
    labelled,
    media_hash,
    plan,
    reading_of,
    spans,
)
from yinji.testing.samples import LABEL, PROPAGATED, Sample
from yinji.testing.survival import check_damage, check_fuzzed, meets, seeds, survives

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
    all_samples = [Sample(*sample) for sample in (*examples(container), *samples)]
    expect(bool(all_samples), container, "no example and no sample to check with")
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


def check_sniffed(container: Container, sample: Sample) -> None:
    """The sample is recognised, with its name and, where bytes decide, without."""
    extension = sample.name.rpartition(".")[2].lower()
    score = container.score(sample.data[:_HEAD], extension)
    expect(score > 0, container, f"{sample.name} scores {score}")
    with Source.open(sample.data, name=sample.name) as source:
        identity = sniff(source)
    expect(identity.name == container.name, container, f"{sample.name} is taken for {identity.name}")
    expect(not identity.mismatch, container, f"the ending of {sample.name} is taken for a wrong one")


def check_unlabelled(container: Container, sample: Sample) -> None:
    """A file without a label reads as such, quickly and thoroughly."""
    for thorough in (False, True):
        reading = reading_of(container, sample, thorough=thorough)
        told = [problem.text.en for problem in reading.problems]
        expect(reading.state is State.UNLABELLED, container, f"{sample.name} reads as {reading.state}: {told}")


def check_written(container: Container, sample: Sample, label: AigcLabel = LABEL) -> None:
    """Written, the label reads back equal and alone; everything else stays; writing again changes nothing."""
    for in_place in (False, True):
        written = labelled(container, sample, label, in_place=in_place)
        for thorough in (False, True):
            expect_label(container, reading_of(container, written, thorough=thorough), label, sample.name)
        before, after = (_kept(reading_of(container, s)) for s in (sample, written))
        expect(before == after, container, f"{sample.name}: other metadata changed: {before} became {after}")
        media = [media_hash(container, s.data) for s in (sample, written)]
        expect(media[0] == media[1], container, f"{sample.name}: media bytes changed")
        again = labelled(container, written, label, in_place=in_place)
        expect(again.data == written.data, container, f"{sample.name}: writing the same label again changed bytes")
        other = labelled(container, written, _longer(label), in_place=in_place)
        expect_label(container, reading_of(container, other), _longer(label), sample.name)


def check_propagated(container: Container, sample: Sample, label: AigcLabel = LABEL) -> None:
    """The next writer's half goes in with a small write, the producer's half byte-exact (R36)."""
    written = labelled(container, sample, label)
    passed_on = label.propagated(PROPAGATED.propagator, PROPAGATED.propagate_id)
    splice = plan(container, written, passed_on, in_place=True)
    size = sum(len(edit.data) for edit in splice.edits)
    expect(size <= IN_PLACE_BYTES, container, f"{sample.name}: propagation writes {size} bytes")
    result = Sample(sample.name, applied(splice, written.data))
    expect_label(container, reading_of(container, result), passed_on, sample.name)
    media = [media_hash(container, s.data) for s in (sample, result)]
    expect(media[0] == media[1], container, f"{sample.name}: propagation changed media bytes")


def check_cut(container: Container, sample: Sample, label: AigcLabel = LABEL, *, ends_itself: bool = True) -> None:
    """A labelled file cut anywhere is never called unlabelled, and never raises anything of its own (R62)."""
    written = labelled(container, sample, label)
    for cut in _boundaries(container, written):
        piece = Sample(sample.name, written.data[:cut])
        reading = meets(container, piece, f"{sample.name} cut at {cut}")
        if reading.state is State.LABELLED:
            expect(reading.label == label, container, f"{sample.name} cut at {cut} says something else")
        elif ends_itself:
            expect(reading.state is not State.UNLABELLED, container, f"{sample.name} cut at {cut} reads as unlabelled")


def check_appended(container: Container, sample: Sample, label: AigcLabel = LABEL) -> None:
    """Bytes behind the end do not hide the label."""
    written = labelled(container, sample, label)
    for garbage in GARBAGE:
        longer = Sample(sample.name, written.data + garbage)
        reading = meets(container, longer, f"{sample.name} with {len(garbage)} bytes behind it")
        expect(reading.label == label, container, f"{sample.name}: bytes behind the end hide the label")


def check_doubled(container: Container, sample: Sample, label: AigcLabel = LABEL) -> None:
    """Two labels are counted (R35), and one write leaves exactly one (R34)."""
    reading = reading_of(container, sample)
    expect(len(reading.found) > 1, container, f"{sample.name}: {len(reading.found)} of several labels found")
    codes = [problem.code for problem in reading.problems]
    expect("several-labels" in codes, container, f"{sample.name}: several labels are not reported")
    if container.writable:
        written = labelled(container, sample, label)
        expect_label(container, reading_of(container, written), label, sample.name)
        before, after = (_kept(reading_of(container, s)) for s in (sample, written))
        expect(before == after, container, f"{sample.name}: other metadata changed: {before} became {after}")


def check_tiny(container: Container) -> None:
    """Files of no bytes, one byte and only the magic do no harm."""
    name = f"tiny.{container.extensions[0]}"
    heads = {sample.data[:size] for sample in examples(container) for size in (0, 1, 2, 4, 8, 12, 16)}
    for data in sorted(heads | {b"", b"\0", b"\xff"}):
        meets(container, Sample(name, data), f"a file of {len(data)} bytes")


def _longer(label: AigcLabel) -> AigcLabel:
    """A label whose reserved field needs more room than a writer leaves."""
    return AigcLabel(
        label.label, label.producer, label.produce_id, "S" * 3000, label.propagator, label.propagate_id, ""
    )


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
        for start, stop in spans(container, source):
            edges |= {start, stop}
    cuts = sorted({cut for edge in edges for cut in (edge - 1, edge, edge + 1) if 0 <= cut < len(sample.data)})
    step = max(1, len(cuts) // _MAX_CUTS)
    return cuts[::step]
