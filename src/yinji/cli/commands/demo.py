"""``yinji demo``."""

from __future__ import annotations

import click

from yinji.cli.language import say
from yinji.cli.serving import run, serving_options


@click.command(
    "demo",
    help=say(
        "启动平台，并放入四条示例内容：属于、可能、疑似、未见各一条。",
        "Start the platform with four sample posts, one in each tier.",
    ),
)
@serving_options
def command(host: str, port: int) -> int:
    return run(host, port, demo=True)
