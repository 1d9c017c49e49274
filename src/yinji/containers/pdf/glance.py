"""The short way through a PDF: the objects that decide, matched whole instead of parsed.

One expression spells a dictionary as nearly all writers write it: no comments, no escapes, nested once at most. What it
does not match is for :mod:`.document`, which takes five hundred calls for the same four objects.
"""

from __future__ import annotations

import re
import zlib
from array import array
from itertools import accumulate
from typing import Final, NamedTuple

from yinji.containers import xmp
from yinji.containers.candidate import shows_sign
from yinji.containers.model import Block
from yinji.containers.pdf import text as pdf_text
from yinji.containers.pdf.document import STARTXREF, TAIL_BYTES, UNFINISHED
from yinji.containers.pdf.lexer import unescaped
from yinji.containers.source import Source

_W: Final = rb"[\x00\t\n\x0c\r ]"
_NAME: Final = rb"/[A-Za-z0-9.+_:-]{1,60}+"
_FLAT: Final = rb"(?:[0-9A-Za-z.+ \t\r\n-]++|" + _NAME + rb"|<[0-9A-Fa-f]*+>)*+"
_VALUE: Final = (
    rb"(?:\d{1,10} \d{1,5} R|[+-]?\d{1,18}(?:\.\d{0,30})?|"
    + _NAME
    + rb"|<[0-9A-Fa-f]*+>|\((?:[^()\\\r]++|\\[^\r\n]|\([^()\\\r]*+\))*+\)"
    rb"|\[" + _FLAT + rb"\]|<<(?:" + _FLAT + rb"|\[" + _FLAT + rb"\])*+>>|true|false|null)"
)
_ENTRY: Final = re.compile(rb"(" + _NAME + rb")" + _W + rb"*+(" + _VALUE + rb")(?=[\x00\t\n\x0c\r />])")
_DICTIONARY: Final = re.compile(
    rb"<<(?:" + _W + rb"*+" + _NAME + _W + rb"*+" + _VALUE + rb"(?=[\x00\t\n\x0c\r />]))*+" + _W + rb"*+>>"
)
_OBJECT: Final = re.compile(rb"(\d{1,10}) \d{1,5} obj" + _W + rb"*+(?=<<)")
_STREAM: Final = re.compile(_W + rb"*+stream\r?\n")
_END: Final = re.compile(_W + rb"*+endstream")
_HEXADECIMAL: Final = re.compile("<([0-9A-Fa-f]+)>")
_REFERENCE: Final = re.compile(rb"(\d{1,10}) \d{1,5} R")
_TABLE: Final = re.compile(rb"xref[ \t]*\r?\n?")
_RUN: Final = re.compile(rb"(\d{1,10}) (\d{1,10}) ?(?:\r\n|\r|\n)")
_ROW: Final = re.compile(rb"(\d{10}) \d{5} ([nf])(?: \n|\r\n| \r)")
_TRAILER: Final = re.compile(_W + rb"*+trailer" + _W + rb"*+")
_LOOK: Final = 2048
_ROW_BYTES: Final = 20
_SECTIONS_MAX: Final = 4
_STREAM_MAX: Final = 1 << 18
_INFLATED_MAX: Final = 1 << 20
_PACKED: Final = 2
_UP: Final = 2
_UP_PARAMETERS: Final = {b"/Columns", b"/Predictor"}
_IN_THE_WAY: Final = frozenset((b"/AcroForm", b"/Perms", b"/AF"))
"""Entries of a catalogue that lead to signatures and manifests."""

Entries = dict[bytes, bytes]


class _Dictionary(NamedTuple):
    """A dictionary where it stands: the bytes around it, and where in them it starts and stops."""

    data: bytes
    start: int
    stop: int

    def entries(self) -> Entries:
        return dict(_ENTRY.findall(self.data, self.start + 2, self.stop))


class _Place(NamedTuple):
    """An object: its dictionary, where its text stands in the file, and the range of the pack that holds it."""

    dictionary: _Dictionary
    base: int
    pack: tuple[int, int] | None


