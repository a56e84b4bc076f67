"""Runs the stages of a step; every thread runs this function at the same time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, types

from touchstone.engines.native.machine import attention, products, rows, sampling
from touchstone.engines.native.machine.across import across
from touchstone.engines.native.machine.compiling import compiled
from touchstone.engines.native.machine.fields import (
    ADD,
    ARGMAX,
    ATTENTION,
    CAUSAL_MIX,
    CAUSAL_SCORES,
    CENTRE,
    CONCAT,
    COUNT_0,
    EMBED_POSITIONS,
    EMBED_TOKENS,
    EMIT,
    EXP,
    EXTENT,
    FIRST,
    FIRST_STAGE,
    GATHER,
    GROUPS,
    INVERSE_ROOT,
    KEEP_KEYS,
    KEEP_VALUES,
    KIND,
    LAST,
    LAST_STAGE,
    LOOKUP,
    MEAN_SQUARE,
    MULTIPLY,
    NARROW,
    OP,
    OUT,
    P0,
    P1,
    P2,
    P3,
    P4,
    P5,
    P6,
    P7,
    PANELS,
    PEAK,
    PERTURB,
    POSITION,
    PROBABILITIES,
    ROTATE,
    ROW_MAX,
    ROW_MEAN,
    ROW_RUN,
    ROW_SUM,
    ROWS,
    SCALE_ROW,
    SEQUENCES,
    SIDE,
    SLICE,
    SLOT,
    SOURCE,
    STRIDE,
    TEMPER,
    THREADS,
    UNITS,
    WIDTH,
    A,
    B,
    C,
)
from touchstone.engines.native.machine.numbers import round_div, saturate, shift_down
from touchstone.engines.native.machine.threads import draw, shorts_at, wait_for_all
from touchstone.programs.program import ORDER_WIDTH
from touchstone.programs.rules import TABLE_ENTRIES


@compiled
def _order(arena, place, line):
    return arena[place + line * ORDER_WIDTH : place + (line + 1) * ORDER_WIDTH]


@compiled
def _own(code, row, width, arena):
    """The row of an instruction's output."""
    return arena[code[OUT] + row * width : code[OUT] + (row + 1) * width]


@compiled
def _line(code, line, width, stride, position, arena, constants):
    """One line of an operator whose operands lie line by line beside its output."""
    op, place = code[OP], line * stride
    x = arena[code[A] + place : code[A] + place + width]
    out = arena[code[OUT] + place : code[OUT] + place + width]
    single = code[OUT] + line
    first = constants[code[P0] :]
    if op == ADD:
        rows.add(x, arena[code[B] + place :], out)
    elif op == MULTIPLY:
        rows.multiply(x, arena[code[B] + place :], out)
    elif op == PEAK:
        arena[single] = rows.peak(x)
    elif op == ROW_MAX:
        arena[single] = rows.row_max(x)
    elif op == ROW_SUM:
        arena[single] = saturate(rows.total(x))
    elif op == ROW_MEAN:
        arena[single] = saturate(round_div(rows.total(x), width))
    elif op == CENTRE:
        rows.centre(x, np.int64(arena[code[B] + line]), out)
    elif op == LOOKUP:
        rows.lookup(x, first[:TABLE_ENTRIES], code[P1], code[P2], out)
    elif op == EXP:
        rows.exp(x, np.int64(arena[code[B] + line]), first[:TABLE_ENTRIES], out)
    elif op == PROBABILITIES:
        rows.probabilities(x, np.int64(arena[code[B] + line]), out)
    elif op == MEAN_SQUARE:
        arena[single] = rows.mean_square(x, np.int64(arena[code[B] + line]))
    elif op == INVERSE_ROOT:
        square, peak = np.int64(arena[code[A] + line]), np.int64(arena[code[B] + line])
        arena[single] = rows.inverse_root(square, peak, first)
    elif op == SCALE_ROW:
        peak, inverse = np.int64(arena[code[B] + line]), np.int64(arena[code[C] + line])
        rows.scale_row(x, peak, inverse, first, constants[code[P1] :], code[P2], out)
    elif op == ROTATE:
        half = width // 2
        cosines = constants[code[P0] + position * half : code[P0] + (position + 1) * half]
        sines = constants[code[P1] + position * half : code[P1] + (position + 1) * half]
        rows.rotate(x, cosines, sines, out)
    elif op == TEMPER:
        sampling.temper(x, _order(arena, code[B], line), out)
    elif op == PERTURB:
        order = _order(arena, code[C], line)
        highest = np.int64(arena[code[B] + line])
        sampling.perturb(x, highest, order, first[:TABLE_ENTRIES], position, out)
    elif op == ARGMAX:
        arena[single] = rows.argmax(x)
    elif op == EMIT:
        stops = constants[code[P0] : code[P0] + code[P1]]
        arena[single] = sampling.emit(arena[code[A] + line], _order(arena, code[B], line), stops)


