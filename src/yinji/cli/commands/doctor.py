"""``yinji doctor``."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

import yinji
from yinji.cli.app import print_json
from yinji.cli.files import each
from yinji.cli.language import say
from yinji.cli.show import pad
from yinji.containers.executors import forget, recover


class Part(NamedTuple):
    """An optional dependency: import name, distribution, extra, and what needs it."""

    module: str
    distribution: str
    extra: str
    use: str


PARTS: Final = (
    Part("PIL", "pillow", "image", say("图片显式标识", "visible labels on pictures")),
    Part("av", "av", "av", say("声音、视频和 HEIC 的标识", "labels on sound, video and HEIC")),
    Part("numpy", "numpy", "av", say("同上", "the same")),
    Part(
        "imagecodecs",
        "imagecodecs",
        "jxl",
        say("JPEG XL 和高位深 AVIF 的显式标识", "visible labels on JPEG XL, deep AVIF"),
    ),
    Part("brotli", "brotli", "jxl", say("JPEG XL 压缩的元数据", "compressed metadata in JPEG XL")),
    Part("fontTools", "fonttools", "pdf", say("PDF 和 OFD 的显式标识", "visible labels on PDF and OFD")),
    Part("pypdfium2", "pypdfium2", "pdf", say("平台上的 PDF 缩略图", "thumbnails of PDF on the platform")),
    Part("pxr", "usd-core", "usd", say("USD 场景的显式标识", "visible labels in USD scenes")),
    Part("gmssl_pyx", "gmssl_pyx", "sm", say("国密 SM2 签名", "signing with SM2")),
    Part("fastapi", "fastapi", "server", say("平台网站和接口", "the platform's pages and API")),
    Part("sqlalchemy", "sqlalchemy", "server", say("平台数据库", "the platform's database")),
    Part("obstore", "obstore", "s3", say("S3 等对象存储", "object stores such as S3")),
    Part("rfc3161_client", "rfc3161-client", "tsa", say("日志的可信时间戳", "trusted time stamps of the log")),
    Part("psycopg", "psycopg", "server", say("PostgreSQL", "PostgreSQL")),
    Part("argon2", "argon2-cffi", "server", say("账号口令", "account passwords")),
)


@click.command(
    "doctor",
    help=say(
        "检查安装是否完整；给出文件时，恢复就地修改被中断的文件。\n\n撤销记录在文件的扩展属性 user.yinji.undo 里，"
        "或者在旁边的 .文件名.yinji-undo 里；下一次就地修改也会先恢复。",
        "Check the installation; with FILES, bring back files whose change in place was interrupted.\n\n"
        "The undo record is in the file's extended attribute user.yinji.undo or beside it in .NAME.yinji-undo; "
        "the next change in place brings the file back first too.",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--keep",
    is_flag=True,
    help=say(
        "文件已核对无误：保持原样，只丢掉撤销记录", "The files are good: leave them as they are, drop the undo records"
    ),
)
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
def command(files: tuple[Path, ...], keep: bool, as_json: bool) -> int:
    if files:
        return _keep(files, as_json=as_json) if keep else _recover(files, as_json=as_json)
    rows = list(_rows())
    missing = sorted({row["extra"] for row in rows if not row["found"]})
    if as_json:
        print_json({"yinji": yinji.__version__, "python": platform.python_version(), "parts": rows}, line=False)
        return 0
    click.echo(f"yinji {yinji.__version__} · Python {platform.python_version()} · {sys.platform}")
    for row in rows:
        sign, colour = ("✓", "green") if row["found"] else ("–", "yellow")
        click.echo(f"  {click.style(sign, fg=colour)} {pad(row['name'], 16)}{pad(row['found'] or '', 10)}{row['use']}")
    if missing:
        click.echo(
            say("要补齐，请运行：", "To add what is missing, run: ") + f"pip install 'yinji[{','.join(missing)}]'"
        )
    else:
        click.echo(say("一切就绪。", "Everything is there."))
    return 0


def _rows() -> Iterator[dict[str, Any]]:
    for part in PARTS:
        found = ""
        if find_spec(part.module) is not None:
            try:
                found = version(part.distribution)
            except PackageNotFoundError:
                found = say("有", "there")
        yield {"name": part.distribution, "found": found, "extra": part.extra, "use": part.use}


def _recover(files: tuple[Path, ...], *, as_json: bool) -> int:
    def do(path: str) -> tuple[dict[str, Any], str, int]:
        is_back = recover(Path(path))
        words = say("没有被中断的修改", "no interrupted change")
        if is_back:
            words = say("已恢复到修改之前", "brought back to how it was before the change")
        return {"path": path, "recovered": is_back}, f"{path}: {words}", 0

    return each(tuple(map(str, files)), do, as_json=as_json, jsonl=False)


def _keep(files: tuple[Path, ...], *, as_json: bool) -> int:
    def do(path: str) -> tuple[dict[str, Any], str, int]:
        is_dropped = forget(Path(path))
        words = say("没有撤销记录", "no undo record")
        if is_dropped:
            words = say("保持原样，撤销记录已丢掉", "left as it is, the undo record dropped")
        return {"path": path, "dropped": is_dropped}, f"{path}: {words}", 0

    return each(tuple(map(str, files)), do, as_json=as_json, jsonl=False)
