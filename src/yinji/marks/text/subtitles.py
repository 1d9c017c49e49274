"""The label in subtitles (GB 45438-2025 5.1): a line of its own, on screen before the first words or after the last.

It is shown for at least two seconds. Where words are spoken sooner it stands above them (WebVTT, SubStation), or is
stacked with them by the player (SubRip, which knows no places).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, ClassVar, Final, NamedTuple

from yinji.errors import Malformed
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.parts import Wish
from yinji.marks.text.encoding import decoded, encoded, read

_SRT: Final = "application/x-subrip"
_VTT: Final = "text/vtt"
_ASS: Final = "text/x-ssa"
_SHORTEST: Final = 2.0
_LONGEST: Final = 4.0
_TIME: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES: Final = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}([^\r\n]*)")
_NEWLINE: Final = re.compile(r"\r\n|\n|\r")
_BLOCK: Final = re.compile(r"(?>\r\n|\n|\r)(?:[ \t]*(?>\r\n|\n|\r))+")
_TAGS: Final = re.compile(r"<[^<>]*>|\{[^{}]*\}")
_EVENTS: Final = re.compile(r"^\[Events\][ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_FIELDS: Final = re.compile(r"^Format:([^\r\n]*)(?:\r\n|\n|\r|$)", re.MULTILINE)
_DIALOGUE: Final = re.compile(r"^Dialogue:[ \t]*([^\r\n]*)", re.MULTILINE)
_STYLE: Final = re.compile(r"^Style:[ \t]*([^,\r\n]*),", re.MULTILINE)
_LOOK: Final = r"{\an8\alpha&H00&\1c&HFFFFFF&\3c&H000000&\bord2}"
"""Above everything, opaque, light with a dark rim."""


class Cue(NamedTuple):
    """One subtitle: from and until which second, what it says, and where it stands in the file."""

    start: float
    end: float
    said: str
    at: int


class SubtitleMark:
    """Adds one subtitle; every other byte stays."""

    name: ClassVar[str] = "subtitles"
    media_types: ClassVar[frozenset[str]] = frozenset({_SRT, _VTT, _ASS})
    places: ClassVar[tuple[str, ...]] = ("start", "end")

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`. Subtitles that say the words already stay as they are."""
        wish = Wish.of(request, self.places)
        name = str(getattr(original, "name", "") or "")
        data = read(original)
        mark, encoding, text = decoded(data, name)
        cues = list(_cues(text, request.media_type, name))
        there = _there(cues, wish)
        if there is not None:
            marked.write(data)
            return self._drawn(wish, there, already=True)
        start, end = _when(cues, wish.place, request.min_seconds)
        at, line = _line(text, cues, wish, request.media_type, start, end)
        split = len(mark) + len(text[:at].encode(encoding))
        marked.write(data[:split] + encoded(line, encoding, wish.words, name) + data[split:])
        return self._drawn(wish, Cue(start, end, wish.words, at))

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`."""
        wish = Wish.of(request, self.places)
        name = str(getattr(content, "name", "") or "")
        cues = list(_cues(decoded(read(content), name)[2], request.media_type, name))
        for place in (wish.place,) if request.place else self.places:
            there = _there(cues, wish._replace(place=place))
            if there is not None:
                return self._drawn(wish._replace(place=place), there)
        return None

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        yield MarkExample("srt", "1\n00:00:03,000 --> 00:00:05,000\n一句话\n".encode(), _SRT)
        yield MarkExample("vtt", "WEBVTT\n\n00:03.000 --> 00:05.000\n一句话\n".encode(), _VTT)
        events = "[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:03.00,0:00:05.00,Default,一句话\n"
        yield MarkExample("ass", f"[Script Info]\n\n{events}".encode(), _ASS)

    def _drawn(self, wish: Wish, cue: Cue, *, already: bool = False) -> Drawn:
        detail = {"from_second": cue.start, "seconds": round(cue.end - cue.start, 3)}
        return Drawn(
            self.name,
            wish.words,
            wish.place,
            "text",
            detail=detail | wish.form() | ({"already": True} if already else {}),
        )


def _there(cues: list[Cue], wish: Wish) -> Cue | None:
    """Returns the subtitle that says the words at the start, or the end, for long enough."""
    if not cues:
        return None
    edge = min(c.start for c in cues) if wish.place == "start" else max(c.end for c in cues)
    for cue in cues:
        at_edge = (cue.start if wish.place == "start" else cue.end) == edge
        if at_edge and cue.said == wish.words and cue.end - cue.start >= _SHORTEST:
            return cue
    return None


def _when(cues: list[Cue], place: str, least: float) -> tuple[float, float]:
    """Returns from and until when the label is shown: up to the first words, but for no less than it must."""
    least = max(least, _SHORTEST)
    if place == "end":
        last = max((cue.end for cue in cues), default=0.0)
        return last, last + max(least, _LONGEST)
    first = min((cue.start for cue in cues), default=_LONGEST)
    return 0.0, max(least, min(first, max(least, _LONGEST)))


def _cues(text: str, kind: str, name: str) -> Iterator[Cue]:
    """Yields the subtitles in the order of the file.

    Raises:
        Malformed: It is no file of this kind.
    """
    if kind == _ASS:
        yield from _events(text, name)
        return
    if kind == _VTT and not re.match(r"WEBVTT(?:[ \t\r\n]|$)", text):
        raise Malformed("subtitles", path=name, kind="WebVTT")
    at = 0
    found = False
    for block in (*(m.span() for m in _BLOCK.finditer(text)), (len(text), len(text))):
        start, stop = at, block[0]
        at = block[1]
        times = _TIMES.search(text, start, stop)
        if times is not None and not text[start : times.start()].startswith(("NOTE", "STYLE", "REGION")):
            found = True
            said = _NEWLINE.sub(" ", text[times.end() : stop]).strip()
            yield Cue(_seconds(times, 1), _seconds(times, 5), _plain(said, kind), start)
    if kind == _SRT and not found and text.strip("\ufeff \t\r\n"):
        raise Malformed("subtitles", path=name, kind="SubRip")


def _events(text: str, name: str) -> Iterator[Cue]:
    fields, at = _fields(text, name)
    for line in _DIALOGUE.finditer(text, at):
        values = line[1].split(",", len(fields) - 1)
        told = dict(zip(fields, values, strict=False))
        start, end = (re.fullmatch(_TIME, told.get(key, "").strip()) for key in ("start", "end"))
        if start is not None and end is not None:
            said = told.get("text", "").replace(r"\N", " ").replace(r"\n", " ")
            yield Cue(_seconds(start, 1), _seconds(end, 1), _plain(said, _ASS), line.start())


def _fields(text: str, name: str) -> tuple[list[str], int]:
    """Returns the names of the fields of an event, in order, and where the events begin."""
    events = _EVENTS.search(text)
    fields = _FIELDS.search(text, events.end()) if events is not None else None
    if fields is None:
        raise Malformed("subtitles", path=name, kind="SubStation Alpha")
    return [field.strip().lower() for field in fields[1].split(",")], fields.end()


def _plain(said: str, kind: str) -> str:
    plain = " ".join(_TAGS.sub("", said).split())
    return html.unescape(plain) if kind == _VTT else plain


def _seconds(match: re.Match[str], group: int) -> float:
    hours, minutes, seconds, rest = (match[group + i] or "0" for i in range(4))
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{rest}")


def _line(text: str, cues: list[Cue], wish: Wish, kind: str, start: float, end: float) -> tuple[int, str]:
    """Returns where the label goes in the file, and what is put there."""
    found = _NEWLINE.search(text)
    newline = found[0] if found else "\n"
    if kind == _ASS:
        return _event(text, wish, start, end, newline)
    if kind == _VTT:
        words = html.escape(wish.words, quote=False)
        lines = f"{_time(start, '.')} --> {_time(end, '.')} line:0{newline}{words}{newline}"
    else:
        number = "0" if wish.place == "start" else str(len(cues) + 1)
        lines = f"{number}{newline}{_time(start, ',')} --> {_time(end, ',')}{newline}{wish.words}{newline}"
    if wish.place == "start" and cues:
        return cues[0].at, lines + newline
    behind = len(text.rstrip("\r\n"))
    if not text.strip():
        return len(text), lines
    ends = text[behind:]
    lead = newline * max(0, 2 - len(_NEWLINE.findall(ends)))
    return len(text), lead + lines


def _event(text: str, wish: Wish, start: float, end: float, newline: str) -> tuple[int, str]:
    fields, at = _fields(text, "")
    styles = _STYLE.findall(text)
    style = "Default" if "Default" in styles or not styles else styles[0]
    values = {"layer": "99", "marked": "Marked=0", "start": _time(start, "ass"), "end": _time(end, "ass")}
    values |= {"style": style, "marginl": "0", "marginr": "0", "marginv": "0", "text": _LOOK + wish.words}
    line = "Dialogue: " + ",".join(values.get(field, "") for field in fields)
    lead = "" if text[:at].endswith(("\n", "\r")) else newline
    if wish.place == "start":
        return at, lead + line + newline
    last = max((m.end() for m in _DIALOGUE.finditer(text, at)), default=at)
    following = _NEWLINE.match(text, last)
    if last == at:
        return at, lead + line + newline
    return (following.end(), line + newline) if following else (last, newline + line)


def _time(seconds: float, style: str) -> str:
    thousandths = round(seconds * 1000)
    hours, rest = divmod(thousandths, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, rest = divmod(rest, 1000)
    if style == "ass":
        return f"{hours}:{minutes:02}:{whole:02}.{rest // 10:02}"
    return f"{hours:02}:{minutes:02}:{whole:02}{style}{rest:03}"
