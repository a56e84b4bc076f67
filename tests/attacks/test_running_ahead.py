"""Transactions that a thief puts ahead of those it sees waiting, in one block."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from eth_account.messages import encode_typed_data

from tests.attacks.chains import chain
from tests.support.world import FIRST_PROVIDER, PUBLISHER, REQUESTER
from touchstone.errors import TransactionReverted
from touchstone.protocol.jobs import Phase

THIEF, VICTIM = PUBLISHER, REQUESTER


@pytest.fixture(scope="module")
def ours():
    with chain() as made:
        yield made


def _ahead(ours, victim, thief):
    """Mines both calls in one block, the thief's first; returns both receipts.

    The chain keeps the order in which it is told of them, so that the thief, which would bid more,
    is told of first.
    """
    w3 = ours.devnet.w3
    w3.provider.make_request("evm_setAutomine", [False])
    try:
        hashes = [_broadcast(ours, index, call) for index, call in (thief, victim)][::-1]
        ours.devnet.mine()
    finally:
        w3.provider.make_request("evm_setAutomine", [True])
    receipts = [w3.eth.wait_for_transaction_receipt(h, timeout=20) for h in hashes]
    assert receipts[0]["blockNumber"] == receipts[1]["blockNumber"]
    assert receipts[1]["transactionIndex"] < receipts[0]["transactionIndex"], "ahead"
    return receipts


def _broadcast(ours, index, call):
    w3, account = ours.devnet.w3, ours.devnet.account(index)
    transaction = call.build_transaction(
        {
            "from": account.address,
            "nonce": w3.eth.get_transaction_count(account.address, "pending"),
            "gas": 2_000_000,
            "maxFeePerGas": w3.to_wei(200, "gwei"),
            "maxPriorityFeePerGas": w3.to_wei(5, "gwei"),
        }
    )
    return w3.eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction)


def _permit(ours, spender, value):
    """The requester's ERC-2612 permit: deadline, v, r, s, and the call that uses it."""
    token = ours.token.contract
    owner = ours.requester
    deadline = 2**40
    domain = {
        "name": token.functions.name().call(),
        "version": "1",
        "chainId": ours.devnet.chain_id,
        "verifyingContract": token.address,
    }
    fields = ["owner address", "spender address", "value uint256", "nonce uint256"]
    types = {
        "Permit": [
            {"name": n, "type": t} for n, t in (f.split() for f in [*fields, "deadline uint256"])
        ]
    }
    message = {
        "owner": owner.address,
        "spender": spender,
        "value": value,
        "nonce": token.functions.nonces(owner.address).call(),
        "deadline": deadline,
    }
    signed = owner.sign_message(encode_typed_data(domain, types, message))
    r, s = signed.r.to_bytes(32), signed.s.to_bytes(32)
    use = token.functions.permit(owner.address, spender, value, deadline, signed.v, r, s)
    return (deadline, signed.v, r, s), use


def test_a_permit_used_ahead_does_not_stop_the_order_it_was_for(ours):
    order = ours.order()
    market = ours.market.contract
    ours.sender(VICTIM).send(ours.token.approve(market.address, 0))
    permit, use = _permit(ours, market.address, order.payment)
    opening = market.functions.openWithPermit(order.values(), b"", *permit)
    victim, thief = _ahead(ours, (VICTIM, opening), (THIEF, use))
    ours.sender(VICTIM).send(ours.token.approve(market.address, 2**255))

    assert thief["status"] == victim["status"] == 1
    assert ours.market.job(order).phase is Phase.OPEN


def test_a_permit_used_ahead_does_not_stop_the_deposit_it_was_for(ours):
    vault = ours.vault.contract
    permit, use = _permit(ours, vault.address, 1000)
    deposit = vault.functions.depositWithPermit(1000, *permit)
    victim, thief = _ahead(ours, (VICTIM, deposit), (THIEF, use))

    assert thief["status"] == victim["status"] == 1
    assert ours.vault.free_stake(ours.requester.address) == 1000


def test_an_order_opened_ahead_of_its_requester_is_paid_for_once(ours):
    order = ours.order()
    purse = ours.token.balance_of(ours.requester.address)
    stolen = ours.market.open(order, ours.sign_order(order))
    victim, thief = _ahead(ours, (VICTIM, ours.market.open(order)), (THIEF, stolen))

    assert (thief["status"], victim["status"]) == (1, 0)
    assert ours.token.balance_of(ours.requester.address) == purse - order.payment
    assert ours.market.job(order).phase is Phase.OPEN


def test_evidence_seen_waiting_can_be_brought_by_another_and_punishes_all_the_same(ours):
    """The residue: the bounty goes to whoever is first, the liar loses its bond in any case."""
    job = ours.drawn()
    seat = job.active[0]
    evidence = ours.market.punish_two_commits(
        job.order, seat, 0, ours.commit(job, seat), ours.commit(job, seat, b"o" * 32)
    )
    liar = job.providers[seat]
    before = ours.wealth()[liar]
    free = ours.vault.free_stake(ours.devnet.account(THIEF).address)
    victim, thief = _ahead(ours, (VICTIM, evidence), (THIEF, evidence))

    assert (thief["status"], victim["status"]) == (1, 0)
    bounty = ours.vault.free_stake(ours.devnet.account(THIEF).address) - free
    assert before - ours.wealth()[liar] == 12 * bounty, "the whole bond of twelve slices"


def test_nobody_settles_ahead_with_another_result(ours):
    """Whoever sees the claims can only send the same settlement."""
    job = ours.drawn()
    settlement = ours.settlement(job)
    other = type(settlement)(settlement.order, b"o" * 32, settlement.reveals)
    with pytest.raises(TransactionReverted, match="BadClaimSignature"):
        ours.sender(THIEF).send(ours.market.settle([other]))
    call = ours.market.settle([settlement])
    victim, thief = _ahead(ours, (VICTIM, call), (THIEF, call))

    assert (thief["status"], victim["status"]) == (1, 0)
    paid = [sum(ours.market.balance_of(job.providers[s])) for s in job.active]
    assert all(p >= job.order.share for p in paid)


def test_many_who_open_draw_and_settle_at_once_do_not_disturb_each_other(ours):
    """Thieves race the honest on every step; whoever is first, each job is settled once."""
    jobs = [ours.drawn() for _ in range(3)]
    before = ours.wealth()
    with ThreadPoolExecutor(2) as pool:
        racing = [
            pool.submit(ours.sender(index).send, ours.market.settle([ours.settlement(job)]))
            for job in jobs
            for index in (THIEF, FIRST_PROVIDER)
        ]
    failed = [f for f in racing if f.exception() is not None]
    assert len(failed) == len(jobs)
    gained = {who: wealth - before[who] for who, wealth in ours.wealth().items()}
    assert sum(gained.values()) == sum(job.order.payment for job in jobs)
