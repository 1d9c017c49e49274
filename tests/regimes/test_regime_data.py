"""The versions of the rules, their data, the checklist and its citations."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path

import pytest

from yinji.containers.model import Kind
from yinji.errors import UsageError
from yinji.regimes import registry, ruleset
from yinji.regimes.base import Regime, Tier
from yinji.regimes.citations import cite
from yinji.regimes.cn.regime import China
from yinji.regimes.cn.wording import worded_label_ok
from yinji.regimes.registry import names, regime

VERSIONS = ("2025-09-01", "2026-05-12")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_names() -> None:
    assert names() == ("cn",)
    assert isinstance(regime("cn"), Regime)


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2025, 9, 1), "2025-09-01"),
        (date(2026, 5, 11), "2025-09-01"),
        (date(2026, 5, 12), "2026-05-12"),
        (date(2030, 1, 1), "2026-05-12"),
    ],
)
def test_the_version_in_force_on_a_day(day: date, version: str) -> None:
    assert regime("cn", at=day).version == version


def test_before_the_measures_there_are_no_rules() -> None:
    with pytest.raises(UsageError) as error:
        regime("cn", at=date(2025, 8, 31))
    assert error.value.code == "regime-not-in-force"
    assert "2025-09-01" in error.value.text.zh and "2025-09-01" in error.value.advice.en


def test_an_unknown_regime_names_those_there_are() -> None:
    with pytest.raises(UsageError) as error:
        regime("atlantis")
    assert error.value.code == "regime-unknown"
    assert "cn" in error.value.text.zh and "cn" in error.value.text.en
    assert error.value.advice.zh and error.value.advice.en


def test_another_package_can_bring_a_regime(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("xx", "yinji.regimes.cn.regime:China.in_force", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "_installed", lambda: {"xx": point})
    assert names() == ("cn", "xx")
    assert regime("xx", at=date(2026, 1, 1)).version == "2025-09-01"


def test_versions_are_all_loaded_and_valid() -> None:
    assert tuple(day.isoformat() for day in ruleset.versions("cn")) == VERSIONS
    for version in VERSIONS:
        data = ruleset.load("cn", version)
        assert data.effective.isoformat() == data.version == version
        assert set(data.notices) == set(Tier) and set(data.marks) == set(Kind)


def test_the_notices_hold_the_statutory_words() -> None:
    for version in VERSIONS:
        notices = ruleset.load("cn", version).notices
        for tier, word in ((Tier.CONFIRMED, "属于"), (Tier.POSSIBLE, "可能"), (Tier.SUSPECTED, "疑似")):
            assert word in notices[tier].sentence.zh
            assert worded_label_ok(notices[tier].sentence.zh) and worded_label_ok(notices[tier].short.zh)
        assert len({notice.sentence.zh for notice in notices.values()}) == len(Tier)  # R87


def test_short_video_labels_are_a_matter_of_the_version() -> None:
    assert China(ruleset.load("cn", "2025-09-01")).short_video_labels == ()
    labels = China(ruleset.load("cn", "2026-05-12")).short_video_labels
    assert [label.words.zh for label in labels] == [
        "含有虚构演绎内容",
        "含有AI生成内容",
        "含有营销信息",
        "内容为转载",
        "内容为个人观点",
        "无需标注",
    ]
    assert [label.words.zh for label in labels if not label.displayed] == ["无需标注"]  # R90
    assert len({label.id for label in labels}) == 6 and all(label.words.en for label in labels)


@pytest.mark.parametrize("kind", list(Kind))
def test_marks(kind: Kind) -> None:
    mark = regime().mark(kind)
    assert all(worded_label_ok(words) for words in mark.words), "R1 holds for every wording"
    assert len(set(mark.words)) == 3 and mark.words.both.startswith(mark.words.zh)
    assert mark.corner == ("AI" if kind in (Kind.TEXT, Kind.DOCUMENT) else ""), "R2 is for text alone"
    assert mark.places and mark.clause
    sized = kind in (Kind.IMAGE, Kind.VIDEO, Kind.SCENE)
    assert mark.min_height == (0.05 if sized else 0)  # R6, R15, R19; nothing else has a size (R4)
    assert mark.min_seconds == (2 if kind is Kind.VIDEO else 0)  # R16; R8
    edges = {"bottom-right", "bottom-left", "top-right", "top-left", "top", "bottom"}
    assert set(mark.places) <= (edges if sized else edges | {"start", "end", "middle"})


def test_marks_are_where_the_standard_wants_them() -> None:
    assert regime().mark(Kind.IMAGE).places[0] == "bottom-right"
    assert regime().mark(Kind.AUDIO).places == ("start", "end", "middle")
    assert regime().mark(Kind.VIDEO).clause == "GB 45438-2025 5.4"


def test_the_checklist_is_complete_in_both_languages() -> None:
    rules = regime().rules()
    assert [rule.id for rule in rules] == [f"R{number}" for number in range(1, 106)]
    for rule in rules:
        assert rule.article
        assert CHINESE.search(rule.text.zh) and rule.text.zh.endswith("。"), rule.id
        assert rule.text.en.endswith(".") and rule.text.en.isprintable(), rule.id
    assert {rule.id for rule in rules if rule.recommendation} >= {"R12", "R85"}
    assert len({rule.text.zh for rule in rules}) == len({rule.text.en for rule in rules}) == 105


def test_the_file_itself_holds_every_number_once() -> None:
    text = files("yinji.regimes").joinpath("data", "cn", "rules.toml").read_text("utf-8")
    assert re.findall(r"^\[(R\d+)\]$", text, re.MULTILINE) == [f"R{number}" for number in range(1, 106)]


def test_reasons_and_findings_cite_rules_that_exist() -> None:
    known = {rule.id for rule in regime().rules()}
    for version in VERSIONS:
        assert {reason.rule for reason in ruleset.load("cn", version).reasons.values()} <= known
    folder = files("yinji.regimes").joinpath("data", "cn")
    findings = tomllib.loads(folder.joinpath("findings.toml").read_text("utf-8"))
    assert {name for name in findings if name.startswith("R")} <= known
    assert all(row["zh"] and row["en"] for table in findings.values() for row in table.values())
    carriers = tomllib.loads(folder.joinpath("carriers.toml").read_text("utf-8"))
    assert {*carriers["formats"].values(), *carriers["elsewhere"].values()} <= known


@pytest.mark.parametrize(
    ("article", "zh", "en"),
    [
        ("Measures Art. 6(1)", "《标识办法》第六条第一项", "Labelling Measures Art. 6(1)"),
        ("Measures Art. 7, Art. 12", "《标识办法》第七条、第十二条", "Labelling Measures Art. 7, Art. 12"),
        ("GB 45438-2025 App. E note 1", "GB 45438-2025 附录 E 注 1", "GB 45438-2025 App. E note 1"),
        ("GB 45438-2025 5.4 g)", "GB 45438-2025 5.4 g)", "GB 45438-2025 5.4 g)"),
        (
            "Deep-synthesis provisions Art. 17 para. 2",
            "《互联网信息服务深度合成管理规定》第十七条第二款",
            "Deep-synthesis provisions Art. 17 para. 2",
        ),
    ],
)
def test_citations(article: str, zh: str, en: str) -> None:
    assert cite(article) == (zh, en)


def test_every_article_of_the_data_can_be_cited_in_chinese() -> None:
    for rule in regime().rules():
        assert not re.search(r"Art\.|App\.|Measures|note|para", cite(rule.article).zh), rule.id


# --- data that is not valid -------------------------------------------------------------------------------------------

COMPLETE = """
effective = 2025-01-01
title = { zh = "一", en = "one" }
[tiers]
"""


@pytest.mark.parametrize(
    "text",
    [
        "effective = 2025-01-02",
        "effective = 'soon'",
        COMPLETE,
        "extends = '2025-01-01'\neffective = 2025-01-01",
        "effective = [",
    ],
    ids=["another-date", "no-date", "incomplete", "extends-itself", "no-toml"],
)
def test_invalid_data_is_refused_with_its_name(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data" / "zz"
    folder.mkdir(parents=True)
    (folder / "2025-01-01.toml").write_text(text, "utf-8")
    monkeypatch.setattr(ruleset, "files", lambda package: tmp_path)
    with pytest.raises(UsageError) as error:
        ruleset.load.__wrapped__("zz", "2025-01-01")
    assert error.value.code == "regime-data-invalid" and error.value.details["path"] == "zz/2025-01-01.toml"


def test_a_newer_version_overlays_an_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data" / "zz"
    folder.mkdir(parents=True)
    base = files("yinji.regimes").joinpath("data", "cn", "2025-09-01.toml").read_text("utf-8")
    (folder / "2025-09-01.toml").write_text(base, "utf-8")
    (folder / "2025-10-01.toml").write_text(
        'extends = "2025-09-01"\neffective = 2025-10-01\n[marks.image]\nmin_height = 0.06\n', "utf-8"
    )
    monkeypatch.setattr(ruleset, "files", lambda package: tmp_path)
    old, new = (ruleset.load.__wrapped__("zz", f"2025-{month}-01") for month in ("09", "10"))
    assert (old.marks[Kind.IMAGE].min_height, new.marks[Kind.IMAGE].min_height) == (0.05, 0.06)
    assert new.marks[Kind.IMAGE].words == old.marks[Kind.IMAGE].words and new.notices == old.notices
