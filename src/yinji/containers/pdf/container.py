"""PDF: the label is the entry ``/AIGC`` of the document information dictionary (TC260-PG-20258A 6.3; R59).

Decisions, and why:

* **One place.** The label is written into the information dictionary and nowhere else, because GB 45438 6.1 c) allows
  one metadata label and checkers count an XMP copy as a second one (R34). A copy that is already in the XMP packet is
  taken up by the same update. On reading, a copy with the very same values is a mirror, not a second label.
* **Only incremental updates.** No byte that was there changes, so signatures over earlier revisions stay intact.
  The one exception is our own last revision, whose value is exchanged at equal length (:mod:`.pdf_update`).
* **Certified documents.** A certification with ``/P 1`` declares every change forbidden (ISO 32000-1, table 254).
  Some validators would accept a new information dictionary and some would not, so the write is refused. ``/P 2`` and
  ``/P 3`` are written: filling in a form renews this dictionary too, and validators accept it.
* **Encryption.** Where the empty user password opens the document, ours is enciphered like every other string.
  The owner's permission bits ask viewers not to offer editing; they do not lift the duty to label (Measures, Art. 5).
  Under a password that we do not have, the answer is "cannot tell", also where no information dictionary is seen; a
  label in metadata that were left in plain is shown, with the word that another may be inside.
* **Taken out.** An update that drops the label leaves it in the file, in the revision before. Where the newest one has
  none, the earlier ones are asked, and the answer is "cannot tell", with the place of the label (R62).
* **Damage.** What a search of a file with a broken cross-reference finds is shown, but the answer is never "no label",
  and nothing is written into such a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.containers import xmp
from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.pdf import text as pdf_text
from yinji.containers.pdf.document import Document
from yinji.containers.pdf.glance import glance
from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Dictionary, Entry, Name, Ref, String, Value
from yinji.containers.pdf.rebuild import rebuild
from yinji.containers.pdf.revisions import earlier_information
from yinji.containers.pdf.samples import plain, with_streams
from yinji.containers.pdf.signatures import NO_CHANGES, catalog_of, permission, signature_blocks
from yinji.containers.pdf.update import KEY, Update, exchange, free_number, information, metadata
from yinji.containers.pdf.xref import InUse
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.errors import Encrypted, Malformed, Truncated, UnreadableInput, UnsupportedFormat, WouldBreakCredentials
from yinji.labels.aigc import AigcLabel
from yinji.labels.decode import decode, looks_like_label
from yinji.labels.problem import Problem, Severity

MIRROR: Final = "pdf-xmp-mirror"
"""Code of the note on an XMP packet that repeats the label of the information dictionary."""

_MANIFEST: Final = "C2PA_Manifest"
_MAX_ATTACHMENTS: Final = 256
_WHITE: Final = b"\x00\t\n\x0c\r "


class Pdf:
    """Portable Document Format, all versions, with tables or streams of cross-references."""

    name: ClassVar[str] = "pdf"
    media_type: ClassVar[str] = "application/pdf"
    kind: ClassVar[Kind] = Kind.DOCUMENT
    extensions: ClassVar[tuple[str, ...]] = ("pdf",)
    carrier: ClassVar[str] = "pdf-info"
    clause: ClassVar[str] = "TC260-PG-20258A 6.3"
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if head.startswith(b"%PDF-"):
            return 100
        if b"%PDF-" in head:
            return 80
        return 10 if extension == "pdf" else 0

    glance = staticmethod(glance)

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields ``pdf-info``, ``pdf-signature``, ``c2pa`` and ``xmp`` blocks.

        Raises:
            Malformed, Truncated: The structure is broken; what a search of the file found came before.
            Encrypted: A password is needed.
        """
        seen: list[Block] = []
        try:
            for block in _blocks(Document.open(source), thorough=thorough):
                seen.append(block)
        except (Malformed, Truncated) as damage:
            yield from seen  # the newest revision goes before what a search finds
            known = {(block.carrier, block.key) for block in seen}
            yield from (block for block in _salvaged(source, damage) if (block.carrier, block.key) not in known)
            raise
        except UnreadableInput:
            yield from seen
            raise
        yield from seen

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans an incremental update, or an exchange of equal length inside our own last revision.

        Raises:
            WouldBreakCredentials: The document is certified against any change.
            Encrypted: Only a password opens it.
            UnsupportedFormat: A label is mixed into a property that is not ours to rewrite.
            Malformed, Truncated: The structure is broken.
        """
        document = Document.open(source)
        catalog = catalog_of(document)
        if permission(document, catalog) == NO_CHANGES:
            raise WouldBreakCredentials("pdf-certified", path=source.name)
        text = label.to_json()
        old = _information(document)
        entry = document.entry("Info")
        ref = entry if isinstance(entry, Ref) and old is not None else Ref(free_number(document), 0)
        dropped = _replaced(document, old)
        packet = _stream_of(document, catalog.dictionary.get("Metadata"))
        has_copy = packet is not None and bool(xmp.labels(document.stream(packet)))
        if old is not None and not dropped and not has_copy:
            if _values(document, old) == [text]:
                return Splice(())
            others = frozenset((packet.number,)) if packet else frozenset()
            swapped = exchange(document, old, text, others)
            if swapped is not None:
                return swapped
        update = Update(document)
        update.add(ref, information(document, old, ref, text, dropped))
        if packet is not None and has_copy:
            where = Ref(packet.number, packet.generation)
            update.add(where, metadata(document, packet, xmp.without_other_labels(document.stream(packet))))
        return update.plan(ref)

    def media(self, source: Source) -> Iterator[Span]:
        """Yields every current object except the information dictionary, the metadata stream and cross-references.

        An object reaches to the next position that any cross-reference section, or the section itself, knows. A
        metadata update adds only objects of the excluded kinds, at the end, so the spans are the same before and after.

        Raises:
            Malformed: A row is broken that the label does not need: reading answers, but no span is sure.
        """
        document = Document.open(source)
        excluded = _own_numbers(document)
        current: dict[int, int] = {}
        known: set[int] = set()
        settled: set[int] = set()
        for section, number, entry in _rows(document):
            known.add(section)
            if isinstance(entry, InUse):
                known.add(entry.offset + document.shift)
            if number not in settled:
                settled.add(number)
                if isinstance(entry, InUse) and number not in excluded:
                    current[number] = entry.offset + document.shift
        sections = {section.offset for section in document.sections()}
        known |= sections
        starts = {at for at in current.values() if at not in sections and at < source.size}
        yield from _spans(document, sorted(at for at in known if at < source.size), starts)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a document of each kind of cross-reference."""
        yield Example("table", plain())
        yield Example("streams", with_streams())


