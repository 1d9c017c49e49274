"""``yinji carry``."""

from __future__ import annotations

from typing import Any

import click

from yinji.cli import steps
from yinji.cli.files import STDIN, destination, each, json_options, opened, shown_as
from yinji.cli.language import pick, say
from yinji.errors import Refused
from yinji.operations.carry import carry
from yinji.operations.endings import require_fitting
from yinji.operations.report import SCHEMA_VERSION


@click.command(
    "carry",
    help=say(
        "把 SRC 的标识带到由它制作的 DST 中（转码、缩放、封装之后）。",
        "Carry the label of SRC over to DST, the file your pipeline made from it.",
    ),
)
@click.argument("src", metavar="SRC")
@click.argument("dst", metavar="DST")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help=say(
        "写到这个文件，DST 保持原样；“-”表示标准输出",
        "Write to this file and leave DST as it is; “-” is standard output",
    ),
)
@click.option("--force", is_flag=True, help=say("允许覆盖已有的输出文件", "Allow an existing output to be replaced"))
@click.option("--dry-run", is_flag=True, help=say("只说明会做什么，不写文件", "Say what would be done, write nothing"))
@click.option(
    "--break-credentials",
    is_flag=True,
    help=say("即使 C2PA 凭证会因此失效也写入", "Write even if a C2PA manifest will no longer verify"),
)
@click.option(
    "--if-labelled",
    is_flag=True,
    help=say("SRC 没有标识时不算错误，DST 保持原样", "Let a SRC without a label be no error; DST stays as it is"),
)
@click.option(
    "--sidecar",
    is_flag=True,
    help=say(
        "DST 的格式没有存放位置时（文本、表格、字幕、BMP、TS），把标识写进旁边的 .xmp 文件",
        "Where the format of DST has no place (text, tables, subtitles, BMP, TS), write an .xmp beside it",
    ),
)
@json_options
def command(
    src: str,
    dst: str,
    output: str | None,
    force: bool,
    dry_run: bool,
    break_credentials: bool,
    if_labelled: bool,
    sidecar: bool,
    as_json: bool,
    jsonl: bool,
) -> int:
    if if_labelled and output is not None:
        raise click.UsageError(say("--if-labelled 不能与 -o 同用", "--if-labelled and -o do not go together"))

    def do(path: str) -> tuple[dict[str, Any], str, int]:
        with (
            opened(src) as source,
            destination(path, output, in_place=output is None, several=False) as target,
        ):
            if target is not None and output != STDIN:
                require_fitting(path, target)
            try:
                result = carry(
                    source,
                    path,
                    output=target,
                    overwrite=force,
                    dry_run=dry_run,
                    break_credentials=break_credentials,
                    sidecar=sidecar,
                )
            except Refused as refused:
                if not (if_labelled and refused.code == "nothing-to-carry"):
                    raise
                value = {"schema_version": SCHEMA_VERSION, "path": path, "label": None, "steps": []}
                return value, pick(refused.text), 0
        result = shown_as(result, output)
        return result.to_dict(), steps.written(result), 0

    return each((dst,), do, as_json=as_json, jsonl=jsonl, output=output)
