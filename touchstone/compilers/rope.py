"""Rotary positions: the angle of each pair of elements, and the tables of their cosines and sines.

The formulas are those of transformers (`modeling_rope_utils`), on integers alone
(`touchstone.arithmetic.series`), so that the tables are the same bytes on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from touchstone.arithmetic.causal import ROTATION_BITS
from touchstone.arithmetic.rounding import Int32
from touchstone.arithmetic.series import BITS, ONE, cos_sin, exp_negative, ln, pi, rounded
from touchstone.errors import CompileError
from touchstone.programs.rules import ROTATION_LIMIT


@dataclass(frozen=True, slots=True)
class Rope:
    """Su et al., RoFormer: pair i of a head of d elements turns by theta^(-2i / d) per position."""

    theta: Fraction

    def frequencies(self, width: int) -> list[int]:
        """Turns of each pair at position 1, in radians, as fixed-point numbers: width / 2."""
        log = ln(self.theta.numerator, self.theta.denominator)
        return [exp_negative(2 * pair * log, width << BITS) for pair in range(width // 2)]

    def attention_factor(self) -> int:
        """What cosines and sines are multiplied by, a fixed-point number."""
        return ONE


@dataclass(frozen=True, slots=True)
class LinearRope(Rope):
    """Every position counts as position / factor."""

    factor: Fraction

    def frequencies(self, width: int) -> list[int]:
        """See Rope."""
        return [_over(turn, self.factor) for turn in Rope.frequencies(self, width)]


@dataclass(frozen=True, slots=True)
class Llama3Rope(Rope):
    """Slow pairs turn `factor` times slower, fast ones as ever, those between in between.

    Fast and slow are measured by whole turns within the original length.
    """

    factor: Fraction
    slow: Fraction
    fast: Fraction
    original_length: int

    def frequencies(self, width: int) -> list[int]:
        """See Rope."""
        return [self._scaled(turn) for turn in Rope.frequencies(self, width)]

    def _scaled(self, turn: int) -> int:
        turns = Fraction(self.original_length * turn, 2 * pi())
        kept = (turns - self.slow) / (self.fast - self.slow)
        return _mixed(turn, _over(turn, self.factor), min(max(kept, Fraction(0)), Fraction(1)))


@dataclass(frozen=True, slots=True)
class YarnRope(Rope):
    """Peng et al., YaRN: as Llama3Rope, with the limits counted in pairs, and sharper attention.

    `attention` is the factor of the attention where it is given, `scales` the two numbers
    (mscale, mscale_all_dim) from which it follows otherwise.
    """

    factor: Fraction
    original_length: int
    fast: Fraction
    slow: Fraction
    truncate: bool
    attention: Fraction | None
    scales: tuple[Fraction, Fraction] | None

    def frequencies(self, width: int) -> list[int]:
        """See Rope."""
        low, high = self._pair_of(self.fast, width), self._pair_of(self.slow, width)
        if self.truncate:
            low, high = Fraction(low // 1), Fraction(-(-high // 1))
        low, high = max(low, Fraction(0)), min(high, Fraction(width - 1))
        if low == high:
            high += Fraction(1, 1000)
        found = []
        for pair, turn in enumerate(Rope.frequencies(self, width)):
            slowed = min(max((pair - low) / (high - low), Fraction(0)), Fraction(1))
            found.append(_mixed(turn, _over(turn, self.factor), 1 - slowed))
        return found

    def attention_factor(self) -> int:
        """See Rope."""
        if self.attention is not None:
            return _over(ONE, 1 / self.attention)
        if self.scales is not None:
            over, under = (self._sharpness(scale) for scale in self.scales)
            return over * ONE // under
        return self._sharpness(Fraction(1))

    def _pair_of(self, turns: Fraction, width: int) -> Fraction:
        """The pair, a real number, that makes so many turns within the original length."""
        log = Fraction(ln(self.theta.numerator, self.theta.denominator))
        quotient = Fraction(self.original_length * ONE, 2 * pi()) / turns
        inverted = quotient < 1
        if inverted:
            quotient = 1 / quotient
        pairs = width * Fraction(ln(quotient.numerator, quotient.denominator)) / (2 * log)
        return -pairs if inverted else pairs

    def _sharpness(self, scale: Fraction) -> int:
        if self.factor <= 1:
            return ONE
        return ONE + _over(ln(self.factor.numerator, self.factor.denominator), 10 / scale)


def rotation_tables(rope: Rope, width: int, length: int) -> tuple[Int32, Int32]:
    """Cosines and sines of the angles at positions 0 to length - 1: int32 [length, width / 2].

    Each position's come from those before by the addition theorem, whose error stays below
    2^-180. Raises CompileError if the attention factor is too large for the operator.
    """
    factor = rope.attention_factor()
    if rounded(factor, ROTATION_BITS) > ROTATION_LIMIT:
        raise CompileError(f"an attention factor of {factor / ONE} is above 4")
    cosines = np.empty((length, width // 2), np.int32)
    sines = np.empty_like(cosines)
    for pair, turn in enumerate(rope.frequencies(width)):
        step_cosine, step_sine = cos_sin(turn)
        cosine, sine = factor, 0
        column = []
        for _ in range(length):
            column.append((rounded(cosine, ROTATION_BITS), rounded(sine, ROTATION_BITS)))
            cosine, sine = (
                (cosine * step_cosine - sine * step_sine) >> BITS,
                (sine * step_cosine + cosine * step_sine) >> BITS,
            )
        cosines[:, pair], sines[:, pair] = np.array(column, np.int32).T
    return cosines, sines


def _over(value: int, divisor: Fraction) -> int:
    return value * divisor.denominator // divisor.numerator


def _mixed(first: int, second: int, share: Fraction) -> int:
    """share * first + (1 - share) * second."""
    return int(share * first + (1 - share) * second)
