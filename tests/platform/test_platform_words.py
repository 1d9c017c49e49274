"""What people type is bounded and free of what cannot be seen or stored."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinji.errors import UsageError
from yinji.platform import instants, words


@pytest.mark.parametrize("name", ["a", "青禾", "Zoë", "a_b-c.d·e", "x" * 32, "０9"])
def test_names_of_any_script_are_welcome(name: str) -> None:
    assert words.account_name(f" {name} ")


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 33, "-a", "a-", "<b>", "a\x00b", "a\u202eb", "a/b", "😀"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        words.account_name(name)
    assert caught.value.code == "name-rule"


@pytest.mark.parametrize(("one", "other"), [("Admin", "ａｄｍｉｎ"), ("STRASSE", "straße"), ("①", "1"), ("ﬁ", "FI")])
def test_names_that_read_the_same_have_one_key(one: str, other: str) -> None:
    assert words.name_key(one) == words.name_key(other)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\猫.png", "猫.png"),
        ("a\x00b\n.png", "ab.png"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("", "file"),
        ("..", "file"),
        (".png", "png"),
        ("x" * 400 + ".jpeg", "x" * 115 + ".jpeg"),
    ],
)
def test_file_names_are_only_names(given_name: str, shown: str) -> None:
    assert words.filename(given_name) == shown


@given(st.text())
def test_any_file_name_becomes_a_safe_one(name: str) -> None:
    safe = words.filename(name)
    assert 0 < len(safe) <= 120
    assert not re.search(r"[/\\\x00-\x1f\u202a-\u202e]", safe)
    assert words.filename(safe) == safe
    safe.encode()


@given(st.text())
def test_lines_and_paragraphs_can_be_stored(text: str) -> None:
    line = words.line(text, most=10**6, code="title-rule")
    several = words.paragraphs(text, most=10**6, code="text-rule")
    assert "\n" not in line
    assert "\x00" not in line + several
    (line + several).encode()


def test_too_long_is_refused_with_both_numbers() -> None:
    with pytest.raises(UsageError) as caught:
        words.line("字" * 11, most=10, code="title-rule")
    assert "11" in caught.value.text.zh
    assert "10" in caught.value.text.zh


def test_numbers_are_uuids_of_version_7_that_sort_by_time() -> None:
    before = instants.now()
    numbers = [instants.uuid7() for _ in range(200)]
    for number in numbers:
        assert uuid.UUID(number).version == 7
        assert uuid.UUID(number).variant == uuid.RFC_4122
    assert len(set(numbers)) == 200
    milliseconds = uuid.UUID(numbers[0]).int >> 80
    assert abs(milliseconds - before.timestamp() * 1000) < 60_000
    prefixes = [number[:18] for number in numbers]
    assert prefixes == sorted(prefixes)


def test_times_read_back_and_sort_as_text() -> None:
    now = instants.now()
    assert instants.from_text(instants.to_text(now)) == now
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", instants.to_text(now))
