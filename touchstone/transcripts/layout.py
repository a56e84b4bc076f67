"""The shape of a transcript: a function of the program and the lengths of a payload's sequences.

Twin of what `contracts/dispute/Payloads.sol` and `contracts/dispute/Records.sol` compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from touchstone.programs.program import SEQUENCE, Program, Rows, Shape
from touchstone.programs.validate import validate


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes of everything in one job's transcript.

    `shapes[v]` is the shape of value v, `lengths[s]` the positions of sequence s.
    """

    shapes: tuple[Shape, ...]
    lengths: tuple[int, ...]
    output: int

    @classmethod
    def of(cls, program: Program, lengths: Sequence[int]) -> Layout:
        """The layout of a program's execution. Raises ProgramError if the program is malformed."""
        return cls(validate(program), tuple(lengths), program.output)

    @property
    def operators(self) -> int:
        """Operators of the program; values are numbered from 0 (the input) to this."""
        return len(self.shapes) - 1

    def extents(self, sequence: int, value: int) -> tuple[int, int, int]:
        """(rows, groups, width) of a value of one sequence."""
        shape, length = self.shapes[value], self.lengths[sequence]
        rows = length if shape.rows is Rows.SEQUENCE else 1
        return rows, shape.groups, length if shape.width == SEQUENCE else shape.width

    def value_bytes(self, sequence: int, value: int) -> int:
        """Bytes of a value: int32 elements, row-major."""
        rows, groups, width = self.extents(sequence, value)
        return 4 * rows * groups * width
