"""``yinji code``."""

from __future__ import annotations

from typing import Any, Final

import click

from yinji.cli.app import print_json
from yinji.cli.language import pick, say
from yinji.cli.show import pad
from yinji.labels.codes import CodeCheck, Service, check_code, make_code

_PARTS: Final = {
    "format": say("格式定义码", "format"),
    "subject": say("主体类型", "subject type"),
    "binding": say("绑定方式", "binding"),
    "subject_code": say("主体编码", "subject code"),
    "service": say("服务类型", "service"),
    "model": say("模型或应用编码", "model or app"),
}
_SERVICES: Final[dict[str, Service | None]] = {"generation": "generation", "propagation": "propagation", "none": None}
_KINDS: Final = {
    "organisation": say("机构编码", "an organisation's code"),
    "individual": say("个人编码", "an individual's code"),
    "name": say("名称，不是编码（也可以使用）", "a name, not a code (which is allowed)"),
}


@click.group("code", help=say("制作或检查 27 位服务提供者编码。", "Make or check a 27-character provider code."))
def command() -> None:
    """Holds the subcommands."""


@command.command("make", help=say("由统一社会信用代码组成编码。", "Compose a code from a social credit code."))
@click.option("--uscc", help=say("18 位统一社会信用代码", "Unified social credit code, 18 characters"))
@click.option(
    "--id-number", help=say("个人身份证号（会写进每个标识）", "A person's identity number (it ends up in every label)")
)
@click.option(
    "--service",
    type=click.Choice(list(_SERVICES)),
    default="generation",
    show_default=True,
    help=say("生成服务、传播服务，或不使用", "Generation or propagation service, or unused"),
)
@click.option("--model", default="0001", show_default=True, help=say("自定的 4 位编码", "Four characters of your own"))
def make(uscc: str | None, id_number: str | None, service: str, model: str) -> int:
    code = make_code(
        uscc=uscc,
        id_number=id_number,
        service=_SERVICES[service],
        model=model,
    )
    click.echo(code)
    return 0


@command.command("check", help=say("检查编码；有误时退出码为 1。", "Check a code; exit with 1 if it is wrong."))
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
def check(code: str, as_json: bool) -> int:
    result = check_code(code)
    if as_json:
        print_json(_object(code, result), line=False)
    else:
        _show(code, result)
    return 0 if result.well_formed else 1


def _object(code: str, result: CodeCheck) -> dict[str, Any]:
    return {
        "code": code,
        "kind": result.kind,
        "well_formed": result.well_formed,
        "parts": result.parts,
        "claims": {"zh": result.claims.name.zh, "en": result.claims.name.en} if result.claims else None,
        "problems": [p.to_dict() for p in result.problems],
    }


def _show(code: str, result: CodeCheck) -> None:
    click.echo(f"{click.style(code, bold=True)}  {_KINDS[result.kind]}")
    for name, value in result.parts.items():
        click.echo(f"  {pad(_PARTS[name], 16)}{value}")
    if result.claims:
        claim = say("自称属于", "claims to be")
        click.echo(f"  {claim} {pick(result.claims.name)} " + say("（不是证明）", "(no proof)"))
    for problem in result.problems:
        click.secho(f"  • {pick(problem.text)}", fg="red" if problem.severity == "error" else "yellow")
    if result.well_formed and result.kind != "name":
        click.echo(
            "  "
            + say(
                "格式正确。编码由各家自行组成，不能证明身份。",
                "Well formed. Codes are self-made and prove nobody's identity.",
            )
        )
