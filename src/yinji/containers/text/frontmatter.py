"""The mapping ``AIGC:`` of YAML front matter, read and written without a YAML library (TC260-PG-20258A 6.5, R60).

Only this one mapping is understood: seven scalars, in block or flow style. All other YAML is copied, never parsed.
Positions are characters of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from yinji.labels.aigc import KEYS, AigcLabel
from yinji.labels.decode import Decoded, decode, decode_mapping
from yinji.labels.problem import Problem, Severity
from yinji.labels.spellings import meaning

MAX_RECORD: Final = 1 << 20
"""Characters of one mapping."""

_LINE_START: Final = r"(?:^|(?<=\n)|(?<=\r)(?!\n))"
_LINE: Final = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_OPENING: Final = re.compile(r"---[ \t]*(?:\r\n|\n|\r)")
_CLOSING: Final = re.compile(_LINE_START + r"(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r|\Z)")
_ENTRY: Final = re.compile(_LINE_START + r"""([ \t]*)(["']?)AIGC\2[ \t]*([:=])(?=[ \t\r\n{"']|\Z)[ \t]*""")
_TABLE: Final = re.compile(_LINE_START + r"[ \t]*\[AIGC\][ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")
_KEY_LINE: Final = re.compile(
    r"""([ \t]*)(?:"[^"\r\n]*"[ \t]*+|'[^'\r\n]*'[ \t]*+|[^\s"'#\-\[\]{},&*!|>%@`?](?:[^\r\n:]|:(?=[^ \t\r\n]))*+)"""
    r""":(?=[ \t\r\n]|\Z)"""
)
_PAIR: Final = re.compile(
    r"""[ \t]*(?:-[ \t]+)?(?:"([^"\r\n]*)"|'([^'\r\n]*)'|([^\s"'#{}\[\],:=][^\s:=]*))"""
    r"""[ \t]*[:=](?=[ \t\r\n"']|\Z)[ \t]*"""
)
_SINGLE: Final = re.compile(r"'((?:[^']|'')*+)'")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_FLOW_KEY: Final = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.)*+)"|'((?:[^']|'')*+)'|([^\s"'{}\[\],:][^\s{}\[\],:]*))\s*:(?=\s|["'{\[])\s*"""
)
_FLOW_PLAIN: Final = re.compile(r"[^,}\r\n]*+")
_FLOW_TOKEN: Final = re.compile(r"""'(?:[^']|'')*+'|"(?:[^"\\]|\\.)*+"|[{}\[\]]|[^'"{}\[\]]++""", re.DOTALL)
_FOLD: Final = re.compile(r"(?<![ \t])[ \t]*(\r\n|\n|\r)[ \t]*((?:(?:\r\n|\n|\r)[ \t]*)*)")
_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(\r\n|\n|\r)[ \t]*|(.))", re.DOTALL
)
_ESCAPED: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", "N": "\x85",
    "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
OWN: Final = re.compile(
    r"[ ]{0,8}AIGC:(?:\r\n|\n)" + "".join(rf"[ ]{{2,10}}{key}: '([!-&(-~]*)'(?:\r\n|\n)" for key in KEYS)
)
"""A record as :func:`entry` writes it, of printable ASCII without quotes: one match says what the slow way says."""

_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_NUMBER: Final = re.compile(r"[+-]?\d{1,18}")
_TYPED: Final = re.compile(r"[-+.\d][-+.,:\d_eExXoOa-fA-F]*|true|false|yes|no|on|off|null|~", re.IGNORECASE)
_UNPRINTABLE: Final = re.compile(
    "[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]"
)


class FrontMatter(NamedTuple):
    """A block between ``---`` lines; ``content`` to ``end`` is what stands between them, ``stop`` is behind it."""

    start: int
    content: int
    end: int
    stop: int


class Plain(str):
    """A scalar without quotes: YAML may take it for a number or a date."""

    __slots__ = ()


def front_matter(text: str, at: int = 0) -> FrontMatter | None:
    """Returns the front matter that starts at ``at``, or None when no closing line follows."""
    opening = _OPENING.match(text, at)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    return FrontMatter(at, opening.end(), closing.start(), closing.end())


def is_unclosed(text: str) -> bool:
    """Whether front matter begins the text and its closing line is missing: the file was cut."""
    opening = _OPENING.match(text)
    if opening is None or front_matter(text) is not None:
        return False
    return _KEY_LINE.match(first_significant(text, opening.end(), len(text))[1]) is not None


def lines(text: str, at: int, stop: int) -> Iterator[tuple[int, int, str]]:
    """Yields (start, stop with its line end, content) of the lines in a range."""
    while at < stop:
        match = _LINE.match(text, at)
        if match is None or match.end() == at:
            return
        yield at, min(match.end(), stop), match[1]
        at = match.end()


