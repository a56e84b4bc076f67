"""What the market offers for a model, and which offer to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.amounts import format_tokens
from touchstone.errors import NoOfferError
from touchstone.protocol.ids import ModelId, PoolId
from touchstone.protocol.prices import price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requester.pools import Pools
    from touchstone.chain.stake import Vault


@dataclass(frozen=True, slots=True)
class Offer:
    """A pool: providers that serve a model at one price.

    Attributes:
        pool: the pool.
        tier: its rung of the price ladder.
        ready: providers that can be drawn now, counted up to the number asked for.
        joining: providers that can be drawn only from the next epoch on.
        busy: providers all of whose stake is behind other jobs.
    """

    pool: PoolId
    tier: int
    ready: int
    joining: int
    busy: int


def choose_offer(offers: Sequence[Offer], replicas: int, max_price: int | None) -> Offer:
    """The cheapest offer with enough providers at or under `max_price` base units a unit of work.

    Raises:
        NoOfferError: there is none; says what there is.
    """
    affordable = [o for o in offers if max_price is None or price(o.tier) <= max_price]
    enough = [o for o in affordable if o.ready >= replicas]
    if enough:
        return min(enough, key=lambda offer: offer.tier)
    if not offers:
        raise NoOfferError("nobody offers this model yet")
    if not affordable:
        least = price(min(offer.tier for offer in offers))
        raise NoOfferError(
            f"no offer within the limit of {format_tokens(max_price or 0)} tokens a unit: the "
            f"cheapest asks {format_tokens(least)}"
        )
    best = max(affordable, key=lambda offer: offer.ready)
    message = f"{replicas} providers are needed, {best.ready} are ready at the best offer"
    if any(offer.ready + offer.joining >= replicas for offer in affordable):
        message += "; enough have pledged, and are drawn from the next epoch on: try again soon"
    elif best.busy:
        message += f", {best.busy} are busy with other jobs: try again soon"
    raise NoOfferError(message)


def find_offers(
    vault: Vault, pools: Pools, model: ModelId, shard: int, replicas: int
) -> list[Offer]:
    """All pools for one shard of a model."""
    pools.catch_up()
    return [
        _offer(vault, pool, tier, pools.leaves(pool), replicas)
        for pool, tier in pools.of(model, shard)
    ]


def _offer(vault: Vault, pool: PoolId, tier: int, leaves: Sequence[int], replicas: int) -> Offer:
    ready = joining = busy = 0
    for leaf in leaves:
        weight, next_weight = vault.views.call("weightOf", pool, leaf)
        # The seed may fall into this epoch or the next: count who is drawn in both.
        if not next_weight:
            continue
        if not weight:
            joining += 1
        elif vault.views.call("inUse", pool, leaf) < min(weight, next_weight):
            ready += 1
        else:
            busy += 1
        if ready >= replicas:
            break  # A pool may hold a million providers; enough is enough.
    return Offer(pool, tier, ready, joining, busy)
