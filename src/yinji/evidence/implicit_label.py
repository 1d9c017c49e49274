"""The metadata implicit label of GB 45438-2025 as evidence (Measures Art. 6(1)), with its signatures checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from yinji.containers.model import Found, Reading, State
from yinji.evidence.base import Basis, DetectorExample, Evidence, Inspected, Integrity, Says, Strength
from yinji.labels.aigc import LABELS, AigcLabel
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.labels.security import SignatureCheck

CANNOT_DECIDE: Final = "R62"
"""The rule that readers name when a part of the file could not be read."""

_SAYS: Final = {
    "1": Text(
        "隐式标识写明：属于人工智能生成合成内容（Label 为 1）。",
        "The implicit label says that this is AI-generated content (Label is 1).",
    ),
    "2": Text(
        "隐式标识写明：可能为人工智能生成合成内容（Label 为 2）。",
        "The implicit label says that this may be AI-generated content (Label is 2).",
    ),
    "3": Text(
        "隐式标识写明：疑似为人工智能生成合成内容（Label 为 3）。",
        "The implicit label says that this is suspected to be AI-generated content (Label is 3).",
    ),
}
_ODD_VALUE: Final = Text(
    "有隐式标识，但 Label 的值“{value}”不是 1、2、3 之一，没有确切的说法。",
    "There is an implicit label, but its Label “{value}” is none of 1, 2, 3 and states nothing definite.",
)
_NOT_UNDERSTOOD: Final = Text(
    "有隐式标识，但它的值无法理解：{why}", "There is an implicit label, but its value cannot be understood: {why}"
)
_NO_DETAIL: Final = Text("不合附录 E 的格式。", "It is not formed as Appendix E requires.")
_CANNOT_TELL: Final = Text(
    "文件没有读完，无法判断有没有标识：{why}",
    "The file could not be read to its end, so whether it carries a label cannot be told: {why}",
)
_BLANKED: Final = Text(
    "元数据像是被抹去了，无法判断原来有没有标识：{why}",
    "Metadata seem to have been blanked, so whether there was a label cannot be told: {why}",
)
_TRACES: Final = frozenset(("packet-wiped", "label-blanked", "bmff-blanked", "matroska-blanked", "avi-blanked"))
"""Problems that speak of metadata emptied in place."""
_UNREAD: Final = {
    State.MALFORMED: Text("文件的结构不完整或被破坏。", "its structure is damaged or incomplete."),
    State.UNREADABLE: Text("所需的部分读不到。", "the part we need cannot be read."),
    State.UNSUPPORTED: Text("这种格式还没有读取方法。", "this version does not know where this format keeps labels."),
}


class ImplicitLabel:
    """Yields one piece of evidence for each label found, and says so when the file could not be looked at."""

    name: ClassVar[str] = "implicit-label"
    version: ClassVar[str] = "1"
    decodes: ClassVar[bool] = False

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        for found in file.reading.found:
            yield self._evidence(found, file)
        if file.reading.state in _UNREAD and not _only_label_broken(file.reading):
            yield self._unread(file.reading)

    def _evidence(self, found: Found, file: Inspected) -> Evidence:
        checks = _checks(found.label, file)
        says, summary = _statement(found)
        return Evidence(
            self.name,
            self.version,
            says,
            Basis.METADATA_LABEL,
            Strength.STATED,
            summary,
            integrity_of(checks),
            detail=_detail(found, checks),
            where={"carrier": found.carrier, "offset": found.start, "length": found.stop - found.start},
        )

    def _unread(self, reading: Reading) -> Evidence:
        told = next((problem.text for problem in reading.problems if problem.rule == CANNOT_DECIDE), None)
        why = told or _UNREAD[reading.state]
        is_blanked = any(problem.code in _TRACES for problem in reading.problems)
        words = _BLANKED if is_blanked else _CANNOT_TELL
        return Evidence(
            self.name,
            self.version,
            Says.UNKNOWN,
            Basis.FAILURE,
            Strength.WEAK,
            Text(words.zh.format(why=why.zh), words.en.format(why=why.en)),
            detail={"code": "label_blanked" if is_blanked else f"file_{reading.state}", "format": reading.format},
        )

    @classmethod
    def examples(cls) -> Iterable[DetectorExample]:
        """Yields one labelled Markdown file (TC260-PG-20258A 6.5)."""
        label = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
        lines = (f"  {key}: '{value}'\n" for key, value in label.items())
        yield DetectorExample("label.md", f"---\nAIGC:\n{''.join(lines)}---\n\nText.\n".encode(), Says.AI)


def _only_label_broken(reading: Reading) -> bool:
    """Whether the file was read to its end and only the label's value could not be understood."""
    return bool(reading.found) and all(problem.rule != CANNOT_DECIDE for problem in reading.problems)


def integrity_of(checks: Sequence[SignatureCheck]) -> Integrity:
    """Sums up the signatures of one label: one that fails outweighs all, then pinned, intact, opaque, none (R77, R78).

    A signature counts where it covers ``Label``; one over the content's digest says nothing of the label's words.
    """
    results = {check.result for check in checks}
    if "invalid" in results:
        return Integrity.BROKEN
    protecting = [check for check in checks if check.result == "valid" and "Label" in check.covers]
    if any(check.identity == "pinned" for check in protecting):
        return Integrity.PINNED
    if protecting:
        return Integrity.INTACT
    return Integrity.UNVERIFIABLE if results & {"valid", "unverifiable"} else Integrity.NONE


def _checks(label: AigcLabel | None, file: Inspected) -> Sequence[SignatureCheck]:
    if label is None or not (label.reserved1 or label.reserved2):
        return ()
    from yinji.labels import security

    return security.verify(label, pinned=file.pinned_keys)


def _statement(found: Found) -> tuple[Says, Text]:
    if found.label is None:
        why = found.problems[0].text if found.problems else _NO_DETAIL
        return Says.UNKNOWN, Text(_NOT_UNDERSTOOD.zh.format(why=why.zh), _NOT_UNDERSTOOD.en.format(why=why.en))
    value = found.label.label
    if value not in LABELS:
        short = value[:40]
        return Says.UNKNOWN, Text(_ODD_VALUE.zh.format(value=short), _ODD_VALUE.en.format(value=short))
    return Says.AI, _SAYS[value]


def _detail(found: Found, checks: Sequence[SignatureCheck]) -> dict[str, object]:
    fields = dict(found.label.items()) if found.label else {}
    return {
        "label": found.label.label if found.label else "",
        "fields": fields,
        "shape": found.shape,
        "problems": [problem.to_dict() for problem in found.problems],
        "signatures": [check.to_dict() for check in checks],
    }
