"""The transcript of one job, recomputed by replay: docs/transcript.md.

Only the tops of values are kept. The bytes of a value are computed again when somebody asks for
them, so that disputing a long execution needs memory for a few values, never for all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from touchstone.programs.program import Program
from touchstone.transcripts.evidence import Source
from touchstone.transcripts.layout import Layout
from touchstone.transcripts.trees import ChunkTree, NodeTree

Int32 = NDArray[np.int32]
Replay = Callable[[Int32], Iterator[tuple[int, Int32]]]
"""Executes a program on one sequence and yields every value once, in order: its number (0 is the
input) and its elements, int32 [rows, groups, width]."""

_CACHED_VALUES = 12


class Transcript:
    """The tree over a job's execution, and the tree over its output's bytes.

    Args:
        program: what was executed.
        replay: executes it again; the same values each time.
        sequences: the job's input, int32 [tokens] each.
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
        self.values = [_tree_of(replay, sequence) for sequence in self._sequences]
        self.sequences = NodeTree([tree.top for tree in self.values])

    @property
    def body(self) -> bytes:
        """The node over all sequences."""
        return self.sequences.top

    def chunks(self, sequence: int, value: int) -> ChunkTree:
        """A value's bytes, and the tree over their chunks."""
        with self._lock:
            self.prepare(sequence, (value,))
            self._held.move_to_end((sequence, value))
            return self._held[sequence, value]

    def prepare(self, sequence: int, wanted: Collection[int]) -> None:
        """Computes several values of a sequence in one replay."""
        with self._lock:
            self._prepare(sequence, wanted)

    def _prepare(self, sequence: int, wanted: Collection[int]) -> None:
        missing = {value for value in wanted if (sequence, value) not in self._held}
        if not missing:
            return
        last = max(missing)
        for value, elements in self._replay(self._sequences[sequence]):
            if value in missing:
                self._held[sequence, value] = ChunkTree(bytes_of(elements))
            if value == last:
                break
        while len(self._held) > max(_CACHED_VALUES, len(missing)):
            self._held.popitem(last=False)

    def source(self, sequence: int) -> Source:
        """The tree over one sequence."""
        return _Own(self, sequence)


@dataclass(frozen=True, slots=True)
class _Own:
    transcript: Transcript
    sequence: int

    def chunk(self, value: int, index: int) -> bytes:
        return self.transcript.chunks(self.sequence, value).chunk(index)

    def chunk_node(self, value: int, height: int, index: int) -> bytes:
        return self.transcript.chunks(self.sequence, value).node(height, index)

    def value_node(self, height: int, index: int) -> bytes:
        return self.transcript.values[self.sequence].node(height, index)

    def sequence_node(self, height: int, index: int) -> bytes:
        return self.transcript.sequences.node(height, index)


def body_of(replay: Replay, sequences: Sequence[Int32]) -> bytes:
    """The node over all sequences of a transcript, 32 bytes, of which nothing else is kept."""
    return NodeTree([_tree_of(replay, sequence).top for sequence in sequences]).top


def _tree_of(replay: Replay, sequence: Int32) -> NodeTree:
    return NodeTree([ChunkTree(bytes_of(x)).top for _, x in replay(sequence)])


def bytes_of(elements: Int32) -> bytes:
    """A value's bytes: row-major, little-endian."""
    return np.ascontiguousarray(elements, dtype="<i4").tobytes()
