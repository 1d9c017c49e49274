"""IPTC's Digital Source Type and AI fields in XMP (IPTC Photo Metadata 2025.1): somebody states it, unsigned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers.model import Block
from yinji.evidence.base import Basis, DetectorExample, Evidence, Inspected, Says, Strength
from yinji.evidence.fields import xmp_properties
from yinji.labels import iptc
from yinji.texts import Text

_MOST_CODES: Final = 8
"""The property holds one; a packet with thousands is not worth thousands of findings."""

NOT_AI: Final = frozenset(
    (
        "digitalCapture",
        "computationalCapture",
        "compositeCapture",
        "negativeFilm",
        "positiveFilm",
        "print",
        "humanEdits",
        "minorHumanEdits",
        "digitalCreation",
    )
)
"""Terms that name capture or human work, retired ones included."""

_AI_FIELDS: Final = ("AISystemUsed", "AISystemVersionUsed", "AIPromptInformation", "AIPromptWriterName")

_STATES_AI: Final = Text(
    "IPTC 数字来源类型写明由人工智能生成（{code}），没有签名。",
    "The IPTC digital source type says that AI generated this ({code}); it is unsigned.",
)
_STATES_NOT_AI: Final = Text(
    "IPTC 数字来源类型写明并非人工智能生成（{code}），没有签名。",
    "The IPTC digital source type says that no AI generated this ({code}); it is unsigned.",
)
_SILENT: Final = Text(
    "IPTC 数字来源类型为 {code}，没有说明是否使用人工智能。",
    "The IPTC digital source type is {code}, which does not say whether AI was used.",
)
_SYSTEM: Final = Text(
    "IPTC 字段写明所用的人工智能系统：{system}。", "An IPTC field names the AI system that was used: {system}."
)
_PROMPT: Final = Text("IPTC 字段记有人工智能提示信息（{keys}）。", "IPTC fields record an AI prompt ({keys}).")


class DigitalSourceType:
    """Repeats what XMP states. ``algorithmicMedia`` is made by rules, not by a trained model: it says nothing of AI."""

    name: ClassVar[str] = "digital-source-type"
    version: ClassVar[str] = "1"
    decodes: ClassVar[bool] = False

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        for block in file.reading.blocks:
            if block.carrier != "xmp":
                continue
            values = {name: text for (uri, name), text in xmp_properties(block).items() if uri == iptc.NAMESPACE}
            codes = dict.fromkeys(values.get("DigitalSourceType", "").split())
            for code in list(codes)[:_MOST_CODES]:
                yield self._of_code(code, block)
            named = {key: values[key] for key in _AI_FIELDS if values.get(key, "").strip()}
            if named:
                yield self._of_fields(named, block)

    def _of_code(self, uri: str, block: Block) -> Evidence:
        term = iptc.normalise(uri)
        code = term.name if term else uri[:80]
        if term is not None and term.says_ai:
            says, summary = Says.AI, _STATES_AI
        elif code in NOT_AI:
            says, summary = Says.NOT_AI, _STATES_NOT_AI
        else:
            says, summary = Says.UNKNOWN, _SILENT
        return self._evidence(
            says,
            Text(summary.zh.format(code=code), summary.en.format(code=code)),
            {"digital_source_type": uri},
            block,
        )

    def _of_fields(self, named: dict[str, str], block: Block) -> Evidence:
        system = named.get("AISystemUsed", "")[:80]
        keys = ", ".join(named)
        summary = (
            Text(_SYSTEM.zh.format(system=system), _SYSTEM.en.format(system=system))
            if system
            else Text(_PROMPT.zh.format(keys=keys), _PROMPT.en.format(keys=keys))
        )
        return self._evidence(Says.AI, summary, dict(named), block)

    def _evidence(self, says: Says, summary: Text, detail: dict[str, str], block: Block) -> Evidence:
        return Evidence(
            self.name,
            self.version,
            says,
            Basis.TRACE,
            Strength.STATED,
            summary,
            detail=dict(detail),
            where={"carrier": block.carrier, "offset": block.start, "length": block.stop - block.start},
        )

    @classmethod
    def examples(cls) -> Iterable[DetectorExample]:
        """Returns none: XMP stands in a file of some container, whose examples the generic tests use."""
        return ()
