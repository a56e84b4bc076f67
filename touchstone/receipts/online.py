"""What only the chain knows. Each rule compares the receipt with facts that it asks for by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from touchstone.chain.market import Market, order_of_event
from touchstone.chain.registry import Registry
from touchstone.chain.stake import Vault
from touchstone.protocol.audits import AuditState
from touchstone.protocol.ids import JobId
from touchstone.receipts.build import read_contracts
from touchstone.receipts.facts import event_of, find_event, place_of, read_claims, read_opening
from touchstone.receipts.offline import providers_of, require
from touchstone.receipts.receipt import Contracts, Receipt
from touchstone.receipts.replay import Replay

if TYPE_CHECKING:
    from web3 import Web3

    from touchstone.chain.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Chain:
    """The contracts that the receipt names."""

    market: Market
    vault: Vault
    registry: Registry


Rule = Callable[[Receipt, Replay, Chain], str]


def open_chain(receipt: Receipt, w3: Web3, deployment: Deployment) -> Chain:
    """Binds the contracts. Raises ReceiptError on another chain."""
    found = w3.eth.chain_id
    require(found == receipt.chain_id, f"this is chain {found}, not chain {receipt.chain_id}")
    return Chain(Market(w3, deployment), Vault(w3, deployment), Registry(w3, deployment))


def check_contracts(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """Market and vault name the other contracts."""
    found = read_contracts(chain.market, chain.vault)
    given = Contracts.model_validate(
        {n: to_checksum_address(a) for n, a in receipt.contracts.model_dump().items()}
    )
    require(given == found, "the market works with other contracts")
    return "market and vault know each other and the rest"


def check_events(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """Each event stands where the receipt says, with these arguments, for this job."""
    for event in receipt.events:
        found = find_event(chain.market.contract, event.event, event)
        at = f"{event.event} in block {event.block}"
        require(bytes(found["args"]["job"]) == receipt.job, f"{at}: it is of another job")
        require(event_of(found) == event, f"{at}: the chain has it otherwise")
        if event.event == "Opened":
            opened = order_of_event(found)
            require(opened == receipt.order.order(), "the market opened another order")
    return f"{len(receipt.events)} events found in their transactions"


def check_state(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """No event is left out: the job stands where the events lead."""
    job = chain.market.job(receipt.order.order())
    require(
        job.phase is state.phase,
        f"the job is {job.phase.name}; by the receipt it is {state.phase.name}: build a new one",
    )
    require(job.round == state.round, f"the job is in round {job.round}")
    require(job.failed == frozenset(state.failed), f"failed seats are {sorted(job.failed)}")
    require(job.seed == state.seed, "the job has another seed")
    require(job.input_root == state.input_root, "the job has another input")
    return f"the job is {job.phase.name.lower()}"


def check_audit(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """The audit stands where the events lead, and the auditor has sealed that."""
    order, audit = receipt.order.order(), state.audit
    found = chain.market.job(order).audit
    at = AuditState.NONE if audit is None else audit.state
    require(
        found.state is at,
        f"the audit is {found.state.name}; by the receipt it is {at.name}: build a new one",
    )
    if audit is None:
        return "not audited"
    require(found.odds == audit.odds, f"one job in {found.odds} is audited")
    if found.state in (AuditState.DRAWN, AuditState.VOUCHED):
        require(found.leaf == audit.leaf, f"the auditor is the pool's leaf {found.leaf}")
    if audit.seal is not None:
        require(found.seal == audit.seal, f"the auditor has sealed 0x{found.seal.hex()}")
    if audit.leaf is None or audit.auditor is None:
        return found.state.name.lower()
    owner = chain.vault.owner_of(order.pool, audit.leaf)
    require(owner == to_checksum_address(audit.auditor), f"the auditor is {owner}")
    return f"{found.state.name.lower()}, by {owner}"


def check_opening(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """The opening transaction came from there, with that signature."""
    found = read_opening(chain.market, receipt.events[0], receipt.order.order())
    require(
        found.sender == to_checksum_address(receipt.opening.sender),
        f"the opening transaction is from {found.sender}",
    )
    require(found.signature == receipt.opening.signature, "the order came with another signature")
    return f"from {found.sender}"


def check_seats(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """The drawn leaves belong to these providers."""
    pool = receipt.order.order().pool
    for seat, provider in providers_of(receipt).items():
        owner = chain.vault.owner_of(pool, state.leaves[seat])
        require(owner == provider, f"seat {seat} is of {owner}, not of {provider}")
    return f"{len(state.leaves)} seats belong to their providers"


def check_claims(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """The claims are those of the transaction that ended the job."""
    order, job = receipt.order.order(), JobId(receipt.job)
    claims, set_ = read_claims(chain.market, order, job, state, providers_of(receipt))
    require(receipt.claims == claims, "the transaction that ended the job brought other claims")
    require(receipt.set == set_, "the transaction that ended the job was for another set")
    return f"{len(claims)} claims found in the transaction that ended the job"


def check_model(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """The registry has these roots for the model."""
    model, order = receipt.model, receipt.order.order()
    found = find_event(chain.registry.contract, "Published", model.published)
    args = found["args"]
    require(place_of(found) == model.published, "it was published elsewhere")
    require(bytes(args["model"]) == order.model, "another model was published there")
    require(args["publisher"] == to_checksum_address(model.publisher), "another publisher")
    require(bytes(args["programRoot"]) == model.program_root, "another program root")
    require(bytes(args["weightRoot"]) == model.weight_root, "another weight root")
    require(
        chain.registry.shard_root(order.model, order.shard) == model.shard_root,
        "another shard root",
    )
    return f"{model.name}@{model.version} is registered with these roots"


def check_bond(receipt: Receipt, state: Replay, chain: Chain) -> str:
    """The pool's bond is the one that the receipt names."""
    if receipt.draw is None:
        return "nobody was bonded"
    found = chain.vault.contract.functions.poolOf(receipt.order.order().pool).call()[0]
    require(str(found) == receipt.draw.bond, f"the pool's bond is {found}")
    return f"{found} base units a seat"


RULES: dict[str, Rule] = {
    "contracts": check_contracts,
    "events on chain": check_events,
    "state on chain": check_state,
    "audit on chain": check_audit,
    "opening on chain": check_opening,
    "seats on chain": check_seats,
    "claims on chain": check_claims,
    "model on chain": check_model,
    "bond on chain": check_bond,
}
