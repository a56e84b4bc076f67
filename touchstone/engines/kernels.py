"""Exact products of narrowed rows with int8 weights: interchangeable kernels behind one seam.

A kernel is exact where its own bound says so: every partial sum, in any order, is an integer that
its number type holds. So all kernels give the same numbers, and the fastest may be chosen freely.
None is trusted: `touchstone.engines.selftest` runs each against the reference at start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

FLOAT32_EXACT = 1 << 24
FLOAT64_EXACT = 1 << 53
INT32_EXACT = (1 << 31) - 1
MAX_BLOCKS = 16

Product = Callable[[Tensor], Tensor]
"""Narrowed rows [M, K], integers in float64, to exact products [M, N] in float32/64 or int64."""


class Kernel(Protocol):
    """A way to multiply rows with int8 weights."""

    name: str

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        """The product with `weight` (int8 [N, K]) for rows within [-2^row_bits, 2^row_bits].

        None where this kernel would not be exact.
        """
        ...


def largest_sum(weight: Tensor, row_bits: int) -> int:
    """The largest magnitude that a product with `weight` [N, K] can reach."""
    return int(weight.to(torch.int64).abs().sum(dim=1).max()) << row_bits


def blocks(weight: Tensor, row_bits: int, limit: int) -> list[tuple[int, int]] | None:
    """Consecutive runs of K, each of which can reach at most `limit`; None if one element does."""
    running = weight.to(torch.int64).abs().t().cpu()
    cuts: list[tuple[int, int]] = []
    start, total = 0, torch.zeros(weight.shape[0], dtype=torch.int64)
    for k in range(weight.shape[1]):
        total = total + running[k]
        if int(total.max()) << row_bits > limit:
            if k == start:
                return None
            cuts.append((start, k))
            start, total = k, running[k].clone()
            if int(total.max()) << row_bits > limit:
                return None
    return [*cuts, (start, weight.shape[1])]


@dataclass(frozen=True, slots=True)
class Float64:
    """One float64 GEMM: exact while sums stay within 2^53."""

    name: str = "float64"

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        """See Kernel.prepare."""
        if largest_sum(weight, row_bits) > FLOAT64_EXACT:
            return None
        matrix = weight.to(torch.float64).t().contiguous()
        return lambda rows: rows @ matrix


@dataclass(frozen=True, slots=True)
class Float32Blocks:
    """float32 GEMMs over runs of K whose sums stay within 2^24, added in float64."""

    name: str = "float32-blocks"

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        """See Kernel.prepare."""
        cuts = blocks(weight, row_bits, FLOAT32_EXACT)
        if cuts is None or len(cuts) > MAX_BLOCKS:
            return None
        parts = [(a, b, weight[:, a:b].to(torch.float32).t().contiguous()) for a, b in cuts]

        def product(rows: Tensor) -> Tensor:
            real = rows.to(torch.float32)
            if len(parts) == 1:
                return real @ parts[0][2]
            total = (real[:, : parts[0][1]] @ parts[0][2]).to(torch.float64)
            for start, end, matrix in parts[1:]:
                total += real[:, start:end] @ matrix
            return total

        return product


@dataclass(frozen=True, slots=True)
class Float32Digits:
    """Rows as 256 * high + low, both digits in one float32 GEMM whose sums stay within 2^24."""

    name: str = "float32-digits"

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        """See Kernel.prepare."""
        if largest_sum(weight, max(7, row_bits - 8)) > FLOAT32_EXACT:
            return None
        matrix = weight.to(torch.float32).t().contiguous()

        def product(rows: Tensor) -> Tensor:
            both = digits(rows).to(torch.float32) @ matrix
            high, low = both[: len(rows)], both[len(rows) :]
            return high.to(torch.float64).mul_(256).add_(low)

        return product


@dataclass(frozen=True, slots=True)
class Int8Digits:
    """Rows as 256 * high + low, both int8, in one int8 GEMM with int32 sums (torch._int_mm).

    Where the library wants whole multiples (CUDA: more than 16 rows, sizes in eights), zeros fill
    up rows and columns.
    """

    name: str = "int8-digits"

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        """See Kernel.prepare."""
        if row_bits > 14 or largest_sum(weight, 7) > INT32_EXACT:
            return None
        wide, deep = weight.shape
        step = 8 if weight.is_cuda else 1
        least = 24 if weight.is_cuda else 1
        padded = torch.nn.functional.pad(weight, (0, -deep % step, 0, -wide % step))
        matrix = padded.contiguous().t()

        def product(rows: Tensor) -> Tensor:
            count = len(rows)
            both = digits(rows).to(torch.int8)
            extra = max(least - 2 * count, -(2 * count) % step)
            both = torch.nn.functional.pad(both, (0, -deep % step, 0, extra))
            sums = torch._int_mm(both, matrix)[: 2 * count, :wide]
            return sums[:count].to(torch.float64).mul_(256).add_(sums[count:])

        return product


@dataclass(frozen=True, slots=True)
class Int64:
    """Plain int64 arithmetic: slow, and the last resort."""

    name: str = "int64"

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        """See Kernel.prepare."""
        matrix = weight.to(torch.int64).t().contiguous()
        return lambda rows: rows.to(torch.int64) @ matrix


def digits(rows: Tensor) -> Tensor:
    """Rows [M, K] as int32 [2M, K]: first the high digits, then the low ones in [-128, 127]."""
    rows = rows.to(torch.int32)
    high = (rows + 128) >> 8
    return torch.cat((high, rows - (high << 8)))


def all_kernels() -> tuple[Any, ...]:
    """Every kernel; the first exact one of any is as good as another but for its speed."""
    return (Float32Blocks(), Float64(), Float32Digits(), Int8Digits(), Int64())
