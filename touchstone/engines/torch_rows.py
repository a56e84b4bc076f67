"""Row-local operators on packed rows [R, groups, width], int32 in and out."""

from __future__ import annotations

import torch
from torch import Tensor

from touchstone.arithmetic.attention import PROBABILITY_BITS
from touchstone.arithmetic.norms import (
    EPSILON_LIMIT,
    FRACTION_BITS,
    INVERSE_BITS,
    NORM_BITS,
    ROOT_EXTRA_BITS,
    SQUARE_BITS,
    UNIT_BITS,
    UNIT_SHIFT,
    epsilon_at,
)
from touchstone.arithmetic.sampling import (
    INVERSE_TEMPERATURE,
    INVERSE_TEMPERATURE_LIMIT,
    TEMPERATURE_BITS,
)
from touchstone.engines.torch_rounding import (
    INT32_MAX,
    INT32_MIN,
    bit_length,
    narrow,
    power,
    round_div,
    round_shift,
    rounded,
    to_int32,
)

FLOAT64_LIMIT = 1 << 52
"""Magnitude up to which an integer and half of 2^s, for s up to 46, add up without rounding."""


def add(a: Tensor, b: Tensor) -> Tensor:
    """Saturated a + b: sums of int32 are exact in float64."""
    return to_int32(a.to(torch.float64).add_(b))


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Saturated product of numbers with 16 fraction bits: at most 2^62 in int64."""
    product = (a.to(torch.int64) * b + (1 << 15)) >> 16
    return product.clamp_(INT32_MIN, INT32_MAX).to(torch.int32)


def temper(x: Tensor, order: Tensor) -> Tensor:
    """Rows times the inverse temperature of their orders; unchanged where it is not positive."""
    inverse = order[..., INVERSE_TEMPERATURE, None].to(torch.int64)
    product = x * inverse.clamp(0, INVERSE_TEMPERATURE_LIMIT)
    tempered = ((product + (1 << (TEMPERATURE_BITS - 1))) >> TEMPERATURE_BITS).to(torch.int64)
    return torch.where(inverse > 0, tempered, x).clamp_(INT32_MIN, INT32_MAX).to(torch.int32)


def argmax(x: Tensor) -> Tensor:
    """Where the largest element of each row stands, the first of several."""
    places = torch.arange(x.shape[-1], device=x.device)
    highest = x == x.amax(dim=-1, keepdim=True)
    return torch.where(highest, places, x.shape[-1]).amin(dim=-1, keepdim=True).to(torch.int32)


def centre(x: Tensor, mean: Tensor) -> Tensor:
    """Saturated x - mean."""
    return to_int32(x.to(torch.float64).sub_(mean))


def peak(x: Tensor) -> Tensor:
    """Largest magnitude of each row (~x for negative x, so that -2^31 has one)."""
    low, high = torch.aminmax(x, dim=-1, keepdim=True)
    return torch.maximum(high, ~low)


def row_max(x: Tensor) -> Tensor:
    """Largest element of each row."""
    return x.amax(dim=-1, keepdim=True)


def row_sum(x: Tensor) -> Tensor:
    """Saturated sum of each row."""
    total = x.sum(dim=-1, keepdim=True, dtype=torch.int64)
    return total.clamp_(INT32_MIN, INT32_MAX).to(torch.int32)


def row_mean(x: Tensor) -> Tensor:
    """Rounded mean of each row."""
    total = x.sum(dim=-1, keepdim=True, dtype=torch.int64)
    return round_div(total, x.shape[-1]).to(torch.int32)


def mean_square(x: Tensor, row_peak: Tensor, own: bool) -> Tensor:
    """Mean of the squares of rows brought to 15 bits: sums below 2^46 are exact in float64."""
    n = narrow(x, bit_length(row_peak) - SQUARE_BITS, SQUARE_BITS, own)
    total = n.square_().sum(dim=-1, keepdim=True)
    return round_div(total.to(torch.int64), x.shape[-1]).to(torch.int32)


def integer_sqrt(values: Tensor) -> Tensor:
    """The largest r with r * r <= value, int64 in [0, 2^62)."""
    root = values.to(torch.float64).sqrt_().floor_().to(torch.int64)
    root -= (root * root > values).to(torch.int64)
    return root + ((root + 1) * (root + 1) <= values).to(torch.int64)


def epsilon_table(epsilon: int, device: torch.device) -> Tensor:
    """Epsilon at each bit length 0 to 31 of a row's peak, int64 [32]."""
    table = [epsilon_at(epsilon, bits - SQUARE_BITS) for bits in range(32)]
    assert max(table) <= EPSILON_LIMIT
    return torch.tensor(table, dtype=torch.int64, device=device)


