"""A PDF file as a graph of objects, read from its tail and only as far as a question needs (ISO 32000-1, 7.5).

The chain of cross-reference sections is followed lazily, newest first, and never twice through the same place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from yinji.containers.pdf.crypt import Cipher, Security
from yinji.containers.pdf.filters import decode
from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Dictionary, IncompleteError, Ref, String, Value, Window
from yinji.containers.pdf.object_stream import ObjectStream
from yinji.containers.pdf.stream_filters import filters_of, parameters_of
from yinji.containers.pdf.xref import Hybrid, InUse, Packed, Rows, Section, Stream, Table
from yinji.containers.source import Source
from yinji.errors import Encrypted, LimitExceeded, Malformed, UnreadableInput

TAIL_BYTES: Final = 4096
HEADER_REACH: Final = 1024
"""Bytes within which the header must start (annex H, note 13)."""

STARTXREF: Final = re.compile(rb"startxref[\x00\t\n\x0c\r ]+(\d{1,20})")
UNFINISHED: Final = re.compile(
    rb"[\x00\t\n\x0c\r ]*%%EOF[\x00\t\n\x0c\r ]+(?:xref[\x00\t\n\x0c\r ]|xre?f?\Z|"
    rb"\d{1,10}[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+(?:obj|ob?\Z))"
)
_STARTXREF_REACH: Final = (TAIL_BYTES, 1 << 16, 1 << 20)
_XREF: Final = re.compile(rb"[\x00\t\n\x0c\r ]*xref(?=[\x00\t\n\x0c\r ])")
_OBJECT: Final = re.compile(rb"[\x00\t\n\x0c\r ]*(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj")
_STREAM: Final = re.compile(rb"stream(?:\r\n|\n|\r)")
_END_STREAM: Final = re.compile(rb"[\x00\t\n\x0c\r ]*endstream")
_FIRST_WINDOW: Final = 1024
_WINDOW_GROWTH: Final = 8


class Document:
    """Random access to the objects of one file.

    Attributes:
        source: The file.
        shift: Bytes of junk in front of the header that offsets do not count.
        is_unfinished: Whether an update begins behind the newest revision and is cut off.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.shift = 0
        self.is_unfinished = False
        self._tail_at = max(0, source.size - TAIL_BYTES)
        self._tail = b""
        self._sections: list[Section] = []
        self._next: int | None = None
        self._visited: set[int] = set()
        self._besides: dict[int, Rows] = {}
        self._loading: set[int] = set()
        self._loaded: dict[int, Indirect | None] = {}
        self._packs: dict[int, ObjectStream] = {}
        self._security: Security | None = None
        self._is_opened = False

    @classmethod
    def open(cls, source: Source) -> Document:
        """Finds the newest cross-reference section.

        Raises:
            Malformed: No header, no ``startxref``, or nothing usable where it points.
            Truncated, LimitExceeded: As reading goes.
        """
        self = cls(source)
        header = source.head[: HEADER_REACH + 5].find(b"%PDF-")
        if header < 0:
            raise Malformed("pdf-header", path=source.name)
        offset = self._startxref()
        self.shift = header if header and self._is_section(offset + header) else 0
        self._next = offset + self.shift
        self._advance()
        return self

    @classmethod
    def rebuilt(cls, source: Source, section: Section) -> Document:
        """Returns a document whose one section was found by searching (:mod:`yinji.containers.pdf.rebuild`)."""
        self = cls(source)
        self._sections.append(section)
        return self

    # sections

    @property
    def trailer(self) -> Section:
        """The newest section."""
        return self._sections[0]

    def sections(self) -> Iterator[Section]:
        """Yields all sections, newest first, following the chain as far as it is asked for."""
        at = 0
        while at < len(self._sections) or self._advance():
            yield self._sections[at]
            at += 1

    def entry(self, key: str) -> Value:
        """Returns a trailer entry: the newest trailer's, else that of the newest one that has it."""
        return next((value for s in self.sections() if (value := s.trailer.get(key)) is not None), None)

    def _startxref(self) -> int:
        for reach in _STARTXREF_REACH:
            tail = self.look(max(0, self.source.size - reach), reach)
            found = tail.rfind(b"startxref")
            if found >= 0 and (match := STARTXREF.match(tail, found)):
                self.is_unfinished = UNFINISHED.match(tail, match.end()) is not None
                return int(match[1])
            if reach >= self.source.size:
                break
        raise Malformed("pdf-startxref", path=self.source.name)

    def _is_section(self, offset: int) -> bool:
        head = self.look(offset, 32)
        return bool(_XREF.match(head) or _OBJECT.match(head))

    def _advance(self) -> bool:
        if self._next is None:
            return False
        offset, self._next = self._next, None
        self.source.element()
        if offset in self._visited:
            raise Malformed("pdf-xref-loop", path=self.source.name, offset=offset)
        self._visited.add(offset)
        section = self._section(offset)
        self._sections.append(section)
        previous = section.trailer.get("Prev")
        if isinstance(previous, float):
            previous = int(previous)
        if isinstance(previous, int) and not isinstance(previous, bool):
            self._next = previous + self.shift
        return True

    def _section(self, offset: int) -> Section:
        head = self.look(offset, 32)
        if not (match := _XREF.match(head)):
            return self._stream_section(offset)
        table, at = Table.parse(
            self.look, offset + match.end(), self.source.size, self.source.element, self.source.name
        )
        window, trailer, _, _ = self._value_at(at, self.source.size)
        if not isinstance(trailer, Dictionary):
            raise Malformed("pdf-trailer", path=self.source.name, offset=at)
        beside = trailer.integer("XRefStm")
        if beside is None:
            return Section(offset, trailer, window.data, window.base, 0, table)
        if beside not in self._besides:
            self._besides[beside] = self._stream_section(beside + self.shift).rows
        rows = Hybrid(table, self._besides[beside])
        return Section(offset, trailer, window.data, window.base, 0, rows)

    def _stream_section(self, offset: int) -> Section:
        indirect = self.object_at(offset)
        if indirect.data_at < 0 or indirect.dictionary.get("W") is None:
            raise Malformed("pdf-xref", path=self.source.name, offset=offset)
        rows = Stream.parse(indirect.dictionary, self._filtered(indirect), self.source.name, offset)
        return Section(offset, indirect.dictionary, indirect.text, indirect.base, indirect.number, rows)

    # bytes

    def look(self, at: int, length: int) -> bytes:
        """Returns at most ``length`` bytes from ``at``, out of what was read before if possible."""
        if at < 0 or at >= self.source.size:
            return b""
        if at >= self._tail_at and self.source.size:
            if not self._tail:
                self._tail = self.source.read(self._tail_at, self.source.size - self._tail_at)
            return self._tail[at - self._tail_at : at - self._tail_at + length]
        return self.source.read_up_to(at, length)

    def _value_at(self, at: int, end: int) -> tuple[Window, Value, int, int]:
        """Parses the object at ``at`` in windows that grow; returns window, value, its start and stop in it."""
        size = _FIRST_WINDOW
        while True:
            data = self.look(at, min(size, end - at))
            window = Window(data, at, at + len(data) >= end, self.source.name)
            try:
                start = window.skip(0)
                value, stop = window.value(start, self.source.element)
            except IncompleteError:
                size *= _WINDOW_GROWTH
                continue
            return window, value, start, stop

    # objects

    def object_at(self, offset: int, expected: int | None = None) -> Indirect:
        """Parses the indirect object that starts at a file position.

        Raises:
            Malformed: There is none, or another number than ``expected``.
        """
        head = self.look(offset, 64)
        match = _OBJECT.match(head)
        if match is None and expected is None:
            raise Malformed("pdf-no-xref", path=self.source.name, offset=offset)
        if match is None or (expected is not None and int(match[1]) != expected):
            raise Malformed("pdf-object", path=self.source.name, offset=offset, object=expected)
        number, generation = int(match[1]), int(match[2])
        at = offset + match.end()
        window, value, _, stop = self._value_at(at, self.source.size)
        end = at + stop
        if not isinstance(value, Dictionary):
            return Indirect(number, generation, value, window.data, at, offset, end)
        after = self.look(end, 64)
        gap = Window(after, end, final=True).skip(0)
        keyword = _STREAM.match(after, gap)
        if keyword is None:
            return Indirect(number, generation, value, window.data, at, offset, end)
        data_at = end + keyword.end()
        length = self._length(value, data_at)
        return Indirect(number, generation, value, window.data, at, offset, data_at + length, data_at)

    def _length(self, dictionary: Dictionary, data_at: int) -> int:
        """Returns the length of stream data: ``/Length`` when ``endstream`` follows it, else up to that word."""
        length = self.resolve(dictionary.get("Length"))
        if (
            isinstance(length, int)
            and 0 <= length <= self.source.size - data_at
            and _END_STREAM.match(self.look(data_at + length, 32))
        ):
            return length
        reach = min(self.source.limits.one_read, self.source.size - data_at)
        found = self.look(data_at, reach).find(b"endstream")
        if found < 0:
            raise Malformed("pdf-stream-length", path=self.source.name, offset=data_at)
        tail = self.look(data_at, found)[-2:]
        return found - (2 if tail == b"\r\n" else 1 if tail[-1:] in (b"\n", b"\r") else 0)

    def find(self, number: int) -> InUse | Packed | None:
        """Returns where the object of that number is in the newest revision, or None."""
        for section in self.sections():
            entry = section.rows.find(number)
            if entry is not None:
                return entry if isinstance(entry, (InUse, Packed)) else None
        return None

    def load(self, ref: Ref) -> Indirect | None:
        """Returns the object that a reference means, or None when there is none (7.3.10).

        Raises:
            Malformed: The entry points at something else, or loading it needs itself.
        """
        number = ref.number
        if number in self._loaded:
            return self._loaded[number]
        if number in self._loading:
            raise Malformed("pdf-object-loop", path=self.source.name, object=number)
        self._loading.add(number)
        self.source.element(len(self._loading))
        try:
            entry = self.find(number)
            loaded = self.at(number, entry) if entry is not None else None
        finally:
            self._loading.discard(number)
        self._loaded[number] = loaded
        return loaded

    def at(self, number: int, entry: InUse | Packed) -> Indirect:
        """Returns the object of that number where a row of some revision says that it is.

        Raises:
            Malformed: Something else is there.
        """
        if isinstance(entry, Packed):
            return self._pack(entry.stream).member(number, entry.position, self.source)
        return self.object_at(entry.offset + self.shift, number)

    def resolve(self, value: Value) -> Value:
        """Returns the object itself where ``value`` is a reference."""
        number = 0
        for _ in range(self.source.limits.depth):
            if not isinstance(value, Ref):
                return value
            number = value.number
            loaded = self.load(value)
            value = loaded.value if loaded else None
        raise Malformed("pdf-object-loop", path=self.source.name, object=number)

    def _pack(self, number: int) -> ObjectStream:
        """Returns the object stream of that number."""
        if number in self._packs:
            return self._packs[number]
        stream = self.load(Ref(number, 0))
        if stream is None or stream.data_at < 0:
            raise Malformed("pdf-no-object-stream", path=self.source.name, object=number)
        self._packs[number] = pack = ObjectStream.parse(stream, self.stream(stream), self.source)
        return pack

    def members(self, number: int) -> list[int]:
        """Returns the numbers of the objects in an object stream; none when it cannot be read."""
        try:
            return self._pack(number).numbers
        except UnreadableInput:
            return []

    # contents

    @property
    def security(self) -> Security | None:
        """How strings and streams are enciphered, or None; the newest trailer alone says so (7.5.5).

        Raises:
            Encrypted: A password or certificate is needed.
        """
        if not self._is_opened:
            self._is_opened = True
            encrypt = self.trailer.trailer.get("Encrypt")
            plain = self.resolve(encrypt)
            if isinstance(plain, Dictionary):
                self._is_opened = False
                self._security = Security.open(self._inlined(plain), self.file_id, self.source.name)
                self._is_opened = True
            elif encrypt is not None:
                raise Malformed("pdf-encrypt", path=self.source.name, key="Encrypt")
        return self._security

    @property
    def file_id(self) -> bytes:
        """The first, permanent part of the file identifier (14.4), or nothing."""
        parts = self.resolve(self.entry("ID"))
        first = self.resolve(parts[0]) if isinstance(parts, list) and parts else None
        return first.data if isinstance(first, String) else b""

    def _inlined(self, dictionary: Dictionary) -> Dictionary:
        entries = tuple(e._replace(value=self.resolve(e.value)) for e in dictionary.entries)
        return Dictionary(entries, dictionary.start, dictionary.stop)

    def string(self, value: String, owner: Indirect) -> bytes:
        """Returns the bytes of a string of an object, deciphered where need be."""
        security = self.security
        if security is None or owner.packed:
            return value.data
        return security.decrypt(value.data, owner.number, owner.generation, security.strings)

    def stream(self, indirect: Indirect) -> bytes:
        """Returns the content of a stream, deciphered and unfiltered, or nothing for another object."""
        if indirect.data_at < 0:
            return b""
        cipher = self.cipher(indirect)
        data = self.source_bytes(indirect)
        if cipher is not Cipher.NONE and (security := self.security) is not None:
            data = security.decrypt(data, indirect.number, indirect.generation, cipher)
        return self._unfiltered(indirect, data)

    def cipher(self, indirect: Indirect) -> Cipher:
        """Returns what a stream is enciphered with (7.6.5): ``Identity`` filters and plain metadata are not.

        Raises:
            Encrypted: It is enciphered, and a password or certificate is needed.
        """
        encrypt, type = self.resolve(self.trailer.trailer.get("Encrypt")), indirect.dictionary.get("Type")
        if isinstance(encrypt, Dictionary):
            if type == "XRef" or (type == "Metadata" and self.resolve(encrypt.get("EncryptMetadata")) is False):
                return Cipher.NONE
            if "Crypt" in (name for name, _ in self._filters(indirect.dictionary)):
                self._require_identity(indirect.dictionary)
                return Cipher.NONE
        security = self.security
        return Cipher.NONE if security is None else security.streams

    def _require_identity(self, dictionary: Dictionary) -> None:
        parameters = next(
            (p for name, p in filters_of(dictionary, self.resolve, self.source.name) if name == "Crypt"), None
        )
        name = parameters.get("Name") if isinstance(parameters, Dictionary) else None
        if name not in (None, "Identity"):
            raise Encrypted("pdf-security-handler", path=self.source.name, handler=str(name))

    def source_bytes(self, indirect: Indirect) -> bytes:
        """Returns the stream data as they stand in the file."""
        length = indirect.stop - indirect.data_at
        if length > self.source.limits.one_read:
            raise LimitExceeded(
                "too-large-read", path=self.source.name, needed=length, limit=self.source.limits.one_read
            )
        return self.look(indirect.data_at, length)

    def _filtered(self, indirect: Indirect) -> bytes:
        return self._unfiltered(indirect, self.source_bytes(indirect))

    def _unfiltered(self, indirect: Indirect, data: bytes) -> bytes:
        path, cap = self.source.name, self.source.limits.inflated
        for name, parameters in self._filters(indirect.dictionary):
            self.source.element()
            if name != "Crypt":
                data = decode(data, name, parameters_of(parameters, self.resolve), cap=cap, path=path)
        return data

    def _filters(self, dictionary: Dictionary) -> list[tuple[str, Value]]:
        return filters_of(dictionary, self.resolve, self.source.name)
