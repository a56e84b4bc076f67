"""The stake vault, typed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from touchstone.chain.devnet import CHAIN_ID
from touchstone.chain.logs import read_events
from touchstone.protocol.ids import ModelId, PoolId

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.contract.contract import ContractFunction

    from touchstone.chain.deployment import Deployment

_ENDPOINTS_STALE_S = 2
_REREAD_BLOCKS = 64


@dataclass(frozen=True, slots=True)
class Position:
    """A provider's stake in one pool, in slots.

    Attributes:
        pool: the pool.
        bond: base units of stake behind one slot.
        slots: slots of stake, those on their way out included.
        in_use: slots that back some job now.
        weight: slots with which it is drawn in this epoch.
        next_weight: and from the next epoch on.
    """

    pool: PoolId
    bond: int
    slots: int
    in_use: int
    weight: int
    next_weight: int


class Vault:
    """Reads the vault and makes calls for a `Sender` to send. Amounts are base units.

    Attributes:
        contract: the web3 contract.
        views: its views.
        development: whether the chain is a local one for development.
    """

    def __init__(self, w3: Web3, deployment: Deployment) -> None:
        """Binds the deployment's vault."""
        self.w3 = w3
        self.contract = deployment.contract(w3, "StakeVault")
        self.first_block = deployment.block
        self.views = deployment.views(w3, "StakeVault")
        self.development = deployment.chain_id == CHAIN_ID
        self.address = self.contract.address
        self._lock = Lock()
        self._endpoints: dict[ChecksumAddress, str] = {}
        self._unread = deployment.block
        self._read_at = 0.0

    def free_stake(self, provider: ChecksumAddress) -> int:
        """Stake of the provider that is pledged to nothing."""
        return int(self.views.call("freeStake", provider))

    def leaf_of(self, pool: PoolId, provider: ChecksumAddress) -> int:
        """The provider's leaf in the pool. Raises TransactionReverted where it never joined."""
        return int(self.views.call("leafOf", pool, provider))

    def owner_of(self, pool: PoolId, leaf: int) -> ChecksumAddress:
        """The provider that has a leaf."""
        owner: ChecksumAddress = self.views.call("ownerOf", pool, leaf)
        return owner

    def position(self, pool: PoolId, provider: ChecksumAddress) -> Position:
        """The provider's stake in a pool that it has joined."""
        leaf = self.leaf_of(pool, provider)
        slots = self.views.call("bondsOf", pool, leaf)[0]
        weight, next_weight = self.views.call("weightOf", pool, leaf)
        return Position(
            pool=pool,
            bond=self.views.call("poolOf", pool)[0],
            slots=slots,
            in_use=self.views.call("inUse", pool, leaf),
            weight=weight,
            next_weight=next_weight,
        )

    def endpoint_of(self, provider: ChecksumAddress) -> str | None:
        """Where the provider says that its node is, or None where it never said."""
        with self._lock:
            now = time.monotonic()
            if provider not in self._endpoints or now - self._read_at > _ENDPOINTS_STALE_S:
                last = self.w3.eth.block_number
                # A reorganisation may have moved what was read.
                first = max(self.first_block, self._unread - _REREAD_BLOCKS)
                for event in read_events(self.contract, ["EndpointSet"], first, last):
                    self._endpoints[event["args"]["provider"]] = event["args"]["endpoint"]
                self._unread = max(self._unread, last + 1)
                self._read_at = now
            return self._endpoints.get(provider)

    def epoch(self) -> int:
        """The epoch now."""
        return int(self.views.call("epoch"))

    def deposit(self, amount: int) -> ContractFunction:
        """Moves tokens of the sender into its free stake; the vault needs the allowance."""
        return self.contract.functions.deposit(amount)

    def withdraw(self, amount: int) -> ContractFunction:
        """Moves free stake back to the sender."""
        return self.contract.functions.withdraw(amount)

    def set_endpoint(self, endpoint: str) -> ContractFunction:
        """Says where the sender's node is."""
        return self.contract.functions.setEndpoint(endpoint)

    def pledge(self, model: ModelId, shard: int, tier: int, slots: int) -> ContractFunction:
        """Pledges slots of free stake to a pool."""
        return self.contract.functions.pledge(model, shard, tier, slots)

    def unpledge(self, pool: PoolId, slots: int) -> ContractFunction:
        """Begins to withdraw slots."""
        return self.contract.functions.unpledge(pool, slots)

    def finish_unbonding(self, unbonding: int) -> ContractFunction:
        """Credits an unbonding that is ready."""
        return self.contract.functions.finishUnbonding(unbonding)