def inverse_root(square: Tensor, row_peak: Tensor, epsilons: Tensor) -> Tensor:
    """2^52 over the root of the mean square with its epsilon; int64 on one element per row."""
    limited = square.to(torch.int64).clamp_(0, 1 << (2 * SQUARE_BITS))
    extra = epsilons[bit_length(row_peak).to(torch.int64)]
    root = integer_sqrt((limited << ROOT_EXTRA_BITS) + extra)
    inverse = round_div(torch.full_like(root, 1 << INVERSE_BITS), root)
    return inverse.clamp_(INT32_MIN, INT32_MAX).to(torch.int32)


def scale_row(
    x: Tensor,
    row_peak: Tensor,
    inverse: Tensor,
    gain: Tensor,
    bias: Tensor,
    gain_bits: int,
    own: bool,
) -> Tensor:
    """Rows over their root, times a gain, plus a bias; gain and bias float64 [width].

    Products are at most 2^49 and 2^51, and the bias is added to an integer below 2^50.
    """
    n = narrow(x, bit_length(row_peak) - NORM_BITS, NORM_BITS, own)
    unit = rounded(n.mul_(inverse.to(torch.float64).mul_(0.5**UNIT_SHIFT)))
    scaled = rounded(unit.mul_(gain).mul_(0.5 ** (UNIT_BITS - FRACTION_BITS + gain_bits)))
    return to_int32(scaled.add_(bias))


def lookup(x: Tensor, dense: Tensor, low: int, identity_above: bool) -> Tensor:
    """A function whose values are all in `dense`: at low, low + 1, ... and at the table's end.

    Elements below the table read its first entry, elements from its end on its last.
    """
    end = low + len(dense) - 1
    index = x.clamp(low, end).sub_(low)
    inside = dense.index_select(0, index.reshape(-1)).reshape(x.shape)
    return torch.where(x >= end, x, inside) if identity_above else inside


def exp(x: Tensor, maximum: Tensor, dense: Tensor) -> Tensor:
    """The exp table at maximum - x, from its first entry to the 0 behind its end."""
    index = maximum.to(torch.float64).sub(x).clamp_(0, len(dense) - 1).to(torch.int32)
    return dense.index_select(0, index.reshape(-1)).reshape(x.shape)


def probabilities(weights: Tensor, total: Tensor) -> Tensor:
    """weights / total times 2^15 within [0, 2^15], by int64 division."""
    share = round_div(weights.to(torch.int64) << PROBABILITY_BITS, total.to(torch.int64))
    return share.clamp_(0, 1 << PROBABILITY_BITS).to(torch.int32)


def apply_scale(
    product: Tensor, scale: Tensor, shift: Tensor, scale_bits: int, bias: Tensor, limit: int
) -> Tensor:
    """Exact products [M, N] times scale, shifted right by scale_bits - shift, plus a bias; int32.

    scale and bias are float64 [N]. `limit` is the largest magnitude of product times scale: where
    float64 does not hold it beside the half, the product goes through int64.
    """
    if limit > FLOAT64_LIMIT:
        exact = product.to(torch.int64) * scale.to(torch.int64)
        exact = round_shift(exact, scale_bits - shift)
        total = exact.clamp_(-(1 << 40), 1 << 40) + bias.to(torch.int64)
        return total.clamp_(INT32_MIN, INT32_MAX).to(torch.int32)
    scaled = (product * scale).mul_(power(shift - scale_bits))
    return to_int32(rounded(scaled).add_(bias))
