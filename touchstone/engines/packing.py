"""Sentences of different lengths side by side, without padding between them.

Rows of all sequences stand one after the other: [total rows, groups, width]. Attention alone needs
squares; there, sequences of similar length share a bucket, padded to its longest, and what is
padding is masked out before it can reach any element.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Bucket:
    """Sequences of similar length.

    `sequences` [b] are their numbers in the batch. `rows` [b, longest] are row numbers, padding
    points at row 0. `present` [b, longest] is False on padding, or None where there is none.
    `scatter` [rows of the bucket] and `taken` pick the real rows of [b * longest].
    """

    sequences: Tensor
    rows: Tensor
    present: Tensor | None
    scatter: Tensor
    taken: Tensor

    @property
    def longest(self) -> int:
        """Positions of the longest sequence."""
        return int(self.rows.shape[1])

    def gather(self, packed: Tensor) -> Tensor:
        """Packed rows [R, groups, width] as [b, groups, longest, width]."""
        count, longest = self.rows.shape
        rows = packed.index_select(0, self.rows.reshape(-1))
        return rows.reshape(count, longest, *packed.shape[1:]).transpose(1, 2)

    def spread(self, out: Tensor, squares: Tensor) -> None:
        """Writes [b, groups, longest, width] into packed rows [R, groups, width]."""
        rows = squares.transpose(1, 2).reshape(-1, *out.shape[1:])
        out.index_copy_(0, self.scatter, rows.index_select(0, self.taken))


@dataclass(frozen=True, slots=True)
class Packing:
    """How a batch is packed: lengths, the sequence and the position of each row, buckets."""

    lengths: Tensor
    sequence_of: Tensor
    position_of: Tensor
    buckets: tuple[Bucket, ...]
    uniform: int | None

    @property
    def rows(self) -> int:
        """Rows of all sequences together."""
        return int(self.sequence_of.shape[0])

    @property
    def count(self) -> int:
        """Sequences in the batch."""
        return int(self.lengths.shape[0])


def padded_length(length: int) -> int:
    """The bucket of a length: the next multiple of 4, 8, 16 or 32, by size."""
    step = 4 if length <= 16 else 8 if length <= 32 else 16 if length <= 128 else 32
    return -(-length // step) * step


def pack(lengths: Sequence[int], device: torch.device) -> Packing:
    """The packing of sequences with these lengths (each at least 1)."""
    sizes = torch.tensor(lengths, dtype=torch.int64)
    starts = torch.cumsum(sizes, 0) - sizes
    sequence_of = torch.repeat_interleave(torch.arange(len(lengths)), sizes)
    position_of = torch.arange(int(sizes.sum())) - starts[sequence_of]
    groups: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        groups.setdefault(padded_length(length), []).append(index)
    buckets = tuple(
        _bucket(torch.tensor(group), sizes, starts, device) for group in groups.values()
    )
    return Packing(
        lengths=sizes.to(device),
        sequence_of=sequence_of.to(device),
        position_of=position_of.to(device),
        buckets=buckets,
        uniform=lengths[0] if len(set(lengths)) == 1 else None,
    )


def _bucket(sequences: Tensor, sizes: Tensor, starts: Tensor, device: torch.device) -> Bucket:
    lengths, begin = sizes[sequences], starts[sequences]
    positions = torch.arange(int(lengths.max()))
    present = positions[None, :] < lengths[:, None]
    rows = torch.where(present, begin[:, None] + positions[None, :], 0)
    taken = present.reshape(-1).nonzero().reshape(-1)
    return Bucket(
        sequences=sequences.to(device),
        rows=rows.to(device),
        present=None if bool(present.all()) else present.to(device),
        scatter=rows.reshape(-1)[taken].to(device),
        taken=taken.to(device),
    )