class _Pack(NamedTuple):
    """An object stream: its content, the numbers and places at its front, where its objects begin, and its range."""

    data: bytes
    words: list[bytes]
    first: int
    start: int
    stop: int


class _File:
    """The file, and what of it is in hand: its head, its tail, and the packs of objects opened so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.packs: dict[int, _Pack] = {}
        self.tail_at = max(0, source.size - TAIL_BYTES)
        self.tail = source.look(self.tail_at, TAIL_BYTES)

    def show(self, at: int, length: int) -> bytes:
        """Returns at most so many bytes from a place; LookupError of one in front of the file."""
        if at < 0:
            raise LookupError
        if at >= self.tail_at:
            return self.tail[at - self.tail_at : at - self.tail_at + length]
        head = self.source.head
        return head[at : at + length] if at + length <= len(head) else self.source.look(at, length)


class _Section(NamedTuple):
    """A table of runs (first number, count, position), or the rows of a stream; and its trailer.

    Where rows are stored as differences from those above them (PNG 9.2, Up), ``columns`` has the sums instead.
    """

    trailer: Entries
    runs: list[tuple[int, int, int]]
    rows: bytes
    widths: tuple[int, int, int]
    columns: list[array[int]]


def glance(source: Source) -> list[Block] | None:
    """Settles whole files that are neither enciphered nor signed, as far as their objects are written plainly."""
    if not source.head.startswith(b"%PDF-"):
        return None
    file = _File(source)
    found = file.tail.rfind(b"startxref")
    pointer = STARTXREF.match(file.tail, found) if found >= 0 else None
    if pointer is None or UNFINISHED.match(file.tail, pointer.end()):
        return None
    sections = [_section(file, int(pointer[1]))]
    trailer = sections[0].trailer
    blocks: list[Block] = []
    if b"/Encrypt" in trailer or (b"/Info" not in trailer and b"/Prev" in trailer):
        return None
    if b"/Info" in trailer:
        blocks, has_label = _properties(_load(file, sections, trailer[b"/Info"]))
        if has_label:
            return blocks
    catalog = _load(file, sections, trailer[b"/Root"]).dictionary.entries()
    if not _IN_THE_WAY.isdisjoint(catalog):
        return None
    if b"/Metadata" in catalog:
        packet = _load(file, sections, catalog[b"/Metadata"])
        if packet.pack is not None:
            return None
        data, _, _ = _content(file, packet, packet.dictionary.entries())
        if not xmp.shows_none(data):
            return None
    return None if b"/Prev" in trailer and _has_earlier_information(file, sections) else blocks


def _has_earlier_information(file: _File, sections: list[_Section]) -> bool:
    """Whether an earlier revision has an information dictionary of its own: a label may have been taken out of it."""
    info = sections[0].trailer[b"/Info"]
    number = int(info.split()[0])
    was_found = False
    for turn in range(_SECTIONS_MAX):
        if turn == len(sections):
            sections.append(_section(file, int(sections[-1].trailer[b"/Prev"])))
        section = sections[turn]
        is_here = _find(file, section, number) is not None
        if section.trailer.get(b"/Info", info) != info or (is_here and was_found):
            return True
        was_found = was_found or is_here
        if b"/Prev" not in section.trailer:
            return False
    return True


def _dictionary(data: bytes, at: int) -> _Dictionary:
    match = _DICTIONARY.match(data, at)
    if match is None:
        raise LookupError
    return _Dictionary(data, at, match.end())


def _section(file: _File, offset: int) -> _Section:
    data = file.show(offset, _LOOK)
    if (table := _TABLE.match(data)) is None:
        return _stream_section(file, offset)
    runs: list[tuple[int, int, int]] = []
    at = offset + table.end()
    while True:
        data = file.show(at, _LOOK)
        if trailer := _TRAILER.match(data):
            entries = _dictionary(data, trailer.end()).entries()
            if b"/XRefStm" in entries:
                raise LookupError
            return _Section(entries, runs, b"", (0, 0, 0), [])
        run = _RUN.match(data)
        if run is None or len(runs) > _SECTIONS_MAX:
            raise LookupError
        first, count = int(run[1]), int(run[2])
        at += run.end()
        is_regular = _ROW.match(data, run.end()) and (count == 1 or _ROW.match(data, run.end() + _ROW_BYTES))
        is_misnumbered = first == 1 and data.startswith(b"0000000000 65535 f", run.end())
        if not count or is_misnumbered or not is_regular or at + count * _ROW_BYTES > file.source.size:
            raise LookupError
        runs.append((first, count, at))
        at += count * _ROW_BYTES


def _stream_section(file: _File, offset: int) -> _Section:
    place = _object(file, offset, None)
    entries = place.dictionary.entries()
    rows, _, _ = _content(file, place, entries)
    widths = [int(word) for word in entries[b"/W"][1:-1].split()]
    index = entries[b"/Index"][1:-1].split() if b"/Index" in entries else [b"0", entries[b"/Size"]]
    numbers = [int(word) for word in index]
    if len(widths) != 3 or len(numbers) & 1 or not 0 < sum(widths) <= 16:
        raise LookupError
    parameters = entries.get(b"/DecodeParms", b"<<>>")
    columns: list[array[int]] = []
    if b"/DecodeParms" in entries:
        named = dict(_ENTRY.findall(parameters[2:-2] + b" "))
        if int(named.get(b"/Predictor", b"1")) > 1:
            step = sum(widths) + 1
            is_up = int(named.get(b"/Columns", b"1")) == step - 1 and named.keys() <= _UP_PARAMETERS
            if not is_up or len(rows) % step or rows[::step].count(_UP) != len(rows) // step:
                raise LookupError
            columns = [array("I", accumulate(rows[1 + n :: step])) for n in range(step - 1)]
    at, runs = 0, []
    for first, count in zip(numbers[::2], numbers[1::2], strict=True):
        runs.append((first, count, at))
        at += count
    if at * (sum(widths) + bool(columns)) > len(rows):
        raise LookupError
    return _Section(entries, runs, rows, (widths[0], widths[1], widths[2]), columns)


def _find(file: _File, section: _Section, number: int) -> tuple[int, int, int] | None:
    """Returns kind, second and third field of an entry; None where a section does not know the number."""
    for first, count, at in section.runs:
        if first <= number < first + count:
            if not section.rows:
                row = _ROW.fullmatch(file.show(at + (number - first) * _ROW_BYTES, _ROW_BYTES))
                if row is None or row[2] != b"n":
                    raise LookupError
                return 1, int(row[1]), 0
            return _fields(section, at + number - first)
    return None


def _fields(section: _Section, row: int) -> tuple[int, int, int]:
    """Returns the three fields of a row."""
    first, second, third = section.widths
    if section.columns:
        data = bytes([column[row] & 0xFF for column in section.columns])
    else:
        width = first + second + third
        data = section.rows[row * width : (row + 1) * width]
    kind = int.from_bytes(data[:first], "big") if first else 1
    return kind, int.from_bytes(data[first : first + second], "big"), int.from_bytes(data[first + second :], "big")


def _load(file: _File, sections: list[_Section], reference: bytes) -> _Place:
    """Returns an object; sections are followed as far as it takes."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise LookupError
    number = int(match[1])
    kind, place, index = _entry(file, sections, number)
    if kind != _PACKED:
        return _object(file, place, number)
    kind, at, _ = _entry(file, sections, place)
    if kind != 1:
        raise LookupError
    pack = file.packs.get(at)
    if pack is None:
        pack = file.packs[at] = _pack(file, at, place)
    if int(pack.words[index * 2]) != number:
        raise LookupError
    return _Place(_dictionary(pack.data, pack.first + int(pack.words[index * 2 + 1])), pack.start, pack[3:])


