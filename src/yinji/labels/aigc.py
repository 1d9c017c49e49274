"""The metadata implicit label of GB 45438-2025, Appendix E: seven string fields, in this order, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from yinji.labels.problem import Problem, Severity

KEYS: Final = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
"""The keys of Appendix E, items c) to i), in the standard's order (checklist R24, R39)."""

_FIELDS: Final = ("label", "producer", "produce_id", "reserved1", "propagator", "propagate_id", "reserved2")

LABEL_IS: Final = "1"
LABEL_MAY_BE: Final = "2"
LABEL_SUSPECTED: Final = "3"
LABELS: Final = frozenset((LABEL_IS, LABEL_MAY_BE, LABEL_SUSPECTED))

_IDENTITY: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]*")
_RESERVED: Final = re.compile(r"[\x21-\x5B\x5D-\x7E]*")
_IDENTITY_FIELDS: Final = ("label", "producer", "produce_id", "propagator", "propagate_id")


@dataclass(frozen=True, slots=True)
class AigcLabel:
    """One label, as the standard defines it.

    Attributes:
        label: ``"1"`` is, ``"2"`` may be, ``"3"`` suspected to be generated (item c).
        producer: Name or 27-character code of the generation provider (item d).
        produce_id: The producer's own number of this content (item e).
        reserved1: The producer's security protection, opaque or SecurityData JSON (item f).
        propagator: Name or code of the propagation provider (item g).
        propagate_id: The propagator's own number (item h).
        reserved2: The propagator's security protection (item i).
    """

    label: str
    producer: str
    produce_id: str
    reserved1: str = ""
    propagator: str = ""
    propagate_id: str = ""
    reserved2: str = ""

    @classmethod
    def first(cls, producer: str, produce_id: str, *, label: str = LABEL_IS, reserved1: str = "") -> AigcLabel:
        """Returns the label of a first write: the propagator's pair repeats the producer's (App. E note 1, R30)."""
        return cls(label, producer, produce_id, reserved1, producer, produce_id, "")

    def propagated(self, by: str, id: str, *, reserved2: str = "") -> AigcLabel:
        """Returns the label as propagator ``by`` passes it on: values 1 to 4 untouched (Measures Art. 6, R36)."""
        return replace(self, propagator=by, propagate_id=id, reserved2=reserved2)

    @classmethod
    def from_mapping(cls, values: Mapping[str, str]) -> AigcLabel:
        """Builds a label from the standard's keys; absent ones become empty strings."""
        return cls(*(values.get(key, "") for key in KEYS))

    def items(self) -> Iterator[tuple[str, str]]:
        """Yields (key, value) pairs under the standard's keys, in its order."""
        return ((key, getattr(self, name)) for key, name in zip(KEYS, _FIELDS, strict=True))

    def to_json(self, *, wrapped: bool = False) -> str:
        """Returns the compact serialisation: bare, or wrapped in ``{"AIGC":…}`` (App. E b, R37, R39)."""
        bare = json.dumps(dict(self.items()), ensure_ascii=False, separators=(",", ":"))
        return f'{{"AIGC":{bare}}}' if wrapped else bare

    def problems(self) -> tuple[Problem, ...]:
        """Names every way in which the values depart from Appendix E; empty for a conforming label."""
        return tuple(_problems_of(self))


def _problems_of(label: AigcLabel) -> Iterator[Problem]:
    if label.label not in LABELS:
        yield Problem("label-value", Severity.ERROR, "R26", {"value": label.label})
    for key, name in (("ContentProducer", "producer"), ("ProduceID", "produce_id")):
        if not getattr(label, name).strip():
            yield Problem("empty-field", Severity.ERROR, "R27", {"key": key})
    for key, name in (("ContentPropagator", "propagator"), ("PropagateID", "propagate_id")):
        if not getattr(label, name).strip():
            yield Problem("empty-field", Severity.WARNING, "R30", {"key": key})
    for (key, value), name in zip(label.items(), _FIELDS, strict=True):
        allowed = _IDENTITY if name in _IDENTITY_FIELDS else _RESERVED
        if not allowed.fullmatch(value):
            yield Problem("characters", Severity.WARNING, "R32", {"key": key})
