"""The one rounding rule, saturation and row shifts (docs/arithmetic.md, "Numbers").

All functions take and return int64 arrays unless they say otherwise, and expect magnitudes below
2^62 before and after; every caller states why its own numbers stay below that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Integers = NDArray[Any]

INT32_MIN = -(1 << 31)
INT32_MAX = (1 << 31) - 1


def wide(values: Integers) -> Int64:
    """`values` as int64."""
    return values.astype(np.int64)


def saturate(values: Int64) -> Int32:
    """`values` clamped to [-2^31, 2^31 - 1], as int32."""
    return np.clip(values, INT32_MIN, INT32_MAX).astype(np.int32)


def round_shift(values: Int64, shift: Int64 | int) -> Int64:
    """floor(values / 2^shift + 1/2): halves go up, for negative values too.

    A shift of zero changes nothing; a negative shift multiplies by 2^-shift.
    """
    shift = np.asarray(shift, dtype=np.int64)
    down = np.maximum(shift, 0)
    half = np.where(down > 0, np.int64(1) << np.maximum(down - 1, 0), 0)
    return ((values << np.maximum(-shift, 0)) + half) >> down


def round_div(numerator: Int64, denominator: Int64 | int) -> Int64:
    """floor(numerator / denominator + 1/2); 0 where the denominator is not positive.

    Expects |numerator| < 2^61 and denominator < 2^61.
    """
    denominator = np.asarray(denominator, dtype=np.int64)
    positive = np.maximum(denominator, 1)
    quotient = (2 * numerator + positive) // (2 * positive)
    return np.where(denominator > 0, quotient, 0)


def bit_length(values: Integers) -> Int64:
    """Bits of max(value, 0): 0 for 0, 1 for 1, 31 for 2^31 - 1."""
    _, exponent = np.frexp(np.maximum(wide(values), 0).astype(np.float64))
    return exponent.astype(np.int64)


def magnitude(values: Integers) -> Int64:
    """`x` for x >= 0 and `-x - 1` for x < 0: at most 2^31 - 1 for any int32."""
    values = wide(values)
    return values ^ (values >> 63)


def shift_down(peak: Int32, bits: int) -> Int64:
    """The right shift that brings magnitudes up to `peak` to `bits` bits: never negative."""
    return np.maximum(bit_length(peak) - bits, 0)


def shift_to(peak: Int32, bits: int) -> Int64:
    """The right shift that brings `peak` to exactly `bits` bits: negative for a small peak."""
    return bit_length(peak) - bits


def narrow(values: Int32, shift: Int64, bits: int) -> Int64:
    """`values` shifted right by `shift` (rounded) and clamped to [-2^bits, 2^bits].

    The clamp acts only where `shift` does not belong to the values.
    """
    limit = 1 << bits
    return np.clip(round_shift(wide(values), shift), -limit, limit)
