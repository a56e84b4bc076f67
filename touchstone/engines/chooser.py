"""Which kernel multiplies: the fastest of those that passed, timed once per kind of shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor

from touchstone.engines.kernels import Kernel, Product
from touchstone.errors import KernelError

FEW_ROWS = 32
"""Up to here a product has few rows; the timing then uses 8 rows, else 256."""

Clock = Callable[[], float]
ShapeClass = tuple[int, int, int, bool]
"""Channels, depth, row bits, few rows."""


@dataclass(slots=True)
class Chooser:
    """Prepares products, with kernels ranked by speed for each shape class."""

    kernels: Sequence[Kernel]
    device: torch.device
    clock: Clock = perf_counter
    rankings: dict[ShapeClass, list[Kernel]] = field(default_factory=dict)

    def product(self, weight: Tensor, row_bits: int, few: bool) -> tuple[str, Product]:
        """The fastest exact product with `weight` (int8 [N, K]) for few or many rows.

        Returns the kernel's name with it. Raises KernelError if no kernel is exact.
        """
        key = (int(weight.shape[0]), int(weight.shape[1]), row_bits, few)
        if key not in self.rankings:
            self.rankings[key] = self._ranked(weight, row_bits, 8 if few else 256)
        for kernel in self.rankings[key]:
            product = kernel.prepare(weight, row_bits)
            if product is not None:
                return kernel.name, product
        raise KernelError(f"no kernel is exact for weights of shape {tuple(weight.shape)}")

    def _ranked(self, weight: Tensor, row_bits: int, rows: int) -> list[Kernel]:
        """All kernels, fastest first; those not exact for this very weight come last."""
        sample = torch.ones((rows, weight.shape[1]), dtype=torch.float64, device=self.device)
        times: dict[str, float] = {}
        for kernel in self.kernels:
            product = kernel.prepare(weight, row_bits)
            if product is not None:
                worst = 4 * min(times.values(), default=float("inf"))
                times[kernel.name] = self._time(product, sample, worst)
        return sorted(self.kernels, key=lambda kernel: times.get(kernel.name, float("inf")))

    def _time(self, product: Product, sample: Tensor, worst: float) -> float:
        """Best of a few runs in seconds; a run slower than `worst` is the last."""
        best = float("inf")
        for attempt in range(8):
            start = self.clock()
            product(sample)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            taken = self.clock() - start
            if attempt > 0:
                best = min(best, taken)
            if taken > worst:
                return min(best, taken)
        return best
