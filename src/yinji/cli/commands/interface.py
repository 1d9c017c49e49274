"""``yinji interface``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from yinji.cli.language import say
from yinji.errors import OutputExists, StorageError
from yinji.marks.interface import component


@click.command(
    "interface",
    help=say(
        "取出网页组件 yinji-label.js：写到标准输出，或连同示例页写到一个目录。",
        "Hand out the web component yinji-label.js: to standard output, or with its demo page into a directory.",
    ),
)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help=say("写到这个目录", "Write into this directory"),
)
@click.option("--force", is_flag=True, help=say("允许覆盖已有的文件", "Allow existing files to be replaced"))
def command(output: Path | None, force: bool) -> int:
    if output is None:
        sys.stdout.buffer.write(component.script())
        return 0
    parts = {component.NAME: component.script(), component.DEMO: component.demo()}
    made = {output / name: data for name, data in parts.items()}
    there = next((path for path in made if path.exists()), None)
    if there is not None and not force:
        raise OutputExists("output-exists", path=there)
    try:
        output.mkdir(parents=True, exist_ok=True)
        for path, data in made.items():
            path.write_bytes(data)
            click.echo(str(path))
    except OSError as error:
        raise StorageError("storage", path=output, reason=error.strerror or str(error)) from error
    return 0
