"""The metadata implicit label of GB 45438-2025, Appendix E: seven string fields, in this order, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from yinji.errors import InvalidLabel
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

PRODUCER_KEYS: Final = KEYS[:4]
"""The producer's half: a propagator passes it on byte-exact (R36)."""

PROPAGATOR_KEYS: Final = KEYS[4:]
"""The propagator's half: whoever passes the content on writes its own."""

_FIELDS: Final = ("label", "producer", "produce_id", "reserved1", "propagator", "propagate_id", "reserved2")

LABEL_IS: Final = "1"
LABEL_MAY_BE: Final = "2"
LABEL_SUSPECTED: Final = "3"
LABELS: Final = frozenset((LABEL_IS, LABEL_MAY_BE, LABEL_SUSPECTED))

_SHOWN: Final = 60

_IDENTITY: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]*")
_RESERVED: Final = re.compile(r"[\x21-\x5B\x5D-\x7E]*")
_ESCAPED: Final = re.compile(r"[\u0080-\u009F\uD800-\uDFFF\uFFFE\uFFFF]")
"""Code points that UTF-8 or XML cannot hold, or that HTML takes for others; JSON can hold them, escaped."""
_IDENTITY_FIELDS: Final = ("label", "producer", "produce_id", "propagator", "propagate_id")


@dataclass(frozen=True, init=False)
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

    def __init__(
        self,
        label: str,
        producer: str,
        produce_id: str,
        reserved1: str = "",
        propagator: str = "",
        propagate_id: str = "",
        reserved2: str = "",
    ) -> None:
        fields = self.__dict__  # a fifth of what the generated constructor of a frozen class takes
        fields["label"] = label
        fields["producer"] = producer
        fields["produce_id"] = produce_id
        fields["reserved1"] = reserved1
        fields["propagator"] = propagator
        fields["propagate_id"] = propagate_id
        fields["reserved2"] = reserved2

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
        bare = _ESCAPED.sub(lambda one: f"\\u{ord(one[0]):04x}", bare)
        return f'{{"AIGC":{bare}}}' if wrapped else bare

    def problems(self) -> tuple[Problem, ...]:
        """Names every way in which the values depart from Appendix E; empty for a conforming label."""
        return () if _is_clean(self) else tuple(_problems_of(self))


def require_conforming(label: AigcLabel) -> None:
    """Refuses a label that a first write must not carry (checklist R24 to R32; the writer is strict, the reader warns).

    Raises:
        InvalidLabel: ``details["problems"]`` holds the codes of every problem, ``details["found"]`` the problems.
    """
    _refuse([*label.problems(), *_first_write_problems(label)])


def require_producer(label: AigcLabel) -> None:
    """Refuses a label whose producer's half does not conform.

    Raises:
        InvalidLabel: As :func:`require_conforming`.
    """
    _refuse([p for p in label.problems() if p.values["key"] in PRODUCER_KEYS])


def require_propagation(label: AigcLabel) -> None:
    """Refuses a label whose propagator's half does not conform; the producer's half is not ours to judge (R36).

    Raises:
        InvalidLabel: As :func:`require_conforming`.
    """
    _refuse([p for p in label.problems() if p.values["key"] in PROPAGATOR_KEYS])


def _refuse(problems: list[Problem]) -> None:
    if problems:
        where = ", ".join(f"{p.values['key']} ({p.rule})" for p in problems)
        raise InvalidLabel(
            "label-not-conforming", where=where, problems=tuple(p.code for p in problems), found=tuple(problems)
        )


def _first_write_problems(label: AigcLabel) -> Iterator[Problem]:
    """Appendix E note 1: in a first write the propagator's pair repeats the producer's (R30)."""
    if label.propagator.strip() and label.propagator != label.producer:
        yield Problem("first-write-differs", Severity.ERROR, "R30", {"key": "ContentPropagator"})
    if label.propagate_id.strip() and label.propagate_id != label.produce_id:
        yield Problem("first-write-differs", Severity.ERROR, "R30", {"key": "PropagateID"})


def shown(text: str) -> str:
    """Returns the text as a message may show it: short and without control characters."""
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short)


def _is_clean(label: AigcLabel) -> bool:
    """Whether :func:`_problems_of` has nothing to say: the usual case, decided in three matches."""
    identities = (label.producer, label.produce_id, label.propagator, label.propagate_id)
    return (
        label.label in LABELS
        and all(identities)
        and _IDENTITY.fullmatch("".join(identities)) is not None
        and _RESERVED.fullmatch(label.reserved1 + label.reserved2) is not None
    )


def _problems_of(label: AigcLabel) -> Iterator[Problem]:
    if label.label not in LABELS:
        yield Problem("label-value", Severity.ERROR, "R26", {"key": "Label", "value": shown(label.label)})
    for key, name in (("ContentProducer", "producer"), ("ProduceID", "produce_id")):
        if not getattr(label, name).strip():
            yield Problem("empty-field", Severity.ERROR, "R27", {"key": key})
    for key, name in (("ContentPropagator", "propagator"), ("PropagateID", "propagate_id")):
        if not getattr(label, name).strip():
            yield Problem("empty-field", Severity.WARNING, "R30", {"key": key})
    for (key, value), name in zip(label.items(), _FIELDS, strict=True):
        allowed = _IDENTITY if name in _IDENTITY_FIELDS else _RESERVED
        clean = allowed.match(value)
        stop = clean.end() if clean else 0
        if stop != len(value):
            character = f"U+{ord(value[stop]):04X}"
            yield Problem(
                "characters", Severity.WARNING, "R32", {"key": key, "character": character, "index": stop + 1}
            )
