"""Attention that looks back, as machine code (docs/arithmetic.md, "Causal programs").

Histories lie in pages of PAGE positions. What a page holds for one head:

    keys:   shifts [PAGE], then for each 16 positions their rows as a panel [d / 2, 16, 2]
    values: shifts [PAGE], then for each 16 elements a panel over positions [PAGE / 2, 16, 2]

all int16, so that scores and mixes are products of rows with panels as those of weights are.
"""

from __future__ import annotations

import numpy as np

from touchstone.engines.native.machine.compiling import compiled
from touchstone.engines.native.machine.numbers import (
    power,
    round_div_soon,
    round_shift,
    saturate,
    shift_down,
)
from touchstone.engines.native.machine.rows import exp, narrow_row, row_max, total
from touchstone.engines.native.machine.scaling import scale_sums
from touchstone.engines.native.machine.threads import shorts_at
from touchstone.engines.native.machine.tile import CHANNELS, MOST_ROWS, short_tile

PAGE = 64
DIGIT = 11
"""Bits of a digit of a mix's weights: PAGE digits times 2^14 stay within int32."""

_DIGIT_MASK = (1 << DIGIT) - 1
WEIGHT_LIMIT = 1 << 15


@compiled
def keep_key(x, row_peak, bits, place, head):
    """Writes the narrowed row x of a key at `place` of the page of a head."""
    shift = shift_down(row_peak, bits)
    pairs = (x.size + 1) // 2
    narrowed = np.empty(2 * pairs, np.int16)
    narrow_row(x, shift, bits, narrowed)
    head[place] = shift
    start = PAGE + (place // CHANNELS) * pairs * 2 * CHANNELS + 2 * (place % CHANNELS)
    for e in range(narrowed.size):
        head[start + (e >> 1) * 2 * CHANNELS + (e & 1)] = narrowed[e]


@compiled
def keep_value(x, row_peak, bits, place, head):
    """Writes the narrowed row x of a value at `place` of the page of a head."""
    shift = shift_down(row_peak, bits)
    narrowed = np.empty(x.size, np.int16)
    narrow_row(x, shift, bits, narrowed)
    head[place] = shift
    start = PAGE + (place >> 1) * 2 * CHANNELS + (place & 1)
    for e in range(narrowed.size):
        panel = (e // CHANNELS) * PAGE * CHANNELS
        head[start + panel + 2 * (e % CHANNELS)] = narrowed[e]


@compiled
def scores(q, peaks, pages, offset, count, settings, out, stride):
    """Scores of the heads that share one head of keys, at one position, with `count` keys.

    q [heads, d] and peaks [heads] flat; pages: addresses of the session's pages; offset: bytes to
    the head of the keys. settings: row bits, factor, factor bits, pairs to add up in int32. Score
    u of head h goes to out[h * stride + u].
    """
    bits, factor, factor_bits = settings[0], np.int64(settings[1]), np.int64(settings[2])
    block = settings[3]
    heads = peaks.size
    width = q.size // heads
    pairs = (width + 1) // 2
    narrowed = np.empty(heads * 2 * pairs, np.int16)
    shifts = np.empty(heads, np.int64)
    for h in range(heads):
        shifts[h] = shift_down(peaks[h], bits)
        row = narrowed[h * 2 * pairs : (h + 1) * 2 * pairs]
        narrow_row(q[h * width : (h + 1) * width], shifts[h], bits, row)
    sums = np.empty(MOST_ROWS * CHANNELS, np.int32)
    totals = np.empty(MOST_ROWS * CHANNELS, np.int64)
    powers, zeros = np.empty(CHANNELS, np.float64), np.zeros(CHANNELS, np.int32)
    for start in range(0, count, CHANNELS):
        page = shorts_at(pages[start // PAGE] + offset, PAGE + PAGE * 2 * pairs)
        keys = start % PAGE
        own = page[keys : keys + min(CHANNELS, count - start)]
        for u in range(CHANNELS):
            powers[u] = power(np.int64(page[keys + u]))
        panel = page.ctypes.data + 2 * (PAGE + keys * 2 * pairs)
        for first in range(0, heads, MOST_ROWS):
            rows = min(MOST_ROWS, heads - first)
            short = block >= pairs and own.size == CHANNELS
            if not short:
                totals[:] = 0
            for pair in range(0, pairs, block):
                short_tile(
                    rows, narrowed.ctypes.data + 4 * (first * pairs + pair), 2 * pairs,
                    panel + 4 * CHANNELS * pair, min(block, pairs - pair), sums.ctypes.data,
                )  # fmt: skip
                if not short:
                    for e in range(rows * CHANNELS):
                        totals[e] += sums[e]
            for r in range(rows):
                shift = 16 + factor_bits - shifts[first + r]
                target = (first + r) * stride + start
                begin = r * CHANNELS
                if short:
                    scale_sums(
                        sums.ctypes.data + 4 * begin, powers.ctypes.data, factor * power(-shift),
                        zeros.ctypes.data, out.ctypes.data + 4 * target,
                    )  # fmt: skip
                else:
                    line = out[target : target + own.size]
                    _finish(totals[begin:], factor, shift, own, line)


@compiled
def _finish(totals, factor, shift, key_shifts, out):
    """Exact sums times a factor, shifted right by `shift` less the shifts of the keys."""
    for u in range(out.size):
        out[u] = saturate(round_shift(totals[u] * factor, shift - key_shifts[u]))


@compiled
def softmax_weights(x, heads, stride, count, table, wholes):
    """Turns rows of scores, [heads, stride], into weights in place, and their sums to `wholes`."""
    for h in range(heads):
        line = x[h * stride : h * stride + count]
        exp(line, np.int64(row_max(line)), table, line)
        wholes[h] = saturate(total(line))


@compiled
def mix(weights, heads, stride, wholes, pages, offset, count, out):
    """Means of `count` value rows for the heads that share them: out [heads, d] flat.

    Weights times powers of two bring all rows to the smallest shift among them; cut into digits
    they are rows of products with int32 sums, page by page.
    """
    width = out.size // heads
    panels = (width + CHANNELS - 1) // CHANNELS
    size = PAGE + panels * CHANNELS * PAGE
    low, high = 31, 0
    for start in range(0, count, PAGE):
        page = shorts_at(pages[start // PAGE] + offset, size)
        for u in range(min(PAGE, count - start)):
            low, high = min(low, page[u]), max(high, page[u])
    digits = (15 + high - low) // DIGIT + 1
    rows = heads * digits
    parts = np.empty(rows * PAGE, np.int16)
    sums = np.empty(MOST_ROWS * CHANNELS, np.int32)
    totals = np.zeros(heads * panels * CHANNELS, np.int64)
    for start in range(0, count, PAGE):
        page = shorts_at(pages[start // PAGE] + offset, size)
        present = min(PAGE, count - start)
        _digits(weights, heads, stride, start, present, page, low, digits, parts)
        for panel in range(panels):
            head, digit = 0, 0
            for first in range(0, rows, MOST_ROWS):
                some = min(MOST_ROWS, rows - first)
                short_tile(
                    some, parts.ctypes.data + 2 * first * PAGE, PAGE,
                    page.ctypes.data + 2 * (PAGE + panel * CHANNELS * PAGE),
                    (present + 1) // 2, sums.ctypes.data,
                )  # fmt: skip
                for r in range(some):
                    target = (head * panels + panel) * CHANNELS
                    _add_digit(sums[r * CHANNELS :], digit, totals[target : target + CHANNELS])
                    # Counted, since dividing takes longer than what is done here.
                    digit += 1
                    if digit == digits:
                        head, digit = head + 1, 0
    for h in range(heads):
        own = totals[h * panels * CHANNELS : (h * panels + panels) * CHANNELS]
        _divide(own, low, np.int64(wholes[h]), out[h * width : (h + 1) * width])


@compiled
def _add_digit(sums, digit, totals):
    """Adds the sums of a digit to those of the whole weights."""
    for e in range(totals.size):
        totals[e] += np.int64(sums[e]) << (DIGIT * digit)


@compiled
def _divide(totals, shift, whole, out):
    """Totals shifted left, over a whole; 0 where that is not positive."""
    inverse = 1.0 / max(whole, 1)
    for e in range(out.size):
        share = round_div_soon(totals[e] << shift, max(whole, 1), inverse)
        out[e] = share if whole > 0 else np.int32(0)


@compiled
def _digits(weights, heads, stride, start, present, page, low, digits, parts):
    """Digits of the weights of a page's positions: int16 [heads, digits, PAGE], zeros behind."""
    parts[:] = 0
    for h in range(heads):
        line = weights[h * stride + start : h * stride + start + present]
        for digit in range(digits):
            own = parts[(h * digits + digit) * PAGE : (h * digits + digit) * PAGE + present]
            if digits == 2:
                # Two digits of 11 bits: int32 holds the shifted weight.
                for u in range(present):
                    limited = min(max(line[u], np.int32(0)), np.int32(WEIGHT_LIMIT))
                    weight = np.int32(limited << np.int32(page[u] - low))
                    own[u] = np.int16((weight >> np.int32(DIGIT * digit)) & _DIGIT_MASK)
            else:
                for u in range(present):
                    limited = min(max(np.int64(line[u]), 0), WEIGHT_LIMIT)
                    weight = limited << (page[u] - low)
                    own[u] = (weight >> (DIGIT * digit)) & _DIGIT_MASK
