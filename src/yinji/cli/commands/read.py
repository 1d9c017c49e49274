"""``yinji read``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import click

from yinji.cli import show
from yinji.cli.files import STDIN, each, exit_code_of, input_arguments, json_options, name_option, opened
from yinji.cli.language import say
from yinji.containers.model import State
from yinji.errors import StorageError, UnreadableInput, UnsupportedFormat
from yinji.operations.read import read
from yinji.operations.report import SCHEMA_VERSION

if TYPE_CHECKING:
    from yinji.operations.sidecar import Beside


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
@click.option(
    "--digest",
    is_flag=True,
    help=say("另外给出媒体内容本身的 SHA-256，写标识前后不变", "Also give the SHA-256 of the media alone"),
)
@name_option
def command(files: tuple[str, ...], as_json: bool, jsonl: bool, stats: bool, digest: bool, name: str) -> int:
    def do(path: str) -> tuple[dict[str, Any], str, int]:
        with opened(path) as input:
            result = read(input, filename=name)
            media = _media(input, name) if digest else None
        value = {"schema_version": SCHEMA_VERSION, "path": path} | result.to_dict()
        words = show.reading(path, result)
        if stats:
            value["stats"] = {"bytes_read": result.bytes_read, "reads": result.reads, "size": result.size}
            words += "\n  " + say(
                f"读取 {result.bytes_read:,} / {result.size:,} 字节，{result.reads} 次",
                f"read {result.bytes_read:,} of {result.size:,} bytes in {result.reads} reads",
            )
        if digest:
            value["media_sha256"] = media
            unknown = say("无法计算：分不清哪些字节是媒体", "none: the media cannot be told from the rest")
            words += "\n  " + say("媒体 SHA-256", "media SHA-256") + f" {media or unknown}"
        there = _beside(path) if result.state is State.UNSUPPORTED else None
        if there is None:
            return value, words, exit_code_of(result)
        value["sidecar"] = there.to_dict()
        return value, f"{words}\n{show.sidecar(there)}", 0 if there.label and there.belongs else exit_code_of(result)

    return each(files, do, as_json=as_json, jsonl=jsonl)


def _beside(path: str) -> Beside | None:
    """Returns the sidecar of a file on disk whose format has no place for a label; also of one that is a sidecar."""
    from yinji.containers.sidecar import ENDING
    from yinji.operations import sidecar

    try:
        return None if path == STDIN else sidecar.of_path(path.removesuffix(ENDING))
    except (UnsupportedFormat, StorageError):
        return None


def _media(input: str | BinaryIO, name: str) -> str | None:
    """Returns the digest; None where the reading's state already says why there is none."""
    from yinji.operations.digest import media_digest

    try:
        return media_digest(input, filename=name)
    except (UnreadableInput, UnsupportedFormat):
        return None