def _salvaged(source: Source, damage: Malformed | Truncated) -> list[Block]:
    found: list[Block] = []
    try:
        for block in _blocks(rebuild(source, damage), thorough=True):
            found.append(block)
    except UnreadableInput:
        return found
    return found


def _blocks(document: Document, *, thorough: bool) -> Iterator[Block]:
    info = _information(document)
    value = None
    locked: Encrypted | None = None
    try:
        for block in _properties(document, info) if info is not None else ():
            value = block.value if block.key == KEY else value
            yield block
        _ = document.security  # one that nothing of ours asked for is still closed to us
    except Encrypted as error:
        locked = error
    if value is None and document.is_unfinished:
        raise Truncated("pdf-unfinished", path=document.source.name, offset=document.source.size)
    if value is not None and not thorough:
        return
    catalog = catalog_of(document)
    packet = _stream_of(document, catalog.dictionary.get("Metadata"))
    if locked is not None:
        yield from _in_plain(document, packet)
        raise locked
    yield from signature_blocks(document, catalog)
    yield from _manifests(document, catalog)
    has_label = value is not None
    if packet is not None:
        data = document.stream(packet)
        has_label = has_label or bool(xmp.labels(data))
        yield Block("xmp", "", data, packet.start, packet.stop, _mirrored(data, value))
    if not has_label:
        yield from _taken_out(document)


def _taken_out(document: Document) -> Iterator[Block]:
    """Yields the place of a label that an update took out, empty as the newest revision leaves it (R62)."""
    for info in earlier_information(document):
        for block in _properties(document, info):
            if block.key.upper() == KEY and str(block.value).strip():
                problem = Problem("pdf-label-taken-out", Severity.WARNING, "R62", {"offset": block.start})
                yield Block("pdf-info", KEY, "", block.start, block.stop, (problem,))
                return


def _in_plain(document: Document, packet: Indirect | None) -> Iterator[Block]:
    """Yields the metadata that a document under a password leaves in plain (``/EncryptMetadata false``).

    Raises:
        Encrypted: A label stands there, and there may be another inside; or the metadata are enciphered too.
    """
    if packet is None:
        return
    data = document.stream(packet)
    yield Block("xmp", "", data, packet.start, packet.stop)
    if xmp.labels(data):
        raise Encrypted("pdf-partly-locked", path=document.source.name)


def _mirrored(packet: bytes, value: bytes | str | None) -> tuple[Problem, ...]:
    """Says that the packet only repeats the label: same values, so no second label (R59)."""
    if not isinstance(value, str):
        return ()
    label = decode(value).label
    copies = [decode(copy.text).label for copy in xmp.labels(packet) if copy.is_ours]
    if label is None or not copies or any(copy != label for copy in copies):
        return ()
    return (Problem(MIRROR, Severity.NOTE, "R59"),)


