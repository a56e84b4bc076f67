"""Operators that look at all positions of a sequence, as machine code (docs/arithmetic.md).

A unit of work is one group of one sequence: for attention, one head.
"""

from __future__ import annotations

import numpy as np

from touchstone.engines.native.machine import heads
from touchstone.engines.native.machine.compiling import compiled
from touchstone.engines.native.machine.fields import (
    ATTENTION_ACROSS,
    BEGIN,
    COLUMN_MAX,
    COLUMN_MEAN,
    EXTENT,
    GROUPS,
    OP,
    OUT,
    P0,
    P1,
    P2,
    P3,
    P4,
    P5,
    P6,
    SCORES,
    WIDTH,
    A,
    B,
    C,
    D,
)
from touchstone.engines.native.machine.numbers import (
    narrow,
    round_div,
    round_shift,
    saturate,
    shift_down,
)
from touchstone.engines.native.machine.rows import copy, peak
from touchstone.engines.native.machine.tile import MOST_ROWS
from touchstone.programs.rules import TABLE_ENTRIES


@compiled
def across(code, unit, infos, stride, arena, constants):
    """One group of one sequence. infos: of the side HEAD; values as wide as the sequence have lines
    `stride` apart."""
    op, groups, width = code[OP], code[GROUPS], code[WIDTH]
    sequence, group = unit // groups, unit % groups
    count = infos[sequence, EXTENT]
    line = infos[sequence, BEGIN] * groups + group
    if op == SCORES:
        scores(code, line, count, stride, arena)
    elif op == ATTENTION_ACROSS:
        attention(code, line, count, arena, constants)
    elif op in (COLUMN_MAX, COLUMN_MEAN):
        x = arena[code[A] + line * width :]
        out = arena[code[OUT] + unit * width : code[OUT] + (unit + 1) * width]
        if op == COLUMN_MAX:
            column_max(x, count, groups * width, out)
        else:
            column_mean(x, count, groups * width, out)
    else:
        shares, v = arena[code[A] + line * stride :], arena[code[B] + line * width :]
        shift = shift_down(np.int64(arena[code[C] + unit]), code[P4])
        out = arena[code[OUT] + line * width :]
        mix(shares, groups * stride, v, groups * width, width, count, shift, code[P4], out)


@compiled
def column_max(x, count, step, out):
    """The largest of `count` rows, `step` apart, element by element."""
    copy(x, out)
    for t in range(1, count):
        row = x[t * step : t * step + out.size]
        for e in range(out.size):
            out[e] = max(out[e], row[e])


@compiled
def column_mean(x, count, step, out):
    """The rounded mean of `count` rows, `step` apart, element by element."""
    totals = np.zeros(out.size, np.int64)
    for t in range(count):
        row = x[t * step : t * step + out.size]
        for e in range(out.size):
            totals[e] += row[e]
    for e in range(out.size):
        out[e] = saturate(round_div(totals[e], count))


@compiled
def scores(code, line, count, stride, arena):
    """Scores of one head, whose peaks are operands."""
    groups, width = code[GROUPS], code[WIDTH]
    step = groups * width
    q, k = arena[code[A] + line * width :], arena[code[C] + line * width :]
    q_peaks, k_peaks = np.empty(count, np.int32), np.empty(count, np.int32)
    for t in range(count):
        q_peaks[t] = arena[code[B] + line + t * groups]
        k_peaks[t] = arena[code[D] + line + t * groups]
    settings = code[P0], code[P1], code[P2], code[P3]
    keys = heads.keys_of(k, k_peaks, step, width, code[P0])
    room = heads.room_for(count, width)
    for first in range(0, count, MOST_ROWS):
        some = min(MOST_ROWS, count - first)
        heads.score(q[first * step :], q_peaks[first : first + some], step, width, settings,
                    keys, room)  # fmt: skip
        for r in range(some):
            place = code[OUT] + (line + (first + r) * groups) * stride
            copy(heads.line_of(room, r), arena[place : place + count])


@compiled
def mix(shares, share_step, v, step, width, count, shift, bits, out):
    """Sums of the rows of one head, weighted by any shares: one by one, in int64."""
    narrowed = np.empty(count * width, np.int64)
    for u in range(count):
        for e in range(width):
            narrowed[u * width + e] = narrow(np.int64(v[u * step + e]), shift, bits)
    totals = np.empty(width, np.int64)
    for t in range(count):
        totals[:] = 0
        for u in range(count):
            share = np.int64(shares[t * share_step + u])
            share = min(max(share, 0), 1 << heads.SHARE_BITS)
            own = narrowed[u * width : (u + 1) * width]
            for e in range(width):
                totals[e] += share * own[e]
        for e in range(width):
            out[t * step + e] = saturate(round_shift(totals[e], heads.SHARE_BITS - shift))


@compiled
def attention(code, line, count, arena, constants):
    """The whole attention of one head, whose peaks are those of its own rows."""
    groups, width, wide = code[GROUPS], code[WIDTH], code[P6]
    step, wide_step = groups * width, groups * wide
    head = line % groups
    # Queries and keys are as wide as one another, values and output too.
    inner, outer = line * width, (line - head) * wide + head * wide
    q, k = arena[code[A] + inner :], arena[code[B] + inner :]
    v, out = arena[code[C] + outer :], arena[code[OUT] + outer :]
    table = constants[code[P5] : code[P5] + TABLE_ENTRIES]
    settings = code[P0], code[P1], code[P2], code[P3]
    keys = heads.keys_of(k, _peaks(k, step, width, count), step, width, code[P0])
    top = np.int32(0)
    for u in range(count):
        top = max(top, peak(v[u * wide_step : u * wide_step + wide]))
    values = heads.values_of(v, np.int64(top), count, wide_step, wide, code[P4])
    q_peaks, room = _peaks(q, step, width, count), heads.room_for(count, width)
    for first in range(0, count, MOST_ROWS):
        own = q_peaks[first : min(first + MOST_ROWS, count)]
        heads.score(q[first * step :], own, step, width, settings, keys, room)
        heads.softmax(own.size, count, table, room)
        heads.mix(own.size, values, room, out[first * wide_step :], wide_step, wide)


@compiled
def _peaks(x, step, width, count):
    """Peaks of `count` rows, `step` apart."""
    peaks = np.empty(count, np.int32)
    for t in range(count):
        peaks[t] = peak(x[t * step : t * step + width])
    return peaks
