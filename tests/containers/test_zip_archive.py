"""ZIP archives: the directory is believed only where nothing contradicts it; a change leaves all else as it was."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import documents
from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.zip import crc
from yinji.containers.zip.directory import Archive
from yinji.containers.zip.edit import media, plan
from yinji.containers.zip.ending import CENTRAL, END
from yinji.errors import Encrypted, LimitExceeded, Malformed, Truncated, UnsupportedFormat, YinjiError
from yinji.limits import Limits
from yinji.testing import applied


def made(parts: dict[str, bytes], *, comment: bytes = b"", streamed: bool = False, method: int = 8) -> bytes:
    out = io.BytesIO()
    target = _Pipe(out) if streamed else out
    with zipfile.ZipFile(target, "w", method) as archive:  # type: ignore[arg-type]
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.comment = comment
    return out.getvalue()


class _Pipe(io.RawIOBase):
    """A stream that cannot go back, so that the writer leaves sizes to data descriptors."""

    def __init__(self, out: io.BytesIO) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return self._out.write(bytes(data))  # type: ignore[call-overload]


PARTS = {"a.txt": b"first" * 50, "b.bin": bytes(range(256)) * 9, "c.xml": b"<c/>"}


def changed(data: bytes, changes: dict[bytes, bytes], stored: tuple[bytes, ...] = ()) -> bytes:
    with Source.open(data) as source:
        return applied(plan(Archive.open(source), changes, stored=stored), data)


def content(data: bytes, name: str, **limits: int) -> bytes:
    with Source.open(data, limits=Limits(**limits)) as source:
        archive = Archive.open(source)
        return archive.content(archive.require(name.encode()))


VARIANTS: dict[str, bytes] = {
    "plain": made(PARTS),
    "stored": made(PARTS, method=0),
    "streamed": made(PARTS, streamed=True),
    "commented": made(PARTS, comment=b"a comment " * 900),
    "self-extracting": b"MZ program" * 99 + made(PARTS),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_parts_are_read_as_the_standard_library_reads_them(name: str) -> None:
    for part, expected in PARTS.items():
        assert content(VARIANTS[name], part) == expected == documents.part(VARIANTS[name], part)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_change_keeps_every_other_part_byte_for_byte(name: str) -> None:
    data = VARIANTS[name]
    result = changed(data, {b"a.txt": b"second, longer " * 40, b"new.xml": b"<new/>"}, (b"a.txt",))
    before, after = documents.entries(data), documents.entries(result)
    assert list(after) == [*before, "new.xml"]
    assert {k: after[k] for k in ("b.bin", "c.xml")} == {k: before[k] for k in ("b.bin", "c.xml")}
    assert documents.part(result, "a.txt") == b"second, longer " * 40
    assert documents.part(result, "new.xml") == b"<new/>"
    assert result.count(b"first") == 0
    with Source.open(data) as one, Source.open(result) as two:
        spans = [
            b"".join(d[a:b] for a, b in media(Archive.open(s), {b"a.txt", b"new.xml"}))
            for s, d in ((one, data), (two, result))
        ]
    assert spans[0] == spans[1] != b""


def test_an_end_record_in_the_comment_does_not_hide_the_real_one() -> None:
    data = made(PARTS, comment=b"PK\5\6 and some words")
    assert content(data, "b.bin") == PARTS["b.bin"]


def test_a_stored_part_of_equal_length_is_changed_where_it_stands() -> None:
    data = made(PARTS, method=0)
    with Source.open(data) as source:
        splice = plan(Archive.open(source), {b"a.txt": b"FIRST" + PARTS["a.txt"][5:]}, stored=(b"a.txt",))
    assert splice.moves_nothing
    assert sum(len(edit.data) for edit in splice.edits) <= 5 + 4 + 4
    assert documents.part(applied(splice, data), "a.txt").startswith(b"FIRSTfirst")


def test_a_zip64_archive_is_read_and_changed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, value in PARTS.items():
            with archive.open(name, "w", force_zip64=True) as stream:
                stream.write(value)
    narrow = out.getvalue()
    end = narrow.rindex(END)
    _, _, _, _, count, size, offset, _ = struct.unpack("<4s4H2IH", narrow[end:])
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    data = narrow[:end] + record + locator + struct.pack("<4s4H2IH", END, 0, 0, *[0xFFFF] * 2, *[0xFFFFFFFF] * 2, 0)
    assert content(data, "b.bin") == PARTS["b.bin"]
    result = changed(data, {b"a.txt": b"short", b"new.xml": b"<new/>"})
    assert set(documents.entries(result)) == {*PARTS, "new.xml"}
    assert documents.part(result, "a.txt") == b"short"
    assert content(result, "b.bin") == PARTS["b.bin"]


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _central(data: bytes) -> int:
    return data.index(CENTRAL)


def _two_names() -> bytes:
    data = made({"a.txt": b"one", "b.txt": b"two"})
    return data.replace(b"b.txt", b"a.txt")


def _bomb() -> bytes:
    return made({"a.txt": bytes(8 << 20)})


def _lying_size() -> bytes:
    data = made({"a.txt": bytes(2000)})
    return patched(patched(data, 22, struct.pack("<I", 10)), _central(data) + 24, struct.pack("<I", 10))


def _overlapping() -> bytes:
    data = made({"a.txt": b"one", "b.txt": b"two"}, method=0)
    second = data.index(CENTRAL, _central(data) + 1)
    first_offset = data[_central(data) + 42 : _central(data) + 46]
    return patched(patched(data, second + 42, first_offset), second + 46, b"a.txx")


HOSTILE: dict[str, tuple[Callable[[], bytes], type[YinjiError], str]] = {
    "no end": (lambda: made(PARTS)[:-22], Truncated, "zip-no-end"),
    "a name twice": (_two_names, Malformed, "zip-duplicate"),
    "a bomb": (_bomb, LimitExceeded, "zip-bomb"),
    "a lying size": (_lying_size, Malformed, "zip-crc"),
    "an entry over another": (_overlapping, Malformed, "zip-mismatch"),
    "encrypted": (
        lambda: patched(patched(made(PARTS), 6, b"\1"), _central(made(PARTS)) + 8, b"\1"),
        Encrypted,
        "zip-encrypted",
    ),
    "another method": (
        lambda: patched(patched(made(PARTS), 8, b"\x0c"), _central(made(PARTS)) + 10, b"\x0c"),
        UnsupportedFormat,
        "zip-method",
    ),
    "a local name of its own": (lambda: made(PARTS).replace(b"a.txt", b"x.txt", 1), Malformed, "zip-mismatch"),
    "a wrong checksum": (
        lambda: patched(patched(made(PARTS), 14, b"1234"), _central(made(PARTS)) + 16, b"1234"),
        Malformed,
        "zip-crc",
    ),
    "more entries than it has": (
        lambda: patched(made(PARTS), len(made(PARTS)) - 14, b"\x09\0\x09\0"),
        Malformed,
        "zip-directory",
    ),
    "several disks": (lambda: patched(made(PARTS), len(made(PARTS)) - 18, b"\1\0"), Malformed, "zip-split"),
    "an offset far away": (
        lambda: patched(made(PARTS), len(made(PARTS)) - 6, b"\xff\xff\xff\x7f"),
        Malformed,
        "zip-directory",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_contradictions_are_refused(name: str) -> None:
    make, kind, code = HOSTILE[name]
    with pytest.raises(kind) as caught, Source.open(make()) as source:
        archive = Archive.open(source)
        for entry in archive.entries():
            archive.content(entry)
    assert caught.value.code == code


def test_two_directories_are_refused() -> None:
    first, second = made({"a.txt": b"one"}), made({"a.txt": b"two"})
    end = second.rindex(END)
    offset = first.index(CENTRAL)
    with (
        pytest.raises(Malformed) as caught,
        Source.open(first + second[:end] + second[end : end + 16] + struct.pack("<I", offset) + b"\0\0") as source,
    ):
        Archive.open(source)
    assert caught.value.code == "zip-two-directories"


def test_too_many_entries_are_not_walked() -> None:
    with pytest.raises(LimitExceeded):
        content(made({f"{n}": b"" for n in range(50)}), "1", elements=20)


def test_the_sum_of_what_is_expanded_is_bounded() -> None:
    data = made({name: zlib.compress(bytes(range(256)) * 4, 0) for name in "abc"})
    with pytest.raises(LimitExceeded), Source.open(data, limits=Limits(inflated=2500)) as source:
        archive = Archive.open(source)
        for entry in archive.entries():
            archive.content(entry)


@given(st.binary(max_size=300), st.integers(0, 2000), st.sampled_from(sorted(VARIANTS)))
def test_damage_raises_the_packages_own_errors_alone(junk: bytes, at: int, name: str) -> None:
    data = patched(VARIANTS[name], at % len(VARIANTS[name]), junk)
    try:
        result = changed(data, {b"a.txt": b"new", b"other": b"more"})
    except YinjiError:
        return
    assert content(result, "a.txt") == b"new"


def test_the_checksum_of_a_change_needs_only_what_changes() -> None:
    chance = random.Random(45438)
    for size in (40, 1000, 70_000):
        for growth in (-20, 0, 5, 3000):
            old = chance.randbytes(size)
            edits = (Edit(3, 9, chance.randbytes(6)), Edit(size - 30, size - 5, chance.randbytes(25 + growth)))
            splice, asked = Splice.of(edits), []

            def read(at: int, length: int, old: bytes = old, asked: list[int] = asked) -> bytes:
                asked.append(length)
                return old[at : at + length]

            assert crc.changed(zlib.crc32(old), size, splice, read) == zlib.crc32(splice.applied(old))
            assert sum(asked) <= 36
            wrong = crc.changed(zlib.crc32(old) ^ 1, size, splice, read)
            assert wrong != zlib.crc32(splice.applied(old))
