"""``yinji label``."""

from __future__ import annotations

from pathlib import Path
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
    regime_option,
    shown_as,
)
from yinji.cli.keyfiles import private_key
from yinji.cli.language import say
from yinji.labels.aigc import AigcLabel
from yinji.labels.security import protect
from yinji.operations.endings import require_fitting
from yinji.operations.label import label


@click.command(
    "label",
    help=say(
        "给自己生成的内容加上显式标识和元数据标识，写完再读回核对。",
        "Put the visible label and the metadata label into what you generated, and read it back.",
    ),
)
@input_arguments
@click.option("--producer", required=True, metavar="CODE", help=say("生成者编码或名称", "Your provider code or name"))
@click.option(
    "--id",
    "produce_id",
    required=True,
    metavar="ID",
    help=say("您给这份内容的编号；多个文件时写 {n} 计数", "Your own number of this content; {n} counts several files"),
)
@click.option(
    "--label",
    "value",
    type=click.Choice(["1", "2", "3"]),
    default="1",
    show_default=True,
    help=say("1 属于，2 可能，3 疑似", "1 is, 2 may be, 3 suspected"),
)
@output_options
@regime_option
@click.option(
    "--metadata-only", is_flag=True, help=say("不动画面、声音和文字", "Leave pixels, samples and words alone")
)
@click.option(
    "--place",
    default="",
    help=say("显式标识的位置，如 bottom-right、start", "Place of the label, such as bottom-right or start"),
)
@click.option(
    "--language",
    type=click.Choice(["zh", "en", "both"]),
    default="zh",
    show_default=True,
    help=say("显式标识用中文、英文或中英双语", "Words of the visible label: Chinese, English or both"),
)
@click.option(
    "--corner", is_flag=True, help=say("文本和文档改用角标“AI”", "On text and documents: a corner mark “AI” instead")
)
@click.option(
    "--time",
    "times",
    multiple=True,
    type=click.Choice(["start", "end", "intervals", "continuous"]),
    help=say("声音和视频：标识何时出现（可重复）", "Sound and video: when the label comes (may be repeated)"),
)
@click.option(
    "--every",
    type=float,
    default=0.0,
    metavar="SECONDS",
    help=say("声音和视频：每隔多少秒再出现一次", "Sound and video: the label comes again after so many seconds"),
)
@click.option(
    "--style",
    type=click.Choice(["rhythm", "speech", "black", "white", "black-50", "white-50"]),
    help=say(
        "声音：节奏标识或语音标识；画面：底色，-50 为半透明（默认随规则和画面）",
        "Sound: the rhythm, or a spoken label. Pictures: the ground, -50 half transparent (by default as suits)",
    ),
)
@click.option(
    "--form",
    type=click.Choice(["generated", "modified", "basic"]),
    help=say("规则有几种标识时用哪一种（欧盟）", "Which label, where the rules have several (EU)"),
)
@click.option(
    "--sign",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="KEY",
    help=say("用私钥签名（yinji key make）", "Sign with a private key (yinji key make)"),
)
@click.option("--derived", is_flag=True, help=say("内容由带标识的内容重新生成", "Generated anew from labelled content"))
@click.option(
    "--sidecar",
    is_flag=True,
    help=say(
        "格式没有存放位置时（文本、表格、字幕、BMP、TS），把元数据标识写进旁边的 .xmp 文件",
        "Where the format has no place (text, tables, subtitles, BMP, TS), put it into an .xmp beside it",
    ),
)
@name_option
@json_options
def command(
    files: tuple[str, ...],
    producer: str,
    produce_id: str,
    value: str,
    output: str | None,
    in_place: bool,
    force: bool,
    dry_run: bool,
    break_credentials: bool,
    regime: str,
    metadata_only: bool,
    place: str,
    language: str,
    corner: bool,
    times: tuple[str, ...],
    every: float,
    style: str | None,
    form: str | None,
    sign: Path | None,
    derived: bool,
    sidecar: bool,
    name: str,
    as_json: bool,
    jsonl: bool,
) -> int:
    key = private_key(sign) if sign else None
    numbers = numbers_of(files, produce_id)

    def do(path: str) -> tuple[dict[str, Any], str, int]:
        said = AigcLabel.first(producer, numbers[path], label=value)
        with (
            opened(path) as input,
            destination(path, output, in_place=in_place, several=len(files) > 1) as target,
        ):
            if target is not None and output != STDIN:
                require_fitting(input, target, filename=name if path == "-" else path)
            result = label(
                input,
                protect(said, key) if key else said,
                output=target,
                in_place=in_place,
                metadata_only=metadata_only,
                regime=regime,
                language=language,
                place=place,
                corner=corner,
                times=(*times, "intervals") if every and times and "intervals" not in times else times,
                every=every,
                style=style or "",
                form=form or "",
                derived=derived,
                sidecar=sidecar,
                overwrite=force,
                break_credentials=break_credentials,
                dry_run=dry_run,
                filename=name if path == "-" else path,
            )
        result = shown_as(result, output)
        return result.to_dict(), steps.written(result), 0

    return each(files, do, as_json=as_json, jsonl=jsonl, output=output)
