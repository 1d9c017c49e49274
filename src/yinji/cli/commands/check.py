"""``yinji check``."""

from __future__ import annotations

from typing import Any

import click

from yinji.cli import show
from yinji.cli.files import each, exit_code_of, input_arguments, json_options, opened
from yinji.cli.keyfiles import public_fingerprint
from yinji.cli.language import say
from yinji.labels.declaration import Declaration, Declared
from yinji.operations.check import check
from yinji.operations.sidecar import counted
from yinji.regimes.base import Tier

_ORDER = (Tier.NONE, Tier.SUSPECTED, Tier.POSSIBLE, Tier.CONFIRMED)


@click.command(
    "check",
    help=say(
        "收集全部证据并给出结论：是、可能、疑似，或没有发现。没有发现不等于由人创作。",
        "Gather all evidence and conclude: is, may be, suspected, or nothing found. Nothing found is no proof.",
    ),
)
@input_arguments
@json_options
@click.option("--regime", default="cn", show_default=True, metavar="NAME", help=say("依照哪里的规则", "Whose rules"))
@click.option(
    "--declared",
    type=click.Choice([str(d) for d in Declared]),
    help=say("作者的声明", "What the author declared"),
)
@click.option(
    "--pin",
    multiple=True,
    metavar="OWNER=KEY.pem",
    help=say("预先信任的公钥及其主体", "A public key you trust, and whose it is"),
)
@click.option(
    "--fail-on",
    type=click.Choice([str(t) for t in _ORDER[1:]]),
    help=say("达到这一级时退出码为 1", "Exit with 1 at this tier or above"),
)
def command(
    files: tuple[str, ...],
    as_json: bool,
    jsonl: bool,
    regime: str,
    declared: str | None,
    pin: tuple[str, ...],
    fail_on: str | None,
) -> int:
    declaration = Declaration(Declared(declared)) if declared else None
    pinned = dict(_pinned(entry) for entry in pin)

    def do(path: str) -> tuple[dict[str, Any], str, int]:
        with opened(path) as input:
            report = check(input, declaration=declaration, regime=regime, filename=path, pinned_keys=pinned)
        code = exit_code_of(counted(report.reading, report.sidecar))
        if fail_on and _ORDER.index(report.verdict.tier) >= _ORDER.index(Tier(fail_on)):
            code = 1
        return report.to_dict(), show.report(report), code

    return each(files, do, as_json=as_json, jsonl=jsonl)


def _pinned(entry: str) -> tuple[str, str]:
    owner, _, path = entry.rpartition("=")
    if not owner:
        raise click.BadParameter(say("应为 主体=公钥文件", "should be OWNER=KEY.pem"), param_hint="--pin")
    return public_fingerprint(path), owner
