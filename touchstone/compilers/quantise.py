"""Real weights to integers: float64, element by element, so that every machine gets the same bytes.

No sum and no BLAS call is made here; maximum, division, multiplication and rounding of float64
are fixed by IEEE 754.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from touchstone.errors import CompileError
from touchstone.programs.rules import GAIN_LIMIT, SCALE_LIMIT

Real = NDArray[np.float64]

FRACTION_BITS = 16
_LEVELS = 127


@dataclass(frozen=True, slots=True)
class QuantisedMatrix:
    """int8 [N, K] and integer scales int32 [N]: the real matrix is values * scale / 2^bits."""

    values: NDArray[np.int8]
    scale: NDArray[np.int32]
    scale_bits: int

    def real(self) -> Real:
        """The matrix it stands for."""
        return self.values * (self.scale / 2.0**self.scale_bits)[:, None]


def quantise_matrix(matrix: Real, name: str, least_bits: int) -> QuantisedMatrix:
    """Rows of `matrix` [N, K] as int8, each with its own scale.

    The scale's fraction bits (least_bits to 40) are the most that keep every scale below 2^20.
    Raises CompileError for a matrix that is not finite or too large for any.
    """
    if not np.isfinite(matrix).all():
        raise CompileError(f"{name} holds a number that is not finite")
    real_scale = np.abs(matrix).max(axis=1) / _LEVELS
    largest = float(real_scale.max())
    bits = 40
    while bits > least_bits and round(largest * 2.0**bits) >= SCALE_LIMIT:
        bits -= 1
    if round(largest * 2.0**bits) > SCALE_LIMIT:
        raise CompileError(f"{name} holds a weight of {largest * _LEVELS}, too large to scale")
    scale = np.maximum(np.rint(real_scale * 2.0**bits), 1).astype(np.int32)
    values = np.rint(matrix / (scale / 2.0**bits)[:, None])
    return QuantisedMatrix(np.clip(values, -_LEVELS, _LEVELS).astype(np.int8), scale, bits)


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
