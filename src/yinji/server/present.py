"""What templates need to know of a report: values in, plain view values out. No rules are decided here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from yinji.labels.codes import LENGTH, ProviderCode, check_code
from yinji.texts import Text

Json = Mapping[str, Any]

SEALS: Final = {"confirmed": "is", "possible": "may", "suspected": "sus"}
_SHAPES: Final = frozenset({"element", "attribute", "bare", "wrapped", "yaml", "repr"})
_FIELDS: Final = (
    ("Label", "label"),
    ("ContentProducer", "producer"),
    ("ProduceID", "produce_id"),
    ("ReservedCode1", "reserved1"),
    ("ContentPropagator", "propagator"),
    ("PropagateID", "propagate_id"),
    ("ReservedCode2", "reserved2"),
)
_ARTICLE: Final = re.compile(r"Measures Art\. (\d+)(?:\((\d+)\))?")
_DIGITS: Final = "零一二三四五六七八九"
_LONG_VALUE: Final = 96


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice that is mounted with a work.

    Attributes:
        seal: ``is``, ``may`` or ``sus``: the form of the seal.
        say, short: The regime's wording.
        because: The first reason.
        locked: Whether a declaration may not lower it.
    """

    seal: str
    say: Text
    short: Text
    because: Text
    locked: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One of the seven fields of Appendix E, with plain words.

    Attributes:
        key: The standard's key.
        name: Key of its plain name in the words.
        value: As it stands in the file.
        note: Key of a plain explanation in the words, or "".
        subject: For a provider code, what it claims: subject code, or "".
        long: Whether the value is folded away.
    """

    key: str
    name: str
    value: str
    note: str
    subject: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One line of checks: ``mood`` is ``ok``, ``open`` or ``bad``; ``words`` a key, its details ``words_more``."""

    mood: str
    icon: str
    words: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence, numbered from 1."""

    number: int
    say: Text
    carrier: str
    offset: int | None


@dataclass(frozen=True, slots=True)
class Label:
    """One label as found, ready to be shown."""

    fields: tuple[Field, ...]
    carrier: str
    shape: str
    start: int
    stop: int


def text(table: Json) -> Text:
    """Returns the two languages of a stored sentence."""
    return Text(str(table.get("zh", "")), str(table.get("en", "")))


def notice_of(report: Json) -> Notice | None:
    """Returns the notice of a report's verdict, or None where none is to be shown."""
    verdict = report["verdict"]
    seal = SEALS.get(verdict["tier"])
    if seal is None or "show_notice" not in verdict["obligations"]:
        return None
    reasons = verdict["reasons"]
    because = text(reasons[0]) if reasons else Text("", "")
    return Notice(seal, text(verdict["notice"]), text(verdict["short"]), because, bool(verdict["locked"]))


def answer_of(report: Json) -> str:
    """Returns the answer that the verify page gives: a tier, ``unlabelled``, ``cannot_tell`` or ``unsupported``."""
    tier = str(report["verdict"]["tier"])
    if tier in SEALS:
        return tier
    state = report["state"]
    return state if state in ("unlabelled", "unsupported") else "cannot_tell"


def article_of(report: Json) -> Text | None:
    """Returns the clause that decided, that of the first reason."""
    reasons = report["verdict"]["reasons"]
    return clause(reasons[0]["article"]) if reasons and reasons[0]["article"] else None


def clause(article: str) -> Text:
    """Returns a clause as people cite it."""
    match = _ARTICLE.fullmatch(article)
    if match is None:
        return Text(article, article)
    whole, part = match.groups()
    zh = f"《标识办法》第{_chinese(int(whole))}条" + (f"第{_chinese(int(part))}项" if part else "")
    return Text(zh, f"Labelling Measures, Art. {whole}" + (f" ({part})" if part else ""))


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def labels_of(report: Json) -> tuple[Label, ...]:
    """Returns the labels of a report with their fields explained."""
    return tuple(_label(found) for found in report["labels"])


def _label(found: Json) -> Label:
    shape = found["shape"] if found["shape"] in _SHAPES else "other"
    start = int(found["offset"])
    rows = fields_of(found) if "Label" in found else ()
    return Label(rows, found["carrier"], shape, start, start + int(found["length"]))


