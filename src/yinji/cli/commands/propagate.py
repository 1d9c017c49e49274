"""``yinji propagate``."""

from __future__ import annotations

from typing import Any

import click

from yinji.cli import steps
from yinji.cli.files import (
    STDIN,
    destination,
    each,
    input_arguments,
    json_options,
    name_option,
    numbers_of,
    opened,
    output_options,
    shown_as,
)
from yinji.cli.language import say
from yinji.operations.endings import require_fitting
from yinji.operations.propagate import propagate


@click.command(
    "propagate",
    help=say(
        "写入传播者的一半；生成者的一半逐字节不动。",
        "Write the propagator's half of the label; the producer's half stays as it is, byte for byte.",
    ),
)
@input_arguments
@click.option("--propagator", required=True, metavar="CODE", help=say("传播者编码或名称", "Your provider code or name"))
@click.option(
    "--id", "propagate_id", required=True, metavar="ID", help=say("您给这条内容的编号", "Your own number of this post")
)
@click.option(
    "--label",
    "value",
    type=click.Choice(["1", "2", "3"]),
    default=None,
    help=say("没有标识的文件写入 1 属于、2 可能、3 疑似", "For a file without a label: 1 is, 2 may be, 3 suspected"),
)
@output_options
@name_option
@json_options
def command(
    files: tuple[str, ...],
    propagator: str,
    propagate_id: str,
    value: str | None,
    output: str | None,
    in_place: bool,
    force: bool,
    dry_run: bool,
    break_credentials: bool,
    name: str,
    as_json: bool,
    jsonl: bool,
) -> int:
    numbers = numbers_of(files, propagate_id)

    def do(path: str) -> tuple[dict[str, Any], str, int]:
        with (
            opened(path) as input,
            destination(path, output, in_place=in_place, several=len(files) > 1) as target,
        ):
            if target is not None and output != STDIN:
                require_fitting(input, target, filename=name if path == "-" else path)
            result = propagate(
                input,
                propagator=propagator,
                propagate_id=numbers[path],
                label=value or "",
                output=target,
                in_place=in_place,
                overwrite=force,
                break_credentials=break_credentials,
                dry_run=dry_run,
                filename=name if path == "-" else path,
            )
        result = shown_as(result, output)
        return result.to_dict(), steps.written(result), 0

    return each(files, do, as_json=as_json, jsonl=jsonl, output=output)
