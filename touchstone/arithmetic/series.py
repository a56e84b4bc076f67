"""Real functions to any precision, by integers alone: plain series in fixed point.

A number x is held as floor(x * 2^BITS), with errors of a few units. What is rounded to far fewer
bits is the same on every machine, unlike what floating-point libraries give.
"""

from __future__ import annotations

BITS = 200
ONE = 1 << BITS


def rounded(value: int, fraction_bits: int) -> int:
    """A fixed-point number with fewer fraction bits, halves up."""
    shift = BITS - fraction_bits
    return (value + (1 << (shift - 1))) >> shift


def sqrt(value: int) -> int:
    """Square root of a fixed-point number, by Newton's rule on integers."""
    target = value << BITS
    root = 1 << ((target.bit_length() + 1) // 2)
    while (better := (root + target // root) // 2) < root:
        root = better
    return root


def pi() -> int:
    """Pi, by Machin's formula."""
    return 4 * (4 * _arctan_inverse(5) - _arctan_inverse(239))


def exp_negative(numerator: int, denominator: int) -> int:
    """e^-(numerator / denominator) for a quotient from 0 on, as one over the series of e^x."""
    total = term = ONE
    k = 0
    while term:
        k += 1
        term = term * numerator // (denominator * k)
        total += term
    return ONE * ONE // total


def ln(numerator: int, denominator: int) -> int:
    """ln(numerator / denominator), a quotient from 1 on: 2 artanh of ((n - d) / (n + d)), after
    halving it until it is below 2."""
    halvings = 0
    while numerator >= 2 * denominator:
        denominator *= 2
        halvings += 1
    total = _artanh(numerator - denominator, numerator + denominator)
    return 2 * (total + (halvings * _artanh(1, 3)))


def cos_sin(angle: int) -> tuple[int, int]:
    """Cosine and sine of a fixed-point angle, by their power series: best for small angles."""
    sums, term, k = [0, 0], ONE, 0
    while term:
        sums[k % 2] += -term if k % 4 > 1 else term
        k += 1
        term = term * angle // (k << BITS)
    return sums[0], sums[1]


def _arctan_inverse(n: int) -> int:
    """arctan(1 / n)."""
    total, power, k = 0, ONE // n, 0
    while power:
        total += (-power if k % 2 else power) // (2 * k + 1)
        power //= n * n
        k += 1
    return total


def _artanh(numerator: int, denominator: int) -> int:
    """x + x^3 / 3 + x^5 / 5 + ... of x = numerator / denominator, at most 1/3."""
    total, power, k = 0, ONE * numerator // denominator, 1
    while power:
        total += power // k
        power = power * numerator * numerator // (denominator * denominator)
        k += 2
    return total