def fields_of(values: Json) -> tuple[Field, ...]:
    """Explains the seven fields."""
    first_write = bool(values.get("ContentPropagator")) and values.get("ContentPropagator") == values.get(
        "ContentProducer"
    )
    return tuple(_field(key, name, str(values.get(key, "")), first_write) for key, name in _FIELDS)


def _field(key: str, name: str, value: str, first_write: bool) -> Field:
    if name == "label":
        return Field(key, name, value, f"field.label_{value if value in ('1', '2', '3') else 'other'}")
    if name == "propagator" and first_write:
        return Field(key, name, value, "field.same_as_producer")
    if name in ("producer", "propagator") and value:
        return _provider(key, name, value)
    return Field(key, name, value, "", long=len(value) > _LONG_VALUE)


def _provider(key: str, name: str, value: str) -> Field:
    check = check_code(value)
    if check.parts:
        return Field(key, name, value, "field.code_formed", ProviderCode.parse(value).subject_code)
    formed_like_one = len(value) == LENGTH and check.problems
    return Field(key, name, value, "field.code_malformed" if formed_like_one else "field.free_name")


def findings_of(report: Json) -> tuple[Finding, ...]:
    """Numbers what was found in the content; what the author declares stands elsewhere."""
    found = (e for e in report["evidence"] if e["basis"] != "declaration")
    return tuple(
        Finding(n, text(e), str(e["where"].get("carrier", "")), e["where"].get("offset"))
        for n, e in enumerate(found, 1)
    )


def signature_of(report: Json) -> tuple[Check, ...]:
    """Tells of a label's signature in two lines that are never one: is it intact, and who signed it (R78)."""
    states = [e["integrity"] for e in report["evidence"] if e["basis"] == "metadata_label"]
    if not states:
        return ()
    if "broken" in states:
        return (Check("bad", "alert", "signature.broken"), Check("open", "open", "signature.who_claimed"))
    state = states[0]
    algorithm = _of_signature(report, "algorithm")
    if state == "pinned":
        return (
            Check("ok", "shield", "signature.intact", algorithm),
            Check("ok", "check", "signature.who_pinned", _of_signature(report, "owner")),
        )
    if state == "intact":
        return (
            Check("ok", "shield", "signature.intact", algorithm),
            Check("open", "open", "signature.who_unknown"),
        )
    words = "signature.unverifiable" if state == "unverifiable" else "signature.none"
    return (Check("open", "open", words), Check("open", "open", "signature.who_claimed"))


def _of_signature(report: Json, name: str) -> str:
    """Returns what the first signature that tells says under ``name``: its algorithm, the owner of its pinned key."""
    signatures = (s for e in report["evidence"] for s in e["detail"].get("signatures", ()))
    return next((str(s[name]) for s in signatures if s.get(name)), "")


def integrity_chip(report: Json) -> str:
    """Returns ``ok``, ``bad`` or "": whether the label is known to be unchanged."""
    states = {e["integrity"] for e in report["evidence"] if e["basis"] == "metadata_label"}
    if "broken" in states:
        return "bad"
    return "ok" if states & {"intact", "pinned"} else ""


def conforming(report: Json) -> bool:
    """Tells whether there is exactly one label and nothing is wrong with it."""
    labels = report["labels"]
    return len(labels) == 1 and "Label" in labels[0] and not labels[0]["problems"] and not report["problems"]


def problems_of(report: Json) -> tuple[Text, ...]:
    """Returns every deviation once, of the file and of its labels."""
    every: Sequence[Json] = [*report["problems"], *(p for found in report["labels"] for p in found["problems"])]
    return tuple(dict.fromkeys(text(p) for p in every))


def others_of(report: Json) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Returns the records of other schemes: scheme, then keys and values."""
    return tuple(
        (
            f"{record['scheme']} · {record['carrier']}",
            tuple((k, str(v)) for k, v in record.items() if k not in ("scheme", "carrier")),
        )
        for record in report["other_records"]
    )
