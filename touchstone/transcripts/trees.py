"""All nodes of one Merkle tree, kept, so that many openings cost one hashing."""

from __future__ import annotations

from collections.abc import Sequence

from touchstone.protocol.merkle import CHUNK, ZERO, leaves, node


class NodeTree:
    """The tree over some leaf hashes of 32 bytes each: at least one."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self._levels, absent = [list(hashes)], ZERO
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            odd = [*level, absent] if len(level) % 2 else level
            self._levels.append([node(*odd[i : i + 2]) for i in range(0, len(odd), 2)])
            absent = node(absent, absent)

    @property
    def top(self) -> bytes:
        """The node above all leaves, not sealed."""
        return self._levels[-1][0]

    def node(self, height: int, index: int) -> bytes:
        """The present node at (height, index), counted from the leaves and from the left.

        Raises IndexError for one that is absent.
        """
        return self._levels[height][index]


class ChunkTree(NodeTree):
    """The tree over the chunks of a byte string, of which it keeps a view."""

    def __init__(self, data: bytes | memoryview) -> None:
        super().__init__(leaves(data))
        self.data = memoryview(data).cast("B")

    def chunk(self, index: int) -> bytes:
        """Chunk `index`: 1,024 bytes, the last as long as it is."""
        return bytes(self.data[index * CHUNK : (index + 1) * CHUNK])
