"""Readings, reports and results as people want to see them in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click

from yinji.cli.language import pick, say
from yinji.containers.model import Found, Reading, State
from yinji.labels.codes import check_code
from yinji.labels.problem import Problem, Severity
from yinji.operations.conform import Conformance
from yinji.operations.report import Report
from yinji.operations.written import Step, Written
from yinji.regimes.base import Outcome, Tier

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
        yield f"  {pick(reason.text)}  {click.style(f'{reason.rule} · {reason.article}', dim=True)}"
    for number, evidence in enumerate(checked.evidence, 1):
        yield f"  {number}. {pick(evidence.summary)}  {click.style(f'{evidence.detector}', dim=True)}"
    yield from _reading_lines(checked.path, checked.reading)
    yield click.style(f"  {say('规则', 'rules')} {verdict.regime} {verdict.regime_version}", dim=True)


def conformance(result: Conformance) -> str:
    """Describes a conformance report, one line a rule."""
    counts = {outcome: sum(f.outcome is outcome for f in result.findings) for outcome in Outcome}
    lines = [
        f"{click.style(clip(result.path), bold=True)}  {result.reading.format.upper()}  {_STATES[result.reading.state]}"
    ]
    for finding in result.findings:
        sign, colour = _OUTCOMES[finding.outcome]
        lines.append(f"  {click.style(sign, fg=colour)} {pad(finding.rule, 5)}{pick(finding.text)}")
    answer = say("合规", "conforms") if result.conforms else say("不合规", "does not conform")
    lines.append(
        say(
            f"  {answer}：通过 {counts[Outcome.PASS]}，不符 {counts[Outcome.FAIL]}，提醒 {counts[Outcome.WARN]}，"
            f"无法判断 {counts[Outcome.CANNOT_TELL]}（{result.regime} {result.regime_version}）",
            f"  {answer}: {counts[Outcome.PASS]} passed, {counts[Outcome.FAIL]} failed, {counts[Outcome.WARN]} warned, "
            f"{counts[Outcome.CANNOT_TELL]} undecided ({result.regime} {result.regime_version})",
        )
    )
    return "\n".join(lines)


def written(result: Written) -> str:
    """Describes what a write did, step by step."""
    lines = [click.style(result.path, bold=True) + f"  {result.format.upper()}"]
    lines += [f"  {_step(step)}" for step in result.steps]
    if result.dry_run:
        lines.append("  " + say("试运行：没有写任何文件。", "Dry run: nothing was written."))
    else:
        lines.append(
            "  "
            + say(
                f"回读一致。{result.size_before:,} → {result.size_after:,} 字节。",
                f"Read back and equal. {result.size_before:,} → {result.size_after:,} bytes.",
            )
        )
    return "\n".join(lines)


def _step(step: Step) -> str:
    detail: dict[str, Any] = step.detail
    if step.name == "perceptible" and detail["ink_height"]:
        return say(
            f"显式标识“{detail['words']}”，{detail['place']}，字高 {detail['ink_height']} 像素"
            f"（应不小于 {detail['needed_height']}），对比度 {detail['contrast']}:1",
            f"Visible label “{detail['words']}”, {detail['place']}, ink {detail['ink_height']} px high "
            f"(needs {detail['needed_height']}), contrast {detail['contrast']}:1",
        )
    if step.name == "perceptible" and detail["mark"] == "audio":
        return _audible(detail)
    if step.name == "perceptible":
        return say(
            f"显式标识“{detail['words']}”，{detail['place']}", f"Visible label “{detail['words']}”, {detail['place']}"
        )
    if step.name == "credentials":
        return say(
            "文件中的 C2PA 凭证不再成立：它的签名覆盖了写入前的内容，请重新签名",
            "The C2PA manifest in the file no longer verifies, since it covers what was there before; sign again",
        )
    if step.name == "several":
        return say(
            f"源文件有 {detail['count']} 个标识，带过去的是第一个能读懂的（{detail['carrier']}，{detail['offset']:,}）",
            f"The source holds {detail['count']} labels; the first that can be understood was carried "
            f"({detail['carrier']}, {detail['offset']:,})",
        )
    if detail.get("already"):
        return say("目标文件已有同样的标识，未改动", "The same label was there already; nothing changed")
    if not detail["carrier"]:
        return say("这种格式没有存放元数据标识的位置", "This format has no place for a metadata label")
    clause = f" ({detail['clause']})" if detail.get("clause") else ""
    return say(f"元数据标识写入 {detail['carrier']}{clause}", f"Metadata label in {detail['carrier']}{clause}")


_METHODS: Final = {
    "spliced": say("原有声音未改动", "the sound itself is unchanged"),
    "lossless re-encode": say("声音无损地重新编码", "the sound was encoded anew without loss"),
    "full re-encode": say("声音全部重新编码", "all of the sound was encoded anew"),
}


def _audible(drawn: dict[str, Any]) -> str:
    """Where the rhythm is heard, how loud, and what became of the sound beside it."""
    words, detail = drawn["words"], drawn["detail"]
    if detail["already"]:
        return say(
            f"声音里已有节奏标识“{words}”，未改动", f"The rhythm “{words}” was there already; the sound is unchanged"
        )
    places = [
        say(
            f"第 {r['from']:g} 秒起 {r['seconds']:g} 秒，{r['level']:g} dBFS",
            f"{r['seconds']:g} s from {r['from']:g} s, {r['level']:g} dBFS",
        )
        for r in detail["rhythms"]
    ]
    kept = _METHODS.get(drawn["method"], drawn["method"])
    return say(f"节奏标识“{words}”：{'；'.join(places)}；{kept}", f"Rhythm “{words}”: {'; '.join(places)}; {kept}")