def _pack(file: _File, at: int, number: int) -> _Pack:
    stream = _object(file, at, number)
    entries = stream.dictionary.entries()
    data, start, stop = _content(file, stream, entries)
    count, first = int(entries[b"/N"]), int(entries[b"/First"])
    if count < 0 or first < 0:
        raise LookupError
    words = data[:first].split()[: count * 2]
    if len(words) != count * 2 or not b"".join(words).isdigit():
        raise LookupError
    return _Pack(data, words, first, start, stop)


def _entry(file: _File, sections: list[_Section], number: int) -> tuple[int, int, int]:
    for turn in range(_SECTIONS_MAX):
        if turn == len(sections):
            sections.append(_section(file, int(sections[-1].trailer[b"/Prev"])))
        if (entry := _find(file, sections[turn], number)) is not None:
            if not entry[0]:
                raise LookupError
            return entry
    raise LookupError


def _object(file: _File, offset: int, number: int | None) -> _Place:
    data = file.show(offset, _LOOK)
    match = _OBJECT.match(data)
    if match is None or (number is not None and int(match[1]) != number):
        raise LookupError
    found = _DICTIONARY.match(data, match.end())
    if found is None:
        return _Place(_dictionary(file.show(offset, 4 * _LOOK), match.end()), offset, None)
    return _Place(_Dictionary(data, match.end(), found.end()), offset, None)


