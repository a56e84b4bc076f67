"""All nodes of one Merkle tree, kept, so that many openings cost one hashing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from touchstone.protocol.merkle import (
    CHUNK,
    ZERO,
    depth_of,
    leaf,
    leaf_level,
    level_above,
    node,
)


class NodeTree:
    """The tree over some leaf hashes of 32 bytes each: at least one.

    Attributes:
        count: leaves.
        depth: levels between the leaves and the top.
    """

    def __init__(self, hashes: Sequence[bytes] | bytes) -> None:
        """Takes the leaf hashes, one by one or one after the other."""
        self._grow(hashes if isinstance(hashes, bytes) else b"".join(hashes))

    def _grow(self, level: bytes) -> None:
        self.count = len(level) // 32
        self.depth = depth_of(self.count)
        self._levels = [level]
        for height in range(self.depth):
            self._levels.append(level_above(self._levels[-1], absent(height)))

    @property
    def top(self) -> bytes:
        """The node above all leaves, not sealed."""
        return self._levels[-1]

    def node(self, height: int, index: int) -> bytes:
        """The node at (height, index), counted from the leaves and from the left; the canonical
        one where nothing is present."""
        return self._levels[height][32 * index : 32 * index + 32] or absent(height)

    def children(self, height: int, index: int, levels: int) -> tuple[bytes, ...]:
        """All 2^levels nodes that many levels below a node, left to right."""
        first = index << levels
        return tuple(self.node(height - levels, first + i) for i in range(1 << levels))


class ChunkTree(NodeTree):
    """The tree over the chunks of a byte string that is not empty, of which it keeps a view."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._grow(leaf_level(data))
        self.data = memoryview(data).cast("B")

    def chunk(self, index: int) -> bytes:
        """Chunk `index`: 256 bytes, the last as long as it is."""
        return bytes(self.data[index * CHUNK : (index + 1) * CHUNK])


def tops_of(rows: Sequence[memoryview]) -> list[bytes]:
    """The tops of the trees over the chunks of many byte strings, none of them empty: what
    `ChunkTree` has for each, in far less time where they are short."""
    full = [row[: row.nbytes // CHUNK * CHUNK] for row in rows]
    hashes, place = leaf_level(b"".join(full)), 0
    levels, by_depth = list[bytes](), defaultdict[int, list[int]](list)
    for index, (row, begun) in enumerate(zip(rows, full, strict=True)):
        end = place + 32 * (begun.nbytes // CHUNK)
        level, place = hashes[place:end], end
        if row.nbytes > begun.nbytes:
            level += leaf(bytes(row[begun.nbytes :]))
        depth = depth_of(len(level) // 32)
        levels.append(level.ljust(32 << depth, b"\0"))
        by_depth[depth].append(index)
    found = [b""] * len(rows)
    for depth, indexes in by_depth.items():
        level = b"".join(levels[index] for index in indexes)
        for _ in range(depth):
            level = level_above(level, ZERO)
        for i, index in enumerate(indexes):
            found[index] = level[32 * i : 32 * (i + 1)]
    return found


@cache
def absent(height: int) -> bytes:
    """The top of an absent subtree of that height."""
    return ZERO if height == 0 else node(absent(height - 1), absent(height - 1))
