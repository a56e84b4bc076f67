"""From inputs to open jobs: made, and then opened so that none is ever paid for twice."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from requester.orders import check_sequences, make_order, require_answerable
from requester.patience import persistently
from requester.store import StoredJob
from touchstone.errors import BroadcastError, TransactionReverted
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_typing import ChecksumAddress
    from numpy.typing import NDArray

    from requester.wallet import Wallet
    from touchstone.chain.market import Market
    from touchstone.chain.registry import PublishedModel
    from touchstone.programs.manifest import Manifest
    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.jobs import Clock

_OPENED_AT_ONCE = 64


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


def make_job(terms: Terms, inputs: Sequence[NDArray[Any]], salt: bytes | None = None) -> StoredJob:
    """A job for these inputs, with a nonce, and unless one is given a salt, of its own.

    Raises:
        RequestError: an input breaks a rule, or there are too many.
    """
    sequences = check_sequences(terms.model, inputs)
    salt, manifest = salt or secrets.token_bytes(32), terms.manifest
    order, payload = make_order(
        terms.requester,
        terms.model,
        sequences,
        shard=terms.shard,
        tier=terms.tier,
        replicas=terms.replicas,
        salt=salt,
        nonce=secrets.randbits(64),
        open_by=terms.open_by,
        strong=terms.strong,
        audit_odds=terms.audit_odds,
    )
    width = manifest.output_width if manifest else None
    require_answerable(payload, len(sequences), width)
    return StoredJob(
        id=order.job_id(terms.domain),
        order=order,
        salt=salt,
        payload=payload,
        model=terms.label,
        fraction_bits=manifest.output_fraction_bits if manifest else None,
        output_width=width,
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
