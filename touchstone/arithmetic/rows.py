"""Reductions over a row and over the positions of a sequence (docs/arithmetic.md, "Reductions").

A value is an int32 array [rows, groups, width]; a row is its last axis.
"""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.rounding import Int32, magnitude, round_div, saturate, wide


def peak(x: Int32) -> Int32:
    """Largest magnitude of each row: [rows, groups, width] to [rows, groups, 1]."""
    highest: Int32 = magnitude(x).max(axis=-1, keepdims=True).astype(np.int32)
    return highest


def row_max(x: Int32) -> Int32:
    """Largest element of each row: [rows, groups, width] to [rows, groups, 1]."""
    highest: Int32 = x.max(axis=-1, keepdims=True)
    return highest


def row_sum(x: Int32) -> Int32:
    """Saturated sum of each row: [rows, groups, width] to [rows, groups, 1]."""
    return saturate(wide(x).sum(axis=-1, keepdims=True))


def row_mean(x: Int32) -> Int32:
    """Rounded mean of each row: [rows, groups, width] to [rows, groups, 1]."""
    return saturate(round_div(wide(x).sum(axis=-1, keepdims=True), x.shape[-1]))


def column_max(x: Int32) -> Int32:
    """Largest element over all positions: [rows, groups, width] to [1, groups, width]."""
    highest: Int32 = x.max(axis=0, keepdims=True)
    return highest


def column_mean(x: Int32) -> Int32:
    """Rounded mean over all positions: [rows, groups, width] to [1, groups, width]."""
    return saturate(round_div(wide(x).sum(axis=0, keepdims=True), x.shape[0]))