def _information(document: Document) -> Indirect | None:
    """Returns the information dictionary; one that stands in the trailer itself, against the rules, too."""
    for section in document.sections():
        value = section.trailer.get("Info")
        if isinstance(value, Dictionary):
            stop = section.base + value.stop
            return Indirect(0, 0, value, section.text, section.base, section.base + value.start, stop, packed=True)
        if isinstance(value, Ref):
            loaded = document.load(value)
            return loaded if loaded is not None and isinstance(loaded.value, Dictionary) else None
    return None


def _properties(document: Document, info: Indirect) -> Iterator[Block]:
    inherited = document.trailer.trailer.get("Info") is None
    for entry in info.dictionary.entries:
        document.source.element()
        problems = [Problem("pdf-info-inherited", Severity.WARNING, "R59")] if inherited and entry.key == KEY else []
        text = _text(document, info, entry, problems)
        if text is not None:
            start, stop = (info.start, info.stop) if info.packed else (info.base + entry.start, info.base + entry.stop)
            yield Block("pdf-info", entry.key, text, start, stop, tuple(problems))


def _text(document: Document, info: Indirect, entry: Entry, problems: list[Problem]) -> str | None:
    """Returns the text of a property, following a reference; None for names and numbers that are no label."""
    value, owner = entry.value, info
    if isinstance(value, Ref):
        loaded = document.load(value)
        if loaded is None:
            return None
        value, owner = loaded.value, loaded
    if isinstance(value, String):
        text, is_proper = pdf_text.decoded(document.string(value, owner))
        if not is_proper:
            problems.append(Problem("pdf-text-encoding", Severity.WARNING, "R59", {"key": entry.key}))
        return text
    if entry.key != KEY:
        return None
    return info.text[entry.at : entry.stop].decode("latin-1")


def _manifests(document: Document, catalog: Indirect) -> Iterator[Block]:
    """Yields C2PA manifest stores, embedded as associated files (C2PA 2.1, A.4)."""
    attached = document.resolve(catalog.dictionary.get("AF"))
    for item in (attached if isinstance(attached, list) else [])[:_MAX_ATTACHMENTS]:
        file = document.resolve(item)
        if isinstance(file, Dictionary) and document.resolve(file.get("AFRelationship")) == Name(_MANIFEST):
            embedded = document.resolve(file.get("EF"))
            stream = _stream_of(document, embedded.get("F")) if isinstance(embedded, Dictionary) else None
            if stream is not None:
                yield Block("c2pa", "", document.stream(stream), stream.start, stream.stop)


def _stream_of(document: Document, value: Value) -> Indirect | None:
    loaded = document.load(value) if isinstance(value, Ref) else None
    return loaded if loaded is not None and loaded.data_at >= 0 else None


def _values(document: Document, info: Indirect) -> list[object]:
    return [block.value for block in _properties(document, info) if block.key == KEY and not block.problems]


def _replaced(document: Document, info: Indirect | None) -> frozenset[str]:
    """Returns the other properties that hold a label, which the new one replaces (GB 45438 6.1 c).

    Raises:
        UnsupportedFormat: The label is only a part of someone's text.
    """
    found = set()
    for block in _properties(document, info) if info is not None else ():
        text = str(block.value)
        if block.key == KEY or not (block.key.upper() == KEY or looks_like_label(text)):
            continue
        if block.key.upper() != KEY and not (text.strip()[:1] == "{" and text.strip()[-1:] == "}"):
            raise UnsupportedFormat("pdf-label-in-text", path=document.source.name, key=block.key)
        found.add(block.key)
    return frozenset(found)


def _own_numbers(document: Document) -> set[int]:
    """Returns the numbers of what labels are written into. An Info that is no dictionary is none: a new one is made."""
    info = document.entry("Info") if _information(document) is not None else None
    values = (info, catalog_of(document).dictionary.get("Metadata"))
    return {value.number for value in values if isinstance(value, Ref)}


def _rows(document: Document) -> Iterator[tuple[int, int, object]]:
    """Yields each row of all cross-references, the newest first: where its section stands, number and entry."""
    for section in document.sections():
        try:
            for number, entry in section.rows.entries():
                yield section.offset, number, entry
        except Malformed as damage:
            at = damage.details.get("offset", section.offset)
            raise Malformed("pdf-media", path=document.source.name, offset=at) from damage


def _spans(document: Document, known: list[int], starts: set[int]) -> Iterator[Span]:
    pending: Span | None = None
    ends = [*known[1:], document.source.size]
    for at, end in zip(known, ends, strict=True):
        if at not in starts:
            if pending is not None:
                yield _trimmed(document, pending)
            pending = None
        else:
            pending = Span(pending.start if pending else at, end)
    if pending is not None:
        yield _trimmed(document, pending)


def _trimmed(document: Document, span: Span) -> Span:
    """Leaves out the white space at the end, which depends on what follows."""
    tail = document.look(max(span.start, span.stop - 64), min(64, span.stop - span.start))
    return Span(span.start, span.stop - (len(tail) - len(tail.rstrip(_WHITE))))