@compiled
def run_row(code, row, info, pages, stride, arena, shorts, constants, weights):
    """One row of an operator that works row by row. `info`: its position, session and source."""
    op, groups, width, position = code[OP], code[GROUPS], code[WIDTH], info[POSITION]
    if op == NARROW:
        x = arena[code[A] + row * width : code[A] + (row + 1) * width]
        shift = shift_down(np.int64(arena[code[B] + row]), code[P0])
        size = code[P1]
        place = code[OUT] + row * size
        arena[place] = shift
        rows.narrow_row(x, shift, code[P0], shorts[2 * place + 2 : 2 * (place + size)])
    elif op in (KEEP_KEYS, KEEP_VALUES):
        page = pages[info[SLOT], position // attention.PAGE]
        for group in range(groups):
            line = row * groups + group
            x = arena[code[A] + line * width : code[A] + (line + 1) * width]
            peak = np.int64(arena[code[B] + line])
            head = shorts_at(page + code[P1] + group * code[P2], code[P2] // 2)
            if op == KEEP_KEYS:
                attention.keep_key(x, peak, code[P0], position % attention.PAGE, head)
            else:
                attention.keep_value(x, peak, code[P0], position % attention.PAGE, head)
    elif op == GATHER:
        size = width if width else groups * stride
        rows.copy(arena[code[A] + info[SOURCE] * size :], _own(code, row, size, arena))
    elif op == SLICE:
        start = code[A] + row * width + code[P0]
        rows.copy(arena[start:], _own(code, row, code[P1], arena))
    elif op == CONCAT:
        out = _own(code, row, width + code[P0], arena)
        rows.copy(arena[code[A] + row * width :], out[:width])
        rows.copy(arena[code[B] + row * code[P0] :], out[width:])
    elif op == EMBED_TOKENS:
        token = np.int64(arena[code[A] + row * code[P4]])
        products.embed(code, token, constants, weights, _own(code, row, width, arena))
    elif op == EMBED_POSITIONS:
        table = constants[code[P0] + position * width :]
        rows.copy(table, _own(code, row, width, arena))
    else:
        wide = width if width else info[EXTENT]
        step = width if width else stride
        for group in range(groups):
            _line(code, row * groups + group, wide, step, position, arena, constants)


@compiled
def look_back(code, unit, infos, pages, stride, arena, constants):
    """One row and one head of keys of an attention, or of one of its two products."""
    op, groups, width, heads = code[OP], code[GROUPS], code[WIDTH], code[P0]
    row, group = unit // groups, unit % groups
    count = infos[row, POSITION] + 1
    own = pages[infos[row, SLOT]]
    line = (row * groups + group) * heads
    # Weights and their sums: of the operands, or in memory of their own.
    weights, wholes = arena[code[A] + line * stride :], arena[code[B] + line :]
    if op != CAUSAL_MIX:
        q = arena[code[A] + line * width : code[A] + (line + heads) * width]
        peaks = arena[code[B] + line : code[B] + line + heads]
        if op == CAUSAL_SCORES:
            weights = arena[code[OUT] + line * stride :]
        else:
            stride = count
            weights, wholes = np.empty(heads * count, np.int32), np.empty(heads, np.int32)
        settings = constants[code[P3] : code[P3] + 4]
        offset = code[P1] + group * code[P2]
        attention.scores(q, peaks, own, offset, count, settings, weights, stride)
    if op == ATTENTION:
        table = constants[code[P4] : code[P4] + TABLE_ENTRIES]
        attention.softmax_weights(weights, heads, stride, count, table, wholes)
    if op != CAUSAL_SCORES:
        wide = code[P7]
        out = arena[code[OUT] + line * wide : code[OUT] + (line + heads) * wide]
        offset = code[P5] + group * code[P6]
        attention.mix(weights, heads, stride, wholes, own, offset, count, out)


_I64 = types.int64
_SIGNATURE = types.void(
    _I64[:, ::1],  # stages
    _I64[:, ::1],  # instructions
    _I64[:, ::1],  # rows of BODY, then of HEAD
    _I64[:, ::1],  # addresses of the pages of each session
    types.int32[::1],  # the arena
    types.int16[::1],  # the same memory
    types.int32[::1],  # constants
    types.int8[::1],  # weights
    _I64[::1],  # settings
    _I64[::1],  # counters: two for each stage
)


@functools.cache
def machine() -> Callable[..., None]:
    """The compiled function: made once, and kept on disk where a folder for that can be written.

    Numba looks at the file of a function only, not at those of the functions it calls, so the
    digest of all files of this folder is part of what the code is kept under.
    """
    digest = _digest()

    def run(stages, codes, infos, pages, arena, shorts, constants, weights, settings, counters):
        if digest == 0:
            return
        stride, run_length = settings[STRIDE], settings[ROW_RUN]
        for index in range(settings[FIRST_STAGE], settings[LAST_STAGE]):
            kind, first, last = stages[index, KIND], stages[index, FIRST], stages[index, LAST]
            count = settings[COUNT_0 + stages[index, SIDE]]
            begin = settings[COUNT_0] * stages[index, SIDE]
            unit = draw(counters, 2 * index)
            if kind == ROWS:
                while unit * run_length < count:
                    end = min((unit + 1) * run_length, count)
                    for instruction in range(first, last):
                        for row in range(unit * run_length, end):
                            run_row(
                                codes[instruction], row, infos[begin + row], pages, stride,
                                arena, shorts, constants, weights,
                            )  # fmt: skip
                    unit = draw(counters, 2 * index)
            else:
                # The units of all instructions follow on one another.
                passed = 0
                for instruction in range(first, last):
                    code = codes[instruction]
                    units = code[UNITS] if kind == PANELS else code[GROUPS] * count
                    while count > 0 and unit < passed + units:
                        part = unit - passed
                        if kind == PANELS:
                            products.matmul(code, arena, constants, weights, count, part)
                        elif kind == SEQUENCES:
                            across(code, part, infos[begin:], stride, arena, constants)
                        else:
                            look_back(
                                code, part, infos[begin:], pages, stride, arena, constants
                            )  # fmt: skip
                        unit = draw(counters, 2 * index)
                    passed += units
            wait_for_all(counters, 2 * index + 1, settings[THREADS])

    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        found: Callable[..., None] = njit(_SIGNATURE, cache=True, **options)(run)
    except RuntimeError:
        found = njit(_SIGNATURE, **options)(run)
    return found


def _digest() -> int:
    """Of everything in this folder: 63 bits, not 0."""
    found = sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        found.update(file.read_bytes())
    return int.from_bytes(found.digest()[:8], "little") >> 1 | 1
