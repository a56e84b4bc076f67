"""What the contracts owe an account: its balance at the market, its free stake at the vault, and
what the dispute engine returns of bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchstone.chain.disputes import Disputes
    from touchstone.chain.market import Market
    from touchstone.chain.sender import Sender
    from touchstone.chain.stake import Vault


def withdraw_credits(market: Market, vault: Vault, disputes: Disputes, sender: Sender) -> int:
    """Moves all that is due to the sender's account; returns the sum in base units.

    The market credits refunds and earnings. The vault credits shares of slashed bonds, as free
    stake: all of the account's free stake is moved. The engine credits bonds, and halves of those
    of challengers that lost.
    """
    owed, _ = market.balance_of(sender.address)
    if owed:
        sender.send(market.withdraw())
    free = vault.free_stake(sender.address)
    if free:
        sender.send(vault.withdraw(free))
    bonds = disputes.balance_of(sender.address)
    if bonds:
        sender.send(disputes.withdraw())
    return owed + free + bonds
