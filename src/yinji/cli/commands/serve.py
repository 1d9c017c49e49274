"""``yinji serve``."""

from __future__ import annotations

import click

from yinji.cli.language import say
from yinji.cli.serving import run, serving_options


@click.command("serve", help=say("启动平台：网站和接口。", "Start the platform: pages and API."))
@serving_options
def command(host: str, port: int) -> int:
    return run(host, port, demo=False)
