"""Where every unit of the token is after the soak, and what the contracts owe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_typing import ChecksumAddress

    from touchstone.localnet import Localnet

BURNED = "0x000000000000000000000000000000000000dEaD"


@dataclass(frozen=True, slots=True)
class Books:
    """Sums over all accounts, in base units of the token.

    Attributes:
        supply: all that there is.
        wallets: what accounts hold.
        burned: what was burned.
        in_market: what the market holds.
        in_vault: what the vault holds.
        owed_by_market: what accounts can withdraw from the market, now or once it has matured.
        owed_by_vault: free stake, and slots times their bond.
    """

    supply: int
    wallets: int
    burned: int
    in_market: int
    in_vault: int
    owed_by_market: int
    owed_by_vault: int

    def missing(self, initial_supply: int) -> int:
        """How many units are not where they should be, with no sum making up for another: supply
        that nobody holds, and what a contract holds but owes to nobody, or owes without having.
        Zero where no job is open and no demand is."""
        held = self.wallets + self.burned + self.in_market + self.in_vault
        return (
            abs(initial_supply - held)
            + abs(initial_supply - self.supply)
            + abs(self.in_market - self.owed_by_market)
            + abs(self.in_vault - self.owed_by_vault)
        )


def read_books(net: Localnet, accounts: Sequence[ChecksumAddress]) -> Books:
    """The books of a market whose token only `accounts`, the burn address and the contracts had."""
    token, market, vault = net.token, net.market, net.vault
    return Books(
        supply=token.contract.functions.totalSupply().call(),
        wallets=sum(token.balance_of(account) for account in accounts),
        burned=token.balance_of(net.devnet.w3.to_checksum_address(BURNED)),
        in_market=token.balance_of(market.contract.address),
        in_vault=token.balance_of(vault.address),
        owed_by_market=sum(sum(market.balance_of(account)) for account in accounts),
        owed_by_vault=sum(vault.free_stake(account) for account in accounts) + _pledged(net),
    )


def _pledged(net: Localnet) -> int:
    vault = net.vault
    joined = vault.contract.events.Joined().get_logs(from_block=0)
    positions = [vault.position(e["args"]["pool"], e["args"]["provider"]) for e in joined]
    return sum(position.slots * position.bond for position in positions)
