"""``yinji explain``."""

from __future__ import annotations

from typing import Any

import click

from yinji.cli.app import print_json
from yinji.cli.files import regime_option
from yinji.cli.language import pick, say
from yinji.errors import UsageError
from yinji.regimes.registry import judging
from yinji.texts import catalogue, error_text, problem_text


@click.command(
    "explain",
    help=say(
        "解释一条规则（R24）、一个错误或一个标识问题的代码；不写代码则列出全部规则。",
        "Explain a rule (R24), an error code or a problem code; without one, list all rules.",
    ),
)
@click.argument("code", required=False)
@regime_option
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
def command(code: str | None, regime: str, as_json: bool) -> int:
    rules = {rule.id: rule for rule in judging(regime).rules()}
    if code is None:
        entries: list[dict[str, Any]] = [_rule(rules[id]) for id in rules]
        if as_json:
            print_json(entries, line=False)
        else:
            for rule in rules.values():
                click.echo(f"{rule.id:<5} {pick(rule.text)}")
        return 0
    entry = _rule(rules[code.upper()]) if code.upper() in rules else _code(code)
    if as_json:
        print_json(entry, line=False)
        return 0
    click.secho(entry["code"], bold=True, nl=False)
    click.echo(f"  {entry['article']}" if entry.get("article") else "")
    click.echo(f"  {entry['zh']}")
    click.echo(f"  {entry['en']}")
    if advice := entry.get("next"):
        click.echo(f"  → {advice['zh']}\n  → {advice['en']}")
    return 0


def _rule(rule: Any) -> dict[str, Any]:
    return {
        "code": rule.id,
        "article": rule.article,
        "recommendation": rule.recommendation,
        "zh": rule.text.zh,
        "en": rule.text.en,
    }


def _code(given: str) -> dict[str, Any]:
    code = given.lower()
    if code in catalogue("errors"):
        says, advice = error_text(code, "says", {}), error_text(code, "next", {})
        return {"code": code, "zh": says.zh, "en": says.en, "next": {"zh": advice.zh, "en": advice.en}}
    if code in catalogue("problems"):
        says = problem_text(code, {})
        return {"code": code, "zh": says.zh, "en": says.en}
    raise UsageError("unknown-code", code_given=given)
