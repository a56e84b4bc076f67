"""What a transaction offers for its gas. Everything is in wei for one unit of gas."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fees:
    """An EIP-1559 offer.

    Attributes:
        max_fee: at most so much in all.
        priority: of it, so much to the block's proposer.
    """

    max_fee: int
    priority: int


def first_fees(base_fee: int, suggested: int, cap: int) -> Fees:
    """For a new transaction: twice the base fee, which stays enough for five full blocks in a row.

    Args:
        base_fee: the newest block's.
        suggested: priority fee that the node suggests.
        cap: the most to offer.
    """
    max_fee = min(2 * base_fee + suggested, cap)
    return Fees(max_fee, min(suggested, max_fee))


def raised_fees(last: Fees, base_fee: int, suggested: int, cap: int) -> Fees | None:
    """For another transaction in the place of one that offers `last`, both raised by an eighth at
    least (nodes want a tenth) and as far as the market has moved. None where the cap forbids it."""
    least = Fees(_raised(last.max_fee), _raised(last.priority))
    if least.max_fee > cap:
        return None
    priority = max(least.priority, suggested)
    max_fee = min(max(least.max_fee, 2 * base_fee + priority), cap)
    return Fees(max_fee, min(priority, max_fee))


def _raised(fee: int) -> int:
    return fee + max(1, -(-fee // 8))
