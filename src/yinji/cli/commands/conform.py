"""``yinji conform``."""

from __future__ import annotations

from typing import Any

import click

from yinji.cli import show
from yinji.cli.files import each, exit_code_of, input_arguments, json_options, opened, regime_option
from yinji.cli.language import say
from yinji.operations.conform import conform
from yinji.operations.sidecar import counted


@click.command(
    "conform",
    help=say(
        "逐条核对文件中的标识是否合规；有不符时退出码为 1。",
        "Check the label of a file against the rules, line by line; exit with 1 if one is broken.",
    ),
)
@input_arguments
@json_options
@regime_option
@click.option(
    "--metadata-only",
    is_flag=True,
    help=say(
        "只核对元数据，不解码内容去找显式标识", "Judge metadata alone; do not decode the content to look for the label"
    ),
)
def command(files: tuple[str, ...], as_json: bool, jsonl: bool, regime: str, metadata_only: bool) -> int:
    def do(path: str) -> tuple[dict[str, Any], str, int]:
        with opened(path) as input:
            result = conform(input, regime=regime, perceptible=not metadata_only, filename=path)
        code = (
            0 if result.conforms and not result.asks_metadata else exit_code_of(counted(result.reading, result.sidecar))
        )
        code = code or (0 if result.conforms else 1)
        return result.to_dict(), show.conformance(result), code

    return each(files, do, as_json=as_json, jsonl=jsonl)
