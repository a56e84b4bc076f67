"""Token amounts: integer base units inside, decimal text outside."""

from __future__ import annotations

import re

from touchstone.errors import AmountError

DECIMALS = 18
ONE_TOKEN = 10**DECIMALS
_AMOUNT = re.compile(r"(?P<sign>-?)(?P<whole>\d+)(?:\.(?P<fraction>\d+))?", re.ASCII)


def format_tokens(base_units: int) -> str:
    """The exact amount in tokens, without trailing zeros: `1500000000000000000` is `"1.5"`."""
    sign = "-" if base_units < 0 else ""
    whole, fraction = divmod(abs(base_units), ONE_TOKEN)
    digits = f"{fraction:0{DECIMALS}d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def parse_tokens(text: str) -> int:
    """Base units of an amount written in tokens: the inverse of `format_tokens`.

    Raises:
        AmountError: not a plain decimal number, or more than 18 digits after the point.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise AmountError(f"{text!r} is not an amount of tokens: write it like 12 or 0.05")
    fraction = match["fraction"] or ""
    if len(fraction) > DECIMALS:
        raise AmountError(f"{text!r} has more than {DECIMALS} digits after the point: shorten it")
    units: int = int(match["whole"]) * ONE_TOKEN + int(fraction.ljust(DECIMALS, "0"))
    return -units if match["sign"] else units


def parse_positive_tokens(text: str) -> int:
    """As `parse_tokens`, for an amount that moves or limits something.

    Raises:
        AmountError: as `parse_tokens`, or not more than zero.
    """
    units = parse_tokens(text)
    if units <= 0:
        raise AmountError(f"{text!r} tokens is not a positive amount: write it like 12 or 0.05")
    return units
