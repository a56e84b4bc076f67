"""Operators on rows, as machine code: the twins of `rows`, `pointwise`, `norms` and `rotate` in
touchstone.arithmetic.

A line is one row of a value: int32 [width]. All functions write `out`; per-line operands are int64.
"""

from __future__ import annotations

import numpy as np

from touchstone.engines.native.machine.compiling import compiled
from touchstone.engines.native.machine.lookups import (
    LANES,
    TABLE_END,
    exp_lanes,
    lookup_lanes,
)
from touchstone.engines.native.machine.numbers import (
    INT32_MAX,
    INT32_MIN,
    bit_length,
    integer_sqrt,
    magnitude,
    narrow,
    power,
    round_div,
    round_shift,
    saturate,
    shift_to,
)

REAL_MIN, REAL_MAX = np.float64(INT32_MIN), np.float64(INT32_MAX)


@compiled
def copy(x, out):
    """`out` becomes the beginning of x."""
    for e in range(out.size):
        out[e] = x[e]


@compiled
def peak(x):
    """The largest magnitude."""
    low, high = x[0], x[0]
    for e in range(x.size):
        low, high = min(low, x[e]), max(high, x[e])
    return np.int32(max(magnitude(np.int64(low)), magnitude(np.int64(high))))


@compiled
def row_max(x):
    """The largest element."""
    high = x[0]
    for e in range(x.size):
        high = max(high, x[e])
    return high


@compiled
def total(x):
    """The exact sum, int64."""
    found = np.int64(0)
    for e in range(x.size):
        found += x[e]
    return found


@compiled
def argmax(x):
    """Where the largest element stands, the first of several."""
    highest, place = x[0], 0
    for e in range(x.size):
        if x[e] > highest:
            highest, place = x[e], e
    return np.int32(place)


@compiled
def add(a, b, out):
    """Saturated sums."""
    for e in range(out.size):
        out[e] = saturate(np.int64(a[e]) + np.int64(b[e]))


@compiled
def multiply(a, b, out):
    """Saturated products of numbers with 16 fraction bits."""
    for e in range(out.size):
        out[e] = saturate((np.int64(a[e]) * np.int64(b[e]) + (1 << 15)) >> 16)


@compiled
def centre(x, mean, out):
    """Saturated differences to `mean`."""
    for e in range(out.size):
        out[e] = saturate(np.int64(x[e]) - mean)


@compiled
def lookup(x, table, low, identity_above, out):
    """A function given by a table that starts at `low`."""
    whole = out.size // LANES * LANES
    for e in range(0, whole, LANES):
        lookup_lanes(x.ctypes.data + 4 * e, low, identity_above, table.ctypes.data,
                     out.ctypes.data + 4 * e)  # fmt: skip
    if whole < out.size:
        last = np.empty(LANES, np.int32)
        copy(x[whole:], last[: out.size - whole])
        place = last.ctypes.data
        lookup_lanes(place, low, identity_above, table.ctypes.data, place)
        copy(last, out[whole:])


@compiled
def exp(x, maximum, table, out):
    """The table at maximum - x: its first entry below 0, 0 from its end on."""
    whole, low = out.size // LANES * LANES, max(maximum - TABLE_END, INT32_MIN)
    for e in range(0, whole, LANES):
        exp_lanes(x.ctypes.data + 4 * e, low, maximum, table.ctypes.data, out.ctypes.data + 4 * e)
    if whole < out.size:
        last = np.empty(LANES, np.int32)
        copy(x[whole:], last[: out.size - whole])
        exp_lanes(last.ctypes.data, low, maximum, table.ctypes.data, last.ctypes.data)
        copy(last, out[whole:])


@compiled
def probabilities(weights, whole, out):
    """Parts of a whole times 2^15, within [0, 2^15]."""
    for e in range(out.size):
        share = round_div(np.int64(weights[e]) << 15, whole)
        out[e] = np.int32(min(max(share, 0), 1 << 15))


@compiled
def mean_square(x, row_peak):
    """Rounded mean of the squares of a row brought to 15 bits: at most 2^30."""
    shift, found = shift_to(row_peak, 15), np.int64(0)
    for e in range(x.size):
        n = narrow(np.int64(x[e]), shift, 15)
        found += n * n
    return saturate(round_div(found, x.size))


@compiled
def inverse_root(square, row_peak, epsilons):
    """2^52 over the root of a mean square; epsilons int32 [64]: low and high words of the epsilon
    at each bit length of a peak."""
    length = bit_length(row_peak)
    low = np.int64(epsilons[2 * length]) & 0xFFFFFFFF
    extra = (np.int64(epsilons[2 * length + 1]) << 32) | low
    root = integer_sqrt((min(max(square, 0), 1 << 30) << 30) + extra)
    return saturate(round_div(1 << 52, root))


@compiled
def scale_row(x, row_peak, inverse, gain, bias, gain_bits, out):
    """A row over its root, times a gain, plus a bias: in float64, where all products are exact."""
    limit, down = np.float64(1 << 18), power(-shift_to(row_peak, 18))
    root, gained = np.float64(inverse) * power(-22), power(-2 - gain_bits)
    for e in range(out.size):
        n = min(max(np.floor(x[e] * down + 0.5), -limit), limit)
        unit = np.floor(n * root + 0.5)
        found = np.floor(unit * gain[e] * gained + 0.5) + bias[e]
        out[e] = np.int32(min(max(found, REAL_MIN), REAL_MAX))


@compiled
def rotate(x, cosines, sines, out):
    """Pairs (x[e], x[e + d/2]) turned by the angles of a position, with 20 fraction bits."""
    half = cosines.size
    for i in range(half):
        first, second = np.int64(x[i]), np.int64(x[i + half])
        cosine, sine = np.int64(cosines[i]), np.int64(sines[i])
        out[i] = saturate(round_shift(first * cosine - second * sine, 20))
        out[i + half] = saturate(round_shift(second * cosine + first * sine, 20))


@compiled
def narrow_row(x, shift, bits, out):
    """A row of int32 narrowed to `bits` bits and a sign, int16, with zeros behind it."""
    for e in range(x.size):
        out[e] = np.int16(narrow(np.int64(x[e]), shift, bits))
    for e in range(x.size, out.size):
        out[e] = 0
