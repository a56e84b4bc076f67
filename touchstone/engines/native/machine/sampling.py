"""From logits to a token, as machine code: the twin of `touchstone.arithmetic.sampling`."""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.sampling import (
    CUT_OFF,
    INVERSE_TEMPERATURE,
    INVERSE_TEMPERATURE_LIMIT,
    NO_TOKEN,
    POSITION_BITS,
    SEED_HIGH,
    SEED_LOW,
    TEMPERATURE_BITS,
    TOKEN,
    WRITTEN,
)
from touchstone.engines.native.machine.compiling import compiled
from touchstone.engines.native.machine.numbers import (
    INT32_MIN,
    bit_length,
    interpolate,
    round_shift,
    saturate,
)
from touchstone.engines.native.machine.rows import copy

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


@compiled
def temper(x, order, out):
    """Logits times the inverse temperature; unchanged where that is not positive."""
    inverse = min(np.int64(order[INVERSE_TEMPERATURE]), INVERSE_TEMPERATURE_LIMIT)
    for e in range(out.size):
        if inverse > 0:
            out[e] = saturate(round_shift(np.int64(x[e]) * inverse, TEMPERATURE_BITS))
        else:
            out[e] = x[e]


@compiled
def perturb(x, highest, order, table, position, out):
    """Adds the noise of a position; rules out what lies more than the cut-off below `highest`."""
    if order[INVERSE_TEMPERATURE] <= 0:
        copy(x, out)
        return
    low, high = np.int64(order[SEED_LOW]), np.int64(order[SEED_HIGH])
    seed = np.uint64((high << 32) | (low & 0xFFFFFFFF))
    cut_off = np.int64(order[CUT_OFF])
    for e in range(out.size):
        if highest - np.int64(x[e]) > cut_off:
            out[e] = INT32_MIN
            continue
        counter = np.uint64((position << POSITION_BITS) + e + 1)
        z = seed + counter * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _FIRST
        z = (z ^ (z >> np.uint64(27))) * _SECOND
        z = z ^ (z >> np.uint64(31))
        n = max(np.int64(z >> np.uint64(32)), 1)
        octave = bit_length(n) - 1
        fraction = ((n << (31 - octave)) & 0x7FFFFFFF) >> 16
        out[e] = saturate(np.int64(x[e]) + interpolate(table, (octave << 15) | fraction))


@compiled
def emit(token, order, stops):
    """The token; NO_TOKEN where the program had written a stop, or NO_TOKEN."""
    if order[WRITTEN] != 1:
        return token
    last = order[TOKEN]
    if last < 0:
        return np.int32(NO_TOKEN)
    for stop in stops:
        if stop == last:
            return np.int32(NO_TOKEN)
    return token
