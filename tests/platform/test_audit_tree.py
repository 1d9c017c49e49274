"""The tree against the published vectors, and against the definition written out once more, recursively."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinji.platform.audit import tree
from yinji.platform.audit.tiles import nodes_from

VECTOR = [bytes.fromhex(h) for h in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
"""The leaves of the test vectors of Certificate Transparency's reference implementation."""

ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def half(count: int) -> int:
    """The largest power of two below ``count``."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def mth(entries: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = half(len(entries))
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(entries) == 1:
        return []
    k = half(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Sequence[bytes], whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = half(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def nodes_of(entries: Sequence[bytes]) -> tree.Nodes:
    """The nodes as the platform stores them: leaves, and every 8th level above."""
    levels: list[list[bytes]] = [[tree.leaf_hash(entry) for entry in entries]]
    edge = tree.Frontier()
    for leaf in levels[0]:
        for level, index, node in edge.append(leaf):
            if level % 8 == 0:
                while len(levels) <= level // 8:
                    levels.append([])
                assert index == len(levels[level // 8])
                levels[level // 8].append(node)
    return nodes_from(lambda level, start, count: levels[level][start : start + count])


def some(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    edge = tree.Frontier()
    for entry in VECTOR[:size]:
        edge.append(tree.leaf_hash(entry))
    assert edge.root().hex() == ROOTS[size] == tree.root(size, nodes_of(VECTOR)).hex() == mth(VECTOR[:size]).hex()


def test_proofs_are_those_of_the_example_in_the_rfc() -> None:
    """RFC 6962 section 2.1.3: the tree of seven leaves, by the names it gives its nodes."""
    d = [tree.leaf_hash(entry) for entry in VECTOR[:7]]
    g, h, i = tree.node_hash(d[0], d[1]), tree.node_hash(d[2], d[3]), tree.node_hash(d[4], d[5])
    k, el = tree.node_hash(g, h), tree.node_hash(i, d[6])
    nodes = nodes_of(VECTOR)
    assert tree.inclusion(0, 7, nodes) == (d[1], h, el)
    assert tree.inclusion(3, 7, nodes) == (d[2], g, el)
    assert tree.inclusion(4, 7, nodes) == (d[5], d[6], k)
    assert tree.inclusion(6, 7, nodes) == (i, k)
    assert tree.consistency(3, 7, nodes) == (d[2], d[3], g, el)
    assert tree.consistency(4, 7, nodes) == (el,)
    assert tree.consistency(6, 7, nodes) == (i, d[6], k)


@pytest.mark.parametrize("size", [*range(1, 20), 255, 256, 257, 300, 511, 513, 700])
def test_the_stored_tree_is_the_definition(size: int) -> None:
    entries = some(size)
    nodes = nodes_of(entries)
    assert tree.root(size, nodes) == mth(entries)
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        assert list(tree.inclusion(index, size, nodes)) == path(index, entries)
    for old in {1, 2, size // 3, size // 2, 256, size - 1} & set(range(1, size + 1)):
        assert list(tree.consistency(old, size, nodes)) == subproof(old, entries, True)


ENTRIES = some(600)
NODES = nodes_of(ENTRIES)


@given(st.data())
def test_a_proof_shows_what_is_so_and_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    proof, root, leaf = tree.inclusion(index, size, NODES), tree.root(size, NODES), tree.leaf_hash(ENTRIES[index])
    assert tree.root_of_inclusion(leaf, index, size, proof) == root
    other = data.draw(st.integers(0, 599).filter(lambda other: other != index))
    assert tree.root_of_inclusion(tree.leaf_hash(ENTRIES[other]), index, size, proof) != root
    if other < size:
        assert tree.root_of_inclusion(leaf, other, size, proof) != root
    for broken in broken_versions(data, proof):
        assert tree.root_of_inclusion(leaf, index, size, broken) != root


@given(st.data())
def test_a_tree_that_grew_is_told_from_one_that_was_rewritten(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 600))
    old = data.draw(st.integers(1, new))
    proof = tree.consistency(old, new, NODES)
    before, after = tree.root(old, NODES), tree.root(new, NODES)
    assert tree.is_consistent(old, before, new, after, proof)
    assert not tree.is_consistent(old, b"\x00" * 32, new, after, proof)
    assert not tree.is_consistent(old, before, new, b"\x00" * 32, proof)
    for broken in broken_versions(data, proof):
        assert not tree.is_consistent(old, before, new, after, broken)


def broken_versions(data: st.DataObject, proof: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """Too long, too short, and with one bit turned."""
    broken = [(*proof, b"\x07" * 32), (b"\x07" * 32, *proof)]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        turned = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        broken += [proof[:-1], proof[1:], (*proof[:at], turned, *proof[at + 1 :])]
    return broken


@given(st.integers(0, 600), st.integers(0, 600))
def test_the_edge_is_all_that_growing_needs(first: int, more: int) -> None:
    """A restart in between changes nothing."""
    edge = tree.Frontier()
    for entry in ENTRIES[:first]:
        edge.append(tree.leaf_hash(entry))
    edge = tree.Frontier.from_hex(edge.size, edge.hex())
    for entry in ENTRIES[first : first + more]:
        edge.append(tree.leaf_hash(entry))
    assert edge.root() == tree.root(min(600, first + more), NODES)


def test_growing_costs_two_hashes_on_average() -> None:
    edge, leaf = tree.Frontier(), tree.leaf_hash(b"")
    made = [len(edge.append(leaf)) for _ in range(4096)]
    assert sum(made) == 4095
    assert max(made) == 12
    assert len(edge.hashes) == 1


@pytest.mark.parametrize(("size", "text"), [(1, ""), (0, "00" * 32), (3, "00" * 32), (1, "00"), (1, "zz" * 32)])
def test_an_edge_that_does_not_fit_its_size_is_refused(size: int, text: str) -> None:
    with pytest.raises(ValueError):
        tree.Frontier.from_hex(size, text)


def test_what_cannot_be_proved_is_refused() -> None:
    for index, size in ((-1, 4), (4, 4), (0, 0)):
        with pytest.raises(ValueError):
            tree.inclusion(index, size, NODES)
    for old, new in ((-1, 4), (5, 4)):
        with pytest.raises(ValueError):
            tree.consistency(old, new, NODES)
    assert tree.root_of_inclusion(b"", 4, 4, ()) is None
    assert tree.consistency(0, 9, NODES) == tree.consistency(9, 9, NODES) == ()
    root = tree.root(9, NODES)
    assert tree.is_consistent(0, tree.EMPTY_ROOT, 9, root, ())
    assert not tree.is_consistent(0, root, 9, root, ())
    assert not tree.is_consistent(9, root, 8, root, ())
    assert not tree.is_consistent(3, root, 9, root, ())
