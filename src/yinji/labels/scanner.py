"""Reads one object of JSON, or of a Python ``repr``, member by member, without recursion.

The standard library's parser is not enough here: it forgets duplicate keys and the exact text of nested values, and
recurses on hostile nesting. This one keeps both (checklist R64) and walks nested values with an explicit stack.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from yinji.errors import LimitExceeded, Malformed

MAX_DEPTH: Final = 32
MAX_MEMBERS: Final = 256


class Type(StrEnum):
    """The JSON type of a member's value."""

    STRING = "string"
    NUMBER = "number"
    LITERAL = "literal"
    OBJECT = "object"
    ARRAY = "array"


class Member(NamedTuple):
    """One ``key: value`` pair.

    Attributes:
        key: The decoded key.
        type: The type of the value.
        text: A string's decoded content; the exact source text of any other value.
    """

    key: str
    type: Type
    text: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One scanned object.

    Attributes:
        members: Its members in source order, duplicates included.
        stop: Offset behind its closing brace.
        spaced: White space stood between tokens.
        trailing_comma: A comma stood before the closing brace.
    """

    members: tuple[Member, ...]
    stop: int
    spaced: bool
    trailing_comma: bool


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one notation writes strings and words.

    Attributes:
        name: ``json`` or ``repr``.
        pair: The common case in one match: a key and a string value, both without escapes.
        string: One quoted string.
        token: One piece of a nested value: a string, a bracket, or what lies between.
        words: The literals.
        unquote: Decodes a quoted string; raises ValueError.
    """

    name: str
    pair: re.Pattern[str]
    string: re.Pattern[str]
    token: re.Pattern[str]
    words: frozenset[str]
    unquote: Callable[[str], str]


_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD: Final = re.compile(r"[A-Za-z]+")
_DECODER: Final = json.JSONDecoder(strict=False)
_CLOSING: Final = {"{": "}", "[": "]"}


def _unquote_json(token: str) -> str:
    value = _DECODER.decode(token)
    return value if isinstance(value, str) else ""


_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(\n)|(.))", re.DOTALL
)
_NAMED: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f"}


def _unescape(match: re.Match[str]) -> str:
    two, four, eight, octal, newline, other = match.groups()
    if newline:
        return ""
    if other:
        return _NAMED.get(other, match[0])
    code = int(octal, 8) if octal else int(two or four or eight, 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _unquote_repr(token: str) -> str:
    return _ESCAPE.sub(_unescape, token.lstrip("uU")[1:-1])


JSON: Final = Grammar(
    "json",
    re.compile(r'[ \t\n\r]*"([^"\\]*)"[ \t\n\r]*:[ \t\n\r]*"([^"\\]*)"'),
    re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL),
    re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^"\[\]{}]+', re.DOTALL),
    frozenset(("true", "false", "null")),
    _unquote_json,
)
REPR: Final = Grammar(
    "repr",
    re.compile(r"[ \t\n\r]*'([^'\\\n]*)'[ \t\n\r]*:[ \t\n\r]*'([^'\\\n]*)'"),
    re.compile(r"""[uU]?(?:'[^'\\\n]*(?:\\.[^'\\\n]*)*'|"[^"\\\n]*(?:\\.[^"\\\n]*)*")""", re.DOTALL),
    re.compile(r"""'[^'\\\n]*(?:\\.[^'\\\n]*)*'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|[\[\]{}]|[^'"\[\]{}]+""", re.DOTALL),
    frozenset(("True", "False", "None")),
    _unquote_repr,
)


def scan_object(text: str, at: int = 0, grammar: Grammar = JSON) -> Scan:
    """Reads the object that starts at ``text[at]``.

    Args:
        text: The source.
        at: Offset of the opening brace.
        grammar: ``JSON`` or ``REPR``.

    Raises:
        Malformed: The text is no object of the grammar; ``offset`` says where it stops being one.
        LimitExceeded: Nested deeper than ``MAX_DEPTH``, or more than ``MAX_MEMBERS`` members.
    """
    return _Scanner(text, at, grammar).object()


