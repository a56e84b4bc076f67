"""Reductions over the positions of each sequence, and tables with all their values."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from touchstone.arithmetic import pointwise
from touchstone.engines.interface import Int32
from touchstone.engines.packing import Packing
from touchstone.engines.torch_rounding import round_div
from touchstone.programs.rules import TABLE_ENTRIES


def dense_table(table: Int32, beyond: int, device: torch.device) -> Tensor:
    """All values of an interpolated table, and what lies beyond it, by the reference itself."""
    offsets = np.arange((TABLE_ENTRIES - 1) << pointwise.STEP_BITS, dtype=np.int64)
    inside = pointwise.interpolate(table, offsets)
    return torch.from_numpy(np.append(inside, beyond).astype(np.int32)).to(device)


def column_max(packing: Packing, x: Tensor) -> Tensor:
    """Largest element over the positions: packed [R, groups, width] to [B, groups, width]."""
    if packing.uniform is not None:
        return x.reshape(packing.count, packing.uniform, *x.shape[1:]).amax(dim=1)
    out = torch.empty((packing.count, *x.shape[1:]), dtype=x.dtype, device=x.device)
    index = packing.sequence_of[:, None, None].expand(x.shape)
    return out.scatter_reduce_(0, index, x, reduce="amax", include_self=False)


def column_mean(packing: Packing, x: Tensor) -> Tensor:
    """Rounded mean over the positions: packed [R, groups, width] to [B, groups, width]."""
    total = torch.zeros((packing.count, *x.shape[1:]), dtype=torch.int64, device=x.device)
    total.index_add_(0, packing.sequence_of, x.to(torch.int64))
    lengths = packing.lengths[:, None, None]
    return round_div(total, lengths).to(torch.int32)
