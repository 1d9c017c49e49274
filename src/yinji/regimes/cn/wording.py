"""Whether words are a label in the sense of GB 45438-2025 clause 5 (checklist R1, R2)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_AI: Final = re.compile(r"人工智能|(?<![A-Za-z])AI(?![A-Za-z])")
_GENERATION: Final = re.compile(r"生成|合成")
_DENIED: Final = re.compile(
    r"(?:非|不是|不属于|并非|未经|没有|禁止|拒绝|反对|不含|无)(?:由|用|使用|经)?(?:人工智能|(?<![A-Za-z])AI(?![A-Za-z]))",
)


def worded_label_ok(text: str) -> bool:
    """Whether a worded label has both elements: 人工智能 or AI, and 生成 or 合成 (clauses 5.1 b to 5.6 b, R1).

    Full-width letters count as the letters they are, and either case of ``AI`` is taken, since the standard fixes the
    letters and not their case. ``AI`` inside a longer Latin word does not count, nor do words that deny it.

    Args:
        text: The words as shown or spoken; may run over several lines.
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    if _DENIED.search(re.sub(r"\s+", "", plain)):
        return False
    return _AI.search(plain) is not None and _GENERATION.search(re.sub(r"\s+", "", plain)) is not None


def corner_mark_ok(text: str) -> bool:
    """Whether a text's corner mark holds at least ``AI`` (clause 5.1 c, R2); nothing more may be demanded of it."""
    return _AI.search(unicodedata.normalize("NFKC", text).upper()) is not None
