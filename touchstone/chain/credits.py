"""What the contracts owe an account: its balance at the market and its free stake at the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchstone.chain.market import Market
    from touchstone.chain.sender import Sender
    from touchstone.chain.stake import Vault


def withdraw_credits(market: Market, vault: Vault, sender: Sender) -> int:
    """Moves all that is due to the sender's account; returns the sum in base units.

    The market credits refunds and earnings. The vault credits shares of slashed bonds, as free
    stake: all of the account's free stake is moved.
    """
    owed, _ = market.balance_of(sender.address)
    if owed:
        sender.send(market.withdraw())
    free = vault.free_stake(sender.address)
    if free:
        sender.send(vault.withdraw(free))
    return owed + free
