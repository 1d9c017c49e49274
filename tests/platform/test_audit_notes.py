"""Signed notes and tile addresses against the examples in their specifications."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinji.platform.audit.entries import parsed
from yinji.platform.audit.notes import Checkpoint, Signer, Verifier
from yinji.platform.audit.tiles import ENTRIES, Tile, pack_entries, tile_at, tiles_of, unpack_entries
from yinji.platform.errors import AuditBroken

SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = TEXT + (
    "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example in the documentation of golang.org/x/mod/sumdb/note, whose format this is."""


def test_the_published_note_is_made_and_opened() -> None:
    signer, verifier = Signer.from_text(SKEY), Verifier.parse(VKEY)
    assert signer.verifier == verifier
    assert verifier.vkey == VKEY
    assert signer.to_text() == SKEY + "\n"
    assert signer.sign(TEXT) == NOTE
    assert verifier.open(NOTE) == TEXT


def test_signatures_of_others_do_not_matter() -> None:
    other = Signer("witness.example", bytes(32))
    both = NOTE + other.sign(TEXT).removeprefix(TEXT + "\n")
    assert Verifier.parse(VKEY).open(both) == other.verifier.open(both) == TEXT


@pytest.mark.parametrize(
    ("note", "code"),
    [
        (NOTE.replace("answer", "Answer"), "audit-signature"),
        (NOTE.replace("x08go/ZJ", "x08go/ZK"), "audit-signature"),
        (NOTE.replace("x08go/ZJ", "y08go/ZJ"), "audit-not-signed"),
        (NOTE.replace("— PeterNeumann", "— Peter"), "audit-not-signed"),
        (NOTE.replace("— ", "- "), "audit-not-signed"),
        (NOTE + "junk\n", "audit-not-signed"),
        (NOTE.rstrip("\n"), "audit-note"),
        (TEXT, "audit-note"),
        ("", "audit-note"),
        ("a" * 70_000 + "\n" + NOTE, "audit-note"),
    ],
)
def test_other_notes_are_refused(note: str, code: str) -> None:
    with pytest.raises(AuditBroken) as caught:
        Verifier.parse(VKEY).open(note)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "vkey", ["", "x", "a+b+c", VKEY[:-1], VKEY.replace("c74f", "c74e"), VKEY.replace("ARpc", "Ahpc")]
)
def test_other_keys_are_refused(vkey: str) -> None:
    with pytest.raises(AuditBroken) as caught:
        Verifier.parse(vkey)
    assert caught.value.code == "audit-vkey"


def test_checkpoints_are_three_lines() -> None:
    signer = Signer("example.com", bytes(range(32)))
    checkpoint = Checkpoint("example.com", 20852163, hashlib.sha256(b"").digest())
    note = signer.sign(checkpoint.to_text())
    assert note.startswith("example.com\n20852163\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— example.com ")
    assert Checkpoint.opened(note, signer.verifier) == checkpoint
    extended = signer.sign(checkpoint.to_text() + "an extension\n")
    assert Checkpoint.opened(extended, signer.verifier) == checkpoint
    with pytest.raises(AuditBroken) as caught:
        Checkpoint.opened(signer.sign(checkpoint.to_text().replace("example.com", "example.org")), signer.verifier)
    assert caught.value.code == "audit-other-log"


@pytest.mark.parametrize(
    "text", ["", "o\n1\n", "o\n01\nAAAA\n", "o\n-1\nAAAA\n", "o\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n"]
)
def test_other_texts_are_no_checkpoints(text: str) -> None:
    with pytest.raises(AuditBroken):
        Checkpoint.parse(text)


def test_addresses_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).address == "0/x001/x234/067"
    assert Tile(0, 0).address == "0/000"
    assert Tile(ENTRIES, 273, 112).address == "entries/273.p/112"
    for address in ("0/x001/x234/067", "63/999.p/255", "entries/000", "entries/x001/000.p/1"):
        tile = Tile.parse(address)
        assert tile is not None
        assert tile.address == address


@pytest.mark.parametrize(
    "address",
    ["", "0", "0/0", "0/0000", "64/000", "00/000", "0/000.p/0", "0/000.p/256", "0/x000/001", "0/000.p/01", "-1/000",
     "data/000", "0/001/000", "0/x001", "0/../000", "0/000/", "entries/٠٠٠", "0/000.p/1000", "0/000\n"],
)  # fmt: skip
def test_other_addresses_are_none(address: str) -> None:
    assert Tile.parse(address) is None


@given(st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_addresses_go_both_ways(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert Tile.parse(tile.address) == tile


def test_the_tiles_of_70000_entries_are_those_of_the_specification() -> None:
    tiles = list(tiles_of(70_000))
    by_level = {level: [t for t in tiles if t.level == level] for level in (0, 1, 2, 3, ENTRIES)}
    assert [len(by_level[level]) for level in (0, 1, 2, 3, ENTRIES)] == [274, 2, 1, 0, 274]
    assert [by_level[level][-1].width for level in (0, 1, 2, ENTRIES)] == [112, 17, 1, 112]
    assert all(tile_at(t.level, t.index, 70_000) == t for t in tiles)
    assert tile_at(0, 274, 70_000) is None
    assert list(tiles_of(0)) == []


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_go_both_ways(entries: list[bytes]) -> None:
    assert list(unpack_entries(pack_entries(entries))) == entries


@pytest.mark.parametrize("bundle", [b"\x00", b"\x00\x02a", b"\x00\x00\x01"])
def test_cut_bundles_are_refused(bundle: bytes) -> None:
    with pytest.raises(ValueError):
        unpack_entries(bundle)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"\xff", b'{"a":1}', b"[" * 60_000,
     b'{"actor":"a","at":"t","detail":{},"event":"e","subject":"s","v":2,"v":2}',
     b'{"at":"t","actor":"a","detail":{},"event":"e","subject":"s"}',
     b'{"actor":"a","at":"t","detail":[],"event":"e","subject":"s"}',
     b'{"actor":1,"at":"t","detail":{},"event":"e","subject":"s"}',
     b'{"actor":"a", "at":"t","detail":{},"event":"e","subject":"s"}'],
)  # fmt: skip
def test_what_is_no_canonical_entry_is_none(body: bytes) -> None:
    assert parsed(body) is None


def test_a_canonical_entry_is_one() -> None:
    assert parsed(b'{"actor":"a","at":"t","detail":{},"event":"e","subject":"s"}') is not None
