from __future__ import annotations

import re
import string
from importlib.resources import files

import pytest

from yinji.server.language import say, tongue, words
from yinji.texts import catalogue

SOURCES = {
    entry.name: entry.read_text("utf-8")
    for folder in ("templates", "pages", "")
    for entry in files("yinji.server").joinpath(folder).iterdir()
    if entry.name.endswith((".html", ".py"))
}
EVERYTHING = "\n".join(SOURCES.values())

COMPOSED = (
    *("admin.adds_", "admin.pass_", "admin.endpoint_"),
    *("preview.place_", "preview.language_", "preview.style_", "preview.method_"),
    *("seal.", "feed.is_", "feed.may_", "feed.sus_", "feed.ai_", "item.here_", "answer.", "field.", "shape."),
    *("signature.", "declare.ai_", "declare.not_ai", "declare.undeclared", "event.", "area.", "tier.", "propagation."),
    *("kind.", "funnel.", "statistics.tier_", "statistics.speed_", "duration.", "account.", "verify.well_formed"),
    *("item.published", "item.declared", "error.kept_"),
    *("item.asked", "outcome.", "case.state_", "case.why_", "case.step_", "case.actor_", "case.tier_", "case.strike_"),
    *(
        "report.unlabelled",
        "report.wrongly_labelled",
        "log.page_",
        "review.view_",
        "review.left_",
        "review.late_",
        "review.how_",
    ),
)
"""Beginnings of keys that templates put together from a value."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(words()))
def test_both_languages_say_the_same(key: str) -> None:
    zh, en = words()[key]
    assert zh.strip() and en.strip()
    assert placeholders(zh) - {"month"} == placeholders(en) - {"month_name"}
    assert tongue(en) == "en" or key in ("site.other_language", "field.label_1", "field.label_2", "field.label_3")
    assert "!" not in en and "！" not in zh, "no exclamation marks"


def test_every_key_that_is_used_exists() -> None:
    used = set(re.findall(r"""\bt\(\s*["']([a-z_]+\.[a-z_0-9]+)["']\s*[,)]""", EVERYTHING))
    used |= set(re.findall(r"""say\(\w+, "([a-z_]+\.[a-z_0-9]+)\"""", EVERYTHING))
    assert used
    assert used <= set(words()), used - set(words())


def test_every_key_is_used() -> None:
    unused = {k for k in words() if f'"{k}"' not in EVERYTHING and f"'{k}'" not in EVERYTHING}
    assert {k for k in unused if not k.startswith(COMPOSED)} == set()


def test_a_sentence_without_its_value_is_noticed() -> None:
    assert say("en", "time.today", clock="09:12") == "Today, 09:12"
    with pytest.raises(KeyError):
        say("en", "no.such_key")


def test_notices_prescribed_by_law_are_not_in_the_words() -> None:
    spoken = {text for pair in words().values() for text in pair}
    assert not any(
        "该内容属于人工智能生成合成内容" in text or "This is AI-generated content" in text for text in spoken
    )


def test_errors_of_the_server_have_words_and_advice() -> None:
    raised = set(re.findall(r"""(?:Error|Refused|NotFound|NotSignedIn|Exceeded|BadRequest|UnsupportedBody|BodyTooSlow|
        CrossSite|MethodNotAllowed|Internal)\(\s*"([a-z-]+)\"""", EVERYTHING, re.VERBOSE))  # fmt: skip
    assert {"cross-site", "internal", "empty-file", "body-too-large"} <= raised
    known = catalogue("errors")
    for code in raised:
        for part in ("says", "next"):
            zh, en = known[code][part]["zh"], known[code][part]["en"]
            assert zh and en and placeholders(zh) == placeholders(en)
