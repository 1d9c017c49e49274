"""Vendors' private records beside the national label: traces, never taken for it (their numbers mean other things)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from yinji.containers.model import Found, Scheme
from yinji.evidence.base import Basis, DetectorExample, Evidence, Inspected, Says, Strength
from yinji.texts import Text

_BYTEDANCE: Final = Text(
    "字节跳动系应用的生成记录（aigc_info），不是国家标准的隐式标识。",
    "A generation record of a ByteDance app (aigc_info); not the implicit label of the national standard.",
)
_BYTEDANCE_OTHER: Final = Text(
    "字节跳动系应用的导出记录，没有写明由人工智能生成。",
    "An export record of a ByteDance app; it does not say that AI generated this.",
)
_TENCENT: Final = Text(
    "腾讯云的生成内容记录（ServiceProvider、ContentId），不是国家标准的隐式标识。",
    "A record that Tencent Cloud writes into generated content (ServiceProvider, ContentId); not the implicit label "
    "of the national standard.",
)


class OtherSchemes:
    """Yields one trace for each record of another scheme."""

    name: ClassVar[str] = "other-schemes"
    version: ClassVar[str] = "1"
    decodes: ClassVar[bool] = False

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        for found in file.reading.other:
            says, strength, summary = _statement(found)
            yield Evidence(
                self.name,
                self.version,
                says,
                Basis.TRACE,
                strength,
                summary,
                detail={"scheme": str(found.scheme), "fields": dict(found.fields)},
                where={"carrier": found.carrier, "offset": found.start, "length": found.stop - found.start},
            )

    @classmethod
    def examples(cls) -> Iterable[DetectorExample]:
        """Returns none: the records live in EXIF, whose smallest file belongs to the container's examples."""
        return ()


def _statement(found: Found) -> tuple[Says, Strength, Text]:
    if found.scheme is Scheme.TENCENT_CLOUD:
        return Says.AI, Strength.STRONG, _TENCENT
    if says_generated(found.fields):
        return Says.AI, Strength.STRONG, _BYTEDANCE
    return Says.UNKNOWN, Strength.WEAK, _BYTEDANCE_OTHER


def says_generated(fields: Mapping[str, Any]) -> bool:
    """Whether a ByteDance record says that AI was at work.

    The apps write the same record for exports without AI: ``exportType`` other than ``generation``, and type 0.
    """
    nested = _mapping(fields.get("aigc_info"))
    kinds = {str(nested.get("aigc_label_type", "")), str(fields.get("aigc_label_type", ""))}
    kinds.add(str(fields.get("aigc_type", "")))
    return str(fields.get("exportType", "")) == "generation" or bool(kinds & {"1", "2"})


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}