def first_significant(text: str, at: int, stop: int) -> tuple[int, str]:
    """Returns position and content of the first line that is neither blank nor a comment, or ``(stop, "")``."""
    for start, _, content in lines(text, at, stop):
        if content.strip() and not content.lstrip().startswith("#"):
            return start, content
    return stop, ""


def root_indent(text: str, block: FrontMatter) -> str | None:
    """Returns the indentation of the root mapping; None when the root is something else, "" when there is nothing."""
    _, content = first_significant(text, block.content, block.end)
    if not content:
        return ""
    match = _KEY_LINE.match(content)
    return match[1] if match else None


class Record(NamedTuple):
    """One ``AIGC`` entry; ``indent`` is that of its key, ``start`` to ``stop`` are whole lines."""

    start: int
    stop: int
    indent: str


def records(text: str, at: int, stop: int, *, tables: bool = False) -> Iterator[Record]:
    """Yields the ``AIGC`` entries (of TOML: the ``[AIGC]`` tables) whose key line lies in a range."""
    pattern = _TABLE if tables else _ENTRY
    while match := pattern.search(text, at, stop):
        end = _end(text, match, min(stop, match.end() + MAX_RECORD))
        yield Record(match.start(), end, "" if tables else match[1])
        at = max(end, match.end())


def _end(text: str, match: re.Match[str], stop: int) -> int:
    """Returns the position behind the last line that belongs to the entry."""
    at = match.end()
    if match.re is _ENTRY:
        if text[at : at + 1] == "{":
            at = _flow_end(text, at, stop)
        elif quoted := (_SINGLE.match(text, at, stop) or _DOUBLE.match(text, at, stop)):
            at = quoted.end()
        line = _LINE.match(text, at, stop)
        at = line.end() if line else stop
    depth = len(match[1]) if match.re is _ENTRY else -1
    end = at
    for start, line_stop, content in lines(text, at, stop):
        stripped = content.lstrip(" \t")
        if not stripped or start < end:
            continue
        if len(content) - len(stripped) <= depth or (depth < 0 and stripped.startswith("[")):
            break
        end = line_stop
        if depth >= 0 and (pair := _PAIR.match(text, start, stop)):
            end = max(end, _scalar_end(text, pair.end(), stop))
    return end


def _scalar_end(text: str, at: int, stop: int) -> int:
    """Returns the end of the line on which a quoted scalar ends."""
    quoted = _SINGLE.match(text, at, stop) or _DOUBLE.match(text, at, stop)
    line = _LINE.match(text, quoted.end() if quoted else at, stop)
    return line.end() if line else stop


def _flow_end(text: str, at: int, stop: int) -> int:
    """Returns the position behind the bracket that closes the one at ``at``, or of the end of its line."""
    depth, here = 0, at
    while token := _FLOW_TOKEN.match(text, here, stop):
        here = token.end()
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth == 0:
            return here
    line = _LINE.match(text, at, stop)
    return line.end(1) if line else stop


def decode_front_matter(text: str) -> Decoded:
    """Understands the text of one record: a block or flow mapping, or a scalar that holds JSON."""
    if own := OWN.fullmatch(text):
        label = AigcLabel(*own.groups())
        return Decoded(label, "yaml", label.problems(), dict(label.items()))
    return _understood(text)


def _understood(text: str) -> Decoded:
    match = _ENTRY.match(text) or _TABLE.match(text)
    if match is None:
        return decode(text)
    at = match.end()
    if match.re is _ENTRY and text[at : at + 1] == "{":
        return _with_notes(list(_flow_pairs(text[at : _flow_end(text, at, len(text))])))
    if match.re is _ENTRY and text[at : at + 1] in ("'", '"'):
        value, _ = _scalar(text, at, 0)
        return decode(str(value))
    line = _LINE.match(text, at)
    rest = line[1].strip() if line and match.re is _ENTRY else ""
    if rest[:1] in ("|", ">"):
        return decode("".join(part.strip() for part in text[at:].splitlines()[1:]))
    if rest and not rest.startswith("#"):
        return decode(rest)
    return _with_notes(list(_block_pairs(text, line.end() if line and match.re is _ENTRY else at)))


def keys_in(text: str) -> int:
    """Returns how many keys of a label a record has, to tell one from prose that happens to begin with ``AIGC:``."""
    if text.count(":") + text.count("=") <= 1:
        return 0
    return sum(1 for key in decode_front_matter(text).fields if meaning(key))


def _with_notes(pairs: list[tuple[str, object]]) -> Decoded:
    """Adds a warning for unquoted values: a reader of YAML may take them for numbers or dates."""
    typed = [key for key, value in pairs if isinstance(value, Plain) and _TYPED.fullmatch(value)]
    decoded = decode_mapping(pairs, "yaml")
    if not typed:
        return decoded
    note = Problem("front-matter-unquoted", Severity.WARNING, "R60", {"keys": ", ".join(typed)})
    return decoded._replace(problems=(*decoded.problems, note))


