"""The Merkle tree of RFC 6962 section 2.1: hashes, roots, inclusion and consistency proofs. Pure.

A *node* is the hash of a perfect subtree, named by its level (0 for leaves) and its index within the level: node
``(l, i)`` stands for the leaves ``i * 2**l`` up to ``(i + 1) * 2**l``. Whoever can look up nodes can make every root
and every proof; an appender needs only the few nodes along the right edge.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves (RFC 6962 section 2.1)."""

Nodes = Callable[[int, int], bytes]
"""Looks up the node of a level and an index."""


def leaf_hash(entry: bytes) -> bytes:
    """Returns SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Returns SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect(hashes: Sequence[bytes]) -> bytes:
    """Returns the root over 1, 2, 4, 8 … hashes of one level."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, the largest first.

    Args:
        size: Number of leaves.
        hashes: One for each bit set in ``size``.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count() or any(len(h) != HASH_BYTES for h in hashes):
            raise ValueError("the hashes do not fit the size")
        self.size = size
        self.hashes = list(hashes)

    @classmethod
    def from_hex(cls, size: int, text: str) -> Frontier:
        """Reads what :meth:`hex` wrote.

        Raises:
            ValueError: It is no frontier of a tree of this size.
        """
        raw = bytes.fromhex(text)
        return cls(size, [raw[i : i + HASH_BYTES] for i in range(0, len(raw), HASH_BYTES)])

    def hex(self) -> str:
        return b"".join(self.hashes).hex()

    def append(self, leaf: bytes) -> tuple[tuple[int, int, bytes], ...]:
        """Adds one leaf hash; two hashes on average, log2(size) at most.

        Returns:
            The nodes above it that are complete now: level, index, hash.
        """
        complete, node, index = [], leaf, self.size
        for level in range(1, (~self.size & self.size + 1).bit_length()):
            node, index = node_hash(self.hashes.pop(), node), index >> 1
            complete.append((level, index, node))
        self.hashes.append(node)
        self.size += 1
        return tuple(complete)

    def root(self) -> bytes:
        """Returns the root of the tree as it is now."""
        return _joined(self.hashes)


def root(size: int, nodes: Nodes) -> bytes:
    """Returns the root over the first ``size`` leaves."""
    return _range(0, size, nodes) if size else EMPTY_ROOT


def inclusion(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Returns the audit path of a leaf, from the leaf upward (RFC 6962 section 2.1.1).

    Raises:
        ValueError: There is no such leaf in a tree of this size.
    """
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    start, stop, path = 0, size, []
    while stop - start > 1:
        middle = start + _left(stop - start)
        if index < middle:
            path.append(_range(middle, stop, nodes))
            stop = middle
        else:
            path.append(_range(start, middle, nodes))
            start = middle
    return tuple(reversed(path))


def consistency(old: int, new: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Returns the proof that the tree of ``new`` leaves begins with that of ``old`` (RFC 6962 section 2.1.2).

    Raises:
        ValueError: ``old`` is beyond ``new``.
    """
    if not 0 <= old <= new:
        raise ValueError("no such tree")
    if old in (0, new):
        return ()
    start, stop, path = 0, new, []
    while old != stop:
        middle = start + _left(stop - start)
        if old <= middle:
            path.append(_range(middle, stop, nodes))
            stop = middle
        else:
            path.append(_range(start, middle, nodes))
            start = middle
    if start:
        path.append(_range(start, stop, nodes))
    return tuple(reversed(path))


def climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> Iterator[tuple[bool, bytes, bytes]]:
    """Walks an audit path from a leaf to the root (RFC 9162 section 2.1.3.2).

    Yields:
        Whether the sibling stands on the left, the sibling, and the node above both.

    Raises:
        ValueError: The path has the wrong length for this leaf.
    """
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    node, last = leaf, size - 1
    for sibling in path:
        if not last:
            raise ValueError("the path is too long")
        left = bool(index & 1) or index == last
        node = node_hash(sibling, node) if left else node_hash(node, sibling)
        yield left, sibling, node
        while left and not index & 1 and index:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")


def root_of_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Returns the root that an audit path leads to, or None when it has the wrong length."""
    try:
        return [leaf, *(node for _, _, node in climb(leaf, index, size, path))][-1]
    except ValueError:
        return None


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Tells whether a proof shows that one tree begins with the other (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if not old:
        return not path and old_root == EMPTY_ROOT
    steps = list(path) if old & old - 1 else [old_root, *path]
    if not steps:
        return False
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = steps[0]
    for sibling in steps[1:]:
        if not last:
            return False
        if index & 1 or index == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        index, last = index >> 1, last >> 1
    return not last and before == old_root and after == new_root


def _left(width: int) -> int:
    """Returns the largest power of two below ``width``."""
    return 1 << (width - 1).bit_length() - 1


def _range(start: int, stop: int, nodes: Nodes) -> bytes:
    """Returns the hash over leaves that form a subtree of some tree: perfect subtrees, each smaller than the last."""
    parts = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        parts.append(nodes(level, start >> level))
        start += 1 << level
    return _joined(parts)


def _joined(parts: Sequence[bytes]) -> bytes:
    return reduce(lambda right, left: node_hash(left, right), reversed(parts)) if parts else EMPTY_ROOT
