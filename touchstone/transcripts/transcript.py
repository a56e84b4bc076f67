"""The transcript of one job, recomputed by replay: docs/transcript.md.

Only the tops of values are kept, of a causal program those of each position. The bytes of a value
are computed again when somebody asks for them, so that disputing a long execution needs memory for
a few values, never for all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from touchstone.programs.program import SEQUENCE, Program, Shape
from touchstone.transcripts.evidence import Source
from touchstone.transcripts.layout import Layout
from touchstone.transcripts.trees import ChunkTree, NodeTree, tops_of

Int32 = NDArray[np.int32]
Replay = Callable[[Int32], Iterator[tuple[int, Int32]]]
"""Executes a program on one sequence and yields every value once, in order: its number (0 is the
input) and its elements, int32 [rows, groups, width]. Of a causal program, where a value is as wide
as the sequence, row t holds t + 1 elements and anything behind them; and of the beginning of a
sequence it yields the beginning of all values."""

_CACHED_VALUES = 12
_CACHED_ROWS = 256
"""Of a causal program: the rows of values at one position are far smaller."""


class Transcript:
    """The tree over a job's execution, and the tree over its output's bytes.

    Args:
        program: what was executed.
        replay: executes it again; the same values each time.
        sequences: the job's input, int32 [tokens] each; rows [positions, width] for a program that
            reads rows or a prompt.
        output: the output payload.
    """

    def __init__(
        self, program: Program, replay: Replay, sequences: Sequence[Int32], output: bytes
    ) -> None:
        self.layout = Layout.of(program, [len(sequence) for sequence in sequences])
        self.output = output
        self.output_tree = ChunkTree(output)
        self._replay = replay
        # Several may ask at once: the node's games, and others who want openings.
        self._lock = RLock()
        self._sequences = list(sequences)
        self._held: OrderedDict[tuple[int, int], ChunkTree] = OrderedDict()
        self.values = [_tree_of(replay, sequence, self.layout) for sequence in self._sequences]
        self.sequences = NodeTree([tree.top for tree in self.values])

    @property
    def body(self) -> bytes:
        """The node over all sequences."""
        return self.sequences.top

    def chunks(self, sequence: int, leaf: int) -> ChunkTree:
        """A leaf's bytes (`Layout.leaf`), and the tree over their chunks."""
        with self._lock:
            self.prepare(sequence, (leaf,))
            self._held.move_to_end((sequence, leaf))
            return self._held[sequence, leaf]

    def prepare(self, sequence: int, wanted: Collection[int]) -> None:
        """Computes several leaves of a sequence in one replay."""
        with self._lock:
            self._prepare(sequence, wanted)

    def _prepare(self, sequence: int, wanted: Collection[int]) -> None:
        missing: dict[int, list[int]] = {}
        for leaf in wanted:
            if (sequence, leaf) not in self._held:
                position, value = self.layout.split(leaf)
                missing.setdefault(value, []).append(position)
        if not missing:
            return
        given, last = self._sequences[sequence], max(missing)
        if self.layout.causal:
            given = given[: max(map(max, missing.values())) + 1]
        for value, elements in self._replay(given):
            for position in missing.get(value, ()):
                leaf = self.layout.leaf(value, position)
                self._held[sequence, leaf] = ChunkTree(self._bytes(elements, value, position))
            if value == last:
                break
        most = _CACHED_ROWS if self.layout.causal else _CACHED_VALUES
        while len(self._held) > max(most, sum(map(len, missing.values()))):
            self._held.popitem(last=False)

    def _bytes(self, elements: Int32, value: int, position: int) -> bytes:
        if not self.layout.causal:
            return bytes_of(elements)
        shape, here = self.layout.shapes[value], range(position, position + 1)
        return bytes(_rows_of(elements, shape, here)[0])

    def source(self, sequence: int) -> Source:
        """The tree over one sequence."""
        return _Own(self, sequence)


@dataclass(frozen=True, slots=True)
class _Own:
    transcript: Transcript
    sequence: int

    def chunk(self, leaf: int, index: int) -> bytes:
        return self.transcript.chunks(self.sequence, leaf).chunk(index)

    def chunk_node(self, leaf: int, height: int, index: int) -> bytes:
        return self.transcript.chunks(self.sequence, leaf).node(height, index)

    def value_node(self, height: int, index: int) -> bytes:
        return self.transcript.values[self.sequence].node(height, index)

    def sequence_node(self, height: int, index: int) -> bytes:
        return self.transcript.sequences.node(height, index)


def body_of(program: Program, replay: Replay, sequences: Sequence[Int32]) -> bytes:
    """The node over all sequences of a transcript, 32 bytes, of which nothing else is kept."""
    layout = Layout.of(program, [len(sequence) for sequence in sequences])
    return NodeTree([_tree_of(replay, sequence, layout).top for sequence in sequences]).top


def _tree_of(replay: Replay, sequence: Int32, layout: Layout) -> NodeTree:
    if not layout.causal:
        return NodeTree([ChunkTree(bytes_of(x)).top for _, x in replay(sequence)])
    # What no value or no position takes stays zero, as absent leaves are.
    tops = np.zeros((len(sequence), 1 << layout.value_bits, 32), np.uint8)
    for value, elements in replay(sequence):
        rows = _rows_of(elements, layout.shapes[value], range(len(sequence)))
        tops[:, value] = np.frombuffer(b"".join(tops_of(rows)), np.uint8).reshape(-1, 32)
    return NodeTree(tops.tobytes())


def _rows_of(elements: Int32, shape: Shape, positions: range) -> list[memoryview]:
    """The bytes of a causal program's value at each of these positions."""
    rows = (elements[position] for position in positions)
    if shape.width == SEQUENCE:
        rows = (row[:, : t + 1] for t, row in zip(positions, rows, strict=True))
    return [np.ascontiguousarray(row, dtype="<i4").data.cast("B") for row in rows]


def bytes_of(elements: Int32) -> bytes:
    """A value's bytes: row-major, little-endian."""
    return np.ascontiguousarray(elements, dtype="<i4").tobytes()
