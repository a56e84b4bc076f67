"""Another party's transcript, as far as a game has shown it.

What stands to the left of the first difference is the same for both sides, so one's own tree gives
it; what stands on the path and to the right of it, the other side has opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from touchstone.disputes.game import levels_of
from touchstone.protocol.merkle import CHUNK, chunk_count, depth_of, node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from touchstone.disputes.game import Element
    from touchstone.transcripts.evidence import Source
    from touchstone.transcripts.layout import Layout

    Opened = Mapping[tuple[bytes, int], tuple[bytes, ...]]


@dataclass(slots=True)
class Theirs:
    """Their tree over one sequence: `mine`, but for what they opened along a path to a chunk of a
    leaf."""

    mine: Source
    _leaf: int
    _index: int
    _chunk: bytes = b""
    _nodes: dict[tuple[str, int, int], bytes] = field(default_factory=dict)

    @classmethod
    def along(
        cls,
        mine: Source,
        layout: Layout,
        element: Element,
        body: bytes,
        opened: Opened,
        chunks: Mapping[bytes, bytes],
    ) -> Theirs:
        """Their tree, from their body down to an element.

        Args:
            mine: one's own tree over the same sequence.
            layout: the shape of both transcripts.
            element: the first in which they differ.
            body: the node over all their sequences.
            opened: children by node and levels, whoever opened them.
            chunks: chunks by their hash, whoever showed them.

        Raises:
            KeyError: a node on the path was not opened, or its chunk not shown.
        """
        sequence, position, bits = element.sequence, element.position, layout.value_bits
        leaf, index = layout.leaf(element.value, position), 4 * element.index // CHUNK
        size = layout.value_bytes(sequence, element.value, position)
        found = cls(mine, leaf, index)
        top = found._walk("sequences", body, depth_of(len(layout.lengths)), sequence, opened)
        if layout.causal:
            depth = depth_of(layout.lengths[sequence])
            top = found._walk("values", top, depth, position, opened, above=bits)
        top = found._walk("values", top, bits, leaf, opened)
        top = found._walk("chunks", top, depth_of(chunk_count(size)), index, opened)
        found._chunk = chunks[top]
        return found

    def _walk(
        self, name: str, top: bytes, depth: int, leaf: int, opened: Opened, above: int = 0
    ) -> bytes:
        """Takes over what was opened from the top of a tree, or of a subtree, down to a leaf, which
        stands so many levels above those of the whole tree; returns it."""
        height = depth
        self._nodes[name, above + height, leaf >> height] = top
        while height:
            levels = levels_of(height)
            level = list(opened[top, levels])
            height -= levels
            first = (leaf >> (height + levels)) << levels
            top = level[(leaf >> height) - first]
            for up in range(levels):
                for i, one in enumerate(level):
                    self._nodes[name, above + height + up, (first >> up) + i] = one
                level = [node(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        return top

    def chunk(self, leaf: int, index: int) -> bytes:
        """See Source."""
        if (leaf, index) == (self._leaf, self._index):
            return self._chunk
        return self.mine.chunk(leaf, index)

    def chunk_node(self, leaf: int, height: int, index: int) -> bytes:
        """See Source."""
        known = self._nodes.get(("chunks", height, index)) if leaf == self._leaf else None
        return self.mine.chunk_node(leaf, height, index) if known is None else known

    def value_node(self, height: int, index: int) -> bytes:
        """See Source."""
        known = self._nodes.get(("values", height, index))
        return self.mine.value_node(height, index) if known is None else known

    def sequence_node(self, height: int, index: int) -> bytes:
        """See Source."""
        known = self._nodes.get(("sequences", height, index))
        return self.mine.sequence_node(height, index) if known is None else known
