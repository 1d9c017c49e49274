"""Words for people, in Chinese and English, kept in TOML files beside this module.

``errors/*.toml`` holds one table per error code with ``says`` and ``next``; ``problems/*.toml`` one per label
problem. Statutory wording does not live here but in the versioned data of :mod:`yinji.regimes`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple


class Text(NamedTuple):
    """The same sentence in both languages."""

    zh: str
    en: str

    def pick(self, language: str) -> str:
        """Returns the Chinese words for any ``zh`` tag, else the English ones."""
        return self.zh if language.lower().startswith("zh") else self.en

    def format(self, **values: object) -> Text:
        """Fills placeholders in; a value that is a text itself goes in in the language of each."""
        return Text(*(_fill(self.pick(language), _spoken(values, language)) for language in ("zh", "en")))


class _Shown(dict[str, object]):
    """Leaves unknown placeholders visible instead of raising while an error is being shown."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _spoken(values: dict[str, object], language: str) -> dict[str, object]:
    return {name: value.pick(language) if isinstance(value, Text) else value for name, value in values.items()}


def _fill(template: str, values: dict[str, object]) -> str:
    return template.format_map(_Shown(values))


@cache
def catalogue(name: str) -> dict[str, Any]:
    """Returns the merged tables of all ``NAME/*.toml`` files.

    Raises:
        ValueError: Two files define the same code.
    """
    import tomllib  # these two cost half of what reading a first label costs, and most readings need no words
    from importlib.resources import files

    merged: dict[str, Any] = {}
    folder = files(__package__).joinpath(name)
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        for code, table in tomllib.loads(entry.read_text("utf-8")).items():
            if code in merged:
                raise ValueError(f"{name}: {code} is defined twice")
            merged[code] = table
    return merged


def _words(name: str, code: str, field: str, values: dict[str, object]) -> Text:
    table = catalogue(name).get(code, {}).get(field)
    if table is None:
        return Text(code, code) if field == "says" else Text("", "")
    return Text(table["zh"], table["en"]).format(**values)


def error_text(code: str, field: str, values: dict[str, object]) -> Text:
    """Returns the words of an error: ``field`` is ``says`` (what happened) or ``next`` (what to do)."""
    return _words("errors", code, field, values)


def problem_text(code: str, values: dict[str, object]) -> Text:
    """Returns the words of a label or container problem; an error that a reading met is one too."""
    return _words("problems" if code in catalogue("problems") else "errors", code, "says", values)
