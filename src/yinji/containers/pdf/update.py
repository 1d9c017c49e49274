"""Writing into a PDF by an incremental update (ISO 32000-1, 7.5.6): everything there was stays where and what it was.

Signatures made before keep covering exactly the bytes they covered. Only when the newest revision is nothing but a
metadata update like ours, which no signature can have covered, is its value exchanged where it stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from typing import Final

from yinji.containers.pdf import text as pdf_text
from yinji.containers.pdf.crypt import Cipher
from yinji.containers.pdf.document import Document
from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Entry, Ref, String, strings
from yinji.containers.pdf.xref import MAX_OBJECT, Free, InUse, Section
from yinji.containers.splice import Edit, Splice
from yinji.errors import Malformed, UnsupportedFormat

KEY: Final = "AIGC"
ROOM: Final = 1024
"""Blanks left behind the value, so that a propagator's half with its protection fits without another revision."""

_OURS: Final = frozenset(("Size", "Prev", "XRefStm", "Info", "ID"))
_STREAM_ONLY: Final = frozenset(
    ("Type", "W", "Index", "Length", "Filter", "DecodeParms", "F", "FFilter", "FDecodeParms", "DL", "DP")
)
_INHERITED: Final = ("Root", "Encrypt", "Info")
_TABLE_REACH: Final = 10**10


