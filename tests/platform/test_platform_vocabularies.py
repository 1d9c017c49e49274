from __future__ import annotations

import pytest

from yinji.errors import UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.errors import NotFound
from yinji.platform.model import Account
from yinji.platform.service import Platform
from yinji.platform.vocabularies.vocabulary import Option, Vocabulary, statements, vocabularies, vocabulary
from yinji.regimes.registry import regime

EVERY_OPTION = [(v, o) for v in vocabularies().values() for o in v.options]
COUNTS = {
    "douyin": 8,
    "wechat_channels": 8,
    "wechat_official": 7,
    "rednote": 6,
    "kuaishou": 5,
    "bilibili": 7,
    "weibo": 5,
    "zhihu": 6,
    "youtube": 2,
    "tiktok": 2,
    "instagram": 2,
    "baijiahao": 2,
    "short_video": 6,
}


def test_every_platform_is_there_with_all_its_options() -> None:
    assert {name: len(v.options) for name, v in vocabularies().items()} == COUNTS


@pytest.mark.parametrize(("words", "option"), EVERY_OPTION, ids=lambda v: getattr(v, "id", None) or str(v.value))
def test_what_was_chosen_comes_back_as_it_was_chosen(words: Vocabulary, option: Option) -> None:
    said = words.declaration_of(str(option.value), "一句话")
    assert said.note == "一句话"
    assert words.option_for(said) == option
    assert option.text == "" or words.option_for(words.declaration_of(option.text)) == option


@pytest.mark.parametrize("words", vocabularies().values(), ids=lambda v: v.id)
def test_options_differ_and_mean_statements_that_exist(words: Vocabulary) -> None:
    meanings = [option.means for option in words.options]
    assert len(set(meanings)) == len(meanings)
    assert set(meanings) <= set(statements())
    assert len({str(option.value) for option in words.options}) == len(words.options)


@pytest.mark.parametrize("words", vocabularies().values(), ids=lambda v: v.id)
def test_content_made_with_ai_is_said_to_be_so_on_every_platform(words: Vocabulary) -> None:
    for choice in (Declared.AI_GENERATED, Declared.AI_EDITED):
        option = words.option_for(Declaration(choice, statement="marketing"))
        assert option is not None
        assert statements()[option.means].declares.says_ai


def test_a_statement_without_an_option_takes_the_nearest_or_none() -> None:
    media = Declaration(Declared.UNDECLARED, statement="media_source")
    assert (vocabulary("douyin").option_for(media) or Option(0, "", "")).means == "reposted"
    spoiler = Declaration(Declared.UNDECLARED, statement="spoiler")
    assert (vocabulary("douyin").option_for(spoiler) or Option(0, "", "")).means == "none_needed"
    assert (vocabulary("youtube").option_for(Declaration(Declared.NOT_AI)) or Option(0, "", "")).value is False


def test_the_statements_that_stand_for_others_exist_and_say_as_much_of_ai() -> None:
    for statement in statements().values():
        for other in statement.otherwise:
            assert statements()[other].declares.says_ai == statement.declares.says_ai


def test_the_mandatory_labels_are_worded_as_the_rules_word_them() -> None:
    ruled = {label.id: label.words.zh for label in regime("cn").short_video_labels}
    assert {str(o.value): o.text for o in vocabulary("short_video").options} == ruled


@pytest.mark.parametrize("value", ["", "9", "nonsense", "x" * 1000])
def test_an_unknown_option_is_answered_with_those_there_are(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        vocabulary("douyin").declaration_of(value)
    assert "8" in caught.value.advice.en
    with pytest.raises(NotFound):
        vocabulary("nowhere")


def test_a_statement_is_kept_with_the_item(platform: Platform, author: Account) -> None:
    said = vocabulary("douyin").declaration_of("4")
    item = platform.publish(author, title="", text="新品到店", declaration=said)
    assert platform.item(item.id).declaration == Declaration(Declared.UNDECLARED, "", "marketing")
    platform.declare(author, item.id, Declaration(Declared.AI_EDITED, "", "marketing"))
    assert platform.item(item.id).declaration.choice is Declared.AI_EDITED
