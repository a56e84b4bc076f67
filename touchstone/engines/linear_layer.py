"""One matmul operator, ready to run: weights laid out for the chosen kernels, once."""

from __future__ import annotations

import torch
from torch import Tensor

from touchstone.engines.chooser import FEW_ROWS, Chooser
from touchstone.engines.kernels import Product, largest_sum
from touchstone.engines.torch_rounding import narrow, shift_down
from touchstone.engines.torch_rows import apply_scale


class LinearLayer:
    """Rows [M, K] to int32 [M, N]. Weights are prepared at the first use of a shape class."""

    def __init__(
        self,
        chooser: Chooser,
        weight: Tensor,
        scale: Tensor,
        bias: Tensor,
        row_bits: int,
        scale_bits: int,
    ) -> None:
        self._chooser = chooser
        self._weight = weight
        self._scale = scale.to(torch.float64)
        self._bias = bias.to(torch.float64)
        self._limit = largest_sum(weight, row_bits) * int(scale.max())
        self.row_bits = row_bits
        self._scale_bits = scale_bits
        self._products: dict[str, Product] = {}
        self._names: dict[bool, str] = {}

    def narrowed(self, x: Tensor, peak: Tensor, own: bool) -> tuple[Tensor, Tensor]:
        """Rows entering the product as float64 [M, K], and their shifts int32 [M, 1]."""
        shift = shift_down(peak, self.row_bits).reshape(-1, 1)
        return narrow(x.reshape(len(x), -1), shift, self.row_bits, own), shift

    def apply(self, rows: Tensor, shift: Tensor) -> Tensor:
        """Rows from `narrowed` to int32 [M, N]."""
        product = self._product(len(rows) <= FEW_ROWS)(rows)
        return apply_scale(product, self._scale, shift, self._scale_bits, self._bias, self._limit)

    def _product(self, few: bool) -> Product:
        if few not in self._names:
            name, product = self._chooser.product(self._weight, self.row_bits, few)
            self._names[few] = name
            self._products.setdefault(name, product)
        return self._products[self._names[few]]
