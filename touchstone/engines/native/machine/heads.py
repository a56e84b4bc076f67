"""One head of an attention over whole sequences: keys and values as panels, four queries at a time.

Panels are those of `tile`: keys for each 16 positions [d / 2, 16, 2], values for each 16 elements
[positions / 2, 16, 2], both int16. What a function shares with the next one stands in tuples:

    keys:   panels, shifts int64 [positions], the same as powers of two, limits int64 [panels]: a
            query whose sum of squares is below that of a panel has sums within int32 with it
    values: panels, shift
    room:   queries int16 [4, d], scores int32 [4, positions], shares int16 [4, positions],
            sums int32 [4, 16], places of whole shares [4]; positions and d rounded up
"""

from __future__ import annotations

import numpy as np

from touchstone.engines.native.machine.compiling import compiled
from touchstone.engines.native.machine.numbers import power, round_shift, saturate, shift_down
from touchstone.engines.native.machine.rows import copy, exp, narrow_row, row_max, total
from touchstone.engines.native.machine.scaling import scale_products
from touchstone.engines.native.machine.tile import CHANNELS, MOST_ROWS, short_tile

SHARE_BITS = 15

_NUDGE = 0.5 + 0.5**34
"""What is added before the floor of e * (2^15 / total), for e up to 2^16 and a total below 2^31.

The exact share is a multiple of 1 / (2 * total) > 2^-32 away from the next rounding boundary, or on
it; the two roundings of float64 move it by at most 2^-36. So adding 2^-34 decides every case right.
"""

_ONES = np.ones(CHANNELS, np.float64)


@compiled
def _in_sixteens(count):
    return (count + CHANNELS - 1) // CHANNELS * CHANNELS


@compiled
def _in_twos(count):
    return (count + 1) // 2 * 2


@compiled
def room_for(count, width):
    """Room for four queries among `count` positions."""
    queries = np.empty(MOST_ROWS * _in_twos(width), np.int16)
    lines = np.empty(MOST_ROWS * _in_sixteens(count), np.int32)
    shares = np.zeros(MOST_ROWS * _in_twos(count), np.int16)
    sums, whole = np.empty(MOST_ROWS * CHANNELS, np.int32), np.empty(MOST_ROWS, np.int64)
    return queries, lines, shares, sums, whole


@compiled
def line_of(room, row):
    """The scores of one of the four queries."""
    size = room[1].size // MOST_ROWS
    return room[1][row * size : (row + 1) * size]


