"""Makes a job's receipt from what the chain has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from touchstone.chain.logs import read_events
from touchstone.chain.market import Market
from touchstone.chain.registry import Registry
from touchstone.chain.stake import Vault
from touchstone.errors import ReceiptError
from touchstone.protocol.merkle import merkle_root
from touchstone.receipts.facts import event_of, place_of, read_claims, read_opening
from touchstone.receipts.orders import OrderFields
from touchstone.receipts.receipt import (
    FORMAT,
    AuditFacts,
    Contracts,
    Draw,
    ModelFacts,
    Payloads,
    Payment,
    Receipt,
    SeatFacts,
    Verdict,
)
from touchstone.receipts.replay import Replay, replay

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress
    from web3 import Web3

    from touchstone.chain.deployment import Deployment
    from touchstone.protocol.orders import Order


def build(
    w3: Web3,
    deployment: Deployment,
    order: Order,
    *,
    salt: bytes | None = None,
    input_payload: bytes | None = None,
    output_payload: bytes | None = None,
) -> dict[str, Any]:
    """The receipt of the job that `order` opened, as JSON knows it.

    Args:
        w3: the chain.
        deployment: the contracts.
        order: the order.
        salt: the job's salt, where the receipt shall prove which input and output it is about; then
            whoever has the receipt can test guesses of both.
        input_payload: the input, then needed; only its hash goes into the receipt.
        output_payload: the output, where there is one; likewise.

    Raises:
        ReceiptError: the order opened no job there.
    """
    market, vault = Market(w3, deployment), Vault(w3, deployment)
    job = order.job_id(market.domain)
    found = market.events(deployment.block, w3.eth.block_number, job)
    events = [event_of(event) for event in found]
    if not events:
        raise ReceiptError(f"there is no job 0x{job.hex()} on this market")
    state = replay(order, events)
    providers = {s: vault.owner_of(order.pool, leaf) for s, leaf in state.leaves.items()}
    claims, set_ = read_claims(market, order, job, state, providers)
    receipt = Receipt(
        format=FORMAT,
        chain_id=deployment.chain_id,
        contracts=read_contracts(market, vault),
        job=job,
        order=OrderFields.of(order),
        opening=read_opening(market, events[0], order),
        model=_model(w3, deployment, order),
        draw=_draw(vault, order, state, providers),
        claims=claims,
        set=set_,
        verdict=verdict_of(order, state, providers),
        audit=audit_of(order, state),
        events=events,
        payloads=_payloads(salt, input_payload, output_payload),
    )
    return receipt.model_dump(mode="json")


def verdict_of(order: Order, state: Replay, providers: dict[int, ChecksumAddress]) -> Verdict:
    """The verdict that the events add up to."""
    payments = [
        Payment(seat=seat, provider=providers[seat], amount=str(amount))
        for seat, amount in sorted(state.payments.items())
    ]
    return Verdict(
        phase=state.phase.name.lower(),
        output_root=state.output_root,
        payments=payments,
        refund=str(refund_of(order, state)),
        reason=state.reason,
    )


def refund_of(order: Order, state: Replay) -> int:
    """What went back to the requester in all, in base units."""
    settled = state.output_root is not None
    unearned = order.share * order.replicas - state.share * len(state.spoke) if settled else 0
    return unearned + state.refund + state.audit_returned


def paid_of(order: Order, state: Replay) -> int:
    """What the requester put in escrow in all: the payment, and a share for each audit that it
    asked for later."""
    return order.payment + _requested(order, state)


def _requested(order: Order, state: Replay) -> int:
    ordered = 1 if order.audit_odds else 0
    return order.share * max(0, len(state.audits) - ordered)


def audit_of(order: Order, state: Replay) -> AuditFacts | None:
    """The last audit that the events tell of, with what all of them cost."""
    audit = state.audit
    if audit is None:
        return None
    return AuditFacts(
        state=audit.state.name.lower(),
        odds=audit.odds,
        auditor=audit.auditor,
        leaf=audit.leaf,
        seal=audit.seal,
        ended=audit.ended,
        failed=audit.failed,
        requested=str(_requested(order, state)),
        fee=str(state.audit_fees),
        returned=str(state.audit_returned),
        waiting=str(state.audit_waits),
    )


def read_contracts(market: Market, vault: Vault) -> Contracts:
    """The contracts that this market works with, by its own word."""
    call = market.contract.functions
    return Contracts(
        market=market.contract.address,
        vault=call.vault().call(),
        registry=vault.contract.functions.registry().call(),
        token=call.token().call(),
        resolver=call.resolver().call(),
        beacon=call.beacon().call(),
    )


def _draw(
    vault: Vault, order: Order, state: Replay, providers: dict[int, ChecksumAddress]
) -> Draw | None:
    if not state.leaves:
        return None
    return Draw(
        seed=state.seed,
        round=state.round,
        draw=state.draw,
        bond=str(vault.contract.functions.poolOf(order.pool).call()[0]),
        seats=[
            SeatFacts(seat=seat, leaf=leaf, provider=providers[seat])
            for seat, leaf in state.leaves.items()
        ],
    )


def _model(w3: Web3, deployment: Deployment, order: Order) -> ModelFacts:
    registry = Registry(w3, deployment)
    last = w3.eth.block_number
    for event in read_events(
        registry.contract, ["Published"], registry.first_block, last, {"model": order.model}
    ):
        args = event["args"]
        return ModelFacts(
            name=args["name"],
            version=args["version"],
            publisher=args["publisher"],
            program_root=bytes(args["programRoot"]),
            weight_root=bytes(args["weightRoot"]),
            shard_root=bytes(args["shardRoots"][order.shard]),
            published=place_of(event),
        )
    raise ReceiptError(f"the registry has no model 0x{order.model.hex()}")


def _payloads(
    salt: bytes | None, input_payload: bytes | None, output_payload: bytes | None
) -> Payloads | None:
    if salt is None or input_payload is None:
        return None
    return Payloads(
        salt=salt,
        input_root=merkle_root(input_payload),
        output_root=None if output_payload is None else merkle_root(output_payload),
    )
