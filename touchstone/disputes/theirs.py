"""Another party's transcript, as far as a game has shown it.

What stands to the left of the first difference is the same for both sides, so one's own tree gives
it; what stands on the path and to the right of it, the other side has opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from touchstone.disputes.game import levels_of
from touchstone.protocol.merkle import depth_of, node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from touchstone.transcripts.evidence import Source


@dataclass(frozen=True, slots=True)
class Path:
    """Where two transcripts differ: a sequence, a value, and one of its chunks."""

    sequence: int
    value: int
    chunk: int


@dataclass(slots=True)
class Theirs:
    """Their tree over one sequence: `mine`, but for what they opened along a path."""

    mine: Source
    path: Path
    _chunk: bytes = b""
    _nodes: dict[tuple[str, int, int], bytes] = field(default_factory=dict)

    @classmethod
    def along(
        cls,
        mine: Source,
        path: Path,
        body: bytes,
        counts: tuple[int, int, int],
        opened: Mapping[tuple[bytes, int], tuple[bytes, ...]],
        chunks: Mapping[bytes, bytes],
    ) -> Theirs:
        """Their tree, from their body down the path.

        Args:
            mine: one's own tree over the same sequence.
            path: where they differ.
            body: the node over all their sequences.
            counts: leaves of the trees over sequences, over values and over the value's chunks.
            opened: children by node and levels, whoever opened them.
            chunks: chunks by their hash, whoever showed them.

        Raises:
            KeyError: a node on the path was not opened, or its chunk not shown.
        """
        found = cls(mine, path)
        top = body
        for name, count, leaf in zip(
            ("sequences", "values", "chunks"),
            counts,
            (path.sequence, path.value, path.chunk),
            strict=True,
        ):
            top = found._walk(name, top, depth_of(count), leaf, opened)
        found._chunk = chunks[top]
        return found

    def _walk(
        self,
        name: str,
        top: bytes,
        depth: int,
        leaf: int,
        opened: Mapping[tuple[bytes, int], tuple[bytes, ...]],
    ) -> bytes:
        """Takes over what was opened from the top of one tree down to a leaf; returns it."""
        height = depth
        self._nodes[name, height, 0] = top
        while height:
            levels = levels_of(height)
            level = list(opened[top, levels])
            height -= levels
            first = (leaf >> (height + levels)) << levels
            top = level[(leaf >> height) - first]
            for up in range(levels):
                for i, one in enumerate(level):
                    self._nodes[name, height + up, (first >> up) + i] = one
                level = [node(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        return top

    def chunk(self, value: int, index: int) -> bytes:
        """See Source."""
        if (value, index) == (self.path.value, self.path.chunk):
            return self._chunk
        return self.mine.chunk(value, index)

    def chunk_node(self, value: int, height: int, index: int) -> bytes:
        """See Source."""
        known = self._nodes.get(("chunks", height, index)) if value == self.path.value else None
        return self.mine.chunk_node(value, height, index) if known is None else known

    def value_node(self, height: int, index: int) -> bytes:
        """See Source."""
        known = self._nodes.get(("values", height, index))
        return self.mine.value_node(height, index) if known is None else known

    def sequence_node(self, height: int, index: int) -> bytes:
        """See Source."""
        known = self._nodes.get(("sequences", height, index))
        return self.mine.sequence_node(height, index) if known is None else known
