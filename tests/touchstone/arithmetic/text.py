"""docs/arithmetic.md once more, element by element, in Python's unbounded integers.

This is how a referee computes: one element at a time, from its operands alone. Numbers never
overflow here, so agreement with the reference also shows that its int64 never did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sat(value: int) -> int:
    return max(-(1 << 31), min((1 << 31) - 1, value))


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def round_shift(value: int, shift: int) -> int:
    if shift <= 0:
        return value << -shift
    return (value + (1 << (shift - 1))) >> shift


def round_div(numerator: int, denominator: int) -> int:
    if denominator <= 0:
        return 0
    return (2 * numerator + denominator) // (2 * denominator)


def bits(value: int) -> int:
    return max(value, 0).bit_length()


def magnitude(value: int) -> int:
    return value if value >= 0 else -value - 1


def narrow(value: int, shift: int, width: int) -> int:
    return clamp(round_shift(value, shift), -(1 << width), 1 << width)


def down(peak: int, width: int) -> int:
    return max(0, bits(peak) - width)


def interpolate(table: list[int], offset: int) -> int:
    i, f = offset >> 8, offset & 255
    return round_shift(table[i] * 256 + (table[i + 1] - table[i]) * f, 8)


def add(a: Array, b: Array, t: int, g: int, e: int) -> int:
    return sat(int(a[t, g, e]) + int(b[t, g, e]))


def centre(x: Array, mean: Array, t: int, g: int, e: int) -> int:
    return sat(int(x[t, g, e]) - int(mean[t, g, 0]))


def peak(x: Array, t: int, g: int, e: int) -> int:
    return max(magnitude(int(v)) for v in x[t, g])


def row_max(x: Array, t: int, g: int, e: int) -> int:
    return max(int(v) for v in x[t, g])


def row_sum(x: Array, t: int, g: int, e: int) -> int:
    return sat(sum(int(v) for v in x[t, g]))


def row_mean(x: Array, t: int, g: int, e: int) -> int:
    return sat(round_div(sum(int(v) for v in x[t, g]), x.shape[2]))


def column_max(x: Array, t: int, g: int, e: int) -> int:
    return max(int(v) for v in x[:, g, e])


def column_mean(x: Array, t: int, g: int, e: int) -> int:
    return sat(round_div(sum(int(v) for v in x[:, g, e]), x.shape[0]))


def lookup(x: Array, table: Array, t: int, g: int, e: int, *, low: int, identity_above: int) -> int:
    value, entries = int(x[t, g, e]), [int(v) for v in table]
    if value < low:
        return entries[0]
    if value >= low + 256 * (len(entries) - 1):
        return value if identity_above else entries[-1]
    return sat(interpolate(entries, value - low))


def exp(x: Array, maximum: Array, table: Array, t: int, g: int, e: int) -> int:
    distance, entries = int(maximum[t, g, 0]) - int(x[t, g, e]), [int(v) for v in table]
    if distance >= 256 * (len(entries) - 1):
        return 0
    return sat(interpolate(entries, max(distance, 0)))


def probabilities(weights: Array, total: Array, t: int, g: int, e: int) -> int:
    share = round_div(int(weights[t, g, e]) << 15, int(total[t, g, 0]))
    return clamp(share, 0, 1 << 15)


def embed_tokens(
    tokens: Array, table: Array, scale: Array, t: int, g: int, e: int, *, scale_bits: int
) -> int:
    token = int(tokens[t, 0, 0])
    if not 0 <= token < len(table):
        return 0
    return sat(round_shift(int(table[token, e]) * int(scale[token]), scale_bits))


def embed_positions(_rows: Array, table: Array, t: int, g: int, e: int) -> int:
    return int(table[t, e])


def join(x: Array, t: int, g: int, e: int) -> int:
    return int(x[t].reshape(-1)[e])


def matmul(
    x: Array, top: Array, weight: Array, scale: Array, bias: Array, t: int, g: int, e: int,
    *, row_bits: int, scale_bits: int, groups: int,
) -> int:  # fmt: skip
    n = g * (len(weight) // groups) + e
    shift = down(int(top[t, 0, 0]), row_bits)
    row = [narrow(int(v), shift, row_bits) for v in x[t].reshape(-1)]
    total = sum(a * int(w) for a, w in zip(row, weight[n], strict=True))
    return sat(round_shift(total * int(scale[n]), scale_bits - shift) + int(bias[n]))


def scores(
    q: Array, q_top: Array, k: Array, k_top: Array, t: int, g: int, e: int,
    *, row_bits: int, factor: int, factor_bits: int,
) -> int:  # fmt: skip
    a, b = down(int(q_top[t, g, 0]), row_bits), down(int(k_top[e, g, 0]), row_bits)
    total = sum(
        narrow(int(u), a, row_bits) * narrow(int(v), b, row_bits)
        for u, v in zip(q[t, g], k[e, g], strict=True)
    )
    return sat(round_shift(total * factor, 16 + factor_bits - a - b))


def mix(p: Array, v: Array, top: Array, t: int, g: int, e: int, *, row_bits: int) -> int:
    shift = down(int(top[0, g, 0]), row_bits)
    total = sum(
        clamp(int(p[t, g, u]), 0, 1 << 15) * narrow(int(v[u, g, e]), shift, row_bits)
        for u in range(len(v))
    )
    return sat(round_shift(total, 15 - shift))


def mean_square(x: Array, top: Array, t: int, g: int, e: int) -> int:
    shift = bits(int(top[t, g, 0])) - 15
    return sat(round_div(sum(narrow(int(v), shift, 15) ** 2 for v in x[t, g]), x.shape[2]))


def inverse_root(square: Array, top: Array, t: int, g: int, e: int, *, epsilon: int) -> int:
    shift = bits(int(top[t, g, 0])) - 15
    extra = min(round_shift(epsilon, 2 * shift), 1 << 60)
    root = isqrt((clamp(int(square[t, g, e]), 0, 1 << 30) << 30) + extra)
    return sat(round_div(1 << 52, root))


def scale_row(
    x: Array, top: Array, inverse: Array, gain: Array, bias: Array, t: int, g: int, e: int,
    *, gain_bits: int,
) -> int:  # fmt: skip
    n = narrow(int(x[t, g, e]), bits(int(top[t, g, 0])) - 18, 18)
    unit = round_shift(n * int(inverse[t, g, 0]), 22)
    return sat(round_shift(unit * int(gain[e]), 2 + gain_bits) + int(bias[e]))


def argmax(x: Array, t: int, g: int, e: int) -> int:
    top = max(int(v) * 2**32 + (2**32 - 1 - place) for place, v in enumerate(x[t, g]))
    return 2**32 - 1 - top % 2**32


def multiply(a: Array, b: Array, t: int, g: int, e: int) -> int:
    return sat(round_shift(int(a[t, g, e]) * int(b[t, g, e]), 16))


def slice_(x: Array, t: int, g: int, e: int, *, start: int, width: int) -> int:
    assert e < width
    return int(x[t, 0, start + e])


def concat(a: Array, b: Array, t: int, g: int, e: int) -> int:
    return int(a[t, 0, e]) if e < a.shape[2] else int(b[t, 0, e - a.shape[2]])


def rotate(x: Array, cosines: Array, sines: Array, t: int, g: int, e: int, *, position: int) -> int:
    half = x.shape[2] // 2
    i = e % half
    sign, other = (-1, e + half) if e < half else (1, e - half)
    own = int(x[t, g, e]) * int(cosines[position, i])
    return sat(round_shift(own + sign * int(x[t, g, other]) * int(sines[position, i]), 20))


def causal_scores(
    q: Array, q_top: Array, k: Array, k_top: Array, t: int, g: int, e: int,
    *, row_bits: int, key_bits: int, factor: int, factor_bits: int,
) -> int:  # fmt: skip
    own = g // (q.shape[1] // k.shape[1])
    a, b = down(int(q_top[t, g, 0]), row_bits), down(int(k_top[e, own, 0]), key_bits)
    total = sum(
        narrow(int(u), a, row_bits) * narrow(int(v), b, key_bits)
        for u, v in zip(q[t, g], k[e, own], strict=True)
    )
    return sat(round_shift(total * factor, 16 + factor_bits - a - b))


def causal_mix(
    weights: Array, z: Array, v: Array, top: Array, t: int, g: int, e: int, *, row_bits: int
) -> int:
    own = g // (weights.shape[1] // v.shape[1])
    total = 0
    for u in range(weights.shape[2]):
        shift = down(int(top[u, own, 0]), row_bits)
        weight = clamp(int(weights[t, g, u]), 0, 1 << 15)
        total += weight * narrow(int(v[u, own, e]), shift, row_bits) << shift
    return sat(round_div(total, int(z[t, g, 0])))


def temper(x: Array, order: Array, t: int, g: int, e: int) -> int:
    inverse = int(order[t, 0, 2])
    if inverse <= 0:
        return int(x[t, 0, e])
    return sat(round_shift(int(x[t, 0, e]) * min(inverse, 1 << 24), 16))


def perturb(
    x: Array, top: Array, order: Array, table: Array, t: int, g: int, e: int, *, position: int
) -> int:
    value, (_, _, inverse, cut, low, high) = int(x[t, 0, e]), (int(v) for v in order[t, 0])
    if inverse <= 0:
        return value
    if int(top[t, 0, 0]) - value > cut:
        return -(1 << 31)
    whole = 1 << 64
    z = (high % 2**32 << 32) + low % 2**32
    z = (z + ((position << 18) + e + 1) * 0x9E3779B97F4A7C15) % whole
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % whole
    z = (z ^ z >> 27) * 0x94D049BB133111EB % whole
    z ^= z >> 31
    n = max(z >> 32, 1)
    k = bits(n) - 1
    fraction = (n << 31 - k) % 2**31 >> 16
    return sat(value + interpolate([int(v) for v in table], (k << 15) + fraction))


def emit(token: Array, order: Array, stops: Array, t: int, g: int, e: int) -> int:
    last, written = (int(v) for v in order[t, 0, :2])
    return -1 if written == 1 and (last < 0 or last in stops) else int(token[t, 0, 0])


ELEMENTS: Mapping[str, Callable[..., int]] = {
    function.__name__: function
    for function in (
        add, centre, peak, row_max, row_sum, row_mean, column_max, column_mean, lookup, exp,
        probabilities, embed_tokens, embed_positions, join, matmul, scores, mix, mean_square,
        inverse_root, scale_row, argmax, multiply, concat, rotate, causal_scores, causal_mix,
        temper, perturb, emit,
    )
} | {"slice": slice_}  # fmt: skip


def compute(op: str, operands: list[Array], attributes: Mapping[str, int], shape: Any) -> Array:
    """A whole output of this shape, element by element."""
    out = np.zeros(shape, np.int64)
    for t, g, e in product(*(range(extent) for extent in shape)):
        out[t, g, e] = ELEMENTS[op](*operands, t, g, e, **attributes)
    return out
