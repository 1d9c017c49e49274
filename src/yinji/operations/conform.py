"""``conform``: does what the file carries keep the rules of a jurisdiction?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, BinaryIO

from yinji.containers.model import Reading, State
from yinji.containers.source import RangedReader, Source
from yinji.limits import DEFAULT, Limits
from yinji.operations import sidecar as sidecars
from yinji.operations.examination import Examination
from yinji.operations.perceived import perceive, perceive_foreign
from yinji.operations.report import SCHEMA_VERSION
from yinji.operations.sidecar import Beside
from yinji.regimes.base import Finding, MarkRule, Outcome, Perceived
from yinji.regimes.labels import LabelRules
from yinji.regimes.registry import judging, labels_of, others


@dataclass(frozen=True, slots=True)
class Conformance:
    """The answer to ``conform``.

    Attributes:
        path: Name of the file as it was given.
        reading: What its container says.
        findings: One line per rule that a file alone can answer.
        perceived: What was found of the label that people see or hear; None if nobody was asked to look.
        regime, regime_version: Which rules, in which version.
        asks_metadata: Whether these rules are about the metadata label too.
        sidecar: The label beside a file whose format has no place for one, as for :func:`yinji.check`.
    """

    path: str
    reading: Reading
    findings: tuple[Finding, ...]
    regime: str
    regime_version: str
    perceived: Perceived | None = None
    asks_metadata: bool = True
    sidecar: Beside | None = None

    @property
    def conforms(self) -> bool:
        """Whether a label was found and no rule is broken. A file that cannot be judged does not conform.

        The label is the metadata label where the rules ask for one (China), else the one that people see or hear.
        """
        if any(f.outcome is Outcome.FAIL for f in self.findings):
            return False
        if self.asks_metadata:
            return sidecars.counted(self.reading, self.sidecar).state is State.LABELLED
        return any(f.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE) for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        drawn = self.perceived.drawn if self.perceived else None
        foreign = self.perceived.foreign if self.perceived else None
        owners = {"regimes": list(self.perceived.owners)} if self.perceived else {}
        return (
            {"schema_version": SCHEMA_VERSION, "path": self.path}
            | self.reading.to_dict()
            | ({"sidecar": self.sidecar.to_dict()} if self.sidecar else {})
            | {
                "conforms": self.conforms,
                "findings": [f.to_dict() for f in self.findings],
                "perceptible": drawn.to_dict() if drawn else None,
                "perceptible_foreign": owners | foreign.to_dict() if foreign else None,
                "regime": self.regime,
                "regime_version": self.regime_version,
            }
        )


def conform(
    input: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | RangedReader | Source,
    *,
    regime: str = "cn",
    perceptible: bool = True,
    filename: str = "",
    pinned_keys: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT,
) -> Conformance:
    """Checks a file against every rule of a regime that the file alone can answer.

    Args:
        input: A path, bytes, a seekable binary file or an object with ``size`` and ``read_range``.
        regime: Name of the rules: ``cn``, or ``eu``, ``us-ca``, ``in``, ``kr``, of which only the label that people see
            or hear is judged.
        perceptible: Look for the label that people see or hear too, which decodes the content. Without it, only
            metadata are judged, at the speed of reading a header.
        filename: Name to go by where the input has none.
        pinned_keys: Public keys you trust, as for :func:`yinji.check`.
        limits: Bounds of the reading.

    Raises:
        NotRegularFile: A directory, FIFO, device or symbolic link.
        StorageError: The operating system refused.
        UsageError: No such regime.
    """
    rules = judging(regime)
    with Source.open(input, name=filename, limits=limits) as source:
        file = Examination(source, with_sidecar=True)
        reading, evidence = file.counted, file.evidence(pinned_keys=pinned_keys)
        labels = labels_of(rules, reading.kind)
        seen = _perceived(source, reading, rules.name, labels, limits) if perceptible and labels else None
        findings = rules.conform(reading, evidence, seen)
        asks_metadata = not isinstance(rules, LabelRules)
        name = filename or source.name
        said = file.sidecar
        return Conformance(name, file.reading, findings, rules.name, rules.version, seen, asks_metadata, said)


def _perceived(source: Source, reading: Reading, name: str, rules: Sequence[MarkRule], limits: Limits) -> Perceived:
    """Looks for the label that people see or hear, by these rules first and then by all others.

    What stopped the reading of damaged bytes stops the look as well.
    """
    if reading.state in (State.MALFORMED, State.UNREADABLE) and not reading.found and reading.problems:
        return Perceived(reading.kind, unknown=reading.problems[-1].text)
    seen = perceive(source, reading.kind, reading.media_type, rules, limits)
    if seen.drawn is not None or seen.unknown is not None:
        return seen
    foreign = {other.name: labels_of(other, reading.kind) for other in others(name)}
    return perceive_foreign(source, reading.kind, reading.media_type, rules, foreign, limits)
