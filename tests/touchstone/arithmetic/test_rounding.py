from __future__ import annotations

from fractions import Fraction
from math import floor, isqrt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from touchstone.arithmetic import rounding
from touchstone.arithmetic.roots import integer_sqrt

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)


@given(st.integers(-(1 << 60), 1 << 60), st.integers(0, 60))
def test_round_shift_is_the_floor_of_the_quotient_plus_a_half(value: int, shift: int) -> None:
    wanted = floor(Fraction(value, 1 << shift) + Fraction(1, 2))
    assert int(rounding.round_shift(np.int64(value), shift)) == wanted


@given(st.integers(-(1 << 59), 1 << 59), st.integers(1, 1 << 59))
def test_round_div_is_the_floor_of_the_quotient_plus_a_half(value: int, by: int) -> None:
    wanted = floor(Fraction(value, by) + Fraction(1, 2))
    assert int(rounding.round_div(np.int64(value), by)) == wanted


@given(st.integers(0, (1 << 62) - 1) | st.integers(0, (1 << 31) - 1).map(lambda r: r * r))
def test_integer_sqrt_is_exact(value: int) -> None:
    around = [v for v in (value - 1, value, value + 1) if 0 <= v < 1 << 62]
    found = integer_sqrt(np.array(around, np.int64))
    assert found.tolist() == [isqrt(v) for v in around]


@given(INT32)
def test_bit_length_and_magnitude_are_pythons(value: int) -> None:
    assert int(rounding.bit_length(np.int32(value) * np.ones(1, np.int32))[0]) == (
        max(value, 0).bit_length()
    )
    assert int(rounding.magnitude(np.array([value], np.int32))[0]) == max(value, -value - 1)


@given(st.lists(INT32, min_size=1, max_size=9), st.integers(4, 18))
def test_a_row_shifted_by_its_own_peak_is_never_clamped(values: list[int], bits: int) -> None:
    x = np.array([[values]], np.int32)
    top = rounding.magnitude(x).max(axis=-1, keepdims=True).astype(np.int32)
    for shift in (rounding.shift_down(top, bits), rounding.shift_to(top, bits)):
        free = rounding.round_shift(rounding.wide(x), shift)
        assert np.array_equal(free, rounding.narrow(x, shift, bits))
