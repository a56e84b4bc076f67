from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.touchstone.arithmetic import vectors
from tests.touchstone.engines import torch_operators
from touchstone.engines import squares, torch_rows
from touchstone.engines.kernels import Int64, all_kernels
from touchstone.engines.torch_attention import shares
from touchstone.engines.torch_rounding import power
from touchstone.programs.rules import CAUSAL_ONLY, RULES


@pytest.mark.parametrize("op", torch_operators.DIRECT)
def test_torch_gives_the_vectors(op: str) -> None:
    for vector in vectors.read(op):
        found = torch_operators.run(
            op, vector.inputs, vector.constants, vector.attributes, all_kernels()
        )
        assert found.dtype == np.int32
        assert np.array_equal(found, vector.output)


@pytest.mark.parametrize("kernel", all_kernels(), ids=lambda kernel: kernel.name)
def test_each_kernel_gives_the_matmul_vectors(kernel: torch_operators.Kernel) -> None:
    for vector in vectors.read("matmul"):
        found = torch_operators.run(
            "matmul", vector.inputs, vector.constants, vector.attributes, [kernel]
        )
        assert np.array_equal(found, vector.output)


def test_only_what_needs_a_whole_program_is_left_to_programs() -> None:
    renaming = {"embed_tokens", "embed_positions", "join", "slice", "concat"}
    assert set(RULES) - CAUSAL_ONLY - set(torch_operators.DIRECT) == renaming


def test_powers_of_two_are_exact() -> None:
    exponents = torch.arange(-200, 200, dtype=torch.int32)
    assert power(exponents).tolist() == [2.0**e for e in range(-200, 200)]


def test_shares_by_reciprocal_are_those_by_division_at_every_tie() -> None:
    """Ties are where weights * 2^16 is an odd multiple of the total."""
    random = np.random.default_rng(5)
    totals = np.concatenate(
        [
            random.integers(1 << 16, 1 << 31, 4000),
            random.integers(1 << 16, 1 << 18, 4000),
            [odd << s for s in range(16) for odd in range((1 << 16) + 1, (1 << 16) + 64, 2)],
        ]
    )
    for total in (totals, totals[totals < 1 << 31]):
        weights = random.integers(0, (1 << 16) + 1, (len(total), 16))
        # Weights next to a tie: (2m - 1) * total / 2^16.
        ties = (2 * random.integers(1, 1 << 14, (len(total), 16)) - 1) * total[:, None] >> 16
        both = np.concatenate([weights, np.minimum(ties, 1 << 16)], axis=1)
        wanted = ((both << 16) + total[:, None]) // (2 * total[:, None])
        found = shares(torch.from_numpy(both), torch.from_numpy(total)[:, None])
        assert np.array_equal(found.numpy().astype(np.int64), wanted)


@pytest.mark.parametrize("op", ["matmul", "scores"])
def test_where_float64_is_too_small_int64_gives_the_vectors(
    op: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_rows, "FLOAT64_LIMIT", 0)
    monkeypatch.setattr(squares, "FLOAT64_LIMIT", 0)
    for vector in vectors.read(op):
        found = torch_operators.run(
            op, vector.inputs, vector.constants, vector.attributes, [Int64()]
        )
        assert np.array_equal(found, vector.output)
