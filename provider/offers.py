"""What a provider offers, and what the chain knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from touchstone.errors import WrongModelError
from touchstone.protocol.ids import ModelId, PoolId, model_id, pool_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from touchstone.chain.registry import PublishedModel, Registry
    from touchstone.protocol.orders import Order


class Part(NamedTuple):
    """What a node can execute: a shard of a model."""

    model: ModelId
    shard: int

    @classmethod
    def of(cls, order: Order) -> Part:
        """What an order asks for."""
        return cls(order.model, order.shard)


@dataclass(frozen=True, slots=True)
class Offer:
    """One shard of one model version at one price.

    Attributes:
        name: the model's name.
        version: its version.
        model: its identity.
        shard: which shard.
        tier: rung of the price ladder.
        slots: bonds to pledge.
        folder: the compiled model.
    """

    name: str
    version: str
    model: ModelId
    shard: int
    tier: int
    slots: int
    folder: Path

    @classmethod
    def of(cls, label: str, shard: int, tier: int, slots: int, folder: Path) -> Offer:
        """The offer of the model `name@version`."""
        name, _, version = label.rpartition("@")
        return cls(name, version, model_id(name, version), shard, tier, slots, folder)

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def part(self) -> Part:
        """What is offered."""
        return Part(self.model, self.shard)

    @property
    def pool(self) -> PoolId:
        """The pool that the offer is pledged to."""
        return pool_id(self.model, self.shard, self.tier)


@dataclass(frozen=True, slots=True)
class Served:
    """An offer with what the registry says of its model; `shard_root` is 32 bytes."""

    offer: Offer
    published: PublishedModel
    shard_root: bytes


def look_up(registry: Registry, offers: Sequence[Offer]) -> list[Served]:
    """The offers as the registry knows them.

    Raises:
        WrongModelError: a model is not published, or has no such shard.
    """
    served = []
    for offer in offers:
        found = registry.models(offer.model)
        if not found:
            raise WrongModelError(
                f"{offer.label} is not published on this chain: check the name and version, or "
                "publish it with `touchstone model publish`"
            )
        if offer.shard >= found[0].shards:
            raise WrongModelError(
                f"{offer.label} has {found[0].shards} shards; there is no shard {offer.shard}"
            )
        served.append(Served(offer, found[0], registry.shard_root(offer.model, offer.shard)))
    return served
