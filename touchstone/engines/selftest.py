"""At start every kernel must match the reference on cases made to break it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from touchstone.arithmetic.linear import dot_rows
from touchstone.engines.kernels import Kernel
from touchstone.errors import KernelError

SHAPES = ((1, 1, 1), (1, 384, 40), (3, 7, 5), (17, 64, 33), (33, 130, 66), (65, 384, 72))
"""Rows, depth, channels: single elements, odd sizes, sizes past the tiles of common kernels."""


@dataclass(frozen=True, slots=True)
class Case:
    """Rows int32 [M, K] within 2^row_bits and weights int8 [N, K]."""

    rows: NDArray[np.int32]
    weight: NDArray[np.int8]
    row_bits: int


def cases(row_bits: int) -> Iterator[Case]:
    """Extremes of one sign, alternating signs, saturating pairs, and random values."""
    random = np.random.default_rng(20)
    top = 1 << row_bits
    for count, depth, wide in SHAPES:
        ones = np.ones((count, depth), np.int32)
        flip = np.where(np.arange(depth) % 2, -1, 1).astype(np.int32)
        extremes = np.full((wide, depth), 127, np.int8)
        yield Case(ones * top, extremes, row_bits)
        yield Case(-ones * top, -extremes, row_bits)
        yield Case(ones * top * flip, (extremes * flip).astype(np.int8), row_bits)
        # Low digits of 127 and -128 beside weights of 127 overflow 16-bit pair sums.
        yield Case(ones * min(top - 1, 127), extremes, row_bits)
        yield Case(ones * -min(top, 128), np.full((wide, depth), -128, np.int8), row_bits)
        rows = random.integers(-top, top + 1, (count, depth), dtype=np.int32)
        weight = random.integers(-128, 128, (wide, depth), dtype=np.int8)
        yield Case(rows, weight, row_bits)
        yield Case(rows, (weight // 8).astype(np.int8), row_bits)


def passes(kernel: Kernel, device: torch.device, row_bits: int) -> str:
    """An empty string if `kernel` matched the reference wherever it says it is exact.

    Otherwise what went wrong.
    """
    tried = 0
    for case in cases(row_bits):
        try:
            product = kernel.prepare(torch.from_numpy(case.weight).to(device), case.row_bits)
            if product is None:
                continue
            result = product(torch.from_numpy(case.rows).to(device, torch.float64))
            found: NDArray[Any] = result.to(torch.float64).cpu().numpy()
        except (RuntimeError, NotImplementedError, TypeError) as error:
            return f"failed: {str(error).splitlines()[0][:120]}"
        tried += 1
        wanted = dot_rows(case.rows.astype(np.int64), case.weight)
        if not np.array_equal(found.astype(np.int64), wanted):
            return f"wrong at rows {case.rows.shape}, weights {case.weight.shape}"
    return "" if tried else "never exact at this width"


def passing(
    kernels: Sequence[Kernel], device: torch.device, row_bits: int
) -> tuple[list[Kernel], dict[str, str]]:
    """The kernels that pass, and a word on each. Raises KernelError if none does."""
    words = {kernel.name: passes(kernel, device, row_bits) for kernel in kernels}
    good = [kernel for kernel in kernels if not words[kernel.name]]
    if not good:
        raise KernelError(f"no kernel is exact on {device}: {words}")
    return good, {name: word or "exact" for name, word in words.items()}
