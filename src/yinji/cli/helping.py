"""Help pages and usage errors in the language of this run: click's own few words, translated."""

from __future__ import annotations

import re
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


_MESSAGES: Final = (
    (r"Missing option '([^']+)'\.", r"缺少选项 \1。"),
    (r"Missing argument '([^']+)'\.", r"缺少参数 \1。"),
    (r"Missing command\.", "缺少命令。"),
    (r"No such option '([^']+)'\.", r"没有选项 \1。"),
    (r"No such command '([^']+)'\.", r"没有命令 \1。"),
    (r"Did you mean '?([^'?]+)'?\?", r"是不是 \1？"),
    (r"\(?Did you mean one of: (.+)\?\)?", r"是不是其中之一：\1？"),
    (r"\(Possible options: (.+)\)", r"是不是其中之一：\1？"),
    (r"Option '([^']+)' requires an argument\.", r"选项 \1 后面要有一个值。"),
    (r"Option '([^']+)' does not take a value\.", r"选项 \1 后面不能有值。"),
    (r"Got unexpected extra arguments? \((.+)\)", r"多出了参数：\1。"),
    (r"Invalid value for '([^']+)': ", r"\1 的值不对："),
    (r"'([^']*)' is not one of (.+)\.", r"“\1”不在其中：\2。"),
    (r"(\S+) is not in the range (.+)\.", r"\1 不在范围 \2 之内。"),
    (r"'([^']*)' is not a valid (?:integer|float)(?: range)?\.", r"“\1”不是数字。"),
    (r"(?:File|Directory|Path) '([^']*)' does not exist\.", r"\1 不存在。"),
    (r"File '([^']*)' is a directory\.", r"\1 是目录，不是文件。"),
    (r"Directory '([^']*)' is a file\.", r"\1 是文件，不是目录。"),
)
"""What click says of wrong arguments, and the same in Chinese; its other sentences stay English."""


def show_usage_error(error: click.UsageError) -> None:
    """Prints what is wrong with the arguments, in the form of all errors, and where to look."""
    said = error.format_message()
    if LANGUAGE == ZH:
        for pattern, words in _MESSAGES:
            said = re.sub(pattern, words, said)
        said = said.replace("。 ", "。")
    command = error.ctx.command_path if error.ctx is not None else "yinji"
    click.secho(f"yinji: {said}", fg="red", err=True)
    click.echo(f"  → {command} --help", err=True)


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
