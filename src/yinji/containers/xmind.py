"""XMind files: the label is the member ``AIGC`` of ``metadata.json``, or of ``meta.xml`` in files of XMind 8 and older.

The guide for text files seems to name a place for this format that is not publicly known; this one is our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, NamedTuple

from yinji.containers.base import Example, Span
from yinji.containers.model import Block, Kind, Reading
from yinji.containers.source import Source
from yinji.containers.splice import Splice
from yinji.containers.zip import quick as zip_quick
from yinji.containers.zip.directory import LOCAL, Archive
from yinji.containers.zip.document import (
    CREDENTIALS,
    NAME,
    block,
    credentials,
    is_editable_in_place,
    is_label,
    labels_in,
    packed,
)
from yinji.containers.zip.edit import media, plan
from yinji.containers.zip.xml import PADDING, Element, XmlPart, padded, quoted, set_one
from yinji.errors import Malformed
from yinji.labels.aigc import AigcLabel
from yinji.labels.scanner import Type, scan_object

METADATA: Final = b"metadata.json"
META: Final = b"meta.xml"
_CONTENT: Final = b"content.json"
_MANIFESTS: Final = (b"manifest.json", b"META-INF/manifest.xml")
_SPACE: Final = "urn:xmind:xmap:xmlns:meta:2.0"
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)


class _Member(NamedTuple):
    """A top-level member of an object, by its bytes: its key, its value, and where both stand together."""

    key: bytes
    start: int
    value: int
    stop: int


class XMind:
    """Mind maps of XMind, in JSON (since 2018) and in XML."""

    name: ClassVar[str] = "xmind"
    media_type: ClassVar[str] = "application/vnd.xmind.workbook"
    kind: ClassVar[Kind] = Kind.DOCUMENT
    extensions: ClassVar[tuple[str, ...]] = ("xmind",)
    carrier: ClassVar[str] = "xmind-metadata"
    clause: ClassVar[str] = ""
    writable: ClassVar[bool] = True

    def score(self, head: bytes, extension: str) -> int:
        if extension not in self.extensions:
            return 0
        return 90 if head.startswith(LOCAL) else 10

    def blocks(self, source: Source, *, thorough: bool) -> Iterator[Block]:
        """Yields the members of the metadata that are texts or labels, and C2PA manifests.

        Raises:
            Malformed, Truncated, Encrypted, LimitExceeded: The file cannot be read.
        """
        archive = Archive.open(source)
        archive.fetch((archive.find(METADATA), archive.find(META)))
        if METADATA in archive:
            yield from _json_blocks(archive, self.carrier)
        if META in archive:
            part = _xml(archive)
            for element in labels_in(part):
                yield block(archive, META, self.carrier, element.name, element.text)
            for key, text in zip_quick.fields(archive.content(archive.require(META))):
                if not is_label(key, text):
                    yield block(archive, META, "xmind-meta", key, text)
        yield from credentials(archive)

    def write(self, source: Source, label: AigcLabel, reading: Reading, *, in_place: bool) -> Splice:
        """Plans the member; a file of the JSON kind gets a ``metadata.json`` where it has none.

        Raises:
            Malformed, Encrypted: The file cannot be edited safely.
        """
        archive = Archive.open(source)
        is_json = METADATA in archive or _CONTENT in archive
        target = METADATA if is_json else META
        changes = {}
        if is_json:
            changes[METADATA] = _with_member(archive, label)
        if META in archive:
            changes[META] = _with_element(archive, label, is_target=not is_json)
        elif not is_json:
            changes[META] = _new_meta(label)
        return plan(archive, changes, stored=(target,))

    def media(self, source: Source) -> Iterator[Span]:
        """Yields all parts but the metadata, the lists of parts and C2PA manifests."""
        return media(Archive.open(source), {METADATA, META, *_MANIFESTS, CREDENTIALS})

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Yields a map of one topic in JSON, one without metadata, and one in XML."""
        content = '[{"id":"1","class":"sheet","title":"图","rootTopic":{"id":"2","title":"中心主题"}}]'
        metadata = '{"creator":{"name":"Yinji example","version":"1"},"activeSheetId":"1"}'
        manifest = '{"file-entries":{"content.json":{},"metadata.json":{}}}'
        parts = [("content.json", content), ("metadata.json", metadata), ("manifest.json", manifest)]
        yield Example("map.xmind", packed(parts))
        yield Example("bare.xmind", packed([parts[0], ("manifest.json", manifest)]))
        head = '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
        old = (
            f'{head}<xmap-content xmlns="urn:xmind:xmap:xmlns:content:2.0" version="2.0"><sheet id="1"/></xmap-content>'
        )
        meta = f'{head}<meta xmlns="{_SPACE}" version="2.0"><Creator><Name>Yinji example</Name></Creator></meta>'
        yield Example("old.xmind", packed([("content.xml", old), ("meta.xml", meta)]))


