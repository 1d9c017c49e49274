"""``yinji carry``."""

from __future__ import annotations

from typing import Any

import click

from yinji.cli import show
from yinji.cli.files import each, json_options
from yinji.cli.language import say
from yinji.operations.carry import carry


@click.command(
    "carry",
    help=say(
        "把 SRC 的标识带到由它制作的 DST 中（转码、缩放、封装之后）。",
        "Carry the label of SRC over to DST, the file your pipeline made from it.",
    ),
)
@click.argument("src", metavar="SRC")
@click.argument("dst", metavar="DST")
@click.option("--dry-run", is_flag=True, help=say("只说明会做什么，不写文件", "Say what would be done, write nothing"))
@click.option(
    "--break-credentials",
    is_flag=True,
    help=say("即使 C2PA 凭证会因此失效也写入", "Write even if a C2PA manifest will no longer verify"),
)
@json_options
def command(src: str, dst: str, dry_run: bool, break_credentials: bool, as_json: bool, jsonl: bool) -> int:
    def do(path: str) -> tuple[dict[str, Any], str, int]:
        result = carry(src, path, dry_run=dry_run, break_credentials=break_credentials)
        return result.to_dict(), show.written(result), 0

    return each((dst,), do, as_json=as_json, jsonl=jsonl)
