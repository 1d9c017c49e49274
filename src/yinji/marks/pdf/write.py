"""Stamping pages by one incremental update (ISO 32000-1, 7.5.6): every byte of the file stays where and what it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from yinji.containers.pdf.crypt import Cipher
from yinji.containers.pdf.document import Document
from yinji.containers.pdf.indirect import Indirect
from yinji.containers.pdf.lexer import Dictionary, Ref, Value
from yinji.containers.pdf.update import Update, free_number, kept, value_token
from yinji.errors import LimitExceeded, UnreadableInput
from yinji.limits import MIB
from yinji.marks.pdf.content import Balance, balance
from yinji.marks.pdf.font import Subset, deflated, to_unicode, widths_array
from yinji.marks.pdf.pages import Page, dictionary_in
from yinji.marks.pdf.stamp import Stamp, number

NAME: Final = "YinjiLabel"
"""What our forms are called in the resources of a page, and our annotations by their ``/NM``."""
FONT: Final = "YinjiSans"
_LONGEST: Final = 256 * MIB
"""Bytes of all new versions of pages."""
_FLAGS: Final = 4 | 64 | 128 | 512
"""Printed, read-only, locked, with locked contents (table 165)."""


class Stamper:
    """One incremental update that puts labels on pages.

    Attributes:
        contents, annotations: How many pages were stamped in their content, and by an annotation.
    """

    def __init__(self, document: Document, face: Subset, words: str) -> None:
        self._document = document
        self._face = face
        self._words = words
        self._update = Update(document)
        self._next = free_number(document)
        self._font: Ref | None = None
        self._forms: dict[bytes, Ref] = {}
        self._ends: dict[tuple[str, int], Ref] = {}
        self._starts: dict[int, Ref] = {}
        self._balances: dict[tuple[Ref, ...], Balance | None] = {}
        self._lists: dict[int, list[bytes]] = {}
        self._length = 0
        self.contents = 0
        self.annotations = 0

    @property
    def update(self) -> Update:
        """The update, complete."""
        for at, items in self._lists.items():
            generation = self._document.load(Ref(at, 0))
            ref = Ref(at, generation.generation if generation is not None else 0)
            self._update.add(ref, b"[" + b"\n".join(items) + b"]")
        self._lists = {}
        return self._update

    def put(self, page: Page, stamp: Stamp, *, into_content: bool) -> None:
        """Puts a label on a page: into its content, or as an annotation where the content is signed or unreadable.

        Raises:
            Malformed, LimitExceeded: The page is broken.
        """
        form = self._form(stamp)
        refs = _streams(self._document, page.node.dictionary.get("Contents"))
        state = self._balance(refs) if into_content else None
        if state is None:
            self._annotate(page, stamp, form)
            self.annotations += 1
        else:
            self._draw(page, form, refs, state)
            self.contents += 1

    # content

    def _draw(self, page: Page, form: Ref, refs: tuple[Ref, ...], state: Balance) -> None:
        resources, name = self._with_form(page, form)
        around = (self._start(state.saves), *refs, self._end(name, state.restores)) if refs else (self._end(name, 0),)
        listed = b" ".join(b"%d %d R" % ref for ref in around)
        entries = kept(self._document, page.node, page.ref, {"Contents", "Resources"})
        self._add_page(page.ref, (*entries, b"/Contents [" + listed + b"]", b"/Resources " + resources))

    def _add_page(self, ref: Ref, entries: Iterable[bytes]) -> None:
        """Adds a new version of a page, as long as all of them together stay within bounds.

        Raises:
            LimitExceeded: Pages that share what they do not hold themselves would make the update far too long.
        """
        body = b"<<\n" + b"\n".join(entries) + b"\n>>"
        self._length += len(body)
        if self._length > _LONGEST:
            raise LimitExceeded("too-many-bytes", path=self._document.source.name, limit=_LONGEST)
        self._update.add(ref, body)

    def _with_form(self, page: Page, form: Ref) -> tuple[bytes, str]:
        """Returns the page's resources, its own or inherited, with one form more, and the name of that form."""
        document = self._document
        old = page.resources
        there = dictionary_in(document, old.dictionary.get("XObject"), old) if old is not None else None
        taken = {entry.key for entry in there.dictionary.entries} if there is not None else set()
        name = next(n for n in (NAME, *(f"{NAME}{i}" for i in range(2, len(taken) + 3))) if n not in taken)
        forms = kept(document, there, page.ref, ()) if there is not None else []
        forms.append(b"/%s %d %d R" % (name.encode(), *form))
        others = kept(document, old, page.ref, {"XObject"}) if old is not None else []
        return b"<< " + b"\n".join((*others, b"/XObject << " + b"\n".join(forms) + b" >>")) + b" >>", name

    def _balance(self, refs: tuple[Ref, ...]) -> Balance | None:
        """Returns what the content leaves of the graphics state; None where that cannot be told."""
        if refs not in self._balances:
            try:
                self._balances[refs] = balance(self._content(refs))
            except UnreadableInput:
                self._balances[refs] = None
        return self._balances[refs]

    def _content(self, refs: tuple[Ref, ...]) -> bytes:
        content = bytearray()
        for ref in refs:
            stream = self._document.load(ref)
            content += b"\n" if stream is None else self._document.stream(stream) + b"\n"
            if len(content) > self._document.source.limits.inflated:
                raise LimitExceeded("inflates-too-far", path=self._document.source.name, offset=0, limit=len(content))
        return bytes(content)

    def _start(self, saves: int) -> Ref:
        if saves not in self._starts:
            self._starts[saves] = self._stream(b"q " * saves)
        return self._starts[saves]

    def _end(self, name: str, restores: int) -> Ref:
        key = name, restores
        if key not in self._ends:
            self._ends[key] = self._stream(b"\n" + b"Q " * restores + b"q /%s Do Q\n" % name.encode())
        return self._ends[key]

    # annotations

    def _annotate(self, page: Page, stamp: Stamp, form: Ref) -> None:
        ref = self._fresh()
        corners = " ".join(map(number, stamp.rectangle)).encode()
        words = value_token(self._document, ref, self._words)
        told = value_token(self._document, ref, NAME)
        self._update.add(
            ref,
            b"<< /Type /Annot /Subtype /Stamp /Name /%s /NM %s /F %d /Rect [%s]\n/P %d %d R /Contents %s\n"
            b"/AP << /N %d %d R >> >>" % (NAME.encode(), told, _FLAGS, corners, *page.ref, words, *form),
        )
        item = b"%d %d R" % ref
        listed = page.node.dictionary.get("Annots")
        holder = self._document.load(listed) if isinstance(listed, Ref) else None
        if holder is not None and isinstance(holder.value, list):
            if holder.number not in self._lists:
                where = Ref(holder.number, holder.generation)
                self._lists[holder.number] = self._items(holder, holder.value, where)
            self._lists[holder.number].append(item)
            return
        items = self._items(page.node, listed, page.ref) if isinstance(listed, list) else []
        entries = kept(self._document, page.node, page.ref, {"Annots"})
        self._add_page(page.ref, (*entries, b"/Annots [" + b"\n".join((*items, item)) + b"]"))

    def _items(self, owner: Indirect, items: Iterable[Value], ref: Ref) -> list[bytes]:
        """Spells the annotations that are there: references, or dictionaries that stand in the list itself."""
        spelt = []
        for item in items:
            if isinstance(item, Ref):
                spelt.append(b"%d %d R" % item)
            elif isinstance(item, Dictionary):
                own = kept(self._document, replace(owner, value=item), ref, ())
                spelt.append(b"<< " + b"\n".join(own) + b" >>")
        return spelt

    # objects

    def _form(self, stamp: Stamp) -> Ref:
        matrix = " ".join(map(number, stamp.matrix))
        head = f"/Type /XObject /Subtype /Form /BBox [0 0 {number(stamp.width)} {number(stamp.height)}]"
        key = f"{head} /Matrix [{matrix}]".encode() + stamp.content
        if key not in self._forms:
            font = self._font = self._font or self._embedded()
            resources = b"/Resources << /Font << /%s %d %d R >> >>" % (FONT.encode(), *font)
            told = f"{head} /Matrix [{matrix}] ".encode() + resources
            self._forms[key] = self._stream(stamp.content, told)
        return self._forms[key]

    def _embedded(self) -> Ref:
        """Adds the font: a composite one whose codes are the glyphs' own identifiers."""
        face = self._face
        program = self._stream(face.program, b"/Subtype /CIDFontType0C")
        cmap = self._stream(to_unicode(face))
        descriptor, descendant, font = self._fresh(), self._fresh(), self._fresh()
        name = b"/" + face.name
        self._update.add(
            descriptor,
            b"<< /Type /FontDescriptor /FontName %s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d "
            b"/Descent %d /CapHeight %d /StemV 140 /FontFile3 %d %d R >>"
            % (name, *face.box, face.ascent, face.descent, face.capital, *program),
        )
        registry, ordering = (value_token(self._document, descendant, text) for text in ("Adobe", "Identity"))
        self._update.add(
            descendant,
            b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont %s /CIDSystemInfo << /Registry %s /Ordering %s "
            b"/Supplement 0 >> /DW 1000 /W %s /FontDescriptor %d %d R >>"
            % (name, registry, ordering, widths_array(face), *descriptor),
        )
        self._update.add(
            font,
            b"<< /Type /Font /Subtype /Type0 /BaseFont %s-Identity-H /Encoding /Identity-H /DescendantFonts [%d %d R] "
            b"/ToUnicode %d %d R >>" % (name, *descendant, *cmap),
        )
        return font

    def _stream(self, data: bytes, entries: bytes = b"") -> Ref:
        """Adds a stream, deflated where that is shorter, and enciphered where the document is."""
        ref = self._fresh()
        packed = deflated(data)
        if len(packed) + len("/Filter /FlateDecode ") < len(data):
            data, entries = packed, entries + b" /Filter /FlateDecode"
        security = self._document.security
        if security is not None and security.streams is not Cipher.NONE:
            data = security.encrypt(data, *ref, security.streams)
        self._update.add(ref, b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data))
        return ref

    def _fresh(self) -> Ref:
        self._next += 1
        return Ref(self._next - 1, 0)


def _streams(document: Document, value: Value) -> tuple[Ref, ...]:
    """Returns the streams of a page's content, one or several."""
    if isinstance(value, Ref):
        loaded = document.load(value)
        if loaded is None:
            return ()
        if not isinstance(loaded.value, list):
            return (value,) if loaded.data_at >= 0 else ()
        value = loaded.value
    found = []
    for item in value if isinstance(value, list) else []:
        document.source.element()
        if isinstance(item, Ref):
            found.append(item)
    return tuple(found)
