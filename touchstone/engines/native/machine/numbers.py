"""The rounding rule, saturation and row shifts on single numbers, as machine code.

The twin of `touchstone.arithmetic.rounding`; all numbers are int64 unless they say otherwise.
"""

from __future__ import annotations

import math

import numpy as np

from touchstone.engines.native.machine.compiling import compiled

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1

_LOWEST_POWER = -64
_LARGE = 1 << 40
_POWERS = 2.0 ** np.arange(_LOWEST_POWER, 65)


@compiled
def power(exponent):
    """2^exponent as float64, for exponents from -64 to 64."""
    return _POWERS[exponent - _LOWEST_POWER]


@compiled
def saturate(value):
    """`value` clamped to int32."""
    return np.int32(min(max(value, INT32_MIN), INT32_MAX))


@compiled
def magnitude(value):
    """`value` for value >= 0, else -value - 1."""
    return value ^ (value >> 63)


@compiled
def round_shift(value, shift):
    """floor(value / 2^shift + 1/2); a negative shift multiplies."""
    if shift > 0:
        return (value + (1 << (shift - 1))) >> shift
    return value << -shift


@compiled
def round_div(numerator, denominator):
    """floor(numerator / denominator + 1/2); 0 where the denominator is not positive."""
    if denominator <= 0:
        return 0
    return (2 * numerator + denominator) // (2 * denominator)


@compiled
def round_div_soon(numerator, denominator, inverse):
    """saturate(round_div(numerator, denominator)) for a positive denominator below 2^31, given its
    inverse in float64, and a numerator below 2^62: without a division.

    A quotient below 2^40 is off by one at most, which the remainder shows; a larger one saturates.
    """
    found = np.int64(min(max(math.floor(numerator * inverse + 0.5), -_LARGE), _LARGE))
    rest = 2 * (numerator - found * denominator) + denominator
    found += np.int64(rest >= 2 * denominator) - np.int64(rest < 0)
    return saturate(found)


@compiled
def bit_length(value):
    """Bits of max(value, 0)."""
    length = 0
    while value > 0:
        value >>= 1
        length += 1
    return length


@compiled
def shift_down(peak, bits):
    """The right shift that brings magnitudes up to `peak` to `bits` bits: never negative."""
    return max(bit_length(peak) - bits, 0)


@compiled
def shift_to(peak, bits):
    """The right shift that brings `peak` to exactly `bits` bits: negative for a small peak."""
    return bit_length(peak) - bits


@compiled
def narrow(value, shift, bits):
    """`value` shifted right by `shift` >= -bits, rounded, clamped to [-2^bits, 2^bits].

    Upwards it is clamped first, so that nothing leaves int32.
    """
    if shift > 0:
        limit = 1 << bits
        rounded = (value >> shift) + ((value >> (shift - 1)) & 1)
        return min(max(rounded, -limit), limit)
    limit = 1 << (bits + shift)
    return min(max(value, -limit), limit) << -shift


@compiled
def interpolate(table, offset):
    """Linear interpolation in a table of int32 at `offset` units from its start."""
    index, fraction = offset >> 8, offset & 255
    left, right = np.int64(table[index]), np.int64(table[index + 1])
    return ((left << 8) + (right - left) * fraction + 128) >> 8


@compiled
def integer_sqrt(value):
    """The largest r with r * r <= value, for values in [0, 2^62)."""
    root = np.int64(math.floor(math.sqrt(value)))
    if root * root > value:
        root -= 1
    if (root + 1) * (root + 1) <= value:
        root += 1
    return root
