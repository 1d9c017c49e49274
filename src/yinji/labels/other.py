"""Recognises the private records that vendors write beside the GB label, and never takes them for it.

``aigc_label_type`` of ByteDance is not the standard's ``Label``, and Tencent Cloud's record has no ``Label`` at all;
both are evidence of their own kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from yinji.errors import LimitExceeded, Malformed
from yinji.labels.peel import peel
from yinji.labels.scanner import Scan, Type, scan_object

BYTEDANCE: Final = "bytedance"
TENCENT_CLOUD: Final = "tencent_cloud"
"""The values of :class:`yinji.containers.model.Scheme`; that room lies above this one."""

BYTEDANCE_PRODUCTS: Final = frozenset(("doubao", "xinghui", "dreamina", "dreamina_oversea", "aweme", "lv", "retouch"))

_MAX_CHARACTERS: Final = 1 << 16
_HINT: Final = re.compile(r"aigc_info|aigc_label_type|aigc_type|exportType|ServiceProvider")
_TENCENT_KEYS: Final = frozenset(("ServiceUser", "Time", "ContentId"))


@dataclass(frozen=True, slots=True)
class OtherRecord:
    """A record of another scheme.

    Attributes:
        scheme: Whose: a value of :class:`yinji.containers.model.Scheme`.
        fields: Its own keys with their values; nested ones decoded.
    """

    scheme: str
    fields: dict[str, Any] = field(default_factory=dict, hash=False)


def recognise(text: str) -> OtherRecord | None:
    """Returns the vendor record that a value holds, or None.

    Args:
        text: The value, decoded by its carrier's own rules (EXIF ImageDescription, UserComment, a comment).
    """
    if len(text) > _MAX_CHARACTERS or not _HINT.search(text):
        return None
    body, _ = peel(text)
    try:
        scan = scan_object(body)
    except (Malformed, LimitExceeded):
        return None
    fields = _decoded(scan)
    return next((OtherRecord(scheme, fields) for scheme, matches in _SCHEMES if matches(fields)), None)


def _decoded(scan: Scan) -> dict[str, Any]:
    return {m.key: m.text if m.type is Type.STRING else _value(m.text) for m in scan.members}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # 01, or more digits than the interpreter converts
        return text


def _is_bytedance(fields: dict[str, Any]) -> bool:
    info = fields.get("aigc_info")
    if isinstance(info, dict):
        return "aigc_label_type" in info or "aigc_type" in info or _known(fields.get("product"))
    generated = "aigc_label_type" in fields or "aigc_type" in fields or fields.get("exportType") == "generation"
    return generated and (isinstance(fields.get("product"), str) or "aigc_label_type" in fields)


def _known(product: object) -> bool:
    return isinstance(product, str) and product in BYTEDANCE_PRODUCTS


def _is_tencent_cloud(fields: dict[str, Any]) -> bool:
    return isinstance(fields.get("ServiceProvider"), str) and bool(_TENCENT_KEYS & fields.keys())


_SCHEMES: Final[tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...]] = (
    (BYTEDANCE, _is_bytedance),
    (TENCENT_CLOUD, _is_tencent_cloud),
)
