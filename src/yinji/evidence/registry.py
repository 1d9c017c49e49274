"""Which detectors there are, and how all of them look at one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from yinji.containers.model import Block, State
from yinji.errors import YinjiError
from yinji.evidence.base import Basis, Detector, Evidence, Inspected, Says, Strength
from yinji.texts import Text

ENTRY_POINTS: Final = "yinji.detectors"
"""Entry point group of third-party detectors; each names a class that fulfils ``Detector``."""

C2PA_BOX: Final = b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81"
"""UUID of the BMFF box that holds a C2PA manifest store."""

_DECLINED: Final = Text(
    "检测器 {detector} 未能完成：{why} 这不说明内容由谁创作。",
    "The detector {detector} could not finish: {why} This says nothing of who made the content.",
)


def may_hold_credential(block: Block) -> bool:
    """Whether a block shows a C2PA manifest: its own carrier, or ``jumb`` with ``c2pa``; four bytes alone do not."""
    if block.carrier.startswith(("c2pa", "jumbf")):
        return True
    return isinstance(block.value, bytes) and (
        (b"jumb" in block.value and b"c2pa" in block.value) or C2PA_BOX in block.value
    )


def _undecided(file: Inspected) -> bool:
    return file.reading.state not in (State.LABELLED, State.UNLABELLED)


class _Entry(NamedTuple):
    """One built-in detector, and the cheap question whether it can find anything at all.

    The question keeps the module unimported for the many files that carry nothing.
    """

    name: str
    module: str
    type: str
    concerns: Callable[[Inspected], bool]


_BUILT_IN: Final = (
    _Entry(
        "implicit-label",
        "yinji.evidence.implicit_label",
        "ImplicitLabel",
        lambda file: bool(file.reading.found) or _undecided(file),
    ),
    _Entry(
        "declaration",
        "yinji.evidence.declaration",
        "AuthorDeclaration",
        lambda file: file.declaration is not None,
    ),
    _Entry(
        "known-content",
        "yinji.evidence.known_content",
        "KnownContent",
        lambda file: file.known is not None,
    ),
    _Entry(
        "other-schemes",
        "yinji.evidence.other_schemes",
        "OtherSchemes",
        lambda file: bool(file.reading.other),
    ),
    _Entry(
        "digital-source-type",
        "yinji.evidence.digital_source_type",
        "DigitalSourceType",
        lambda file: any(block.carrier == "xmp" for block in file.reading.blocks),
    ),
    _Entry(
        "generator-trace",
        "yinji.evidence.generator_trace",
        "GeneratorTrace",
        lambda file: bool(file.reading.blocks),
    ),
    _Entry(
        "credential-presence",
        "yinji.evidence.credential_presence",
        "CredentialPresence",
        lambda file: any(may_hold_credential(block) for block in file.reading.blocks),
    ),
)


@cache
def _built_in(entry: _Entry) -> Detector:
    detector: Detector = getattr(import_module(entry.module), entry.type)()
    return detector


@cache
def _installed() -> tuple[tuple[Any, ...], ...]:
    """Returns (name, entry point) of the detectors that other packages bring."""
    from importlib.metadata import entry_points

    return tuple((point.name, point) for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: p.name))


def detectors() -> tuple[Detector, ...]:
    """Returns every detector, the built-in ones first.

    Raises:
        Exception: Whatever importing an installed third-party detector raises.
    """
    return (*map(_built_in, _BUILT_IN), *(point.load()() for _, point in _installed()))


def gather(file: Inspected) -> tuple[Evidence, ...]:
    """Lets every detector look at a file that has been read.

    Nothing is imported for detectors that cannot find anything in it. A detector that fails leaves evidence of its
    failure (``detail["code"]`` is ``detector_failed``) and keeps what it had yielded before.

    Args:
        file: The file, its reading and what its author said.

    Returns:
        All evidence, the built-in detectors' first, in the order of :func:`detectors`.
    """
    found: list[Evidence] = []
    for entry in _BUILT_IN:
        if entry.concerns(file):
            found.extend(_guarded(_built_in(entry), file))
    for name, point in _installed():
        found.extend(_foreign(name, point, file))
    return tuple(found)


def _guarded(detector: Detector, file: Inspected) -> Iterator[Evidence]:
    try:
        yield from detector.detect(file)
    except YinjiError as error:
        yield failed(detector.name, detector.version, error.text, error.code)


def _foreign(name: str, point: Any, file: Inspected) -> Iterator[Evidence]:
    version = ""
    try:
        detector = point.load()()
        version = detector.version
        for item in detector.detect(file):
            if not isinstance(item, Evidence):
                raise TypeError(f"yielded a {type(item).__name__}, not Evidence")
            yield item
    except YinjiError as error:
        yield failed(name, version, error.text, error.code)
    except Exception as error:
        # Somebody else's code: nothing it raises may lose an upload or the other detectors' findings, and there is no
        # list of what it may raise. Ours get no such shelter, so that their faults are seen.
        what = f"{type(error).__name__}: {error}"
        yield failed(name, version, Text(f"{what}。", f"{what}."), type(error).__name__)


def failed(detector: str, version: str, why: Text, cause: str) -> Evidence:
    """Returns the evidence that a detector could not finish.

    Args:
        detector: Its name.
        version: Its version, or "" when it could not even be loaded.
        why: One sentence for people.
        cause: Error code, or the name of a foreign exception.
    """
    return Evidence(
        detector,
        version,
        Says.UNKNOWN,
        Basis.FAILURE,
        Strength.WEAK,
        Text(
            _DECLINED.zh.format(detector=detector, why=why.zh),
            _DECLINED.en.format(detector=detector, why=why.en),
        ),
        detail={"code": "detector_failed", "cause": cause},
    )
