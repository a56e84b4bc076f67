"""What a program is: an input, an ordered list of operators with their constants, an output.

Value 0 is the program's input; value i + 1 is the output of operator i. A value is an int32 array
[rows, groups, width]; the token input is [rows, 1, 1]. Rows are the positions of one sequence, or
one row for the whole sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

SEQUENCE = 0
"""As a width: as many elements as the sequence has positions."""

Dtype = Literal["int8", "int32"]
DTYPE_BYTES: Mapping[str, int] = {"int8": 1, "int32": 4}


class Rows(IntEnum):
    """How many rows a value has."""

    ONE = 0
    SEQUENCE = 1


class InputKind(IntEnum):
    """What a program reads: token numbers, rows that another shard wrote, or a prompt.

    A prompt is read one position at a time, each a row of ORDER_WIDTH elements: after its last
    token the token of a position is what the program itself wrote at the position before.
    """

    TOKENS = 0
    ROWS = 1
    PROMPT = 2


ORDER_WIDTH = 6
"""Elements of a row of a prompt: the token; 1 where the program wrote it, else 0; then how to
sample: inverse temperature, cut-off, low and high word of the seed (docs/arithmetic.md)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """[rows, groups, width] of a value; a width of SEQUENCE varies with the sequence, and in a
    causal program with the position: position t, counted from 0, has t + 1 elements."""

    rows: Rows
    groups: int
    width: int


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The program's input: its kind, its width (1 for tokens) and its greatest length.

    In a `causal` program a position depends on itself and on those before it. Its values have a
    row for each position, and a width of SEQUENCE is that of the positions up to this one.
    """

    kind: InputKind
    width: int
    max_length: int
    causal: bool = False

    @property
    def shape(self) -> Shape:
        """Shape of value 0."""
        return Shape(Rows.SEQUENCE, 1, self.width)


@dataclass(frozen=True, slots=True)
class Constant:
    """A tensor of the weights: its dtype, its shape and the Merkle root of its bytes.

    The bytes are row-major and little-endian.
    """

    dtype: Dtype
    shape: tuple[int, ...]
    root: bytes

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor, from its shape alone."""
        total = DTYPE_BYTES[self.dtype]
        for extent in self.shape:
            total *= extent
        return total


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its name, the values it reads, its constants and integer attributes.

    The label (printable ASCII, at most 64 characters) says where in the model it comes from.
    """

    op: str
    label: str
    inputs: tuple[int, ...]
    constants: tuple[Constant, ...] = ()
    attributes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Program:
    """An exact program: one input, operators in order, and the value that is its output."""

    input: InputSpec
    operators: tuple[Operator, ...]
    output: int

    def constants(self) -> tuple[Constant, ...]:
        """Every distinct constant, in the order of first use (the order of weights.bin)."""
        seen: dict[Constant, None] = {}
        for operator in self.operators:
            seen.update(dict.fromkeys(operator.constants))
        return tuple(seen)
