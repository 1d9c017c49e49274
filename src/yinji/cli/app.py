"""The group that holds all commands and imports each only when it runs."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from importlib import import_module
from typing import Any, Final

import click

import yinji
from yinji.cli import helping
from yinji.cli.language import EN, ZH, pick, say
from yinji.errors import YinjiError

COMMANDS: Final = {
    "label": say("给自己生成的内容加上标识", "Label what you generated"),
    "read": say("读出文件中的标识", "Read the labels in files"),
    "check": say("判断文件是否有标识、是谁写的、是否完好", "Say whether a file is labelled, by whom, and what follows"),
    "conform": say("逐条核对标识是否合规", "Check a label against the rules, line by line"),
    "propagate": say("写入传播平台的一半", "Write the propagating platform's half"),
    "carry": say("把标识带到转码或缩放后的文件里", "Carry a label over to a file made from another"),
    "code": say("制作或检查 27 位服务提供者编码", "Make or check a 27-character provider code"),
    "key": say("制作签名密钥", "Make a signing key"),
    "explain": say("解释一条规则或一个错误", "Explain a rule or an error"),
    "formats": say("列出支持的格式", "List the formats"),
    "doctor": say("检查安装是否完整", "Check the installation"),
    "mark": say("把标识本身输出为 SVG 或 PNG", "Draw the label itself as SVG or PNG"),
    "interface": say("取出界面标识的网页组件", "Hand out the web component of interfaces"),
    "serve": say("启动平台网站和接口", "Start the platform: pages and API"),
    "worker": say("完成平台排队的工作", "Do the platform's queued work"),
    "demo": say("启动带示例内容的平台", "Start the platform with a demo feed"),
    "audit": say("查看或核验审计日志", "Show or verify the audit log"),
}


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def language_option() -> click.Option:
    """Returns ``--lang``, which the group and every command take; see :mod:`yinji.cli.language`."""
    words = say("显示语言", "Language of the messages")
    return click.Option(["--lang"], type=click.Choice([ZH, EN]), expose_value=False, help=words)


class LazyGroup(click.Group):
    """Finds a command in the module of its name under ``yinji.cli.commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"yinji.cli.commands.{cmd_name}").command
        if not any(option.name == "lang" for option in command.params):
            command.params.append(language_option())  # where people write it; what it says is known already
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"No such command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=say(
        "印记（Yinji）：写入、读取、核验和照管“由人工智能生成”的标识。",
        "Yinji (印记): put, read, verify and look after the labels that say content was made with AI.",
    ),
    epilog=say(
        "例：yinji label 照片.jpg -o 输出.jpg --producer 编码 --id 编号",
        "Example: yinji label photo.jpg -o out.jpg --producer CODE --id ID",
    ),
)
@click.version_option(yinji.__version__, "-V", "--version", message="yinji %(version)s")
def group() -> None:
    """Holds the commands."""


group.params.append(language_option())


def app() -> int:
    """Runs the command line and returns its exit code (design, section 4). ``NO_COLOR`` takes all colour away."""
    helping.install()
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # what the locale cannot spell, as stderr does it
    color = False if os.environ.get("NO_COLOR") else None
    with click.Context(group, color=color):  # what is printed after a command has ended goes by it too
        return _run(color)


def _run(color: bool | None) -> int:
    try:
        result = group.main(prog_name="yinji", standalone_mode=False, color=color)
    except YinjiError as error:
        show_error(error)
        return error.exit_code
    except click.exceptions.Abort:
        click.echo(file=sys.stderr)
        return 130
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        helping.show_usage_error(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0


def show_error(error: YinjiError) -> None:
    """Prints an error for people to stderr: where, what, what to do next."""
    path = error.details.get("path")
    where = f"{path}: " if path else ""
    click.secho(f"yinji: {where}{pick(error.text)}", fg="red", err=True)
    if advice := pick(error.advice):
        click.echo(f"  → {advice}", err=True)
    click.secho(f"  ({error.code}; yinji explain {error.code})", dim=True, err=True)


def error_object(error: YinjiError) -> dict[str, Any]:
    """Returns an error as the object that ``--json`` prints."""
    return {
        "code": error.code,
        "zh": error.text.zh,
        "en": error.text.en,
        "next": {"zh": error.advice.zh, "en": error.advice.en},
    }


def print_json(value: Any, *, line: bool, err: bool = False) -> None:
    """Prints one JSON value to stdout, or to stderr: on one line for ``--jsonl``; indented on a terminal.

    Elsewhere it is UTF-8 whatever the locale, as JSON between programs has to be (RFC 8259 section 8.1). Of file names
    that are no UTF-8, the bytes outside it are written as lone surrogates, escaped, as JSON may.
    """
    on_terminal = (sys.stderr if err else sys.stdout).isatty()
    indent = 2 if on_terminal and not line else None
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    text = _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    click.echo(text if on_terminal else text.encode(), err=err)
