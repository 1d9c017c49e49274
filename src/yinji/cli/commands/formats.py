"""``yinji formats``."""

from __future__ import annotations

from typing import Any

import click

from yinji.cli.app import print_json
from yinji.cli.language import say
from yinji.cli.show import pad, width
from yinji.containers.base import Container
from yinji.containers.registry import containers
from yinji.containers.room import keeps_room
from yinji.errors import UnsupportedFormat
from yinji.marks.registry import mark_for


@click.command(
    "formats",
    help=say("列出支持的格式、标识的位置和能做什么。", "List the formats, where the label sits, and what can be done."),
)
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
def command(as_json: bool) -> int:
    rows = [_row(container) for container in containers()]
    if as_json:
        print_json(rows, line=False)
        return 0
    yes, no = say("能", "yes"), say("不能", "no")
    head = [say(*words) for words in _COLUMNS]
    table = [
        [
            row["name"],
            " ".join(row["extensions"][:4]),
            row["carrier"] or say("旁注文件（--sidecar）", "sidecar (--sidecar)"),
            yes if row["writes"] else no,
            yes if row["in_place"] else no,
            yes if row["draws"] else no,
            row["clause"]
            or (say("无官方位置", "no official place") if not row["carrier"] else say("自定位置", "our own place")),
        ]
        for row in rows
    ]
    widths = [max(width(line[i]) for line in [head, *table]) for i in range(len(head))]
    for number, line in enumerate([head, *table]):
        text = "  ".join(pad(cell, widths[i]) for i, cell in enumerate(line)).rstrip()
        click.secho(text, bold=number == 0)
    return 0


_COLUMNS = (
    ("格式", "format"),
    ("扩展名", "endings"),
    ("元数据标识的位置", "metadata label in"),
    ("写入", "written"),
    ("就地续写", "passed on in place"),
    ("显式标识", "visible label"),
    ("依据", "clause"),
)


def _row(container: Container) -> dict[str, Any]:
    try:
        mark_for(container.media_type)
        draws = True
    except UnsupportedFormat:
        draws = False
    return {
        "name": container.name,
        "media_type": container.media_type,
        "kind": str(container.kind),
        "extensions": list(container.extensions),
        "carrier": container.carrier,
        "clause": container.clause,
        "reads": True,
        "writes": container.writable,
        "in_place": keeps_room(container),
        "sidecar": not container.carrier,
        "draws": draws,
    }
