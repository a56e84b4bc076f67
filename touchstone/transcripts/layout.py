"""The shape of a transcript: a function of the program and the lengths of a payload's sequences.

Twin of what `contracts/dispute/Payloads.sol` and `contracts/dispute/Records.sol` compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from touchstone.programs.program import SEQUENCE, Program, Rows, Shape
from touchstone.programs.validate import validate
from touchstone.protocol.merkle import depth_of


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes of everything in one job's transcript.

    The tree over a sequence has a leaf for each of its values; that of a causal program one for
    each value of each position, those of a position side by side, and places for 2^`value_bits`.

    Attributes:
        shapes: the shape of each value.
        lengths: the positions of each sequence.
        output: which value is the output.
        causal: whether the program is causal.
    """

    shapes: tuple[Shape, ...]
    lengths: tuple[int, ...]
    output: int
    causal: bool = False

    @classmethod
    def of(cls, program: Program, lengths: Sequence[int]) -> Layout:
        """The layout of a program's execution. Raises ProgramError if the program is malformed."""
        return cls(validate(program), tuple(lengths), program.output, program.input.causal)

    @property
    def operators(self) -> int:
        """Operators of the program; values are numbered from 0 (the input) to this."""
        return len(self.shapes) - 1

    @property
    def value_bits(self) -> int:
        """Levels of the tree over all values."""
        return value_bits(self.operators)

    def leaves(self, sequence: int) -> int:
        """Leaves of the tree over a sequence."""
        return leaf_count(self.operators, self.lengths[sequence], self.causal)

    def leaf(self, value: int, position: int = 0) -> int:
        """The leaf of a value, of a causal program at a position."""
        return position << self.value_bits | value

    def split(self, leaf: int) -> tuple[int, int]:
        """The position (0 of a program that is not causal) and the value of a leaf."""
        return divmod(leaf, 1 << self.value_bits)

    def extents(self, sequence: int, value: int, position: int = 0) -> tuple[int, int, int]:
        """(rows, groups, width) of a value of one sequence; of a causal program at a position."""
        return extents_of(self.shapes[value], self.lengths[sequence], position, self.causal)

    def value_bytes(self, sequence: int, value: int, position: int = 0) -> int:
        """Bytes of a value: int32 elements, row-major."""
        rows, groups, width = self.extents(sequence, value, position)
        return 4 * rows * groups * width


def value_bits(operators: int) -> int:
    """Levels of the tree over the values of a program with so many operators."""
    return depth_of(operators + 1)


def leaf_count(operators: int, length: int, causal: bool) -> int:
    """Leaves of the tree over a sequence of `length` positions."""
    return length << value_bits(operators) if causal else operators + 1


def extents_of(shape: Shape, length: int, position: int, causal: bool) -> tuple[int, int, int]:
    """(rows, groups, width) of what is a leaf's: a value, or its row at a position."""
    positions = position + 1 if causal else length
    rows = 1 if causal or shape.rows is Rows.ONE else length
    return rows, shape.groups, positions if shape.width == SEQUENCE else shape.width
