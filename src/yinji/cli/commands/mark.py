"""``yinji mark``."""

from __future__ import annotations

from pathlib import Path

import click

from yinji.cli.files import regime_option
from yinji.cli.language import pick, say
from yinji.containers.model import Kind
from yinji.errors import OutputExists, StorageError, UsageError
from yinji.marks import symbol
from yinji.marks.colour import STYLES
from yinji.regimes.registry import mark_rules


@click.command(
    "mark",
    help=say(
        "把标识本身输出为图形文件（.svg 或 .png），供网页和印刷使用。",
        "Draw the label itself as a file (.svg or .png), for pages and print.",
    ),
)
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@regime_option
@click.option(
    "--form",
    type=click.Choice(["generated", "modified", "basic"]),
    help=say("规则有几种标识时用哪一种（欧盟）", "Which label, where the rules have several (EU)"),
)
@click.option(
    "--style",
    type=click.Choice(list(STYLES)),
    default="black",
    show_default=True,
    help=say("底色，-50 为半透明", "Its ground; -50 is half transparent"),
)
@click.option(
    "--language",
    type=click.Choice(["zh", "en", "both"]),
    default="zh",
    show_default=True,
    help=say("标识的文字", "Its words"),
)
@click.option(
    "--height",
    type=int,
    default=96,
    show_default=True,
    help=say("PNG 的字高（像素）", "Ink height in pixels"),
)
@click.option("--force", is_flag=True, help=say("允许覆盖已有的文件", "Allow an existing file to be replaced"))
def command(output: Path, regime: str, form: str | None, style: str, language: str, height: int, force: bool) -> int:
    rule = mark_rules(regime, form=form or "").mark(Kind.IMAGE)
    words = rule.words.pick(language)
    if output.suffix.lower() == ".svg":
        data = symbol.svg(words, style, pick(rule.alt)).encode()
    elif output.suffix.lower() == ".png":
        data = symbol.png(words, style, height=height)
    else:
        raise UsageError("mark-file-kind", path=output)
    if output.exists() and not force:
        raise OutputExists("output-exists", path=output)
    try:
        output.write_bytes(data)
    except OSError as error:
        raise StorageError("storage", path=output, reason=error.strerror or str(error)) from error
    click.echo(str(output))
    return 0
