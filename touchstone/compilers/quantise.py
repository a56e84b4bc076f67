"""Real weights to integers: float64, element by element, so that every machine gets the same bytes.

No sum and no BLAS call is made here but for the errors that are reported; maximum, division,
multiplication and rounding of float64 are fixed by IEEE 754.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from touchstone.errors import CompileError
from touchstone.programs.rules import GAIN_LIMIT, SCALE_LIMIT

Real = NDArray[np.float64]

WeightBits = Literal[8, 16]
FRACTION_BITS = 16
BLOCK = 1 << 17
"""Weights that are real numbers in memory at a time."""

_LEVELS = {8: 127, 16: 127 * 256 + 127}


class Rows(Protocol):
    """A real matrix [N, K] of which rows can be read: an array, or a tensor in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """N and K."""
        ...

    def __getitem__(self, rows: slice, /) -> Real:
        """Some rows."""
        ...


@dataclass(frozen=True, slots=True)
class QuantisedMatrix:
    """One or two int8 [N, K] and integer scales int32 [N].

    With one digit the real matrix is digit * scale / 2^scale_bits, with two (256 * first + second)
    * scale / 2^scale_bits. `errors`, float64 [N], are those of each row: the root of the mean
    square of what rounding changed, over that of the row.
    """

    digits: tuple[NDArray[np.int8], ...]
    scale: NDArray[np.int32]
    scale_bits: int
    errors: Real

    def bits_of(self, digit: int) -> int:
        """Scale bits of a digit alone."""
        return self.scale_bits - 8 * (len(self.digits) - 1 - digit)

    def real(self) -> Real:
        """The matrix it stands for."""
        levels = np.zeros(self.digits[0].shape)
        for digit in self.digits:
            levels = 256 * levels + digit
        return levels * (self.scale / 2.0**self.scale_bits)[:, None]


def quantise_matrix(
    matrix: Rows, name: str, least_bits: int, weight_bits: WeightBits = 8
) -> QuantisedMatrix:
    """Rows of `matrix` [N, K] as integers, each row with its own scale.

    The scale's fraction bits (up to 40, from least_bits on for every digit) are the most that keep
    every scale below 2^20. The matrix is read twice, in blocks. Raises CompileError for one that
    is not finite or too large for any.
    """
    levels = _LEVELS[weight_bits]
    count = matrix.shape[0]
    largest_of_row = np.empty(count)
    for rows in _blocks(matrix):
        # A NaN is the largest of its row.
        largest_of_row[rows] = np.abs(matrix[rows]).max(axis=1)
    if not np.isfinite(largest_of_row).all():
        raise CompileError(f"{name} holds a number that is not finite")
    real_scale = largest_of_row / levels
    scale, bits = _scales(real_scale, name, least_bits + weight_bits - 8, levels)
    digits = tuple(np.empty((count, matrix.shape[1]), np.int8) for _ in range(weight_bits // 8))
    errors = np.empty(count)
    for rows in _blocks(matrix):
        block, unit = matrix[rows], (scale[rows] / 2.0**bits)[:, None]
        rounded = np.clip(np.rint(block / unit), -levels, levels)
        errors[rows] = _relative_error(block, rounded * unit)
        whole = rounded.astype(np.int32)
        if weight_bits == 16:
            digits[0][rows] = (whole + 128) >> 8
        # The lowest 8 bits, as a signed number.
        digits[-1][rows] = whole.astype(np.int8)
    return QuantisedMatrix(digits, scale, bits, errors)


def _blocks(matrix: Rows) -> Iterator[slice]:
    count, width = matrix.shape
    step = max(1, BLOCK // width)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def _scales(
    real_scale: Real, name: str, least_bits: int, levels: int
) -> tuple[NDArray[np.int32], int]:
    """Integer scales and their fraction bits."""
    largest = float(real_scale.max())
    bits = 40
    while bits > least_bits and round(largest * 2.0**bits) >= SCALE_LIMIT:
        bits -= 1
    if round(largest * 2.0**bits) > SCALE_LIMIT:
        raise CompileError(f"{name} holds a weight of {largest * levels}, too large to scale")
    return np.maximum(np.rint(real_scale * 2.0**bits), 1).astype(np.int32), bits


def _relative_error(block: Real, found: Real) -> Real:
    """Root mean square of the difference over that of the block, row by row; 0 for zeros."""
    size = np.square(block).sum(axis=1)
    wrong = np.square(block - found).sum(axis=1)
    share: Real = np.divide(wrong, size, out=np.zeros_like(size), where=size > 0)
    root: Real = np.sqrt(share)
    return root


def fixed_point(values: Real, name: str, bits: int = FRACTION_BITS) -> NDArray[np.int32]:
    """`values` times 2^bits, rounded to int32. Raises CompileError where that does not fit."""
    scaled = np.rint(values * 2.0**bits)
    if not np.isfinite(scaled).all() or float(np.abs(scaled).max()) >= 2.0**31:
        raise CompileError(f"{name} does not fit 32 bits with {bits} fraction bits")
    return scaled.astype(np.int32)


def gain(values: Real, name: str) -> tuple[NDArray[np.int32], int]:
    """A norm's gain with the most fraction bits (at most 24) that keep it within 2^24."""
    largest = float(np.abs(values).max())
    bits = 24
    while bits > 0 and not largest * 2.0**bits < GAIN_LIMIT:
        bits -= 1
    if not largest * 2.0**bits < GAIN_LIMIT:
        raise CompileError(f"{name} holds a gain of {largest}, too large")
    return fixed_point(values, name, bits), bits