@compiled
def keys_of(k, peaks, step, width, bits):
    """Keys of rows `step` apart, narrowed by their peaks."""
    count, deep = peaks.size, _in_twos(width)
    panels = np.empty(_in_sixteens(count) * deep, np.int16)
    shifts, powers = np.zeros(count, np.int64), np.zeros(_in_sixteens(count), np.float64)
    narrowed = np.empty(deep, np.int16)
    words, target = narrowed.view(np.int32), panels.view(np.int32)
    longest = np.ones(_in_sixteens(count) // CHANNELS, np.int64)
    for u in range(count):
        shifts[u] = shift_down(np.int64(peaks[u]), bits)
        powers[u] = power(shifts[u])
        narrow_row(k[u * step : u * step + width], shifts[u], bits, narrowed)
        longest[u // CHANNELS] = max(longest[u // CHANNELS], _squares(narrowed))
        start = (u // CHANNELS) * words.size * CHANNELS + u % CHANNELS
        for pair in range(words.size):
            target[start + pair * CHANNELS] = words[pair]
    # A product of rows is at most that of their lengths. Where this is below 2^31, a sum in int32
    # is right, whatever its parts did on the way.
    return panels, shifts, powers, (1 << 62) // longest


@compiled
def _squares(narrowed):
    found = np.int64(0)
    for e in range(narrowed.size):
        found += np.int64(narrowed[e]) * narrowed[e]
    return found


@compiled
def values_of(v, top, count, step, width, bits):
    """Values of `count` rows `step` apart, narrowed by the peak of all of them."""
    shift, deep, wide = shift_down(top, bits), _in_twos(count), _in_sixteens(width)
    panels = np.zeros(deep * wide, np.int16)
    words, narrowed = panels.view(np.int32), np.zeros(2 * wide, np.int16)
    even, odd = narrowed[:wide], narrowed[wide:]
    for u in range(0, count, 2):
        narrow_row(v[u * step : u * step + width], shift, bits, even)
        if u + 1 < count:
            narrow_row(v[(u + 1) * step : (u + 1) * step + width], shift, bits, odd)
        else:
            odd[:] = 0
        for start in range(0, wide, CHANNELS):
            place = (start * deep + u * CHANNELS) // 2
            target = words[place : place + CHANNELS]
            for e in range(CHANNELS):
                low = np.int32(even[start + e]) & np.int32(0xFFFF)
                target[e] = low | (np.int32(odd[start + e]) << np.int32(16))
    return panels, shift


@compiled
def score(q, peaks, step, width, settings, keys, room):
    """Scores of up to four queries, `step` apart.

    settings: row bits, factor, factor bits, pairs that may be added up in int32 whatever they are.
    """
    bits, factor, factor_bits, block = settings
    panels, _, powers, limits = keys
    queries, lines, _, sums, _ = room
    rows, deep, size = peaks.size, _in_twos(width), lines.size // MOST_ROWS
    shifts, squares = np.empty(MOST_ROWS, np.int64), np.empty(MOST_ROWS, np.int64)
    factors = np.empty(MOST_ROWS, np.float64)
    for r in range(rows):
        shift = shift_down(np.int64(peaks[r]), bits)
        narrowed = queries[r * deep : (r + 1) * deep]
        narrow_row(q[r * step : r * step + width], shift, bits, narrowed)
        shifts[r], squares[r] = 16 + factor_bits - shift, _squares(narrowed)
        factors[r] = factor * power(-shifts[r])
    for number in range(limits.size):
        start = number * CHANNELS
        panel = panels.ctypes.data + 2 * start * deep
        short_tile(rows, queries.ctypes.data, deep, panel, deep // 2, sums.ctypes.data)
        for r in range(rows):
            if squares[r] < limits[number]:
                scale_products(
                    sums.ctypes.data + 4 * CHANNELS * r, powers.ctypes.data + 8 * start,
                    factors[r], lines.ctypes.data + 4 * (r * size + start),
                )  # fmt: skip
            else:
                row = queries[r * deep : (r + 1) * deep]
                line = line_of(room, r)[start : start + CHANNELS]
                _long_scores(row, start, factor, shifts[r], block, keys, line)


@compiled
def _long_scores(row, start, factor, shift, block, keys, line):
    """Scores of one query with a panel of keys, summed in int64."""
    panels, key_shifts, _, _ = keys
    sums, totals = np.empty(CHANNELS, np.int32), np.empty(CHANNELS, np.int64)
    panel = panels.ctypes.data + 2 * start * row.size
    _long_sums(row.ctypes.data, panel, row.size // 2, block, sums, totals)
    for u in range(min(CHANNELS, key_shifts.size - start)):
        line[u] = saturate(round_shift(totals[u] * factor, shift - key_shifts[start + u]))


@compiled
def _long_sums(row, panel, pairs, block, sums, totals):
    """Sums of a row times a panel, both addresses, in int64: `block` pairs at a time."""
    totals[:] = 0
    for pair in range(0, pairs, block):
        short_tile(
            1, row + 4 * pair, 0, panel + 4 * CHANNELS * pair, min(block, pairs - pair),
            sums.ctypes.data,
        )  # fmt: skip
        for e in range(CHANNELS):
            totals[e] += sums[e]


@compiled
def softmax(rows, count, table, room):
    """Turns scores of up to four queries into shares of 2^15, whose table lies within [0, 2^16].

    The share 2^15 itself wraps around to -2^15; a row has one at most, and its place is noted.
    """
    _, _, shares, _, whole = room
    deep = shares.size // MOST_ROWS
    for r in range(rows):
        line, own = line_of(room, r)[:count], shares[r * deep : r * deep + count]
        exp(line, np.int64(row_max(line)), table, line)
        weight = total(line)
        one = np.float64(1 << SHARE_BITS) / weight if weight > 0 else 0.0
        wrapped = False
        for u in range(count):
            own[u] = np.int16(np.int32(np.floor(line[u] * one + _NUDGE)))
            wrapped |= own[u] < 0
        whole[r] = -1
        if wrapped:
            for u in range(count):
                if own[u] < 0:
                    whole[r] = u


@compiled
def mix(rows, values, room, out, step, width):
    """Sums of value rows weighted by the shares of up to four queries; output rows are `step`
    apart.

    A row's shares add up to at most 2^15 + 2^14, since fewer than 2^15 of them were rounded up by
    at most a half: so with 14 bits a sum stays within int32.
    """
    panels, shift = values
    _, _, shares, sums, whole = room
    deep, factor = shares.size // MOST_ROWS, power(shift - SHARE_BITS)
    last = np.empty(CHANNELS, np.int32)
    for start in range(0, width, CHANNELS):
        panel = panels[start * deep : (start + CHANNELS) * deep]
        short_tile(rows, shares.ctypes.data, deep, panel.ctypes.data, deep // 2, sums.ctypes.data)
        for r in range(rows):
            own = sums[r * CHANNELS : (r + 1) * CHANNELS]
            if whole[r] >= 0:
                _unwrap(whole[r], panel, own)
            target = out[r * step + start : r * step + min(start + CHANNELS, width)]
            full = target.size == CHANNELS
            place = target.ctypes.data if full else last.ctypes.data
            scale_products(own.ctypes.data, _ONES.ctypes.data, factor, place)
            if not full:
                copy(last, target)


@compiled
def _unwrap(place, panel, sums):
    """Adds what is missing where the share 2^15 of a position has become -2^15."""
    start = (place >> 1) * 2 * CHANNELS + (place & 1)
    for e in range(CHANNELS):
        sums[e] += np.int32(panel[start + 2 * e]) << 16
