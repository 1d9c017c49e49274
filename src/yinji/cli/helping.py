"""Help pages in the language of this run: click's own few words, translated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click

from yinji.cli.language import LANGUAGE, ZH

_CHINESE: Final = {
    "Options": "选项",
    "Commands": "命令",
    "Show this message and exit.": "显示本说明",
    "Show the version and exit.": "显示版本",
}


def _translated(text: str) -> str:
    if LANGUAGE != ZH:
        return text
    return _CHINESE.get(text, text).replace("[required]", "[必填]").replace("[default: ", "[默认：")


class Formatter(click.HelpFormatter):
    """Writes help pages as click does, with its own words in Chinese where that is asked for."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, "用法：" if LANGUAGE == ZH and prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(_translated(heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(term, _translated(words)) for term, words in rows], col_max, col_spacing)


def install() -> None:
    """Makes every help page use :class:`Formatter`."""
    click.Context.formatter_class = Formatter
