"""What conform says of the label that people see or hear (R1 to R19), from the pure value it is given."""

from __future__ import annotations

import pytest

from yinji.containers.model import Kind, Reading, State
from yinji.marks.base import Drawn
from yinji.regimes.base import Finding, Outcome, Perceived
from yinji.regimes.registry import regime
from yinji.texts import Text

PASS, FAIL, WARN, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.WARN, Outcome.CANNOT_TELL


def findings(kind: Kind, drawn: Drawn | None = None, unknown: Text | None = None) -> list[Finding]:
    reading = Reading("png", "image/png", kind, State.UNLABELLED, ())
    all_ = regime().conform(reading, (), Perceived(kind, drawn, unknown))
    return [f for f in all_ if int(f.rule[1:]) < 23]


def outcomes(kind: Kind, drawn: Drawn) -> list[tuple[str, Outcome]]:
    return [(f.rule, f.outcome) for f in findings(kind, drawn)]


def picture(words: str = "AI生成", place: str = "bottom-right", ink: int = 20, contrast: float = 6.0) -> Drawn:
    return Drawn("image", words, place, "found", ink, 20, (0, 0, 90, 30), contrast)


def film(ink: int = 20, **detail: object) -> Drawn:
    return Drawn("video", "AI生成", "bottom-right", "found", ink, 20, (0, 0, 90, 30), 6.0, dict(detail))


def test_a_good_label_on_a_picture_passes_every_rule_on_it() -> None:
    assert outcomes(Kind.IMAGE, picture()) == [("R1", PASS), ("R5", PASS), ("R6", PASS)]


@pytest.mark.parametrize(
    ("drawn", "rule", "outcome", "said"),
    [
        (picture(words="AI创作"), "R1", FAIL, "AI创作"),
        (picture(place="nowhere"), "R5", FAIL, "nowhere"),
        (picture(ink=19), "R6", FAIL, "19"),
        (picture(contrast=2.9), "R6", FAIL, "2.9"),
        (picture(contrast=4.4), "R6", WARN, "4.4"),
    ],
)
def test_what_a_picture_breaks_is_named_with_its_value(drawn: Drawn, rule: str, outcome: Outcome, said: str) -> None:
    (finding,) = [f for f in findings(Kind.IMAGE, drawn) if f.rule == rule]
    assert finding.outcome is outcome
    assert said in finding.text.zh
    assert said in finding.text.en


@pytest.mark.parametrize(
    ("drawn", "wrong"),
    [
        (film(from_second=0.0, seconds=2.0, duration=60.0), {}),
        (film(from_second=0.0, seconds=1.97, duration=60.0), {}),
        (film(from_second=0.0, seconds=1.9, duration=60.0), {"R16": FAIL}),
        (film(from_second=0.0, seconds=1.2, duration=1.2), {}),
        (film(from_second=0.5, seconds=2.0, duration=60.0), {"R14": FAIL}),
        (film(ink=12, from_second=0.0, seconds=2.0, duration=60.0), {"R15": FAIL}),
    ],
)
def test_films_start_with_the_label_and_show_it_long_enough(drawn: Drawn, wrong: dict[str, Outcome]) -> None:
    answers = outcomes(Kind.VIDEO, drawn)
    assert [rule for rule, _ in answers] == ["R1", "R14", "R15", "R15", "R16"]
    assert {rule: outcome for rule, outcome in answers if outcome is not PASS} == wrong


def test_rhythm_needs_no_words_and_speech_does() -> None:
    labels = [{"place": "start", "level": -20.5}, {"place": "end", "level": -18.0}]
    detail = {"form": "rhythm", "from_second": 0.1, "seconds": 1.32, "labels": labels}
    rhythm = Drawn("audio", "·－ ··", "start", "found", detail=detail)
    said = next(f.text for f in findings(Kind.AUDIO, rhythm) if f.rule == "R9")
    assert said.en.endswith("from second 0.10 for 1.32 s at -20.5 dBFS; in all: 2.") and "共 2 处" in said.zh
    placed = next(f.text for f in findings(Kind.AUDIO, rhythm) if f.rule == "R11")
    assert "at the start" in placed.en and "开头" in placed.zh
    assert outcomes(Kind.AUDIO, rhythm) == [("R9", PASS), ("R10", PASS), ("R11", PASS)]
    spoken = Drawn("audio", "本音频由人工智能生成", "end", "found", detail={"form": "speech", "per_minute": 200})
    assert outcomes(Kind.AUDIO, spoken) == [("R1", PASS), ("R9", PASS), ("R11", PASS), ("R12", WARN)]


def test_text_has_no_height_and_may_have_a_corner_mark() -> None:
    assert outcomes(Kind.TEXT, Drawn("text", "本文由AI生成", "start", "found")) == [
        ("R1", PASS), ("R3", PASS), ("R4", PASS),
    ]  # fmt: skip
    corner = Drawn("text", "AI", "start", "found", detail={"form": "corner"})
    assert outcomes(Kind.DOCUMENT, corner)[0] == ("R2", PASS)
    assert outcomes(Kind.SCENE, picture())[-1] == ("R19", PASS)


@pytest.mark.parametrize(("kind", "rule"), [(Kind.IMAGE, "R1"), (Kind.AUDIO, "R9"), (Kind.OTHER, "R1")])
def test_nothing_found_is_no_proof(kind: Kind, rule: str) -> None:
    (finding,) = findings(kind)
    assert (finding.rule, finding.outcome) == (rule, OPEN)
    (finding,) = findings(kind, unknown=Text("坏了。", "It is damaged."))
    assert (finding.rule, finding.outcome) == (rule, OPEN)
    assert "坏了。" in finding.text.zh
    assert "It is damaged." in finding.text.en


def test_who_was_not_asked_to_look_says_nothing() -> None:
    reading = Reading("png", "image/png", Kind.IMAGE, State.UNLABELLED, ())
    assert all(int(f.rule[1:]) >= 23 for f in regime().conform(reading, ()))
