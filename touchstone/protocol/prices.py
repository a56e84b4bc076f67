"""The price ladder and the slices of a bond. Twin of `PriceLadder.sol` and `Slices.sol`."""

from __future__ import annotations

from touchstone.errors import ProtocolError

TIERS = 90
MAX_UNITS = 16
"""The most units of work that one order may ask for."""

REFUND, COMPENSATION, BOUNTY, BURN = 1, 4, 1, 6
BOND_CEILINGS = REFUND + COMPENSATION + BOUNTY + BURN
"""A bond is this many slot ceilings."""
NO_SHOW_CEILINGS = 2
"""What silence costs, in slot ceilings; all of it is burned."""
RESERVATION_PARTS = 8
"""A provider that is kept waiting for an input that never comes earns one part in so many of its
share."""


def price(tier: int) -> int:
    """Price of one unit of work at rung `tier`: 1, 2, 5, 10, 20, ... base units of the token.

    Raises:
        ProtocolError: there is no such rung.
    """
    if not 0 <= tier < TIERS:
        raise ProtocolError(f"price tier {tier} is not in 0..{TIERS - 1}")
    return int((1, 2, 5)[tier % 3] * 10 ** (tier // 3))


def tier_of(amount: int) -> int:
    """The rung whose price is exactly `amount` base units.

    Raises:
        ProtocolError: the amount is not on the ladder; the message names the nearest rungs.
    """
    for tier in range(TIERS):
        if price(tier) == amount:
            return tier
        if price(tier) > amount:
            near = [price(t) for t in (tier - 1, tier) if t >= 0]
            raise ProtocolError(
                f"{amount} base units is not a price of the ladder (1, 2 or 5 times a power of "
                f"ten); the nearest are {near}"
            )
    raise ProtocolError(f"{amount} base units is above the top of the ladder, {price(TIERS - 1)}")


def slot_ceiling(tier: int) -> int:
    """The most that one slot can be owed for one job, in base units."""
    return price(tier) * MAX_UNITS


def bond(tier: int) -> int:
    """Stake behind one slot, in base units: the worst that one job can cost a provider."""
    return slot_ceiling(tier) * BOND_CEILINGS
