"""Readings, reports and results as people want to see them in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import click

from yinji.cli.language import pick, say
from yinji.containers.model import Found, Reading, State
from yinji.labels.codes import check_code
from yinji.labels.problem import Problem, Severity
from yinji.regimes.base import Outcome, Tier
from yinji.regimes.citations import cite

if TYPE_CHECKING:  # what makes these costs half of the time that reading a label takes from the command line
    from yinji.operations.conform import Conformance
    from yinji.operations.report import Report
    from yinji.operations.sidecar import Beside

_STATES: Final = {
    State.LABELLED: say("有标识", "labelled"),
    State.UNLABELLED: say("没有发现标识", "no label found"),
    State.MALFORMED: say("无法判断：内容有损坏", "cannot tell: damaged"),
    State.UNREADABLE: say("无法判断：读不出来", "cannot tell: unreadable"),
    State.UNSUPPORTED: say("无法判断：不支持的格式", "cannot tell: unsupported format"),
}
_FIELDS: Final = {
    "Label": say("生成合成", "AI-generated"),
    "ContentProducer": say("生成者", "producer"),
    "ProduceID": say("生成编号", "production id"),
    "ReservedCode1": say("生成者预留", "producer's reserve"),
    "ContentPropagator": say("传播者", "propagator"),
    "PropagateID": say("传播编号", "propagation id"),
    "ReservedCode2": say("传播者预留", "propagator's reserve"),
}
_LABEL_WORDS: Final = {"1": say("属于", "is"), "2": say("可能为", "may be"), "3": say("疑似", "suspected")}
_SEALS: Final = {
    Tier.CONFIRMED: say("属于", "AI"),
    Tier.POSSIBLE: say("可能", "AI?"),
    Tier.SUSPECTED: say("疑似", "AI??"),
    Tier.NONE: say("未见", "none found"),
}
_OUTCOMES: Final = {
    Outcome.PASS: ("✓", "green"),
    Outcome.FAIL: ("✗", "red"),
    Outcome.WARN: ("!", "yellow"),
    Outcome.CANNOT_TELL: ("?", "yellow"),
    Outcome.NOT_APPLICABLE: ("–", None),
}
_SHOWN: Final = 72


def width(text: str) -> int:
    """Returns the columns that text takes in a terminal: two for wide characters."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, columns: int) -> str:
    """Fills text with spaces up to a number of terminal columns."""
    return text + " " * max(0, columns - width(text))


def clip(text: str) -> str:
    """Makes a value safe and short enough for one terminal line."""
    printable = "".join(c if c.isprintable() else "�" for c in text)
    return printable if len(printable) <= _SHOWN else printable[: _SHOWN - 1] + "…"


def reading(name: str, read: Reading) -> str:
    """Describes a reading."""
    return "\n".join(_reading_lines(name, read))


def _reading_lines(name: str, read: Reading) -> Iterator[str]:
    colour = {State.LABELLED: "green", State.UNLABELLED: None}.get(read.state, "yellow")
    state = click.style(_STATES[read.state], fg=colour, bold=True)
    yield f"{click.style(clip(name), bold=True)}  {read.format.upper()}  {state}"
    for found in read.found:
        yield from _found_lines(found)
    for record in read.other:
        yield "  " + say("另有记录", "another record") + f": {record.scheme} ({record.carrier}, {record.start:,})"
        yield from (f"    {key}: {clip(str(value))}" for key, value in record.fields.items())
    yield from _problem_lines(read.problems)
    if read.state is State.UNLABELLED:
        yield "  " + say("没有标识，不能证明由人创作。", "No label is no proof that people made it.")


def sidecar(there: Beside) -> str:
    """Describes the label in a file of its own beside one that has no place for it."""
    label = there.label
    if label is None:
        said = say("读不懂其中的标识", "the label in it cannot be understood")
    elif not there.belongs:
        said = say("说的是另外的内容：文件在那之后改过", "speaks of other content: the file has changed since")
    else:
        said = f"Label {label.label}, {label.producer} · {label.produce_id}, {label.propagator} · {label.propagate_id}"
    return "  " + say(f"旁注文件 {there.path}：{said}", f"Sidecar {there.path}: {said}")


