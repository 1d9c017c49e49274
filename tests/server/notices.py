"""The words of notices, as the regulator prescribes them and readers see them, by language of the page."""

from __future__ import annotations

IS = {"zh-CN": "该内容属于人工智能生成合成内容", "en": "This is AI-generated content"}
MAY_BE = {
    "zh-CN": "该内容可能为人工智能生成合成内容（作者声明）",
    "en": "This may be AI-generated content (declared by the author)",
}
SUSPECTED = {
    "zh-CN": "该内容疑似为人工智能生成合成内容，请谨慎甄别",
    "en": "This is suspected to be AI-generated content. Judge with care.",
}
