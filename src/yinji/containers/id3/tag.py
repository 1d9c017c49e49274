"""ID3v2.2, 2.3 and 2.4 tags, wherever they stand: at the head of MP3 and AAC files, in chunks of WAV and AIFF.

Frames are hopped over; only texts, links, XMP packets and C2PA stores are read. Every size is checked against the
tag and the file. ``yinji.containers.id3.edit`` plans changes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from yinji.containers.candidate import shows_sign
from yinji.containers.model import Block
from yinji.containers.source import Source
from yinji.containers.window import Window
from yinji.errors import Encrypted, LimitExceeded, Malformed, Truncated
from yinji.labels.problem import Problem, Severity
from yinji.limits import MIB

KEY: Final = "AIGC"
"""The description of TC260-PG-202510A 6.1."""

HEADER: Final = 10
UNSYNCHRONISED: Final = 0x80
EXTENDED: Final = 0x40
FOOTER: Final = 0x10
_COMPRESSED_V2: Final = 0x40

PLAIN_MAX: Final = 4096
"""Bytes of a frame that are searched for signs."""

_SYNCSAFE: Final = 0x7F
_NAME: Final = {2: re.compile(rb"[A-Z][A-Z0-9]{2}"), 3: re.compile(rb"[A-Z][A-Z0-9]{2}[A-Z0-9 \0]")}
USUAL: Final = frozenset((b"TXXX", b"TIT2", b"TPE1", b"TALB", b"TSSE", b"TDRC", b"TYER", b"TRCK", b"COMM", b"APIC"))
"""Names that need no match."""

_MODERN: Final = {
    "TXX": "TXXX",
    "WXX": "WXXX",
    "COM": "COMM",
    "GEO": "GEOB",
    "TEN": "TENC",
    "TSS": "TSSE",
    "WAS": "WOAS",
}
_ENCODINGS: Final = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_C2PA_HELD: Final = 1 * MIB

_V3_COMPRESSED, _V3_ENCRYPTED, _V3_GROUPED = 0x80, 0x40, 0x20
_V4_GROUPED, _V4_COMPRESSED, _V4_ENCRYPTED, _V4_UNSYNCHRONISED, _V4_LENGTH = 0x40, 0x08, 0x04, 0x02, 0x01


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag.

    Attributes:
        file: The file it stands in.
        start, stop: Where it begins and ends there, header and footer included.
        version: 2, 3 or 4.
        flags: Of the header.
        inner: Where its frames are read from: the file, or the bytes after undoing the unsynchronisation.
        at, end: The range of frames and padding in ``inner``.
        extended: Where the extended header starts in ``inner``, or None.
    """

    file: Source
    start: int
    stop: int
    version: int
    flags: int
    inner: Source
    at: int
    end: int
    extended: int | None

    @property
    def is_unpacked(self) -> bool:
        """Whether ``inner`` holds other bytes than the file, so that positions of frames are not positions there."""
        return self.inner is not self.file

    @property
    def has_footer(self) -> bool:
        return self.version == 4 and bool(self.flags & FOOTER)


class Frame(NamedTuple):
    """One frame; positions are those of the tag's ``inner``.

    Attributes:
        name: Identifier as written, 3 characters in version 2.2.
        start, body, stop: Where header, content and the next frame begin.
        flags: Format flags (the second byte).
    """

    name: str
    start: int
    body: int
    stop: int
    flags: int

    @property
    def modern(self) -> str:
        """The identifier of version 2.3 and later, for the frames that are read."""
        return _MODERN.get(self.name, self.name)


def syncsafe(raw: bytes) -> int:
    """Returns the number of 7-bit bytes; a set top bit makes it -1."""
    if len(raw) == 4:
        first, second, third, last = raw
        return -1 if (first | second | third | last) & 0x80 else first << 21 | second << 14 | third << 7 | last
    if max(raw, default=0) > _SYNCSAFE:
        return -1
    value = 0
    for byte in raw:
        value = value << 7 | byte
    return value


