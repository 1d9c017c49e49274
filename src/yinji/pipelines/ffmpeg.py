"""ffmpeg: a drop-in wrapper after which every output that can carry the label of the input does.

``ffmpeg`` drops the label whenever it writes MP4, MOV, M4A, WAV, AVI or pictures, without a word. Put
``python -m yinji.pipelines.ffmpeg`` where ``ffmpeg`` stood, or call :func:`run`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from yinji.containers.model import State
from yinji.errors import Malformed, MissingExtra, UsageError, YinjiError
from yinji.operations.carry import carry
from yinji.operations.read import read
from yinji.operations.written import Written
from yinji.texts import Text

PARTIAL: Final = 5
"""Exit code when some outputs could not carry the label, as for every batch of ``yinji``."""

_FLAG: Final = re.compile(
    r"(?:no)?(?:y|n|hide_banner|stdin|stats|shortest|vn|an|sn|dn|re|copyts|start_at_zero|accurate_seek|"
    r"seek_timestamp|bitexact|xerror|ignore_unknown|copy_unknown|recast_media|autorotate|autoscale|"
    r"fix_sub_duration|find_stream_info|debug_ts|benchmark|benchmark_all|dump|hex|psnr|qphist|vstats|"
    r"report|auto_conversion_filters|force_fps|deinterlace|fix_sub_duration_heartbeat|display_hflip|"
    r"display_vflip|version|L)(?::.*)?"
)
"""Options that take no value (ffmpeg(1)); each may be negated with ``no`` in front."""

_NUMBERED: Final = re.compile(r"%0?(\d*)d")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_CARRIED: Final = Text("标识已带到 {path}", "the label was carried to {path}")
_NOT_CARRIED: Final = Text("标识没有带到 {path}：{why}", "the label was not carried to {path}: {why}")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The files of an ffmpeg command, as they stand there: paths, URLs, patterns, ``-``."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """One file that ffmpeg wrote.

    Attributes:
        path: Its name.
        written: What was carried into it, or None.
        error: Why nothing could be, or None.
    """

    path: str
    written: Written | None
    error: YinjiError | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did.

    Attributes:
        returncode: ffmpeg's own.
        source: The first labelled input, or "" when none is labelled.
        outputs: One entry a file; empty when there was no label to carry, or ffmpeg failed.
    """

    returncode: int
    source: str
    outputs: tuple[Output, ...]

    @property
    def exit_code(self) -> int:
        """The code of ffmpeg if it failed; else 0, the code of the one error, or 5 for some of several."""
        failed = [output.error for output in self.outputs if output.error is not None]
        if self.returncode or not failed:
            return self.returncode
        return failed[0].exit_code if len(self.outputs) == 1 else PARTIAL


def parse(arguments: Sequence[str]) -> CommandLine:
    """Finds inputs and outputs among the arguments of ffmpeg, without the program's name."""
    inputs: list[str] = []
    outputs: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "-i":
            inputs.append(next(rest, ""))
        elif argument == "-" or not argument.startswith("-"):
            outputs.append(argument)
        elif not _FLAG.fullmatch(argument[1:]):
            next(rest, "")
    return CommandLine(tuple(inputs), tuple(outputs))


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    timeout: float | None = None,
    max_memory: int | None = None,
    durable: bool = True,
) -> Result:
    """Runs an ffmpeg command, then carries the label of its first labelled input into every file that it wrote.

    Args:
        command: The program and its arguments. No shell is involved.
        timeout: Seconds that ffmpeg may run.
        max_memory: Bytes of address space that it may use (Linux).
        durable: Wait for the disk when the label is written.

    Returns:
        What happened to each output; one in a format without a place for the label is named with the reason.

    Raises:
        UsageError: No command, or ffmpeg ran longer than ``timeout``; the label was not carried.
        MissingExtra: There is no such program.
        Malformed: An input cannot be read to its end, or its label not be understood. Nothing was run.
    """
    words = [os.fspath(word) for word in command]
    if not words:
        raise UsageError("pipeline-no-command")
    files = parse(words[1:])
    source = _labelled(files.inputs)
    began = time.time()
    returncode = _run(words, timeout, max_memory)
    if returncode or not source:
        return Result(returncode, source, ())
    made = [path for output in files.outputs for path in _written(output, began)]
    return Result(returncode, source, tuple(_carried(source, path, durable) for path in made))


def _local(name: str) -> Path | None:
    """Returns the path that an argument of ffmpeg names, or None for pipes, devices, filters and other protocols."""
    if name.startswith("file:"):
        return Path(name.removeprefix("file:"))
    return None if name in ("", "-") or _SCHEME.match(name) else Path(name)


def _labelled(inputs: Sequence[str]) -> str:
    """Returns the first labelled input.

    Raises:
        Malformed: There may be a label that cannot be told.
    """
    for name in inputs:
        path = _local(name)
        if path is None or not path.is_file():
            continue
        reading = read(path, thorough=True)
        if reading.state is State.LABELLED:
            return str(path)
        if reading.state in (State.MALFORMED, State.UNREADABLE):
            raise Malformed("pipeline-input-unreadable", path=path)
    return ""


def _run(words: list[str], timeout: float | None, max_memory: int | None) -> int:
    import resource

    try:
        process = subprocess.Popen(words)
    except FileNotFoundError:
        raise MissingExtra("pipeline-no-program", name=words[0]) from None
    with process:
        if max_memory is not None:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (max_memory, max_memory))
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise UsageError("pipeline-timeout", name=words[0], seconds=timeout) from None
        except BaseException:
            process.terminate()
            raise


def _written(output: str, began: float) -> Iterator[str]:
    """Yields the files behind an output: a pattern as ``frame-%03d.png`` stands for those that this run wrote."""
    path = _local(output)
    if path is None or path.is_file() or not _NUMBERED.search(path.name):
        yield output if path is None else str(path)
        return
    before, after = _NUMBERED.split(path.name)[0], _NUMBERED.split(path.name)[-1]
    name = re.compile(re.escape(before) + r"\d+" + re.escape(after))
    for made in sorted(path.parent.iterdir()):
        if name.fullmatch(made.name) and made.stat().st_mtime >= began - 2:
            yield str(made)


def _carried(source: str, output: str, durable: bool) -> Output:
    try:
        if _local(output) is None:
            raise UsageError("pipeline-not-a-file", name=output)
        return Output(output, carry(source, output, durable=durable), None)
    except YinjiError as error:
        return Output(output, None, error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs ffmpeg with the given arguments, or those of the command line, and returns the exit code."""
    try:
        result = run(["ffmpeg", *(sys.argv[1:] if arguments is None else arguments)])
    except YinjiError as error:
        _tell(error.text)
        _tell(error.advice)
        return error.exit_code
    for output in result.outputs:
        if output.error is None:
            _tell(_CARRIED.format(path=output.path))
        else:
            why = output.error.text
            _tell(
                Text(
                    _NOT_CARRIED.zh.format(path=output.path, why=why.zh),
                    _NOT_CARRIED.en.format(path=output.path, why=why.en),
                )
            )
    return result.exit_code


def _tell(text: Text) -> None:
    language = next(
        (os.environ[name] for name in ("YINJI_LANG", "LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "en"
    )
    if words := text.pick(language):
        print(f"yinji: {words}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
