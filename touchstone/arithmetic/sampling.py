"""From logits to the next token, by integers alone (docs/arithmetic.md, "Sampling").

An `order` is a row of a prompt, int32 [rows, 1, ORDER_WIDTH]: how to sample stands in it, so that
it is part of the job's input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from touchstone.arithmetic.pointwise import interpolate
from touchstone.arithmetic.rounding import INT32_MIN, Int32, Int64, round_shift, saturate, wide

TOKEN, WRITTEN, INVERSE_TEMPERATURE, CUT_OFF, SEED_LOW, SEED_HIGH = range(6)
"""Elements of an order."""

NO_TOKEN = -1
"""What stands after a stop."""

TEMPERATURE_BITS = 16
INVERSE_TEMPERATURE_LIMIT = 1 << 24
POSITION_BITS = 18
"""A position's first counter is its number times 2^18: no row of logits is wider."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def temper(x: Int32, order: Int32) -> Int32:
    """Logits over the temperature; unchanged where its inverse is not positive (greedy).

    x [rows, 1, width].
    """
    inverse = wide(order[..., INVERSE_TEMPERATURE : INVERSE_TEMPERATURE + 1])
    factor = np.clip(inverse, 0, INVERSE_TEMPERATURE_LIMIT)
    tempered = round_shift(wide(x) * factor, TEMPERATURE_BITS)
    return saturate(np.where(inverse > 0, tempered, wide(x)))


def perturb(x: Int32, highest: Int32, order: Int32, table: Int32, position: int) -> Int32:
    """Adds noise, so that the largest sum is a sample; the row of `position` alone.

    What lies more than the cut-off below the highest is ruled out. Greedy orders change nothing.
    x [1, 1, width], highest [1, 1, 1].
    """
    if order[0, 0, INVERSE_TEMPERATURE] <= 0:
        return x.copy()
    seed = seed_of(int(order[0, 0, SEED_LOW]), int(order[0, 0, SEED_HIGH]))
    noise = gumbel(random_words(seed, position, x.shape[-1]), table)
    ruled_out = wide(highest) - wide(x) > wide(order[0, 0, CUT_OFF])
    return saturate(np.where(ruled_out, INT32_MIN, wide(x) + noise))


def seed_of(low: int, high: int) -> int:
    """The 64 bits of a seed whose words stand in an order as int32."""
    return high % (1 << 32) << 32 | low % (1 << 32)


def random_words(seed: int, position: int, count: int) -> NDArray[np.uint32]:
    """The high halves of SplitMix64 at the counters of a position: uint32 [count].

    Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
    """
    counters = np.arange(1, count + 1, dtype=np.uint64) + np.uint64(position << POSITION_BITS)
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + counters * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _FIRST
        z = (z ^ (z >> np.uint64(27))) * _SECOND
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(32)).astype(np.uint32)


def gumbel(words: NDArray[np.uint32], table: Int32) -> Int64:
    """Noise -ln(-ln(1 - w / 2^32)), with 16 fraction bits, by the table of `noise_table`."""
    return interpolate(table, noise_offset(words))


def noise_offset(words: NDArray[np.uint32]) -> Int64:
    """Where words stand in that table: each as a number with 5 bits of exponent, 15 of fraction."""
    n = np.maximum(words.astype(np.int64), 1)
    _, length = np.frexp(n.astype(np.float64))
    octave = length.astype(np.int64) - 1
    fraction = ((n << (31 - octave)) & 0x7FFFFFFF) >> 16
    found: Int64 = (octave << 15) | fraction
    return found


def argmax(x: Int32) -> Int32:
    """Where the largest element of each row stands, the first of several: [rows, groups, 1]."""
    found: Int32 = x.argmax(axis=-1)[..., None].astype(np.int32)
    return found


def emit(token: Int32, order: Int32, stops: Int32) -> Int32:
    """The next token; NO_TOKEN where the program had written a stop, or NO_TOKEN, at this position.

    token [rows, 1, 1], stops [any].
    """
    written = order[..., WRITTEN : WRITTEN + 1] == 1
    last = order[..., TOKEN : TOKEN + 1]
    stopped = written & ((last < 0) | np.isin(last, stops))
    return np.where(stopped, np.int32(NO_TOKEN), token)