def parse_tag(source: Source, at: int) -> Tag | None:
    """Reads the header of the tag at ``at``, or returns None where none stands.

    Raises:
        Malformed: Unknown version, impossible size, or an extended header that does not fit.
        Truncated: The file ends before the tag.
    """
    head = source.read_up_to(at, HEADER)
    if len(head) < HEADER or head[:3] != b"ID3" or 0xFF in head[3:5]:
        return None
    version, flags = head[3], head[5]
    if version not in (2, 3, 4):
        raise Malformed("id3-version", path=source.name, offset=at, version=version)
    size = syncsafe(head[6:10])
    if size < 0:
        raise Malformed("id3-size", path=source.name, offset=at)
    if version == 2 and flags & _COMPRESSED_V2:
        raise Malformed("id3-compressed", path=source.name, offset=at)
    stop = at + HEADER + size + (HEADER if version == 4 and flags & FOOTER else 0)
    if stop > source.size:
        raise Truncated("truncated", path=source.name, offset=at, needed=stop - at, size=source.size)
    inner, first, end = source, at + HEADER, at + HEADER + size
    if version < 4 and flags & UNSYNCHRONISED:
        inner = Source.open(resynchronised(source.read(first, size)), name=source.name, limits=source.limits)
        first, end = 0, inner.size
    extended = first if version > 2 and flags & EXTENDED else None
    if extended is not None:
        first += _extended_size(inner, version, first, end)
    return Tag(source, at, stop, version, flags, inner, first, end, extended)


def _extended_size(source: Source, version: int, at: int, end: int) -> int:
    raw = source.read_up_to(at, 4)
    size = 4 + int.from_bytes(raw, "big") if version == 3 else syncsafe(raw)
    if len(raw) < 4 or not 6 <= size <= end - at:
        raise Malformed("id3-size", path=source.name, offset=at)
    return size


def format_behind(source: Source) -> str:
    """Names what follows the tag at the head of a file: ``flac``, ``aac``, or "" where that is not told."""
    head = source.head[:HEADER]
    size = syncsafe(head[6:])
    if head[:3] != b"ID3" or size < 0:
        return ""
    mark = source.read_up_to(HEADER + size + (HEADER if head[5] & FOOTER else 0), 4)
    if mark == b"fLaC":
        return "flac"
    return "aac" if len(mark) == 4 and mark[0] == 0xFF and mark[1] & 0xF6 == 0xF0 else ""


def resynchronised(data: bytes) -> bytes:
    """Undoes unsynchronisation."""
    return data.replace(b"\xff\x00", b"\xff")


def unsynchronised(data: bytes) -> bytes:
    """Puts a zero between bytes that could be taken for the start of an audio frame."""
    safe = re.sub(rb"\xff(?=[\xe0-\xff\x00])", b"\xff\x00", data)
    return safe + b"\x00" if safe.endswith(b"\xff") else safe


def frames(tag: Tag, window: Window | None = None) -> Iterator[Frame]:
    """Yields the frames of a tag up to the padding.

    Raises:
        Malformed: A frame that does not fit the tag.
        LimitExceeded: Too many of them.
    """
    window = window or Window(tag.inner)
    header, length = (6, 3) if tag.version == 2 else (HEADER, 4)
    is_name = _NAME[min(tag.version, 3)].fullmatch
    at, end, version, element, peek = tag.at, tag.end, tag.version, tag.inner.element, window.peek
    while end - at >= header:
        head = peek(at, header)
        if head[0] == 0:
            return
        element(1)
        name = head[:length]
        size = int.from_bytes(head[4:8], "big") if version == 3 else _frame_size(window, tag, at, head)
        body = at + header
        if size > end - body or (name not in USUAL and not is_name(name)):
            shown = name.decode("ascii", "replace")
            raise Malformed("id3-frame", path=tag.file.name, frame=shown, offset=tag.start if tag.is_unpacked else at)
        yield Frame(name.decode("ascii"), at, body, body + size, head[9] if version > 2 else 0)
        at = body + size


