"""The parameters of a circuit: what is searched, and what is tried in which order."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

BASES = (16, 64, 128, 256, 512, 1024, 2048, 4096)
COLUMNS = (1, 2, 3)
NEVER = 1000
"""Multiple of a scale up to which ezkl divides nothing: more than any network reaches."""


@dataclass(frozen=True, slots=True, order=True)
class Parameters:
    """One choice for a circuit.

    Attributes:
        input_scale: fraction bits of the input.
        param_scale: fraction bits of weights.
        decomp_base: numbers are split into digits of this base before a ReLU,
        decomp_legs: so many of them.
        logrows: the circuit has 2^logrows rows.
        num_inner_cols: columns that a dot product is spread over.
        compress_selectors: whether selectors share columns.
    """

    input_scale: int
    param_scale: int
    decomp_base: int
    decomp_legs: int
    logrows: int
    num_inner_cols: int
    compress_selectors: bool = True

    def run_args(self) -> dict[str, Any]:
        """ezkl's settings: input hashed, output public, weights fixed, and no division anywhere.

        The range of the input need not be checked in the circuit: its hash binds it already.
        """
        chosen = asdict(self)
        del chosen["compress_selectors"]
        return chosen | {
            "input_visibility": "hashed",
            "output_visibility": "public",
            "param_visibility": "fixed",
            "scale_rebase_multiplier": NEVER,
            "lookup_range": [-1, 1],
            "ignore_range_check_inputs_outputs": True,
            "disable_freivalds": True,
        }


def legs_for(bits: int, base: int) -> int:
    """Digits of `base` that hold every magnitude below 2^bits."""
    return max(2, math.ceil(bits / math.log2(base) - 1e-9))


def shapes(bits: int) -> Iterator[tuple[int, int, int]]:
    """Base, digits and columns to try, fewest digits first within each number of columns."""
    for columns in COLUMNS:
        for base in sorted(BASES, key=lambda base: (legs_for(bits, base), base)):
            yield base, legs_for(bits, base), columns