def _json_blocks(archive: Archive, carrier: str) -> Iterator[Block]:
    text = _text(archive)
    scan = scan_object(text, len(text) - len(text.lstrip()))
    if text[scan.stop :].strip():
        raise _broken(archive)
    for member in scan.members:
        if is_label(member.key, member.text):
            yield block(archive, METADATA, carrier, member.key, member.text)
        elif member.type in (Type.STRING, Type.OBJECT):
            yield block(archive, METADATA, "xmind-json", member.key, member.text)


def _text(archive: Archive) -> str:
    """Returns ``metadata.json``, its byte order mark aside.

    Raises:
        Malformed: It is not in UTF-8.
    """
    try:
        return archive.content(archive.require(METADATA)).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _broken(archive) from None


def _broken(archive: Archive) -> Malformed:
    return Malformed("xmind-json", path=archive.source.name, name=METADATA.decode())


def _with_member(archive: Archive, label: AigcLabel) -> bytes:
    """Returns ``metadata.json`` with exactly one label in it, every other byte as it was."""
    value = label.to_json().encode()
    entry = archive.find(METADATA)
    if entry is None:
        return b'{"' + NAME.encode() + b'":' + value + b" " * PADDING + b"}"
    text = _text(archive)
    start = len(text) - len(text.lstrip())
    scan = scan_object(text, start)
    data = archive.content(entry)
    members = _members(data, len(data) - len(data.lstrip(b"\xef\xbb\xbf \t\r\n")))
    if len(members) != len(scan.members) or text[scan.stop :].strip():
        raise _broken(archive)
    labels = [m for m, told in zip(members, scan.members, strict=True) if is_label(told.key, told.text)]
    edits = [_without(data, members, member) for member in labels[1:]]
    if labels:
        edits.append(_replaced(data, labels[0], value, in_place=is_editable_in_place(entry)))
    else:
        brace = data.rindex(b"}")
        comma = b"," if members and not scan.trailing_comma else b""
        edits.append((brace, brace, comma + b'"' + NAME.encode() + b'":' + value + b" " * PADDING))
    for first, stop, new in sorted(edits, reverse=True):
        data = data[:first] + new + data[stop:]
    return data


def _replaced(data: bytes, member: _Member, value: bytes, *, in_place: bool) -> tuple[int, int, bytes]:
    space = data[member.stop :][: len(data) - member.stop - len(data[member.stop :].lstrip(b" \t\r\n"))]
    new = b'"' + NAME.encode() + b'":' + value
    return member.start, *padded(data[member.start : member.stop], space, member.stop, new, in_place)


def _without(data: bytes, members: list[_Member], member: _Member) -> tuple[int, int, bytes]:
    """Returns the edit that takes a member out with the comma in front of it."""
    before = members[members.index(member) - 1]
    space = len(data[before.stop :]) - len(data[before.stop :].lstrip(b" \t\r\n"))
    return before.stop + space, member.stop, b""


def _members(data: bytes, at: int) -> list[_Member]:
    """Returns the top-level members of the object that starts at ``at``; its syntax has been checked before."""
    found: list[_Member] = []
    depth, key, start, value, stop = 0, b"", -1, -1, -1
    for token in _TOKEN.finditer(data, at):
        mark = token[0]
        if mark in (b"}", b"]"):
            depth -= 1
        if (depth == 1 and mark == b",") or depth == 0:
            if key:
                found.append(_Member(key, start, value, stop))
            key, value = b"", -1
            if mark == b"}":
                break
        elif depth == 1 and not key and _STRING.fullmatch(mark):
            key, start = mark, token.start()
        elif key and (mark != b":" or depth > 1):
            value = token.start() if value < 0 else value
            stop = token.end()
        if mark in (b"{", b"["):
            depth += 1
    return found


def _xml(archive: Archive) -> XmlPart:
    return XmlPart(archive.content(archive.require(META)), archive.source, META.decode())


def _with_element(archive: Archive, label: AigcLabel, *, is_target: bool) -> bytes:
    part = _xml(archive)
    found = labels_in(part)
    if not is_target:
        return part.applied(map(part.removal, found))
    in_place = is_editable_in_place(archive.find(META))
    return set_one(part, found, part.root, lambda _: _element(label, part.root), in_place=in_place)


def _element(label: AigcLabel, root: Element | None = None) -> bytes:
    tag = f"{root.tag if root else ''}{NAME}".encode()
    return b"<" + tag + b">" + quoted(label.to_json()) + b"</" + tag + b">"


def _new_meta(label: AigcLabel) -> bytes:
    opening = f'<?xml version="1.0" encoding="UTF-8" standalone="no"?><meta xmlns="{_SPACE}" version="2.0">'
    return opening.encode() + _element(label) + b" " * PADDING + b"</meta>"
