"""The constants of a program as the machine reads them: one array of int32, one of int8 panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from touchstone.engines.native.machine.tile import CHANNELS
from touchstone.programs.program import Constant
from touchstone.programs.weights import Tensor

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]


class Memory:
    """Collects constants, each once, and says where they stand."""

    def __init__(self, tensors: Mapping[Constant, Tensor]) -> None:
        self.tensors = tensors
        self._places: dict[Constant, int] = {}
        self._ints: list[Int32] = []
        self._int_count = 0
        self._panels: list[tuple[int, Constant]] = []
        self._panel_bytes = 0

    def ints(self, constant: Constant) -> int:
        """Where the elements of an int32 constant begin."""
        if constant not in self._places:
            self._places[constant] = self.numbers(self.tensors[constant].reshape(-1))
        return self._places[constant]

    def numbers(self, values: Sequence[int] | Tensor) -> int:
        """Where these int32 begin."""
        place = self._int_count
        self._ints.append(np.asarray(values, np.int32))
        self._int_count += len(self._ints[-1])
        return place

    def panels(self, constant: Constant) -> int:
        """Where the panels of an int8 matrix [N, K] begin."""
        if constant not in self._places:
            self._places[constant] = self._panel_bytes
            self._panels.append((self._panel_bytes, constant))
            wide, deep = constant.shape
            self._panel_bytes += -(-wide // CHANNELS) * CHANNELS * 2 * pairs_of(deep)
        return self._places[constant]

    def arrays(self) -> tuple[Int32, Int8]:
        """The constants and the weights."""
        weights = np.empty(max(self._panel_bytes, 1), np.int8)
        for place, constant in self._panels:
            packed = panels_of(self.tensors[constant])
            weights[place : place + packed.size] = packed.reshape(-1)
        return np.concatenate([*self._ints, np.zeros(1, np.int32)]), weights


def pairs_of(deep: int) -> int:
    """Pairs of terms in a row of `deep`."""
    return (deep + 1) // 2


def panels_of(matrix: Tensor) -> Tensor:
    """[N, K] as panels [N / CHANNELS, K / 2, CHANNELS, 2], filled up with zeros."""
    wide, deep = matrix.shape
    padded = np.pad(matrix, ((0, -wide % CHANNELS), (0, deep % 2)))
    split = padded.reshape(-1, CHANNELS, pairs_of(deep), 2)
    return np.ascontiguousarray(split.transpose(0, 2, 1, 3))


def pairs_within_int32(matrix: Tensor, row_bits: int) -> int:
    """How many pairs of terms may be added up in int32, for rows of `row_bits` bits and a sign:
    all of them where the weights' own sums allow it."""
    wide, deep = matrix.shape
    largest = max(
        int(np.abs(part.astype(np.int16)).sum(axis=1, dtype=np.int64).max())
        for part in np.array_split(matrix, -(-wide // 1024))
    )
    if largest << row_bits < 1 << 31:
        return pairs_of(deep)
    return short_pairs_within_int32(row_bits + 7)


def short_pairs_within_int32(product_bits: int) -> int:
    """The same for any terms whose products are at most 2^product_bits (28 at most)."""
    return (((1 << 31) - 1) >> product_bits) // 2
