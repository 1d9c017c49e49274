"""Every code has words in both languages, and every placeholder in them gets its value where the code is used.

The source tree is read, not run, so that a code on a path no other test takes is held to the same rule.
"""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import yinji
from yinji import errors
from yinji.errors import YinjiError
from yinji.texts import catalogue

PACKAGE = Path(yinji.__file__).parent
ERROR_CLASSES = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, YinjiError)}
CATALOGUES = {"errors": ("says", "next"), "problems": ("says",)}
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,.;:!?]|[,;:!?][\u4e00-\u9fff]")


@dataclass(frozen=True)
class Use:
    """One place where a code is given; ``values`` is None when they cannot be told from the source."""

    catalogue: str
    code: str
    values: frozenset[str] | None
    where: str


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def constants(node: ast.expr) -> Iterator[str]:
    """The codes an argument can be: a string, or one of two in a conditional expression."""
    match node:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp(body=yes, orelse=no):
            yield from constants(yes)
            yield from constants(no)


def error_values(node: ast.Call) -> frozenset[str] | None:
    names = [keyword.arg for keyword in node.keywords]
    return None if None in names else frozenset(name for name in names if name)


def problem_values(node: ast.Call) -> frozenset[str] | None:
    given = next((k.value for k in node.keywords if k.arg == "values"), node.args[3] if len(node.args) > 3 else None)
    if given is None:
        return frozenset()
    if not isinstance(given, ast.Dict):
        return None
    keys = [key.value if isinstance(key, ast.Constant) else None for key in given.keys]
    return None if None in keys else frozenset(str(key) for key in keys)


def uses() -> Iterator[Use]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name, where = called(node), f"{path.relative_to(PACKAGE.parent)}:{getattr(node, 'lineno', 0)}"
            code = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "code"), None)
            if code is None:
                continue
            if name in ERROR_CLASSES:
                yield from (Use("errors", c, error_values(node), where) for c in constants(code))
            elif name == "Problem":
                yield from (Use("problems", c, problem_values(node), where) for c in constants(code))


def placeholders(text: str) -> set[str]:
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def entries() -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """Yields (catalogue, file, code, field, texts)."""
    for name, fields in CATALOGUES.items():
        for path in sorted((PACKAGE / "texts" / name).glob("*.toml")):
            for code, table in tomllib.loads(path.read_text("utf-8")).items():
                for field in fields:
                    yield name, f"texts/{name}/{path.name}", code, field, table.get(field, {})


def told(failures: list[str]) -> None:
    assert not failures, "\n" + "\n".join(sorted(set(failures)))


def test_the_scan_sees_the_source() -> None:
    found = list(uses())
    assert {"errors", "problems"} <= {use.catalogue for use in found}
    assert "label-not-conforming" in {use.code for use in found}
    assert "key-spelling" in {use.code for use in found}


def test_every_code_has_words() -> None:
    told(
        [
            f"{u.where}: no words for {u.code!r} in texts/{u.catalogue}/"
            for u in uses()
            if u.code not in catalogue(u.catalogue)
        ]
    )


def test_every_placeholder_gets_its_value() -> None:
    failures = []
    for use in uses():
        table = catalogue(use.catalogue).get(use.code, {})
        wanted = {n for f in CATALOGUES[use.catalogue] for t in table.get(f, {}).values() for n in placeholders(t)}
        if use.values is not None and (missing := wanted - use.values):
            failures.append(f"{use.where}: {use.code!r} does not give {', '.join(sorted(missing))}")
    told(failures)


def test_every_entry_speaks_both_languages() -> None:
    failures = []
    for _, file, code, field, texts in entries():
        for language in ("zh", "en"):
            if not isinstance(texts.get(language), str) or not texts[language].strip():
                failures.append(f"{file}: [{code}] has no {field}.{language}")
    told(failures)


def test_both_languages_say_the_same_values() -> None:
    told(
        [
            f"{file}: [{code}] {field} has other placeholders in zh than in en"
            for _, file, code, field, texts in entries()
            if placeholders(texts.get("zh", "")) != placeholders(texts.get("en", ""))
        ]
    )


def test_codes_are_slugs_and_belong_to_one_file() -> None:
    owners: dict[tuple[str, str], str] = {}
    failures = []
    for name, file, code, _, _ in entries():
        if not SLUG.fullmatch(code):
            failures.append(f"{file}: [{code}] is no slug")
        if owners.setdefault((name, code), file) != file:
            failures.append(f"{file}: [{code}] is defined in {owners[name, code]} too")
    told(failures)


def test_chinese_is_written_as_chinese() -> None:
    failures = []
    for _, file, code, field, texts in entries():
        zh = re.sub(r"\{[^}]*\}|“[^”]*”", "", texts.get("zh", ""))  # what is quoted may be code
        if not re.search(r"[\u4e00-\u9fff]", zh):
            failures.append(f"{file}: [{code}] {field}.zh is not Chinese")
        if HALF_WIDTH.search(zh):
            failures.append(f"{file}: [{code}] {field}.zh has half-width punctuation: {HALF_WIDTH.search(zh)}")
    told(failures)


def test_nobody_is_shouted_at() -> None:
    told(
        [
            f"{file}: [{code}] {field} has an exclamation mark"
            for _, file, code, field, texts in entries()
            if any(mark in text for mark in "!！" for text in texts.values())
        ]
    )


def test_no_words_without_a_code() -> None:
    """Words that nothing uses are removed, or the code is misspelt where it should be used."""
    spoken: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                spoken.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (v.value if isinstance(v, ast.Constant) else None for v in node.values)
                pattern = "".join(".+" if part is None else re.escape(str(part)) for part in parts)
                if SLUG.search(pattern.replace(".+", "")):
                    patterns.append(re.compile(pattern))
    unused = {(file, code) for _, file, code, _, _ in entries() if code not in spoken}
    told([f"{file}: [{code}] is never used" for file, code in unused if not any(p.fullmatch(code) for p in patterns)])


@pytest.mark.parametrize("name", CATALOGUES)
def test_catalogues_load(name: str) -> None:
    assert catalogue(name)