class _Scanner:
    def __init__(self, text: str, at: int, grammar: Grammar) -> None:
        self.text = text
        self.at = at
        self.grammar = grammar
        self.spaced = False

    def object(self) -> Scan:
        start = self.at
        self.expect("{")
        members: list[Member] = []
        while self.peek() != "}":
            if len(members) == MAX_MEMBERS:
                raise LimitExceeded("json-members", offset=start, limit=MAX_MEMBERS)
            members.append(self.member())
            if self.peek() == "}":
                self.at += 1
                return Scan(tuple(members), self.at, self.spaced, trailing_comma=False)
            self.expect(",")
        self.at += 1
        return Scan(tuple(members), self.at, self.spaced, trailing_comma=bool(members))

    def member(self) -> Member:
        if plain := self.grammar.pair.match(self.text, self.at):
            key, value = plain.groups()
            self.at = plain.end()
            self.spaced |= len(plain[0]) != len(key) + len(value) + len('"":""')
            return Member(key, Type.STRING, value)
        self.peek()
        key = self.unquoted(self.string())
        self.peek()
        self.expect(":")
        self.peek()
        type, token = self.value()
        return Member(key, type, self.unquoted(token) if type is Type.STRING else token)

    def peek(self) -> str:
        """Skips white space and returns the next character, or ""."""
        space = _SPACE.match(self.text, self.at)
        if space and space.end() != self.at:
            self.at = space.end()
            self.spaced = True
        return self.text[self.at : self.at + 1]

    def expect(self, mark: str) -> None:
        if self.text[self.at : self.at + 1] != mark:
            raise self.broken(self.at)
        self.at += 1

    def broken(self, offset: int) -> Malformed:
        return Malformed("json-syntax", offset=offset)

    def value(self) -> tuple[Type, str]:
        mark = self.text[self.at : self.at + 1]
        if mark in _CLOSING:
            return (Type.OBJECT if mark == "{" else Type.ARRAY), self.nested()
        if self.grammar.string.match(self.text, self.at):
            return Type.STRING, self.string()
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            return Type.NUMBER, number[0]
        word = _WORD.match(self.text, self.at)
        if word is None or word[0] not in self.grammar.words:
            raise self.broken(self.at)
        self.at = word.end()
        return Type.LITERAL, word[0]

    def string(self) -> str:
        quoted = self.grammar.string.match(self.text, self.at)
        if quoted is None:
            raise self.broken(self.at)
        self.at = quoted.end()
        return quoted[0]

    def unquoted(self, token: str) -> str:
        try:
            return self.grammar.unquote(token)
        except ValueError:
            raise self.broken(self.at - len(token)) from None

    def nested(self) -> str:
        """Returns the exact text of a nested value; its brackets must match, and in JSON it must be valid."""
        start = self.at
        expected: list[str] = []
        while True:
            token = self.grammar.token.match(self.text, self.at)
            if token is None:
                raise self.broken(self.at)
            mark = token[0]
            if mark in _CLOSING:
                expected.append(_CLOSING[mark])
                if len(expected) > MAX_DEPTH:
                    raise LimitExceeded("json-depth", offset=self.at, limit=MAX_DEPTH)
            elif mark in ("}", "]") and mark != expected.pop():
                raise self.broken(self.at)
            self.at = token.end()
            if not expected:
                break
        value = self.text[start : self.at]
        if self.grammar is JSON and not _valid(value):
            raise self.broken(start)
        return value


def _valid(value: str) -> bool:
    """Asks the standard parser; ``value`` is nested no deeper than ``MAX_DEPTH``, so it cannot recurse far."""
    try:
        _DECODER.decode(value)
    except ValueError:
        return False
    return True