def _content(file: _File, place: _Place, entries: Entries) -> tuple[bytes, int, int]:
    """Returns the content of a stream, unfiltered, and the range of the object in the file."""
    dictionary = place.dictionary
    stream = _STREAM.match(dictionary.data, dictionary.stop)
    if stream is None:
        raise LookupError
    length = int(entries[b"/Length"])
    at = place.base + stream.end()
    if not 0 <= length <= _STREAM_MAX:
        raise LookupError
    data = file.show(at, length + 32)
    if not _END.match(data, length):
        raise LookupError
    data = data[:length]
    kind = entries.get(b"/Filter", b"")
    if kind == b"/FlateDecode":
        engine = zlib.decompressobj()
        data = engine.decompress(data, _INFLATED_MAX)
        if not engine.eof:
            raise LookupError
    elif kind:
        raise LookupError
    return data, place.base, at + length


def _properties(info: _Place) -> tuple[list[Block], bool]:
    """Returns the properties that show a sign of a label, and whether the label is among them."""
    blocks: list[Block] = []
    has_label = False
    dictionary = info.dictionary
    if _says_nothing(dictionary.data[dictionary.start : dictionary.stop]):
        return blocks, False
    for match in _ENTRY.finditer(dictionary.data, dictionary.start + 2, dictionary.stop):
        key, value = match[1][1:].decode(), match[2]
        is_label = key.lower() == "aigc"
        if value[:1] == b"(":
            raw = unescaped(value[1:-1])
        elif value[:1] == b"<" and value[1:2] != b"<":
            raw = bytes.fromhex(value[1:-1].decode())
        elif is_label or _REFERENCE.fullmatch(value):
            raise LookupError
        else:
            continue
        if is_label or shows_sign(raw):
            text, is_proper = pdf_text.decoded(raw)
            if not is_proper or (is_label and (key != "AIGC" or has_label)):
                raise LookupError
            start, stop = info.pack or (info.base + match.start(1), info.base + match.end(2))
            blocks.append(Block("pdf-info", key, text, start, stop))
            has_label = has_label or is_label
    return blocks, has_label


def _says_nothing(properties: bytes) -> bool:
    """Whether a dictionary of direct texts without escapes shows no sign of a label as it stands, nor in hexadecimal.

    Raises:
        ValueError: Digits without their second.
    """
    if b"\\" in properties or b" R" in properties or shows_sign(properties):
        return False
    if properties.find(b"<", 2) < 0:
        return True
    return not shows_sign(bytes.fromhex(" 0a ".join(_HEXADECIMAL.findall(properties.decode("latin-1")))))
