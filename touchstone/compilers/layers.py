"""What the layers of all models are made of: products with weights, norms, scaled scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from touchstone.arithmetic.norms import EPSILON_BITS
from touchstone.compilers.quantise import (
    FRACTION_BITS,
    QuantisedMatrix,
    Real,
    Rows,
    WeightBits,
    fixed_point,
    quantise_matrix,
)
from touchstone.compilers.report import MatrixError, Note, unnoted
from touchstone.errors import CompileError
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.weights import Tensor

LINEAR_ROW_BITS: Mapping[WeightBits, int] = {8: 12, 16: 14}
"""Bits of rows entering a product with weights of so many bits. Beside weights of 8, 14 gain
nothing (docs/arithmetic.md), and 12 let float32 products be exact over long runs."""

MATMUL_SCALE_BITS = 18
EMBEDDING_SCALE_BITS = FRACTION_BITS + 1
"""Scale bits that a matrix needs at least, as one of a product or one of rows to look up."""

FACTOR_BITS = 17


@dataclass(frozen=True, slots=True)
class LayerWriter:
    """Appends layers to a program; `note` is told how much their weights lost by rounding."""

    builder: ProgramBuilder
    weight_bits: WeightBits = 8
    note: Note = unnoted

    def quantised(self, matrix: Rows, label: str, least_bits: int) -> QuantisedMatrix:
        """The matrix [N, K] in integers; its error is noted."""
        found = quantise_matrix(matrix, label, least_bits, self.weight_bits)
        self.note(MatrixError.of(label, found.errors))
        return found

    def embedding(self, matrix: QuantisedMatrix, label: str) -> int:
        """The rows of the input's tokens."""
        total = None
        for index, digit in enumerate(matrix.digits):
            part = self.builder.add(
                "embed_tokens",
                _label(matrix, label, index),
                (0,),
                (digit, matrix.scale),
                # The scale gives real numbers; values have 16 fraction bits.
                scale_bits=matrix.bits_of(index) - FRACTION_BITS,
            )
            total = self._sum(total, part, label)
        assert total is not None
        return total

    def linear(
        self, x: int, peak: int, weight: Rows, bias: Real | None, label: str, groups: int = 1
    ) -> int:
        """The product of rows x with a real matrix [N, K], plus a bias [N]; N in `groups`."""
        matrix = self.quantised(weight, label, MATMUL_SCALE_BITS)
        return self.product(x, peak, matrix, bias, label, groups)

    def product(
        self,
        x: int,
        peak: int,
        matrix: QuantisedMatrix,
        bias: Real | None,
        label: str,
        groups: int = 1,
    ) -> int:
        """As `linear`, with a matrix in integers: a product for each of its digits, and their
        sum."""
        none = np.zeros(len(matrix.scale), np.int32)
        offset = none if bias is None else fixed_point(bias, f"{label}.bias")
        total = None
        for index, digit in enumerate(matrix.digits):
            part = self.builder.add(
                "matmul",
                _label(matrix, label, index),
                (x, peak),
                (digit, matrix.scale, none if index else offset),
                row_bits=LINEAR_ROW_BITS[self.weight_bits],
                scale_bits=matrix.bits_of(index),
                groups=groups,
            )
            total = self._sum(total, part, label)
        assert total is not None
        return total

    def _sum(self, total: int | None, part: int, label: str) -> int:
        return part if total is None else self.builder.add("add", label, (total, part))

    def over_root(
        self, x: int, label: str, epsilon: int, gain: Tensor, gain_bits: int, bias: Tensor
    ) -> int:
        """Rows over the root of their mean square, times a gain, plus a bias; `epsilon` as in the
        operator."""
        add = self.builder.add
        peak = add("peak", f"{label}.peak", (x,))
        square = add("mean_square", f"{label}.square", (x, peak))
        inverse = add("inverse_root", f"{label}.inverse", (square, peak), epsilon=epsilon)
        return add("scale_row", label, (x, peak, inverse), (gain, bias), gain_bits=gain_bits)


def _label(matrix: QuantisedMatrix, label: str, digit: int) -> str:
    return label if len(matrix.digits) == 1 else f"{label}.{digit}"


def epsilon_in_program(epsilon: float, setting: str) -> int:
    """A norm's epsilon as the operator has it. Raises CompileError, by name, where it does not
    fit."""
    if epsilon > 2.0**-4:
        raise CompileError(f"config.json: {setting}={epsilon} is above 2^-4")
    # round() of a float is exact, and so is a product with a power of two.
    return round(epsilon * 2.0**EPSILON_BITS)


def score_factor(width: int) -> int:
    """2^FACTOR_BITS / sqrt(width) for heads of `width` elements, from 4 on."""
    # The square root is exact in IEEE 754.
    factor = round(2.0**FACTOR_BITS / float(np.sqrt(np.float64(width))))
    if factor > 1 << 16:
        raise CompileError(f"heads of {width} elements are too narrow; needs at least 4")
    return factor