def _block_pairs(text: str, at: int) -> Iterator[tuple[str, object]]:
    while at < len(text):
        pair = _PAIR.match(text, at)
        line = _LINE.match(text, at)
        if line is None or line.end() == at:
            return
        if pair is None or pair.end() > line.end():
            at = line.end()
            continue
        key = next(group for group in pair.groups() if group is not None)
        indent = len(line[1]) - len(line[1].lstrip(" \t"))
        value, at = _scalar(text, pair.end(), indent)
        yield key, _typed(key, value)


def _typed(key: str, value: object) -> object:
    """Keeps the scalar's own text, save where the standard has a name for the slip: a numeric Label, an empty value."""
    if not isinstance(value, Plain):
        return value
    if value in _NULLS:
        return None
    return int(value) if key == "Label" and _NUMBER.fullmatch(value) else value


def _scalar(text: str, at: int, indent: int) -> tuple[object, int]:
    """Returns the scalar at ``at`` and the position of the next line."""
    if single := _SINGLE.match(text, at):
        return _folded(single[1]).replace("''", "'"), _next_line(text, single.end())
    if double := _DOUBLE.match(text, at):
        return _unescaped(_folded(double[1])), _next_line(text, double.end())
    line = _LINE.match(text, at)
    rest = line[1] if line else ""
    after = line.end() if line else len(text)
    plain = re.split(r"(?:^|[ \t])#", rest, maxsplit=1)[0].strip()
    if plain and plain[:1] not in "|>":
        return Plain(plain), after
    inner: list[str] = []
    for start, stop, content in lines(text, after, len(text)):
        if content.strip() and len(content) - len(content.lstrip(" \t")) <= indent:
            return (_inner(inner, plain) if inner else Plain("")), start
        inner.append(content.strip())
        after = stop
    return (_inner(inner, plain) if any(inner) else Plain("")), after


def _inner(inner: list[str], style: str) -> object:
    """Returns a block scalar's text, or the lines of a nested mapping as one opaque value."""
    if style:
        return ("\n" if style[0] == "|" else " ").join(inner).strip()
    return {"": "\n".join(inner)} if any(inner) else Plain("")


def _next_line(text: str, at: int) -> int:
    line = _LINE.match(text, at)
    return line.end() if line else len(text)


def _flow_pairs(text: str) -> Iterator[tuple[str, object]]:
    at = 1
    while match := _FLOW_KEY.match(text, at):
        double, single, plain = match.groups()
        key = _unescaped(double) if double is not None else single.replace("''", "'") if single is not None else plain
        at = match.end()
        value: object
        if quoted := _SINGLE.match(text, at):
            value, at = _folded(quoted[1]).replace("''", "'"), quoted.end()
        elif quoted := _DOUBLE.match(text, at):
            value, at = _unescaped(_folded(quoted[1])), quoted.end()
        elif text[at : at + 1] in ("{", "["):
            end = _flow_end(text, at, len(text))
            value, at = {"": text[at:end]}, end
        else:
            bare = _FLOW_PLAIN.match(text, at)
            value, at = (Plain(bare[0].strip()), bare.end()) if bare else (Plain(""), at)
        yield key, _typed(key, value)
        comma = re.compile(r"\s*,").match(text, at)
        if comma is None:
            return
        at = comma.end()


def _folded(body: str) -> str:
    """Folds line breaks of a quoted scalar: one becomes a space, each further one a line feed."""
    if "\n" not in body and "\r" not in body:
        return body

    def fold(match: re.Match[str]) -> str:
        if match.start() and body[match.start() - 1] == "\\":
            return "\n"
        return "\n" * len(re.findall(r"\r\n|\n|\r", match[2])) or " "

    return _FOLD.sub(fold, body)


def _unescaped(body: str) -> str:
    def resolve(match: re.Match[str]) -> str:
        two, four, eight, newline, char = match.groups()
        if newline is not None:
            return ""
        if char is not None:
            return _ESCAPED.get(char, char)
        code = int(two or four or eight, 16)
        return chr(code) if code <= 0x10FFFF else match[0]

    return _ESCAPE.sub(resolve, body) if "\\" in body else body


def entry(label: AigcLabel, indent: str, newline: str) -> str:
    """Returns the lines of the mapping: standard order, every value quoted, so that all YAML readers see strings."""
    rows = [f"{indent}AIGC:", *(f"{indent}  {key}: {_quoted(value)}" for key, value in label.items())]
    return "".join(row + newline for row in rows)


def _quoted(value: str) -> str:
    if not _UNPRINTABLE.search(value):
        return "'" + value.replace("'", "''") + "'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _UNPRINTABLE.sub(lambda m: f"\\U{ord(m[0]):08X}", escaped) + '"'
