"""``yinji read``."""

from __future__ import annotations

from typing import Any

import click

from yinji.cli import show
from yinji.cli.files import each, exit_code_of, input_arguments, json_options, opened
from yinji.cli.language import say
from yinji.operations.read import read
from yinji.operations.report import SCHEMA_VERSION


@click.command(
    "read",
    help=say(
        "读出文件元数据中的标识，不解码媒体。“-”表示标准输入。",
        "Read the labels in the metadata of files, without decoding media. “-” is standard input.",
    ),
)
@input_arguments
@json_options
@click.option("--stats", is_flag=True, help=say("另外说明读了多少字节", "Also say how many bytes were read"))
@click.option("--name", default="", help=say("标准输入的文件名", "File name that standard input goes by"))
def command(files: tuple[str, ...], as_json: bool, jsonl: bool, stats: bool, name: str) -> int:
    def do(path: str) -> tuple[dict[str, Any], str, int]:
        with opened(path) as input:
            result = read(input, filename=name)
        value = {"schema_version": SCHEMA_VERSION, "path": path} | result.to_dict()
        words = show.reading(path, result)
        if stats:
            value["stats"] = {"bytes_read": result.bytes_read, "reads": result.reads, "size": result.size}
            words += "\n  " + say(
                f"读取 {result.bytes_read:,} / {result.size:,} 字节，{result.reads} 次",
                f"read {result.bytes_read:,} of {result.size:,} bytes in {result.reads} reads",
            )
        return value, words, exit_code_of(result)

    return each(files, do, as_json=as_json, jsonl=jsonl)