def _frame_size(window: Window, tag: Tag, at: int, head: bytes) -> int:
    """Reads a frame's size; some writers put plain numbers into version 2.4, told by what follows the frame."""
    if tag.version == 2:
        return int.from_bytes(head[3:6], "big")
    plain = int.from_bytes(head[4:8], "big")
    if plain <= _SYNCSAFE:
        return plain
    safe = syncsafe(head[4:8])
    if safe < 0 or (not _follows(window, tag, at + HEADER + safe) and _follows(window, tag, at + HEADER + plain)):
        return plain
    return safe


def _follows(window: Window, tag: Tag, at: int) -> bool:
    """Whether a frame, padding or the end of the tag stands at ``at``."""
    if at == tag.end:
        return True
    if at > tag.end:
        return False
    head = window.peek(at, min(4, tag.end - at))
    return head[0] == 0 or _NAME[3].fullmatch(head) is not None


def content(tag: Tag, frame: Frame) -> bytes:
    """Returns a frame's content with grouping, compression and unsynchronisation undone.

    Raises:
        Encrypted: It is enciphered.
        Malformed, LimitExceeded: It does not inflate, or to too much.
    """
    raw = tag.inner.read(frame.body, frame.stop - frame.body)
    if not frame.flags or tag.version == 2:
        return resynchronised(raw) if tag.version == 4 and tag.flags & UNSYNCHRONISED else raw
    where = tag.start if tag.is_unpacked else frame.start
    is_v4 = tag.version == 4
    if frame.flags & (_V4_ENCRYPTED if is_v4 else _V3_ENCRYPTED):
        raise Encrypted("id3-encrypted", path=tag.file.name, offset=where)
    if is_v4:
        skip = (1 if frame.flags & _V4_GROUPED else 0) + (4 if frame.flags & _V4_LENGTH else 0)
        if frame.flags & _V4_UNSYNCHRONISED or tag.flags & UNSYNCHRONISED:
            raw = resynchronised(raw)
        is_compressed = bool(frame.flags & _V4_COMPRESSED)
    else:
        skip = (4 if frame.flags & _V3_COMPRESSED else 0) + (1 if frame.flags & _V3_GROUPED else 0)
        is_compressed = bool(frame.flags & _V3_COMPRESSED)
    return _inflated(tag, raw[skip:], where, frame.name) if is_compressed else raw[skip:]


def _inflated(tag: Tag, data: bytes, where: int, name: str) -> bytes:
    limit = tag.file.limits.inflated
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(data, limit)
    except zlib.error:
        raise Malformed("id3-frame", path=tag.file.name, frame=name, offset=where) from None
    if inflate.unconsumed_tail:
        raise LimitExceeded("id3-inflate", path=tag.file.name, offset=where, limit=limit)
    return plain


def tag_blocks(tag: Tag, *, place: str = "", thorough: bool = True) -> Iterator[Block]:
    """Yields the texts, links, XMP packets and C2PA stores of a tag.

    Args:
        tag: The tag.
        place: Where it stands, when that is not where the guide wants the label.
        thorough: Else the contents of plain frames without a sign of a label are passed over.

    Raises:
        Malformed, LimitExceeded: The rest cannot be read.
        Encrypted: A text frame is enciphered; raised behind the last block.
    """
    window = Window(tag.inner)
    enciphered: Encrypted | None = None
    for frame in frames(tag, window):
        if not thorough and _says_nothing(window, frame):
            continue
        try:
            block = frame_block(tag, frame, place=place)
        except Encrypted as error:
            enciphered = error if frame.modern == "TXXX" else enciphered
            continue
        if block is not None:
            yield block
    if enciphered is not None:
        raise enciphered


