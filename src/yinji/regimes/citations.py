"""Citations in both languages: ``Measures Art. 6(1)`` is 《标识办法》第六条第一项 to a Chinese reader."""

from __future__ import annotations

import re
from typing import Final

from yinji.texts import Text

_NUMERALS: Final = "零一二三四五六七八九十"
_ARTICLE: Final = re.compile(r"Art\. (\d{1,2})(?:\((\d)\)| para\. (\d))?")
_NAMES: Final = (
    ("Deep-synthesis provisions", "《互联网信息服务深度合成管理规定》"),
    ("Anthropomorphic-interaction measures", "《人工智能拟人化互动服务管理暂行办法》"),
    ("Draft measures on digital virtual humans", "数字虚拟人管理办法（征求意见稿）"),
    ("Measures", "《标识办法》"),
    ("App. ", "附录 "),
    ("Annex ", "附件 "),
    ("note ", "注 "),
    (" to ", " 至 "),
    ("CAC ", "国家网信办 "),
)


def cite(article: str) -> Text:
    """Returns a citation in both languages.

    Args:
        article: As it stands in a reason, finding or rule.
    """
    zh = article
    for english, chinese in _NAMES:
        zh = zh.replace(english, chinese, 1)
    zh = _ARTICLE.sub(_article, zh).replace(", ", "、")
    return Text(re.sub(r"》 (?=第)", "》", zh), article.replace("Measures Art.", "Labelling Measures Art."))


def _article(match: re.Match[str]) -> str:
    item = f"第{_numeral(int(match[2]))}项" if match[2] else ""
    paragraph = f"第{_numeral(int(match[3]))}款" if match[3] else ""
    return f"第{_numeral(int(match[1]))}条{paragraph}{item}"


def _numeral(number: int) -> str:
    tens, units = divmod(number, 10)
    if not tens:
        return _NUMERALS[units]
    return ("" if tens == 1 else _NUMERALS[tens]) + "十" + (_NUMERALS[units] if units else "")
