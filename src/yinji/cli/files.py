"""What the commands over files share: their options, standard input, batches and exit codes."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar, cast

import click

from yinji.cli.app import error_object, print_json, show_error
from yinji.cli.language import say
from yinji.cli.waiting import waiting
from yinji.containers.model import Reading, State
from yinji.errors import LimitExceeded, UsageError, YinjiError
from yinji.operations.report import SCHEMA_VERSION
from yinji.operations.written import Written

STDIN: Final = "-"
STDIN_LIMIT: Final = 4 * 1024**3
PARTIAL: Final = 5
_EXIT_OF_STATE: Final = {State.UNSUPPORTED: 3, State.MALFORMED: 4, State.UNREADABLE: 4}

Command = TypeVar("Command", bound=Callable[..., Any])


def json_options(command: Command) -> Command:
    """Adds ``--json`` and ``--jsonl``."""
    command = click.option("--jsonl", is_flag=True, help=say("每个文件一行 JSON", "Print one JSON object a line"))(
        command
    )
    return click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))(command)


def input_arguments(command: Command) -> Command:
    """Adds the list of input files; ``-`` is standard input."""
    return click.argument("files", nargs=-1, required=True, type=click.Path(path_type=str, allow_dash=True))(command)


def name_option(command: Command) -> Command:
    """Adds ``--name``."""
    return click.option("--name", default="", help=say("标准输入的文件名", "File name that standard input goes by"))(
        command
    )


def regime_option(command: Command) -> Command:
    """Adds ``--regime``."""
    words = say("依照哪里的规则：cn、eu、us-ca、in、kr", "Whose rules: cn, eu, us-ca, in, kr")
    return click.option("--regime", default="cn", show_default=True, metavar="NAME", help=words)(command)


def output_options(command: Command) -> Command:
    """Adds the options of every command that writes."""
    options = (
        click.option("-o", "--output", metavar="FILE|DIR", help=say("输出文件或目录", "Output file or directory")),
        click.option("--in-place", is_flag=True, help=say("就地修改输入文件", "Change the input file itself")),
        click.option(
            "--force", is_flag=True, help=say("允许覆盖已有的输出文件", "Allow an existing output to be replaced")
        ),
        click.option(
            "--dry-run", is_flag=True, help=say("只说明会做什么，不写文件", "Say what would be done, write nothing")
        ),
        click.option(
            "--break-credentials",
            is_flag=True,
            help=say("即使 C2PA 凭证会因此失效也写入", "Write even if a C2PA manifest will no longer verify"),
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@contextmanager
def opened(name: str) -> Iterator[str | BinaryIO]:
    """Yields what the library opens: the path, or standard input spooled to a temporary file.

    Raises:
        LimitExceeded: Standard input is longer than 4 GiB.
    """
    if name != STDIN:
        yield name
        return
    with tempfile.TemporaryFile(prefix="yinji-stdin-") as spool:
        copied = 0
        while chunk := sys.stdin.buffer.read(1 << 20):
            copied += len(chunk)
            if copied > STDIN_LIMIT:
                raise LimitExceeded("stdin-too-long", limit=STDIN_LIMIT)
            spool.write(chunk)
        yield cast(BinaryIO, spool)


def numbers_of(names: tuple[str, ...], template: str) -> dict[str, str]:
    """Returns the number of each file: ``{n}`` in the template is its position, from 1.

    Raises:
        click.UsageError: Several files would get the same number (checklist R28, R29).
    """
    if len(names) > 1 and "{n}" not in template:
        raise click.UsageError(
            say(
                "多个文件需要各自的编号：请在 --id 中写 {n}，例如 --id batch7-{n}",
                "Several files need a number each: write {n} in --id, for example --id batch7-{n}",
            )
        )
    return {name: template.replace("{n}", str(n)) for n, name in enumerate(names, 1)}


def exit_code_of(reading: Reading) -> int:
    """Returns 3 for an unsupported format, 4 for what cannot be read, else 0."""
    return _EXIT_OF_STATE.get(reading.state, 0)


def each(
    names: tuple[str, ...],
    do: Callable[[str], tuple[dict[str, Any], str, int]],
    *,
    as_json: bool,
    jsonl: bool,
    output: str | None = None,
) -> int:
    """Runs ``do`` on every file and prints what it gives.

    Args:
        names: The files.
        do: Gives the JSON object, the text for people and the exit code of one file.
        as_json: Print JSON: one object for one file, a list for several.
        jsonl: Print one object a line.
        output: Where the files that are made go; if to standard output, what is printed goes to stderr.

    Returns:
        The exit code of the one file; for several, 5 if some failed and others did not.
    """
    codes = []
    objects = []
    err = output == STDIN
    with _progress(names, quiet=as_json or jsonl) as bar:
        for name in bar:
            try:
                with waiting(name):
                    value, words, code = do(name)
            except YinjiError as error:
                if not (as_json or jsonl):
                    show_error(error)
                value, words = {"schema_version": SCHEMA_VERSION, "path": name, "error": error_object(error)}, ""
                code = error.exit_code
            codes.append(code)
            if jsonl:
                print_json(value, line=True, err=err)
            elif as_json:
                objects.append(value)
            elif words:
                click.echo(words, err=err)
    if as_json and not jsonl:
        print_json(objects[0] if len(names) == 1 else objects, line=False, err=err)
    return combined(codes)


def combined(codes: list[int]) -> int:
    """Returns the exit code of a batch from those of its files."""
    distinct = set(codes)
    if len(distinct) == 1:
        return codes[0]
    failed = distinct - {0, 1}
    if not failed:
        return max(distinct, default=0)
    return PARTIAL


@contextmanager
def _progress(names: tuple[str, ...], *, quiet: bool) -> Iterator[Any]:
    """Yields the names, behind a progress bar on a terminal when results do not scroll by themselves."""
    if not quiet or len(names) < 20 or not sys.stderr.isatty() or sys.stdout.isatty():
        yield names
        return
    with click.progressbar(names, file=sys.stderr) as bar:
        yield bar


@contextmanager
def destination(name: str, output: str | None, *, in_place: bool, several: bool) -> Iterator[Path | None]:
    """Yields the file that a result of ``name`` is written to; None for in place.

    ``-o DIR`` keeps the file's name; ``-o -`` writes to a temporary file that is then copied to standard output.

    Raises:
        UsageError: No output at all.
        click.UsageError: One output file for several inputs.
    """
    if in_place or output is None:
        if output is None and not in_place:
            raise UsageError("output-or-in-place")
        yield None
        return
    if output == STDIN:
        if sys.stdout.isatty():
            raise UsageError("binary-to-terminal")
        with tempfile.TemporaryDirectory(prefix="yinji-stdout-") as folder:
            made = Path(folder) / "out"
            yield made
            if made.exists():
                with made.open("rb") as file:
                    shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
        return
    path = Path(output)
    if path.is_dir() or output.endswith(os.sep):
        if name == STDIN:
            raise UsageError("stdin-needs-file")
        path.mkdir(parents=True, exist_ok=True)
        path = path / Path(name).name
    elif several:
        raise click.UsageError(
            say(
                f"几个文件不能都写到 {output}：目录请以 / 结尾，例如 -o {output}/",
                f"Several files cannot all be written to {output}; end a directory with /, as in -o {output}/",
            )
        )
    yield path


def shown_as(result: Written, output: str | None) -> Written:
    """Returns a result under the name that people gave its place: standard output has none of its own."""
    return replace(result, path=STDIN) if output == STDIN else result


def note(words: str) -> None:
    """Tells people something beside the data, on stderr."""
    click.echo(words, err=True)
