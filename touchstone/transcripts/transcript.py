"""The transcript of one job, recomputed by replay: docs/transcript.md.

Only the tops of values are kept. The bytes of a value are computed again when somebody asks for
them, so that disputing a long execution needs memory for a few values, never for all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from touchstone.programs.program import Program
from touchstone.protocol.merkle import CHUNK
from touchstone.transcripts.layout import Layout
from touchstone.transcripts.levels import Levels

Int32 = NDArray[np.int32]
Replay = Callable[[Int32], Iterator[tuple[int, Int32]]]
"""Executes a program on one sequence and yields every value once, in order: its number (0 is the
input) and its elements, int32 [rows, groups, width]."""

_CACHED_VALUES = 12


class Source(Protocol):
    """The tree over one sequence, as far as somebody knows it."""

    def chunk(self, value: int, index: int) -> bytes:
        """A chunk of a value's bytes."""

    def chunk_node(self, value: int, height: int, index: int) -> bytes:
        """A node of the tree over a value's chunks."""

    def value_node(self, height: int, index: int) -> bytes:
        """A node of the tree over the sequence's values."""

    def sequence_node(self, height: int, index: int) -> bytes:
        """A node of the tree over the job's sequences."""


@dataclass(frozen=True, slots=True)
class _Held:
    data: bytes
    tree: Levels


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
        self.output_tree = Levels.of_bytes(output)
        self._replay = replay
        self._sequences = list(sequences)
        self._held: OrderedDict[tuple[int, int], _Held] = OrderedDict()
        self.values = [Levels(self._tops(sequence)) for sequence in self._sequences]
        self.sequences = Levels([tree.top for tree in self.values])

    @property
    def body(self) -> bytes:
        """The node over all sequences."""
        return self.sequences.top

    def data(self, sequence: int, value: int) -> bytes:
        """The bytes of a value."""
        return self._value(sequence, value).data

    def chunks(self, sequence: int, value: int) -> Levels:
        """The tree over the chunks of a value."""
        return self._value(sequence, value).tree

    def prepare(self, sequence: int, wanted: Collection[int]) -> None:
        """Computes several values of a sequence in one replay."""
        missing = {value for value in wanted if (sequence, value) not in self._held}
        if not missing:
            return
        last = max(missing)
        for value, elements in self._replay(self._sequences[sequence]):
            if value in missing:
                data = bytes_of(elements)
                self._held[sequence, value] = _Held(data, Levels.of_bytes(data))
            if value == last:
                break
        while len(self._held) > max(_CACHED_VALUES, len(missing)):
            self._held.popitem(last=False)

    def source(self, sequence: int) -> Source:
        """The tree over one sequence."""
        return _Own(self, sequence)

    def _value(self, sequence: int, value: int) -> _Held:
        self.prepare(sequence, (value,))
        self._held.move_to_end((sequence, value))
        return self._held[sequence, value]

    def _tops(self, sequence: Int32) -> list[bytes]:
        return [Levels.of_bytes(bytes_of(x)).top for _, x in self._replay(sequence)]


@dataclass(frozen=True, slots=True)
class _Own:
    transcript: Transcript
    sequence: int

    def chunk(self, value: int, index: int) -> bytes:
        return self.transcript.data(self.sequence, value)[index * CHUNK : (index + 1) * CHUNK]

    def chunk_node(self, value: int, height: int, index: int) -> bytes:
        return self.transcript.chunks(self.sequence, value).node(height, index)

    def value_node(self, height: int, index: int) -> bytes:
        return self.transcript.values[self.sequence].node(height, index)

    def sequence_node(self, height: int, index: int) -> bytes:
        return self.transcript.sequences.node(height, index)


def bytes_of(elements: Int32) -> bytes:
    """A value's bytes: row-major, little-endian."""
    return np.ascontiguousarray(elements, dtype="<i4").tobytes()
