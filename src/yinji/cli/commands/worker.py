"""``yinji worker``."""

from __future__ import annotations

import signal
import threading

import click

from yinji.cli.files import note
from yinji.cli.language import say
from yinji.cli.serving import require_server


@click.command(
    "worker",
    help=say(
        "完成平台排队的工作：加显式标识、重新标识、推送通知等。可以在多台机器上同时运行。",
        "Do the platform's queued work: visible labels, relabelling, webhooks. Run several, on any machine.",
    ),
)
@click.option(
    "--threads",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help=say("同时进行的任务数", "Tasks done at a time"),
)
@click.option("--once", is_flag=True, help=say("做完现有任务就结束", "Do what is due now, then end"))
def command(threads: int, once: bool) -> int:
    require_server()
    from yinji.platform.service import Platform
    from yinji.platform.settings import Settings

    with Platform.open(Settings.from_environment()) as platform:
        if once:
            done = platform.work.pool(threads).drain()
            note(say(f"已处理 {done} 个任务", f"Tasks attempted: {done}"))
            return 0
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with platform.work.pool(threads):
            note(say("工作进程已启动（Ctrl+C 停止）", "The worker is running (Ctrl+C stops it)"))
            stop.wait()
    return 0