def _says_nothing(window: Window, frame: Frame) -> bool:
    """Whether a plain frame shows nothing of a label."""
    length = frame.stop - frame.body
    return not frame.flags and length <= PLAIN_MAX and not shows_sign(window.peek(frame.body, length))


def frame_block(tag: Tag, frame: Frame, *, place: str = "") -> Block | None:
    """Returns the block of one frame, or None for frames that hold no words."""
    name = frame.modern
    if not (name[0] in "TW" or name in ("COMM", "PRIV", "GEOB")):
        return None
    if name in ("PRIV", "GEOB") and not _is_wanted_binary(tag, frame):
        return None
    data = content(tag, frame)
    start, stop = (tag.start, tag.stop) if tag.is_unpacked else (frame.start, frame.stop)
    if name == "PRIV":
        return Block("xmp", "", data.partition(b"\0")[2], start, stop)
    if name == "GEOB":
        return Block("c2pa", "", data[:_C2PA_HELD], start, stop)
    return words_block(name, data, start, stop, place)


def words_block(name: str, data: bytes, start: int, stop: int, place: str = "") -> Block:
    """Returns the block of a text or link frame with this content."""
    key, text, is_exact = _words(name, data)
    problems = () if is_exact else (Problem("id3-encoding", Severity.ERROR, "R52", {"encoding": _encoding_of(data)}),)
    if place and key.casefold() == KEY.casefold():
        problems = (*problems, Problem("id3-place", Severity.WARNING, "R52", {"place": place}))
    return Block(f"id3-{name.strip().lower()}", key, text, start, stop, problems)


def _is_wanted_binary(tag: Tag, frame: Frame) -> bool:
    if frame.flags:
        return False
    head = tag.inner.read(frame.body, min(48, frame.stop - frame.body))
    return head.startswith(b"XMP\0") if frame.modern == "PRIV" else b"c2pa" in head


def _encoding_of(data: bytes) -> str:
    return _ENCODINGS[data[0]].upper() if data and data[0] < len(_ENCODINGS) else f"{data[:1].hex()}"


def _words(name: str, data: bytes) -> tuple[str, str, bool]:
    """Returns the key and the text of a frame, and whether the text decoded without loss."""
    if name[0] == "W" and name != "WXXX":
        return name, data.rstrip(b"\0").decode("latin-1"), True
    if not data:
        return name, "", True
    code, rest = data[0], data[1:]
    if name == "COMM":
        rest = rest[3:]
    if name not in ("TXXX", "WXXX", "COMM"):
        text, is_exact = _text(code, rest, b"")
        return name, text, is_exact
    first, second = _split(code, rest)
    key, is_key_exact = _text(code, first, b"")
    text, is_exact = _text(0 if name == "WXXX" else code, second, first[:2])
    return key, text, is_exact and is_key_exact


def _split(code: int, data: bytes) -> tuple[bytes, bytes]:
    """Splits at the first terminator, two aligned zeros in UTF-16."""
    if code not in (1, 2):
        first, _, second = data.partition(b"\0")
        return first, second
    at = 0
    while (at := data.find(b"\0\0", at)) >= 0:
        if at % 2 == 0:
            return data[:at], data[at + 2 :]
        at += 1
    return data, b""


def _text(code: int, data: bytes, order: bytes) -> tuple[str, bool]:
    """Decodes a text; ``order`` is the byte order mark of an earlier text of the same frame."""
    if code >= len(_ENCODINGS):
        return data.decode("latin-1").rstrip("\0"), False
    encoding = _ENCODINGS[code]
    if code == 1 and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16-be" if order == b"\xfe\xff" else "utf-16-le"
    try:
        return data.decode(encoding).rstrip("\0"), True
    except UnicodeDecodeError:
        return data.decode(encoding, "replace").rstrip("\0"), False
