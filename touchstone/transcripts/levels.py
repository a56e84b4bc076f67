"""A whole Merkle tree in memory, level by level, whose every node can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from touchstone.protocol.merkle import ZERO, depth_of, leaves, node, nodes_at


class Levels:
    """The tree over some leaf hashes (at least one), as `touchstone.protocol.merkle` shapes it."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self.count = len(leaf_hashes)
        self.depth = depth_of(self.count)
        self._levels = [list(leaf_hashes)]
        for height in range(self.depth):
            below = self._levels[-1]
            if len(below) % 2:
                below = [*below, absent(height)]
            self._levels.append(nodes_at(below, 1))

    @classmethod
    def of_bytes(cls, data: bytes | memoryview) -> Levels:
        """The tree over the chunks of a byte string that is not empty."""
        return cls(leaves(data))

    @property
    def top(self) -> bytes:
        """The node over all leaves."""
        return self._levels[-1][0]

    def node(self, height: int, index: int) -> bytes:
        """The node `height` levels above the leaves; canonical where nothing is present."""
        level = self._levels[height]
        return level[index] if index < len(level) else absent(height)

    def children(self, height: int, index: int, levels: int) -> tuple[bytes, ...]:
        """All 2^levels nodes that many levels below a node, left to right."""
        first = index << levels
        return tuple(self.node(height - levels, first + i) for i in range(1 << levels))


@cache
def absent(height: int) -> bytes:
    """The top of an absent subtree of that height."""
    return ZERO if height == 0 else node(absent(height - 1), absent(height - 1))
