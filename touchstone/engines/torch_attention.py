"""Attention over buckets: the six operators from scores to mix, on float64 squares.

The chain is computed a few heads at a time, so that a square stays in the processor's cache. Where
a program uses these operators in any other way, the engine runs them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from touchstone.arithmetic.attention import FRACTION_BITS, PROBABILITY_BITS
from touchstone.engines.packing import Bucket, Packing
from touchstone.engines.torch_rounding import narrow, power, rounded, shift_down, to_int32

SQUARE_ELEMENTS = 1 << 17
"""Elements of scores computed at a time: 1 MiB of float64."""

SHARE_NUDGE = 0.5 + 0.5**34
"""What is added before the floor of e * (2^15 / total).

The exact share is a multiple of 1 / (2 * total) > 2^-32 away from the next rounding boundary, or on
it; the two roundings of float64 move it by at most 2^-36. So adding 2^-34 decides every case right.
"""


@dataclass(frozen=True, slots=True)
class Heads:
    """What scores and mix need beside their operands."""

    row_bits: int
    factor: int
    factor_bits: int
    mix_bits: int


def scaled_operands(
    q: Tensor, q_peak: Tensor, k: Tensor, k_peak: Tensor, row_bits: int, factor: int, bits: int
) -> tuple[Tensor, Tensor]:
    """Float64 operands whose products are scores before rounding.

    Each partial sum is a multiple of one power of two, below 2^53 times it: at most
    2^(2 * row_bits) * width * factor.
    """
    q_shift, k_shift = shift_down(q_peak, row_bits), shift_down(k_peak, row_bits)
    left = narrow(q, q_shift, row_bits, own=False)
    left.mul_(power(q_shift - (FRACTION_BITS + bits)).mul_(factor))
    right = narrow(k, k_shift, row_bits, own=False).mul_(power(k_shift))
    return left, right


def exp_index(maximum: Tensor, real: Tensor, end: int) -> Tensor:
    """maximum - real (float64 integers) within [0, end], int32."""
    return torch.sub(maximum, real).clamp_(0, end).to(torch.int32)


def shares(weights: Tensor, total: Tensor) -> Tensor:
    """round(weights * 2^15 / total) for 0 <= weights <= 2^16 and 0 < total < 2^31, float64."""
    one = (1 << PROBABILITY_BITS) / total.to(torch.float64)
    return (weights * one).add_(SHARE_NUDGE).floor_()


def attend(operands: Sequence[Tensor], dense_exp: Tensor, heads: Heads, packing: Packing) -> Tensor:
    """mix(probabilities(exp(scores))) for packed rows, int32 [R, heads, width].

    Operands: q, q_peak, k, k_peak, v packed, and v_peak [B, heads, 1].
    """
    q, q_peak, k, k_peak, v, v_peak = operands
    left, right = scaled_operands(
        q, q_peak, k, k_peak, heads.row_bits, heads.factor, heads.factor_bits
    )
    v_shift = shift_down(v_peak, heads.mix_bits)
    values = narrow(v, v_shift.index_select(0, packing.sequence_of), heads.mix_bits, own=False)
    back = power(v_shift - PROBABILITY_BITS)
    out = torch.empty(v.shape, dtype=torch.int32, device=v.device)
    for bucket in packing.buckets:
        mixed = _attend_bucket(
            bucket.gather(left),
            bucket.gather(right),
            bucket.gather(values),
            back.index_select(0, bucket.sequences),
            dense_exp,
            bucket,
        )
        bucket.spread(out, mixed)
    return out


def _attend_bucket(
    q: Tensor, k: Tensor, v: Tensor, back: Tensor, dense_exp: Tensor, bucket: Bucket
) -> Tensor:
    """q, k, v float64 [b, heads, longest, width]; back [b, heads, 1]; int32 of v's shape."""
    count, heads, longest, width = v.shape
    step = max(1, SQUARE_ELEMENTS // (longest * longest))
    q, k, v = (part.reshape(count * heads, longest, width) for part in (q, k, v))
    back = back.reshape(-1, 1, 1)
    absent = None
    if bucket.present is not None:
        absent = (~bucket.present)[:, None, None, :].expand(count, heads, 1, longest)
        absent = absent.reshape(count * heads, 1, longest)
    out = torch.empty(v.shape, dtype=torch.int32, device=v.device)
    for start in range(0, count * heads, step):
        part = slice(start, start + step)
        real = rounded(torch.bmm(q[part], k[part].transpose(1, 2)))
        real.clamp_(-(1 << 31), (1 << 31) - 1)
        if absent is not None:
            real.masked_fill_(absent[part], -(1 << 31))
        index = exp_index(real.amax(dim=-1, keepdim=True), real, len(dense_exp) - 1)
        weights = dense_exp.index_select(0, index.reshape(-1)).reshape(index.shape)
        if absent is not None:
            weights.masked_fill_(absent[part], 0)
        total = weights.sum(dim=-1, keepdim=True, dtype=torch.int32)
        mixed = torch.bmm(shares(weights, total), v[part])
        out[part] = to_int32(rounded(mixed.mul_(back[part])))
    return out.reshape(count, heads, longest, width)
