"""What conform says of a label by the rules of the EU, California, India and Korea."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import yinji
from yinji.cli.app import group
from yinji.containers.model import Kind, Reading, State
from yinji.errors import LimitExceeded
from yinji.labels.aigc import AigcLabel
from yinji.marks.base import Drawn
from yinji.regimes import labels, ruleset
from yinji.regimes.base import Outcome, Perceived
from yinji.regimes.registry import judging

LABEL = AigcLabel.first("001191110000MA0TE5T00Q10001", "x-1")
FINE: dict[str, Any] = {"ink_height": 20, "needed_height": 18, "contrast": 6.0}
SHOWN = {
    "from_second": 0.0,
    "seconds": 5.0,
    "duration": 700.0,
    "labels": [{}, {}],
    "intervals": {"wanted": 2, "seen": 2},
}


def outcomes(name: str, kind: Kind, drawn: Drawn | None, **more: object) -> dict[str, str]:
    reading = Reading("png", "image/png", kind, State.UNLABELLED)
    found = judging(name).conform(reading, (), Perceived(kind, drawn, **more))  # type: ignore[arg-type]
    assert all(f.text.zh and f.text.en and "{" not in f.text.en for f in found)
    return {f.rule: str(f.outcome) for f in found}


def film(words: str = "AI GENERATED", place: str = "top-right", **detail: object) -> Drawn:
    return Drawn("video", words, place, "found", **FINE, detail=SHOWN | detail)


def picture(words: str = "AI GENERATED", place: str = "top-right", **values: object) -> Drawn:
    return Drawn("image", words, place, "found", **FINE | values)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", labels.NAMES)
def test_each_point_has_its_words_and_its_number(name: str) -> None:
    for version in ruleset.versions(name):
        rules = labels.load(name, version.isoformat()).rules()
        assert len({rule.id for rule in rules}) == len(rules) == 5
        assert all(rule.article and rule.text.zh and rule.text.en for rule in rules)


def test_each_form_of_the_eu_will_do() -> None:
    for words in ("AI", "AI GENERATED", "AI MODIFIED"):
        assert outcomes("eu", Kind.IMAGE, picture(words)) == {
            "EU1": "pass",
            "EU2": "pass",
            "EU3": "pass",
            "EU5": "cannot_tell",
        }


@pytest.mark.parametrize(
    ("drawn", "rule", "outcome"),
    [
        (picture(place="nowhere"), "EU2", "warn"),
        (picture(ink_height=17), "EU3", "warn"),
        (picture(contrast=2.9), "EU3", "fail"),
        (picture(ink_height=0, needed_height=0, contrast=0), "EU3", "pass"),
        (film(), "EU4", "pass"),
        (film(from_second=1.5), "EU4", "fail"),
        (film(seconds=3.0), "EU4", "warn"),
        (film(seconds=3.0, duration=3.0, intervals={"wanted": 0, "seen": 0}), "EU4", "pass"),
        (film(intervals={"wanted": 2, "seen": 1}), "EU4", "fail"),
    ],
)
def test_what_falls_short_of_the_eu_code(drawn: Drawn, rule: str, outcome: str) -> None:
    kind = Kind.VIDEO if drawn.mark == "video" else Kind.IMAGE
    assert outcomes("eu", kind, drawn)[rule] == outcome


def test_a_label_that_does_not_stay_is_a_warning_in_india() -> None:
    assert outcomes("in", Kind.VIDEO, film("AI-generated", "top-left"))["IN4"] == "warn"
    stays = film("AI-generated", "top-left", seconds=699.0)
    assert outcomes("in", Kind.VIDEO, stays)["IN4"] == "pass"


def test_nothing_found_or_nothing_owed_is_said() -> None:
    assert outcomes("kr", Kind.IMAGE, None) == {"KR1": "cannot_tell", "KR5": "cannot_tell"}
    unknown = LimitExceeded("too-many-segments", limit=1).text
    assert outcomes("kr", Kind.IMAGE, None, unknown=unknown)["KR1"] == "cannot_tell"
    assert outcomes("us-ca", Kind.TEXT, None)["CA1"] == "not_applicable"


def test_a_file_that_yinji_marked_is_held_to_its_rules(tmp_path: Path) -> None:
    source, output = tmp_path / "in.png", tmp_path / "out.png"
    Image.linear_gradient("L").convert("RGB").save(source)
    yinji.label(source, LABEL, output=output, regime="eu", form="modified", style="white-50")
    result = yinji.conform(output, regime="eu")
    assert result.conforms
    assert result.perceived is not None and result.perceived.drawn is not None
    assert result.perceived.drawn.words == "AI MODIFIED"
    assert [f.outcome for f in result.findings][:3] == [Outcome.PASS] * 3
    assert not yinji.conform(source, regime="eu").conforms
    assert not yinji.conform(output, regime="kr").conforms
    assert not yinji.conform(output, regime="eu", perceptible=False).conforms
    (tmp_path / "note.txt").write_text("hello")
    yinji.label(tmp_path / "note.txt", LABEL, output=tmp_path / "out.txt", regime="kr")
    for name, regime, code in (
        ("out.png", "eu", 0),
        ("in.png", "eu", 1),
        ("out.txt", "kr", 0),
        ("note.txt", "us-ca", 0),
    ):
        assert group.main(["conform", "--regime", regime, str(tmp_path / name)], standalone_mode=False) == code
    assert group.main(["explain", "--regime", "eu", "EU4"], standalone_mode=False) == 0


def test_the_label_of_other_rules_is_told(tmp_path: Path) -> None:
    source, output = tmp_path / "in.png", tmp_path / "out.png"
    Image.linear_gradient("L").convert("RGB").save(source)
    for marked, asked, owners in (("eu", "cn", ["eu"]), ("us-ca", "eu", ["us-ca", "in", "kr"]), ("cn", "kr", ["cn"])):
        yinji.label(source, LABEL, output=output, regime=marked, overwrite=True)
        result = yinji.conform(output, regime=asked)
        told = result.to_dict()["perceptible_foreign"]
        assert told["regimes"] == owners
        assert told["box"]
        (finding,) = (f for f in result.findings if told["words"] in f.text.en and told["words"] in f.text.zh)
        assert finding.outcome is Outcome.CANNOT_TELL
        assert f"{', '.join(owners)} " in finding.text.en
    assert yinji.conform(source, regime="eu").to_dict()["perceptible_foreign"] is None
