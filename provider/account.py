"""What a provider has on chain: stake, pledges, stake on its way out, earnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.chain.disputes import Disputes
from touchstone.chain.logs import read_events
from touchstone.chain.market import Market
from touchstone.chain.registry import Registry
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.protocol.ids import ModelId, PoolId

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress
    from web3 import Web3

    from touchstone.chain.deployment import Deployment
    from touchstone.chain.stake import Position


@dataclass(frozen=True, slots=True)
class Leaving:
    """Slots on their way out: slashable until `ready_at`, Unix time."""

    id: int
    pool: PoolId
    slots: int
    ready_at: int


@dataclass(frozen=True, slots=True)
class Pledge:
    """A position with the model and the price that its pool is for."""

    position: Position
    model: ModelId
    label: str
    shard: int
    tier: int


class ProviderAccount:
    """Reads what one provider has. Amounts are base units."""

    def __init__(self, w3: Web3, deployment: Deployment, address: ChecksumAddress) -> None:
        """Binds the contracts and the provider's address."""
        self.w3 = w3
        self.address = address
        self.vault = Vault(w3, deployment)
        self.market = Market(w3, deployment)
        self.token = Token(w3, deployment)
        self.registry = Registry(w3, deployment)
        self.disputes = Disputes(w3, deployment)
        self._first = deployment.block

    def pledges(self) -> list[Pledge]:
        """Every pool that the provider ever joined, with what it has there now."""
        names = {m.id: f"{m.name}@{m.version}" for m in self.registry.models()}
        found = []
        for event in self._vault_events("Joined"):
            pool = PoolId(bytes(event["args"]["pool"]))
            _, shard, tier, _, model = self.vault.contract.functions.poolOf(pool).call()
            position = self.vault.position(pool, self.address)
            id_ = ModelId(bytes(model))
            found.append(Pledge(position, id_, names.get(id_, "0x" + id_.hex()), shard, tier))
        return found

    def leaving(self) -> list[Leaving]:
        """Unbondings that are not finished."""
        found = []
        for event in self._vault_events("UnbondingStarted"):
            args = event["args"]
            owner = self.vault.contract.functions.unbondingOf(args["id"]).call()[0]
            if owner == self.address:
                pool = PoolId(bytes(args["pool"]))
                found.append(Leaving(args["id"], pool, args["slots"], args["readyAt"]))
        return found

    def next_epoch_block(self) -> int:
        """The block from which a pledge made now is drawn."""
        length = int(self.vault.contract.functions.epochBlocks().call())
        return (self.vault.epoch() + 1) * length

    def _vault_events(self, name: str) -> list[dict[str, dict[str, int]]]:
        last = self.w3.eth.block_number
        events = read_events(
            self.vault.contract, [name], self._first, last, {"provider": self.address}
        )
        return [dict(event) for event in events]  # type: ignore[arg-type]
