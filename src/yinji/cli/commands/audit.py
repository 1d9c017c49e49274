"""``yinji audit``."""

from __future__ import annotations

import click

from yinji.cli.app import print_json
from yinji.cli.language import say
from yinji.cli.serving import require_server
from yinji.platform.service import Platform
from yinji.platform.settings import Settings


@click.group("audit", help=say("查看或核验平台的审计日志。", "Show or verify the platform's audit log."))
def command() -> None:
    """Holds the subcommands."""
    require_server()


@command.command("verify", help=say("重新计算整条日志链。", "Recompute the whole chain of the log."))
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
def verify(as_json: bool) -> int:
    with Platform.open(Settings.from_environment()) as platform:
        size, head = platform.audit_verify()
    if as_json:
        print_json({"size": size, "chain_hash": head, "intact": True}, line=False)
    else:
        click.echo(say(f"完好：{size} 条记录，链首 {head}", f"Intact: {size} entries, chain head {head}"))
    return 0


@command.command("show", help=say("逐行输出日志（JSONL）。", "Print the log, one JSON object a line."))
def show() -> int:
    with Platform.open(Settings.from_environment()) as platform:
        for entry in platform.audit_export():
            print_json(
                {
                    "index": entry.index,
                    "at": entry.at.isoformat(),
                    "actor": entry.actor,
                    "event": entry.event,
                    "subject": entry.subject,
                    "body": entry.body,
                    "leaf_hash": entry.leaf_hash,
                    "chain_hash": entry.chain_hash,
                },
                line=True,
            )
    return 0
