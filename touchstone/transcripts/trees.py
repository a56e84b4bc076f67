"""All nodes of one Merkle tree, kept, so that many openings cost one hashing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from touchstone.protocol.merkle import CHUNK, ZERO, depth_of, leaf_level, level_above, node


class NodeTree:
    """The tree over some leaf hashes of 32 bytes each: at least one.

    Attributes:
        count: leaves.
        depth: levels between the leaves and the top.
    """

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self._grow(b"".join(hashes))

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


@cache
def absent(height: int) -> bytes:
    """The top of an absent subtree of that height."""
    return ZERO if height == 0 else node(absent(height - 1), absent(height - 1))
