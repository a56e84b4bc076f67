"""Element by element: addition, centring, tables (docs/arithmetic.md, "Pointwise")."""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.rounding import Int32, Int64, round_shift, saturate, wide

FRACTION_BITS = 16

STEP_BITS = 8
"""Both tables have a step of 2^-8, which is 2^8 units of a number with 16 fraction bits."""


def add(a: Int32, b: Int32) -> Int32:
    """Saturated a + b, both [rows, groups, width]."""
    return saturate(wide(a) + wide(b))


def multiply(a: Int32, b: Int32) -> Int32:
    """Saturated a * b, both [rows, groups, width] with 16 fraction bits."""
    return saturate(round_shift(wide(a) * wide(b), FRACTION_BITS))


def centre(x: Int32, mean: Int32) -> Int32:
    """Saturated x - mean: [rows, groups, width] and [rows, groups, 1]."""
    return saturate(wide(x) - wide(mean))


def interpolate(table: Int32, offset: Int64) -> Int64:
    """Linear interpolation at `offset` units from the table's start, 0 <= offset < its end."""
    index, fraction = offset >> STEP_BITS, offset & ((1 << STEP_BITS) - 1)
    left, right = wide(table)[index], wide(table)[index + 1]
    return round_shift((left << STEP_BITS) + (right - left) * fraction, STEP_BITS)


def lookup(x: Int32, table: Int32, low: int, identity_above: bool) -> Int32:
    """A function given by a table that starts at `low` (16 fraction bits).

    Below the table: its first entry. From its end on: x itself, or its last entry.
    """
    offset = wide(x) - low
    end = (len(table) - 1) << STEP_BITS
    inside = interpolate(table, np.clip(offset, 0, end - 1))
    above = wide(x) if identity_above else np.full_like(offset, table[-1])
    return saturate(np.where(offset < 0, table[0], np.where(offset >= end, above, inside)))
