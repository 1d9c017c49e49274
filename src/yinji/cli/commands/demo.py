"""``yinji demo``."""

from __future__ import annotations

import click

from yinji.cli.language import say
from yinji.cli.serving import run, serving_options


@click.command(
    "demo",
    help=say(
        "启动平台，并放入编排的一个月：各级提示的内容、举报、裁决和申诉。",
        "Start the platform with a staged month: posts in every tier, reports, decisions, an appeal.",
    ),
)
@serving_options
def command(host: str, port: int) -> int:
    return run(host, port, demo=True)
