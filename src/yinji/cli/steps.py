"""What a write did, step by step, as people want to see it in a terminal."""

from __future__ import annotations

from typing import Any, Final

import click

from yinji.cli.language import say
from yinji.operations.written import Step, Written
from yinji.regimes.places import place_named


def written(result: Written) -> str:
    """Describes what a write did, step by step."""
    lines = [click.style(result.path, bold=True) + f"  {result.format.upper()}"]
    lines += [f"  {described(step)}" for step in result.steps]
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


def described(step: Step) -> str:
    """Returns one step in words."""
    return _WORDS[step.name](step.detail)


def _perceptible(detail: dict[str, Any]) -> str:
    if detail["mark"] == "audio":
        return _audible(detail)
    place = place_named(detail["place"])
    words = say(f"显式标识“{detail['words']}”，{place.zh.strip()}", f"Visible label “{detail['words']}” {place.en}")
    if detail["detail"].get("already") is True:
        words += say("（已在画面中，未再画）", " (was there already, not drawn again)")
    if detail["detail"].get("signed"):
        words += say(
            "；文档已签名，标识写成批注，签名仍然有效（有的验证工具会提示签名后有改动）",
            "; as annotations, since the document is signed: its signature stays valid, though some validators point "
            "out that something was added after it",
        )
    if not detail["ink_height"]:
        return words
    words += say(
        f"，字高 {detail['ink_height']} 像素（应不小于 {detail['needed_height']}），对比度 {detail['contrast']}:1",
        f", ink {detail['ink_height']} px high (needs {detail['needed_height']}), contrast {detail['contrast']}:1",
    )
    return words + _on_screen(detail) if detail["mark"] == "video" else words


def _on_screen(drawn: dict[str, Any]) -> str:
    """When and how long the label of a video is seen, and how much of the video was encoded again for it."""
    labels = drawn["detail"]["labels"]
    seconds = f"{drawn['detail']['seconds']:g}"
    shown = say(f"，显示 {seconds} 秒", f", for {seconds} s")
    if len(labels) > 1 or labels[0]["from"]:
        times = "、".join(f"{label['from']:g}" for label in labels[:_MOST_TIMES])
        more = "……" if len(labels) > _MOST_TIMES else ""
        shown = say(
            f"，从第 {times}{more} 秒起，每次至少 {seconds} 秒",
            f", from {times.replace('、', ', ')}{more and ', …'} s, for {seconds} s or more",
        )
    if drawn["detail"].get("already"):
        return shown + say("；文件的画面未改动", "; no frame was changed")
    if drawn["method"] == "smart-render":
        return shown + say("；其余画面原样复制", "; all other frames copied")
    return shown + say("；画面全部重新编码", "; all frames encoded again")


def _metadata(detail: dict[str, Any]) -> str:
    if detail.get("already"):
        return say("目标文件已有同样的标识，未改动", "The same label was there already; nothing changed")
    if not detail["carrier"]:
        return say("这种格式没有存放元数据标识的位置", "This format has no place for a metadata label")
    clause = f" ({detail['clause']})"
    if not detail.get("clause"):
        clause = say("（位置由我们选定，标准没有规定）", " (our own place; no standard names one)")
    return say(f"元数据标识写入 {detail['carrier']}{clause}", f"Metadata label in {detail['carrier']}{clause}")


def _credentials(_: dict[str, Any]) -> str:
    return say(
        "文件中的 C2PA 凭证不再成立：它的签名覆盖了写入前的内容，请重新签名",
        "The C2PA manifest in the file no longer verifies, since it covers what was there before; sign again",
    )


def _blanked(detail: dict[str, Any]) -> str:
    offsets = ", ".join(f"{offset:,}" for offset in detail["offsets"])
    words = say(
        f"注意：文件里原有的标识像是被抹去过（字节 {offsets}）。请弄清是谁、为什么抹去的",
        f"Note: a label seems to have been blanked in the file before (byte {offsets}). Find out by whom, and why",
    )
    return click.style(words, fg="yellow", bold=True)


def _several(detail: dict[str, Any]) -> str:
    return say(
        f"源文件有 {detail['count']} 个标识，带过去的是第一个能读懂的（{detail['carrier']}，{detail['offset']:,}）",
        f"The source holds {detail['count']} labels; the first that can be understood was carried "
        f"({detail['carrier']}, {detail['offset']:,})",
    )


_MOST_TIMES: Final = 8
_METHODS: Final = {
    "spliced": say("原有声音未改动", "the sound itself is unchanged"),
    "lossless re-encode": say("声音无损地重新编码", "the sound was encoded anew without loss"),
    "full re-encode": say("声音全部重新编码", "all of the sound was encoded anew"),
}


_NOTES: Final = {
    "ogg-chained": say(
        "标识与内容是前后相接的几个 Ogg 流，有些播放器显示的时长会不准",
        "label and content are Ogg streams one after the other; some players tell the length wrongly",
    ),
    "bext-time-moved": say("bext 的起始时间已相应提前", "the time reference of bext was moved back accordingly"),
    "bext-time-at-zero": say(
        "bext 的起始时间不能早于零，内容因此晚了",
        "the time reference of bext stops at zero: the content is later",
    ),
    "shorter-than-stated": say(
        "文件比它自己声明的短，可能不完整", "the file is shorter than it says itself; it may be cut short"
    ),
}


def _audible(drawn: dict[str, Any]) -> str:
    """Where the label is heard, how loud, and what became of the sound beside it."""
    words, detail = drawn["words"], drawn["detail"]
    name = say(f"节奏标识“{words}”", f"Rhythm “{words}”")
    if detail["form"] == "speech":
        name = say(f"语音标识“{words}”", f"Spoken label “{words}”")
    if detail["already"]:
        return say(f"声音里已有{name}，未改动", f"{name} was there already; the sound is unchanged")
    places = [
        say(
            f"第 {label['from']:g} 秒起 {label['seconds']:g} 秒，{label['level']:g} dBFS",
            f"{label['seconds']:g} s from {label['from']:g} s, {label['level']:g} dBFS",
        )
        for label in detail["labels"]
    ]
    kept = _METHODS.get(drawn["method"], drawn["method"])
    rest = (kept, *(_NOTES.get(note, note) for note in detail["notes"]))
    return say(f"{name}：{'；'.join((*places, *rest))}", f"{name}: {'; '.join((*places, *rest))}")


def _sidecar(detail: dict[str, Any]) -> str:
    return say(
        f"元数据标识写在旁边的 {detail['path']} 中，请与文件一起保存和传送",
        f"Metadata label beside it in {detail['path']}: keep and send the two together",
    )


def _from_sidecar(detail: dict[str, Any]) -> str:
    return say(f"标识取自旁边的 {detail['path']}", f"Label taken from {detail['path']} beside the source")


_WORDS: Final = {
    "perceptible": _perceptible,
    "metadata": _metadata,
    "credentials": _credentials,
    "blanked": _blanked,
    "several": _several,
    "sidecar": _sidecar,
    "from-sidecar": _from_sidecar,
}
