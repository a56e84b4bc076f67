from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from touchstone.arithmetic.linear import dot_rows
from touchstone.engines.chooser import Chooser
from touchstone.engines.kernels import (
    FLOAT32_EXACT,
    Float32Blocks,
    Float64,
    Int64,
    Kernel,
    Product,
    all_kernels,
    blocks,
    digits,
)
from touchstone.engines.selftest import passes, passing
from touchstone.errors import KernelError

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Saturating:
    """What an int8 kernel without VNNI may do: pair sums stop at 16 bits."""

    name: str = "saturating"

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        matrix = weight.to(torch.int64).t()

        def product(rows: Tensor) -> Tensor:
            both = digits(rows).to(torch.int64)
            pairs = both.unsqueeze(2) * matrix
            if pairs.shape[1] % 2:
                pairs = torch.nn.functional.pad(pairs, (0, 0, 0, 1))
            sums = (pairs[:, ::2] + pairs[:, 1::2]).clamp(-32768, 32767).sum(dim=1)
            return sums[: len(rows)] * 256 + sums[len(rows) :]

        return product


@dataclass(frozen=True, slots=True)
class SinglePrecision:
    """One float32 GEMM over any depth: right for small sums only."""

    name: str = "single"

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        return lambda rows: rows.to(torch.float32) @ weight.to(torch.float32).t()


@dataclass(frozen=True, slots=True)
class Failing:
    """A kernel the library does not have."""

    name: str = "failing"

    def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
        def product(rows: Tensor) -> Tensor:
            raise RuntimeError("not implemented here")

        return product


@pytest.mark.parametrize("wrong", [Saturating(), SinglePrecision(), Failing()])
def test_a_wrong_kernel_is_found_and_replaced(wrong: Kernel) -> None:
    good, words = passing([wrong, Int64()], CPU, 14)
    assert [kernel.name for kernel in good] == ["int64"]
    assert words["int64"] == "exact" and words[wrong.name] != "exact"


def test_without_any_right_kernel_the_engine_says_so() -> None:
    with pytest.raises(KernelError, match="saturating"):
        passing([Saturating()], CPU, 14)


@pytest.mark.parametrize("kernel", all_kernels(), ids=lambda kernel: kernel.name)
def test_here_every_kernel_passes_or_says_what_is_wrong(kernel: Kernel) -> None:
    word = passes(kernel, CPU, 14)
    if kernel.name in ("float64", "int64", "float32-blocks", "float32-digits"):
        assert word == ""


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 700),
    st.integers(1, 40),
    st.integers(4, 14),
    st.sampled_from([1, 8, 64, 128]),
    st.integers(0, 2**32 - 1),
)
def test_all_kernels_give_the_same_numbers(
    count: int, depth: int, wide: int, bits: int, size: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    weight = random.integers(-size, min(size, 127) + 1, (wide, depth)).astype(np.int8)
    rows = random.integers(-(1 << bits), (1 << bits) + 1, (count, depth))
    if seed % 3 == 0:
        rows = np.where(rows < 0, -(1 << bits), 1 << bits)
    wanted = dot_rows(rows, weight)
    for kernel in all_kernels():
        product = kernel.prepare(torch.from_numpy(weight), bits)
        if product is not None:
            found = product(torch.from_numpy(rows.astype(np.float64)))
            assert np.array_equal(found.to(torch.int64).numpy(), wanted), kernel.name


def test_float32_blocks_end_where_their_sums_could_pass_2_to_the_24() -> None:
    weight = torch.full((3, 1000), 127, dtype=torch.int8)
    cuts = blocks(weight, 12, FLOAT32_EXACT)
    assert cuts is not None and cuts[0] == (0, 32) and cuts[-1][1] == 1000
    assert all(127 * (end - start) << 12 <= FLOAT32_EXACT for start, end in cuts)
    assert FLOAT32_EXACT < 127 * 33 << 12
    assert blocks(weight, 18, FLOAT32_EXACT) is None
    assert Float32Blocks().prepare(weight, 12) is None, "too many blocks to be worth it"


def test_the_chooser_takes_the_fastest_and_falls_back_where_it_is_not_exact() -> None:
    times = {"float64": 2.0, "float32-blocks": 1.0, "int64": 9.0}
    now = [0.0]

    @dataclass(frozen=True, slots=True)
    class Timed:
        inner: Kernel
        name: str

        def prepare(self, weight: Tensor, row_bits: int) -> Product | None:
            product = self.inner.prepare(weight, row_bits)
            if product is None:
                return None

            def timed(rows: Tensor) -> Tensor:
                now[0] += times[self.name]
                return product(rows)

            return timed

    kernels = [Timed(k, k.name) for k in (Float64(), Float32Blocks(), Int64())]
    chooser = Chooser(kernels, CPU, clock=lambda: now[0])
    small = torch.ones((4, 64), dtype=torch.int8)
    assert chooser.product(small, 12, few=True)[0] == "float32-blocks"
    large = torch.full((4, 64), 127, dtype=torch.int8)
    assert chooser.product(large, 18, few=True)[0] == "float64"
    assert len(chooser.rankings) == 2
    assert chooser.product(small, 12, few=True)[0] == "float32-blocks"
    assert len(chooser.rankings) == 2
