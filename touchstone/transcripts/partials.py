"""Partial results of a long reduction: what a party posts for its side in a dispute.

Each is the sum, or the maximum, of some terms of one element, before anything is rounded or
saturated; docs/arithmetic.md gives the terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from touchstone.arithmetic.attention import PROBABILITY_BITS
from touchstone.arithmetic.causal import WEIGHT_LIMIT
from touchstone.arithmetic.norms import SQUARE_BITS
from touchstone.arithmetic.rounding import magnitude, narrow, shift_down, shift_to, wide
from touchstone.programs.program import Constant
from touchstone.programs.weights import Tensor
from touchstone.transcripts.step import Step

Elements = Callable[[int], NDArray[np.int32]]
"""All elements of a leaf's value, flat."""


_LAST_PLACE = (1 << 32) - 1


def partial_of(
    step: Step,
    elements: Elements,
    tensors: Mapping[Constant, Tensor],
    start: int,
    stop: int,
) -> int:
    """The partial result of the terms [start, stop) of a reduction.

    Raises ValueError where the operator reduces nothing.
    """
    attributes = step.operator.attributes
    match step.operator.op:
        case "peak":
            return int(magnitude(_row(step, elements, start, stop)).max())
        case "row_max":
            return int(_row(step, elements, start, stop).max())
        case "argmax":
            keys = wide(_row(step, elements, start, stop)) << 32
            return int((keys + (_LAST_PLACE - np.arange(start, stop))).max())
        case "row_sum" | "row_mean":
            return int(wide(_row(step, elements, start, stop)).sum())
        case "mean_square":
            shift = shift_to(elements(step.operand(1))[step.row : step.row + 1], SQUARE_BITS)
            narrowed = narrow(_row(step, elements, start, stop), shift, SQUARE_BITS)
            return int((narrowed * narrowed).sum())
        case "column_max":
            return int(_column(step, elements, 0, step.element, start, stop).max())
        case "column_mean":
            return int(wide(_column(step, elements, 0, step.element, start, stop)).sum())
        case "matmul":
            weight = tensors[step.operator.constants[0]]
            channels = weight.shape[0]
            position, channel = divmod(step.element, channels)
            peak = elements(step.operand(1))[position : position + 1]
            shift = shift_down(peak, attributes["row_bits"])
            first = position * weight.shape[1]
            x = elements(step.operand(0))[first + start : first + stop]
            narrowed = narrow(x, shift, attributes["row_bits"])
            return int((narrowed * wide(weight[channel, start:stop])).sum())
        case "scores":
            return _scores(step, elements, start, stop)
        case "mix":
            return _mix(step, elements, start, stop)
        case "causal_scores":
            return _causal_scores(step, elements, start, stop)
        case "causal_mix":
            return _causal_mix(step, elements, start, stop)
        case _:
            raise ValueError(f"{step.operator.op} reduces nothing")


def _row(step: Step, elements: Elements, start: int, stop: int) -> NDArray[np.int32]:
    first = step.element * step.input_width
    return elements(step.operand(0))[first + start : first + stop]


def _column(
    step: Step, elements: Elements, operand: int, element: int, start: int, stop: int
) -> NDArray[np.int32]:
    """One element of each of the positions [start, stop), whose rows are those of the output."""
    return elements(step.operand(operand)).reshape(step.length, -1)[start:stop, element]


def _scores(step: Step, elements: Elements, start: int, stop: int) -> int:
    """Element [t, head, u]: the query of t times the key of u."""
    q, q_peak, k, k_peak = (elements(step.operand(index)) for index in range(4))
    bits, d = step.operator.attributes["row_bits"], step.input_width
    query, key = step.row, step.element % step.width * step.groups + step.row % step.groups
    left = narrow(q[query * d + start : query * d + stop], shift_down(q_peak[[query]], bits), bits)
    right = narrow(k[key * d + start : key * d + stop], shift_down(k_peak[[key]], bits), bits)
    return int((left * right).sum())


def _mix(step: Step, elements: Elements, start: int, stop: int) -> int:
    """Element [t, head, e]: the shares of row [t, head] times element e of every value row."""
    bits, head = step.operator.attributes["row_bits"], step.row % step.groups
    shares = elements(step.operand(0))[step.row * step.length :][start:stop]
    limited = np.clip(wide(shares), 0, 1 << PROBABILITY_BITS)
    place = head * step.width + step.element % step.width
    rows = _column(step, elements, 1, place, start, stop)
    shift = shift_down(elements(step.operand(2))[[head]], bits)
    return int((limited * narrow(rows, shift, bits)).sum())


def _causal_scores(step: Step, elements: Elements, start: int, stop: int) -> int:
    """Element [head, u] at position t: the query of t times the key of u."""
    bits, d = step.operator.attributes, step.input_width
    row, key, group = step.row, step.key_position, step.history_group
    q, q_peak = elements(step.operand(0)), elements(step.operand(1))
    k, k_peak = elements(step.operand_at(2, key)), elements(step.operand_at(3, key))
    q_bits, k_bits = bits["row_bits"], bits["key_bits"]
    left = narrow(q[row * d :][start:stop], shift_down(q_peak[[row]], q_bits), q_bits)
    right = narrow(k[group * d :][start:stop], shift_down(k_peak[[group]], k_bits), k_bits)
    return int((left * right).sum())


def _causal_mix(step: Step, elements: Elements, start: int, stop: int) -> int:
    """Element [head, e] at position t: weights of row [head] times element e of earlier rows."""
    bits, group = step.operator.attributes["row_bits"], step.history_group
    place = group * step.width + step.element % step.width
    weights = elements(step.operand(0))[step.row * step.length :][start:stop]
    rows = np.array([elements(step.operand_at(2, u))[place] for u in range(start, stop)])
    peaks = np.array([elements(step.operand_at(3, u))[group] for u in range(start, stop)])
    shift = shift_down(peaks, bits)
    limited = np.clip(wide(weights), 0, WEIGHT_LIMIT)
    return int((limited * (narrow(rows, shift, bits) << shift)).sum())
