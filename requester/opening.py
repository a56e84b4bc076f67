"""From inputs to open jobs: made, and then opened so that none is ever paid for twice."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from requester.orders import Work, order_for
from requester.patience import persistently
from requester.store import StoredJob
from touchstone.errors import BroadcastError, TransactionReverted
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_typing import ChecksumAddress

    from requester.wallet import Wallet
    from touchstone.chain.market import Market
    from touchstone.chain.registry import PublishedModel
    from touchstone.programs.manifest import Manifest
    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.jobs import Clock

_OPENED_AT_ONCE = 64


class Ordering(TypedDict, total=False):
    """How to order; all of it may be left out.

    Attributes:
        replicas: how many providers must agree, 2 to 5 (3 unless given); with 1 the result of one
            provider stands unless somebody challenges it while its bond is locked.
        strong: ask for claims with transcripts: a lie is then convicted in one transaction.
        audit_odds: with one replica: have one result in so many audited by a provider that the
            chain draws afterwards, 0 for none; a share for it waits in escrow, and returns where
            none is drawn.
        max_price: the most to pay for a unit of work to one provider, in base units.
        price: exactly what to pay for a unit, a rung of the ladder; excludes `max_price`.
        shard: which shard of the model.
        open_within_s: seconds after which the order can no longer be opened; 600 unless given.
        salt: of the input, 32 bytes; a new one unless given. With an earlier job's, results of the
            same input have the same root.
    """

    replicas: int
    strong: bool
    audit_odds: int
    max_price: int | None
    price: int | None
    shard: int
    open_within_s: int
    salt: bytes | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What jobs that are ordered together have in common.

    Attributes:
        requester: pays.
        domain: of the market.
        label: `name@version`.
        model: the model, as published.
        manifest: of its folder, where that is at hand.
        shard: which shard of it.
        tier: rung of the price ladder.
        replicas: how many providers must agree.
        strong: whether claims carry transcripts.
        audit_odds: one result in so many is audited; 0 for none.
        clock: the chain's time now.
        open_by: Unix time after which they can no longer be opened.
    """

    requester: ChecksumAddress
    domain: Domain
    label: str
    model: PublishedModel
    manifest: Manifest | None
    shard: int
    tier: int
    replicas: int
    strong: bool
    audit_odds: int
    clock: Clock
    open_by: int


def make_job(terms: Terms, work: Work, salt: bytes | None = None) -> StoredJob:
    """A job for this work, with a nonce, and unless one is given a salt, of its own.

    Raises:
        RequestError: such an order cannot be made.
    """
    salt, manifest = salt or secrets.token_bytes(32), terms.manifest
    order = order_for(
        terms.requester,
        terms.model,
        work,
        shard=terms.shard,
        tier=terms.tier,
        replicas=terms.replicas,
        salt=salt,
        nonce=secrets.randbits(64),
        open_by=terms.open_by,
        strong=terms.strong,
        audit_odds=terms.audit_odds,
    )
    return StoredJob(
        id=order.job_id(terms.domain),
        order=order,
        salt=salt,
        payload=work.payload or b"",
        model=terms.label,
        fraction_bits=manifest.output_fraction_bits if manifest else None,
        output_width=manifest.output_width if manifest else None,
        first_block=terms.clock.block,
    )


def open_jobs(market: Market, wallet: Wallet, jobs: Sequence[StoredJob]) -> None:
    """Opens those of the jobs that are not open yet, many in one transaction.

    Raises:
        TransactionReverted: the market or the token refuses.
        BroadcastError: it is unknown whether they were opened.
    """
    for first in range(0, len(jobs), _OPENED_AT_ONCE):
        _open(market, wallet, jobs[first : first + _OPENED_AT_ONCE])


def _open(market: Market, wallet: Wallet, jobs: Sequence[StoredJob]) -> None:
    for _ in jobs:
        orders = [job.order for job in jobs if _is_missing(market, job)]
        if not orders:
            return
        one = partial(market.open, orders[0])
        call = one if len(orders) == 1 else partial(market.open_many, orders)
        try:
            wallet.pay(sum(order.payment for order in orders), call)
        except TransactionReverted as error:
            # Another process of ours has opened one of them: go on with the rest.
            if error.error != "JobExists":
                raise
        except BroadcastError:
            if any(_is_missing(market, job) for job in jobs):
                raise
        else:
            return


def _is_missing(market: Market, job: StoredJob) -> bool:
    state = persistently(lambda: market.job(job.order), patience_s=15)
    return state.phase is Phase.NONE