def _found_lines(found: Found) -> Iterator[str]:
    if found.label is None:
        yield f"  {clip(found.text)}"
    else:
        names = max(width(words) for words in _FIELDS.values())
        for key, value in found.label.items():
            shown = clip(value) if value else click.style(say("（空）", "(empty)"), dim=True)
            yield f"  {pad(key, 18)}{click.style(pad(_FIELDS[key], names + 2), dim=True)}{shown}{_remark(key, value)}"
    place = say("位置", "at")
    yield click.style(f"  {place} {found.carrier} ({found.shape}), {found.start:,}–{found.stop:,}", dim=True)
    yield from _problem_lines(found.problems)


def _remark(key: str, value: str) -> str:
    if key == "Label" and value in _LABEL_WORDS:
        return click.style(f"  {_LABEL_WORDS[value]}", dim=True)
    if key in ("ContentProducer", "ContentPropagator") and value:
        kind = check_code(value).kind
        return click.style(
            "  " + {"name": say("名称", "a name")}.get(kind, say("自称，未核实", "self-declared")), dim=True
        )
    return ""


def _problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    colours = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: None}
    for problem in problems:
        rule = f" [{problem.rule}]" if problem.rule else ""
        yield "  " + click.style(f"• {pick(problem.text)}{rule}", fg=colours[problem.severity])


def report(checked: Report) -> str:
    """Describes a report: the verdict first, then why, then the file."""
    return "\n".join(_report_lines(checked))


def _report_lines(checked: Report) -> Iterator[str]:
    verdict = checked.verdict
    seal = click.style(f" {_SEALS[verdict.tier]} ", reverse=verdict.tier is not Tier.NONE, bold=True)
    notice = pick(verdict.notice) or say("没有发现标识或痕迹", "No label or trace was found")
    if checked.reading.state in (State.MALFORMED, State.UNREADABLE, State.UNSUPPORTED) and verdict.tier is Tier.NONE:
        notice = _STATES[checked.reading.state]
    yield f"{seal} {click.style(notice, bold=True)}"
    for reason in verdict.reasons:
        yield f"  {pick(reason.text)}  {click.style(f'{reason.rule} · {pick(cite(reason.article))}', dim=True)}"
    for number, evidence in enumerate(checked.evidence, 1):
        yield f"  {number}. {pick(evidence.summary)}  {click.style(f'{evidence.detector}', dim=True)}"
    yield from _reading_lines(checked.path, checked.reading)
    if checked.sidecar is not None:
        yield sidecar(checked.sidecar)
    yield click.style(f"  {say('规则', 'rules')} {verdict.regime} {verdict.regime_version}", dim=True)


def _state(result: Conformance) -> str:
    there = result.sidecar
    is_said = there is not None and there.label is not None and there.belongs
    return say("旁注文件中有标识", "labelled in a sidecar") if is_said else _STATES[result.reading.state]


def conformance(result: Conformance) -> str:
    """Describes a conformance report, one line a rule."""
    counts = {outcome: sum(f.outcome is outcome for f in result.findings) for outcome in Outcome}
    lines = [f"{click.style(clip(result.path), bold=True)}  {result.reading.format.upper()}  {_state(result)}"]
    lines += [sidecar(result.sidecar)] if result.sidecar else []
    for finding in result.findings:
        sign, colour = _OUTCOMES[finding.outcome]
        lines.append(f"  {click.style(sign, fg=colour)} {pad(finding.rule, 5)}{pick(finding.text)}")
    if result.conforms:
        answer = say("合规", "conforms")
    elif counts[Outcome.FAIL]:
        answer = say("不合规", "does not conform")
    else:
        answer = say("不能认定合规", "not shown to conform")
    lines.append(
        say(
            f"  {answer}：通过 {counts[Outcome.PASS]}，不符 {counts[Outcome.FAIL]}，提醒 {counts[Outcome.WARN]}，"
            f"无法判断 {counts[Outcome.CANNOT_TELL]}（{result.regime} {result.regime_version}）",
            f"  {answer}: {counts[Outcome.PASS]} passed, {counts[Outcome.FAIL]} failed, {counts[Outcome.WARN]} warned, "
            f"{counts[Outcome.CANNOT_TELL]} undecided ({result.regime} {result.regime_version})",
        )
    )
    return "\n".join(lines)
