"""Operators on squares, one by one: values as wide as the sequence is long.

A square value is a list with one int32 tensor [b, heads, longest, longest] per bucket. What stands
on padding is arbitrary; reductions and products mask it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from touchstone.arithmetic.attention import FRACTION_BITS, PROBABILITY_BITS
from touchstone.engines.packing import Bucket, Packing
from touchstone.engines.torch_attention import scaled_operands
from touchstone.engines.torch_rounding import (
    narrow,
    power,
    round_shift,
    rounded,
    shift_down,
    to_int32,
)
from touchstone.engines.torch_rows import FLOAT64_LIMIT

Squares = list[Tensor]


def elementwise(
    packing: Packing, function: Callable[..., Tensor], operands: Sequence[Tensor | Squares]
) -> Squares:
    """`function` on each bucket; packed operands (statistics of rows) are gathered."""
    return [
        function(
            *(
                operand[index] if isinstance(operand, list) else bucket.gather(operand)
                for operand in operands
            )
        )
        for index, bucket in enumerate(packing.buckets)
    ]


def reduction(
    packing: Packing, function: Callable[[Tensor], Tensor], x: Squares, neutral: int
) -> Tensor:
    """A row reduction of squares to packed [R, heads, 1]; padding counts as `neutral`."""
    out = torch.empty((packing.rows, x[0].shape[1], 1), dtype=torch.int32, device=x[0].device)
    for bucket, square in zip(packing.buckets, x, strict=True):
        bucket.spread(out, function(_filled(bucket, square, neutral)))
    return out


def scores(
    packing: Packing,
    operands: Sequence[Tensor],
    row_bits: int,
    factor: int,
    factor_bits: int,
) -> Squares:
    """Scores of packed q, q_peak, k, k_peak, as squares."""
    q, q_peak, k, k_peak = operands
    if (q.shape[2] * factor) << (2 * row_bits) > FLOAT64_LIMIT:
        return _scores_int64(packing, operands, row_bits, factor, factor_bits)
    left, right = scaled_operands(q, q_peak, k, k_peak, row_bits, factor, factor_bits)
    return [
        to_int32(rounded(bucket.gather(left) @ bucket.gather(right).transpose(2, 3)))
        for bucket in packing.buckets
    ]


def _scores_int64(
    packing: Packing,
    operands: Sequence[Tensor],
    row_bits: int,
    factor: int,
    factor_bits: int,
) -> Squares:
    """The same where float64 is too small; on the processor, which has int64 products."""
    q, q_peak, k, k_peak = operands
    q_shift, k_shift = shift_down(q_peak, row_bits), shift_down(k_peak, row_bits)
    left = narrow(q, q_shift, row_bits, own=False).to(torch.int64)
    right = narrow(k, k_shift, row_bits, own=False).to(torch.int64)
    result = []
    for bucket in packing.buckets:
        columns = bucket.gather(right).transpose(2, 3).cpu()
        product = (bucket.gather(left).cpu() @ columns).to(q.device) * factor
        shift = bucket.gather(q_shift) + bucket.gather(k_shift).transpose(2, 3)
        moved = round_shift(product, FRACTION_BITS + factor_bits - shift)
        result.append(moved.clamp_(-(1 << 31), (1 << 31) - 1).to(torch.int32))
    return result


def mix(packing: Packing, p: Squares, v: Tensor, v_peak: Tensor, row_bits: int) -> Tensor:
    """Probabilities times values: packed [R, heads, width]. Sums stay below 2^45."""
    shift = shift_down(v_peak, row_bits)
    values = narrow(v, shift.index_select(0, packing.sequence_of), row_bits, own=False)
    back = power(shift - PROBABILITY_BITS)
    out = torch.empty(v.shape, dtype=torch.int32, device=v.device)
    for bucket, square in zip(packing.buckets, p, strict=True):
        shares = _filled(bucket, square, 0).clamp(0, 1 << PROBABILITY_BITS).to(torch.float64)
        mixed = shares @ bucket.gather(values)
        mixed.mul_(back.index_select(0, bucket.sequences)[:, :, :, None])
        bucket.spread(out, to_int32(rounded(mixed)))
    return out


def _filled(bucket: Bucket, square: Tensor, neutral: int) -> Tensor:
    if bucket.present is None:
        return square
    return square.masked_fill(~bucket.present[:, None, None, :], neutral)
