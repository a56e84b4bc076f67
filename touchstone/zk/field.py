"""Numbers of the scalar field of BN254, in which circuits compute, and fixed point in it.

ezkl writes an element as 64 hexadecimal digits, least significant byte first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from touchstone.errors import ProofError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def to_hex(number: int) -> str:
    """An integer, negative ones counted down from the modulus, in ezkl's writing."""
    return (number % MODULUS).to_bytes(32, "little").hex()


def from_hex(text: str) -> int:
    """The element, in [0, MODULUS).

    Raises:
        ProofError: it is not 64 hexadecimal digits, or not below the modulus.
    """
    try:
        raw = bytes.fromhex(text)
    except (TypeError, ValueError):
        raw = b""
    if len(raw) != 32 or len(text) != 64:
        raise ProofError(f"a field element has 64 hexadecimal digits, not {text!r:.80}")
    number = int.from_bytes(raw, "little")
    if number >= MODULUS:
        raise ProofError(f"{number} is not below the field's modulus")
    return number


def signed(element: int) -> int:
    """The integer that an element stands for: those above half the modulus are negative."""
    return element - MODULUS if element > MODULUS // 2 else element


def quantise(values: ArrayLike, scale: int) -> list[int]:
    """The nearest multiples of 2^-scale, halves upwards, as integers."""
    scaled = np.floor(np.asarray(values, np.float64).ravel() * 2.0**scale + 0.5)
    return [int(value) for value in scaled]


def dequantise(elements: Sequence[int], scale: int) -> NDArray[np.float64]:
    """float64 values of field elements with `scale` fraction bits."""
    return np.array([signed(element) / 2**scale for element in elements], np.float64)