class Update:
    """One incremental update, being put together."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._size = document.source.size
        self._objects: list[tuple[Ref, bytes]] = []

    def add(self, ref: Ref, body: bytes) -> None:
        """Adds a new version of the object ``ref``; ``body`` is what stands between ``obj`` and ``endobj``."""
        self._objects.append((ref, body))

    def plan(self, info: Ref | None = None) -> Splice:
        """Returns the splice that appends the update.

        Args:
            info: The document information dictionary that the new trailer names; None for the one there is.

        Raises:
            UnsupportedFormat: The file is too long for the kind of cross-reference it uses.
        """
        document, newest = self._document, self._document.trailer
        out = bytearray() if document.look(self._size - 1, 1) in (b"\n", b"\r") else bytearray(b"\n")
        places: dict[Ref, int] = {}
        for ref, body in self._objects:
            places[ref] = self._size + len(out) - document.shift
            out += b"%d %d obj\n" % ref + body + b"\nendobj\n"
        at = self._size + len(out) - document.shift
        number = free_number(document, places) if newest.number else 0
        if number:
            places[Ref(number, 0)] = at
        size = max(free_number(document, places), document.trailer.trailer.integer("Size") or 0)
        entries = b"/Size %d\n/Prev %d\n" % (size, newest.offset - document.shift)
        entries += b"/Info %d %d R\n" % info if info else b""
        entries += self._identifier(bytes(out)) + self._kept(newest, ("Root", "Encrypt") if info else _INHERITED)
        out += _stream(number, entries, places) if number else _table(entries, places, document.source.name)
        out += b"startxref\n%d\n%%%%EOF\n" % at
        return Splice.of((Edit(self._size, self._size, bytes(out)),))

    def _identifier(self, change: bytes) -> bytes:
        """Keeps the first part of the identifier and derives the second anew (14.4)."""
        parts = self._document.resolve(self._document.entry("ID"))
        if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(p, String) for p in parts):
            return b""
        second = parts[1].data if isinstance(parts[1], String) else b""
        fresh = next_identifier(second, change)
        return b"/ID [<%s> <%s>]\n" % (self._document.file_id.hex().encode(), fresh.hex().encode())

    def _kept(self, newest: Section, inherited_keys: tuple[str, ...]) -> bytes:
        """Copies every other entry of the trailer as it is spelt."""
        dropped = (_OURS | (_STREAM_ONLY if newest.number else frozenset())) - set(inherited_keys)
        kept = (e for e in newest.trailer.entries if e.key not in dropped)
        lines = {e.key: newest.text[e.start : e.stop] + b"\n" for e in kept}
        for key in inherited_keys:
            inherited = self._document.entry(key)
            if key not in lines and isinstance(inherited, Ref):
                lines[key] = b"/%s %d %d R\n" % (key.encode(), *inherited)
        return b"".join(lines.values())


def next_identifier(second: bytes, change: bytes) -> bytes:
    """Returns 16 bytes that depend on the identifier so far and on what is changed; the same input, the same file."""
    return hashlib.sha256(second + change).digest()[:16]


def free_number(document: Document, taken: Iterable[Ref] = ()) -> int:
    """Returns the first object number that neither the document nor the update uses.

    Raises:
        Malformed: There is none.
    """
    known = max(section.rows.limit for section in document.sections())
    size = document.trailer.trailer.integer("Size") or 0
    number = max(known, size if size <= MAX_OBJECT else 0, 1, *(ref.number + 1 for ref in taken))
    if number > MAX_OBJECT:
        raise Malformed("pdf-xref", path=document.source.name, offset=document.trailer.offset)
    return number


def _runs(places: dict[Ref, int]) -> list[list[tuple[Ref, int]]]:
    runs: list[list[tuple[Ref, int]]] = []
    for ref, at in sorted(places.items()):
        if runs and runs[-1][-1][0].number + 1 == ref.number:
            runs[-1].append((ref, at))
        else:
            runs.append([(ref, at)])
    return runs


def _table(entries: bytes, places: dict[Ref, int], path: str) -> bytes:
    if max(places.values()) >= _TABLE_REACH:
        raise UnsupportedFormat("pdf-too-long", path=path)
    out = b"xref\n"
    for run in _runs(places):
        out += b"%d %d\n" % (run[0][0].number, len(run))
        out += b"".join(b"%010d %05d n\r\n" % (at, ref.generation) for ref, at in run)
    return out + b"trailer\n<<\n" + entries + b">>\n"


def _stream(number: int, entries: bytes, places: dict[Ref, int]) -> bytes:
    rows, index = b"", b""
    for run in _runs(places):
        index += b"%d %d " % (run[0][0].number, len(run))
        rows += b"".join(b"\1" + at.to_bytes(8, "big") + ref.generation.to_bytes(2, "big") for ref, at in run)
    head = b"/Type /XRef\n/W [1 8 2]\n/Index [%s]\n/Length %d\n" % (index.strip(), len(rows))
    return b"%d 0 obj\n<<\n%s%s>>\nstream\n%s\nendstream\nendobj\n" % (number, head, entries, rows)


def kept(document: Document, old: Indirect, ref: Ref, dropped: Container[str]) -> list[bytes]:
    """Returns the entries of a dictionary, those under ``dropped`` aside, as the object ``ref`` is to spell them.

    That is as they are spelt now, but for strings that move into another object of an encrypted document, or out of an
    object stream, where they are plain: those are enciphered for their new place.
    """
    security = document.security
    stays = (old.number, old.generation) == ref and not old.packed
    is_plain = security is None or security.strings is Cipher.NONE or stays
    lines = []
    for entry in old.dictionary.entries:
        if entry.key not in dropped:
            spelt = old.text[entry.start : entry.stop]
            lines.append(spelt if is_plain else _moved(document, old, entry, spelt, ref))
    return lines


def _moved(document: Document, old: Indirect, entry: Entry, spelt: bytes, ref: Ref) -> bytes:
    security = document.security
    assert security is not None
    for string in sorted(strings(entry.value), key=lambda s: -s.start):
        data = security.encrypt(document.string(string, old), *ref, security.strings)
        token = b"<" + data.hex().upper().encode() + b">"
        spelt = spelt[: string.start - entry.start] + token + spelt[string.stop - entry.start :]
    return spelt


def information(
    document: Document, old: Indirect | None, ref: Ref, text: str, dropped: frozenset[str] = frozenset()
) -> bytes:
    """Returns the document information dictionary with one ``/AIGC``; every other entry is kept as it is spelt.

    Entries under ``dropped`` hold the label that this one replaces.
    """
    lines: list[bytes] = []
    if old is not None:
        lines += kept(document, old, ref, {KEY, *dropped})
    lines.append(b"/AIGC " + value_token(document, ref, text) + b" " * ROOM)
    return b"<<\n" + b"\n".join(lines) + b"\n>>"


def value_token(document: Document, ref: Ref, text: str) -> bytes:
    """Spells the value as a string token, enciphered where the document is."""
    data = pdf_text.encoded(text)
    security = document.security
    if security is None:
        return pdf_text.token(data)
    if security.strings is Cipher.NONE:
        return pdf_text.token(data)
    return b"<" + security.encrypt(data, *ref, security.strings).hex().upper().encode() + b">"


def metadata(document: Document, old: Indirect, packet: bytes) -> bytes:
    """Returns the metadata stream with another packet, stored unfiltered so that anyone finds it (14.3.2)."""
    dropped = ("Length", "Filter", "DecodeParms", "F", "FFilter", "FDecodeParms", "DL", "DP")
    kept = [old.text[e.start : e.stop] for e in old.dictionary.entries if e.key not in dropped]
    cipher = document.cipher(old)
    security = document.security
    if security is not None and cipher is not Cipher.NONE:
        packet = security.encrypt(packet, old.number, old.generation, cipher)
    elif security is not None and security.metadata and security.streams is not Cipher.NONE:
        kept.append(b"/Filter [/Crypt] /DecodeParms [<< /Name /Identity >>]")
    return b"<<\n%s\n/Length %d\n>>\nstream\n%s\nendstream" % (b"\n".join(kept), len(packet), packet)


def exchange(document: Document, info: Indirect, text: str, others: frozenset[int]) -> Splice | None:
    """Returns a plan that exchanges the value where it stands, or None where that is not safe or has no room.

    Safe is only a newest revision, last in the file, that consists of the information dictionary (and ``others``, the
    metadata stream) alone: a signature that covers it would have had to add objects of its own.
    """
    newest = document.trailer
    allowed = {info.number, newest.number, *others}
    if info.packed or info.base < 0 or newest.offset < info.start:
        return None
    if any(number not in allowed for number, entry in newest.rows.entries() if not isinstance(entry, Free)):
        return None
    if not isinstance(newest.rows.find(info.number), InUse):
        return None
    if any(section.offset > newest.offset for section in document.sections()):
        return None
    values = [e for e in info.dictionary.entries if e.key == KEY]
    if len(values) != 1 or not isinstance(values[0].value, String):
        return None
    value = values[0].value
    stop = value.stop
    while info.text[stop : stop + 1] == b" ":
        stop += 1
    token = value_token(document, Ref(info.number, info.generation), text)
    if len(token) > stop - value.start:
        return None
    fresh = Edit(info.base + value.start, info.base + stop, token.ljust(stop - value.start))
    return Splice.of((fresh, *_exchanged_identifier(newest, token)))


def _exchanged_identifier(newest: Section, change: bytes) -> Iterable[Edit]:
    parts = newest.trailer.get("ID")
    if isinstance(parts, list) and len(parts) == 2 and isinstance(parts[1], String):
        second = parts[1]
        token = b"<%s>" % next_identifier(second.data, change).hex().encode()
        if len(token) == second.stop - second.start:
            yield Edit(newest.base + second.start, newest.base + second.stop, token)
