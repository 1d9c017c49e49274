"""R1 and R2: which words are a label."""

from __future__ import annotations

import pytest

from yinji.regimes.cn.wording import corner_mark_ok, worded_label_ok

PASS = (
    "AI生成",
    "人工智能合成",
    "AI生成合成",
    "人工智能生成",
    "豆包AI生成",
    "千问AI生成",
    "RunningHub AI生成",
    "百度 AI生成",
    "元宝\nAI生成",
    "ＡＩ生成",
    "ai生成",
    "由 AI 合成",
    "本视频使用人工智能合成技术",
    "疑似AI生成",
    "可能为AI生成",
    "该内容疑似为人工智能生成合成内容，请谨慎甄别",
    "AI生成 · AI-generated",
    "作品含AI生成内容",
)
FAIL = (
    "AI",
    "机器创作",
    "AI创作",
    "智能生成",
    "★ 即梦AI",
    "可灵AI 3.0",
    "KLING AI 2.1",
    "LibLibAI",
    "Sora",
    "生成",
    "合成",
    "人工智能",
    "",
    "AIR 生成",
    "MAIL 生成",
    "爱生活",
    "AI-generated",
    "Made with AI",
    "非AI生成",
    "不是AI生成",
    "禁止AI生成",
    "并非由人工智能生成",
    "没有使用AI生成",
    "MINIMAX | Hailuo AI",
    "Dola AI",
    "Veo",
)


@pytest.mark.parametrize("text", PASS)
def test_words_with_both_elements_are_a_label(text: str) -> None:
    assert worded_label_ok(text)


@pytest.mark.parametrize("text", FAIL)
def test_words_without_both_elements_are_none(text: str) -> None:
    assert not worded_label_ok(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AI", True),
        ("ai", True),
        ("ＡＩ", True),
        ("人工智能", True),
        ("AIR", False),
        ("A", False),
        ("", False),
        ("AI 辅助", True),
    ],
)
def test_a_corner_mark_needs_no_more_than_ai(text: str, expected: bool) -> None:
    assert corner_mark_ok(text) is expected
