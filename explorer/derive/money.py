"""A job's books. Each entry moves an amount into or out of one of four pots: the job's escrow, the
deposit of a demand, a slot's bond that is being slashed, or a challenger's bond. When a job is over
and its challengers have taken back what is theirs, each pot is empty.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(StrEnum):
    """What an entry is."""

    PAYMENT = "payment"
    EARNED = "earned"
    REFUND = "refund"
    RESERVATION = "reservation fee"
    AUDIT_ORDERED = "audit ordered"
    AUDITED = "audit fee"
    AUDIT_BACK = "audit returned"
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEPOSIT = "deposit"
    ANSWER = "answer fee"
    RETURNED = "deposit back"
    BOND = "bond"
    BURNED = "burned"
    REFUND_SLICE = "refund slice"
    COMPENSATION = "compensation"
    BOUNTY = "bounty"
    BOND_BACK = "bond back"
    CHALLENGE = "challenge bond"
    CHALLENGE_BACK = "challenge back"
    CHALLENGE_WON = "challenge won"
    CHALLENGE_BURNED = "challenge burned"


ESCROW = {
    Kind.PAYMENT: 1,
    Kind.EARNED: -1,
    Kind.REFUND: -1,
    Kind.RESERVATION: -1,
    # Earnings return into escrow while a demanded output is awaited, and are paid again after.
    Kind.WAITING: 1,
    Kind.DELIVERED: -1,
    # An order's payment has an auditor's share in it; whoever asks for an audit later adds one.
    Kind.AUDIT_ORDERED: 1,
    Kind.AUDITED: -1,
    Kind.AUDIT_BACK: -1,
}
"""Entries that change a job's escrow, and their sign."""

DEPOSITS = {Kind.DEPOSIT: 1, Kind.ANSWER: -1, Kind.RETURNED: -1}
"""Entries that change what a job's demands have deposited."""

BONDS = {
    Kind.BOND: 1,
    Kind.BURNED: -1,
    Kind.REFUND_SLICE: -1,
    Kind.COMPENSATION: -1,
    Kind.BOUNTY: -1,
    Kind.BOND_BACK: -1,
}
"""Entries about slots that were slashed."""

CHALLENGES = {
    Kind.CHALLENGE: 1,
    Kind.CHALLENGE_BACK: -1,
    # Half of a lost bond is its opponent's, half is burned.
    Kind.CHALLENGE_WON: -1,
    Kind.CHALLENGE_BURNED: -1,
}
"""Entries about bonds that challengers put up at the dispute engine."""

OWED = {
    Kind.EARNED: 1,
    Kind.REFUND: 1,
    Kind.RESERVATION: 1,
    Kind.WAITING: -1,
    Kind.DELIVERED: 1,
    Kind.ANSWER: 1,
    Kind.RETURNED: 1,
    Kind.AUDITED: 1,
    Kind.AUDIT_BACK: 1,
}
"""Entries that change what the market owes an account."""

EARNINGS = {
    Kind.EARNED: 1,
    Kind.RESERVATION: 1,
    Kind.WAITING: -1,
    Kind.DELIVERED: 1,
    Kind.AUDITED: 1,
}
"""Entries that change what a provider has earned with its seats and audits."""


def balance(entries: Iterable[tuple[Kind, int]], signs: dict[Kind, int]) -> int:
    """What is in a pot after these entries, in base units; entries of other pots count nothing."""
    return sum(signs.get(kind, 0) * amount for kind, amount in entries)
