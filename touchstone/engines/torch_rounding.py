"""Rounding, saturation and row shifts on torch tensors.

Numbers pass through float64 where every intermediate is an integer multiple of a power of two with
at most 53 significant bits, so nothing is rounded but where the text says so; each caller states
why. Products with powers of two are always exact.
"""

from __future__ import annotations

import torch
from torch import Tensor

INT32_MIN = -(1 << 31)
INT32_MAX = (1 << 31) - 1


def to_int32(real: Tensor) -> Tensor:
    """Integers held as float64, saturated to int32. Overwrites `real`."""
    return real.clamp_(INT32_MIN, INT32_MAX).to(torch.int32)


def rounded(real: Tensor) -> Tensor:
    """floor(real + 1/2), in place."""
    return real.add_(0.5).floor_()


def power(exponent: Tensor) -> Tensor:
    """2^exponent as float64 (exponents from -1022 to 1023), written bit by bit."""
    return ((exponent.to(torch.int64) + 1023) << 52).view(torch.float64)


def bit_length(peak: Tensor) -> Tensor:
    """Bits of max(peak, 0), int32."""
    return torch.frexp(peak.clamp(min=0).to(torch.float64)).exponent


def shift_down(peak: Tensor, bits: int) -> Tensor:
    """Right shift that brings magnitudes up to `peak` to `bits` bits, int32, never negative."""
    return (bit_length(peak) - bits).clamp_(min=0)


def narrow(x: Tensor, shift: Tensor, bits: int, own: bool) -> Tensor:
    """`x` (int32) shifted right by `shift`, rounded, as float64 within [-2^bits, 2^bits].

    `own`: the shift is known to come from the peak of x, so that nothing needs a clamp.
    x * 2^-shift has the 32 significant bits of x, and the half adds one.
    """
    real = rounded(x * power(-shift))
    return real if own else real.clamp_(-(1 << bits), 1 << bits)


def round_shift(values: Tensor, shift: Tensor) -> Tensor:
    """round_shift of the text on int64 tensors; shifts of either sign."""
    shift = shift.to(torch.int64)
    down = shift.clamp(min=0)
    half = torch.where(down > 0, torch.ones_like(down) << (down - 1).clamp(min=0), 0)
    return ((values << (-shift).clamp(min=0)) + half) >> down


def round_div(numerator: Tensor, denominator: Tensor | int) -> Tensor:
    """floor(numerator / denominator + 1/2) in int64; 0 where the denominator is not positive."""
    if isinstance(denominator, int):
        return torch.div(2 * numerator + denominator, 2 * denominator, rounding_mode="floor")
    positive = denominator.clamp(min=1)
    quotient = torch.div(2 * numerator + positive, 2 * positive, rounding_mode="floor")
    return torch.where(denominator > 0, quotient, 0)
