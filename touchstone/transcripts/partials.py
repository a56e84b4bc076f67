"""Partial results of a long reduction: what a party posts for its side in a dispute.

Each is the sum, or the maximum, of some terms of one element, before anything is rounded or
saturated; docs/arithmetic.md gives the terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from touchstone.arithmetic.attention import PROBABILITY_BITS
from touchstone.arithmetic.norms import SQUARE_BITS
from touchstone.arithmetic.rounding import magnitude, narrow, shift_down, shift_to, wide
from touchstone.programs.program import Constant
from touchstone.programs.weights import Tensor
from touchstone.transcripts.step import Step

Elements = Callable[[int], NDArray[np.int32]]
"""All elements of a value of one sequence, flat."""


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
    inputs, attributes = step.operator.inputs, step.operator.attributes
    match step.operator.op:
        case "peak":
            return int(magnitude(_row(step, elements, start, stop)).max())
        case "row_max":
            return int(_row(step, elements, start, stop).max())
        case "row_sum" | "row_mean":
            return int(wide(_row(step, elements, start, stop)).sum())
        case "mean_square":
            shift = shift_to(elements(inputs[1])[step.row : step.row + 1], SQUARE_BITS)
            narrowed = narrow(_row(step, elements, start, stop), shift, SQUARE_BITS)
            return int((narrowed * narrowed).sum())
        case "column_max":
            return int(_column(step, elements(inputs[0]), step.element, start, stop).max())
        case "column_mean":
            return int(wide(_column(step, elements(inputs[0]), step.element, start, stop)).sum())
        case "matmul":
            weight = tensors[step.operator.constants[0]]
            channels = weight.shape[0]
            position, channel = divmod(step.element, channels)
            shift = shift_down(elements(inputs[1])[position : position + 1], attributes["row_bits"])
            first = position * weight.shape[1]
            x = elements(inputs[0])[first + start : first + stop]
            narrowed = narrow(x, shift, attributes["row_bits"])
            return int((narrowed * wide(weight[channel, start:stop])).sum())
        case "scores":
            return _scores(step, elements, start, stop)
        case "mix":
            return _mix(step, elements, start, stop)
        case _:
            raise ValueError(f"{step.operator.op} reduces nothing")


def _row(step: Step, elements: Elements, start: int, stop: int) -> NDArray[np.int32]:
    first = step.element * step.input_width
    return elements(step.operator.inputs[0])[first + start : first + stop]


def _column(
    step: Step, x: NDArray[np.int32], element: int, start: int, stop: int
) -> NDArray[np.int32]:
    """One element of each of the positions [start, stop), whose rows are those of the output."""
    return x.reshape(step.length, -1)[start:stop, element]


def _scores(step: Step, elements: Elements, start: int, stop: int) -> int:
    """Element [t, head, u]: the query of t times the key of u."""
    q, q_peak, k, k_peak = (elements(value) for value in step.operator.inputs)
    bits, d = step.operator.attributes["row_bits"], step.input_width
    query, key = step.row, step.element % step.width * step.groups + step.row % step.groups
    left = narrow(q[query * d + start : query * d + stop], shift_down(q_peak[[query]], bits), bits)
    right = narrow(k[key * d + start : key * d + stop], shift_down(k_peak[[key]], bits), bits)
    return int((left * right).sum())


def _mix(step: Step, elements: Elements, start: int, stop: int) -> int:
    """Element [t, head, e]: the shares of row [t, head] times element e of every value row."""
    p, v, v_peak = (elements(value) for value in step.operator.inputs)
    bits = step.operator.attributes["row_bits"]
    head = step.row % step.groups
    shares = p[step.row * step.length + start : step.row * step.length + stop]
    limited = np.clip(wide(shares), 0, 1 << PROBABILITY_BITS)
    rows = _column(step, v, head * step.width + step.element % step.width, start, stop)
    return int((limited * narrow(rows, shift_down(v_peak[[head]], bits), bits)).sum())
