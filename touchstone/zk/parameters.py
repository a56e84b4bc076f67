"""The parameters of a circuit: what is searched, and what is tried in which order."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEGS = range(2, 7)
COLUMNS = (2, 1, 3)
"""In the order to try: where time is the same, proofs of two columns cost the least gas."""

BLINDED = 16
"""Rows that the proof system keeps to itself, with some to spare."""

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
    legs = 2
    while base**legs < 1 << bits:
        legs += 1
    return legs


def base_for(bits: int, legs: int) -> int:
    """The least base of which so many digits hold every magnitude below 2^bits."""
    base = max(2, math.floor(2 ** (bits / legs)) - 1)
    while base**legs < 1 << bits:
        base += 1
    return base


def candidates(
    input_scale: int, param_scale: int, bits: int, sizes: Sequence[int]
) -> Iterator[Parameters]:
    """What to try, in this order: size by size, few digits first, whose table must fit.

    Args:
        input_scale: fraction bits of the input.
        param_scale: fraction bits of weights.
        bits: of the largest magnitude before a ReLU.
        sizes: numbers of rows, as logarithms.
    """
    for logrows, legs in itertools.product(sizes, LEGS):
        base = base_for(bits, legs)
        if base + BLINDED > 1 << logrows:
            continue
        for columns in COLUMNS:
            for shared in (True, False):
                yield Parameters(input_scale, param_scale, base, legs, logrows, columns, shared)
