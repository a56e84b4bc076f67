"""Signatures that a reorganisation orphaned neither settle, nor convict, nor open twice."""

import pytest

from tests.attacks.chains import OTHER, chain
from tests.support.world import PUBLISHER, REQUESTER
from touchstone.errors import TransactionReverted
from touchstone.protocol.claims import draw_of
from touchstone.protocol.jobs import Phase


@pytest.fixture
def ours():
    with chain() as made:
        yield made


def _reorganise(ours, depth: int, fee: int) -> None:
    """Replaces the newest `depth` blocks by empty ones with other hashes."""
    ours.devnet.w3.provider.make_request("anvil_setCoinbase", [f"0x{fee:040x}"])
    answer = ours.devnet.w3.provider.make_request("anvil_reorg", [depth, []])
    assert "error" not in answer, answer


def test_what_was_signed_for_an_orphaned_seed_is_worth_nothing(ours):
    order = ours.order()
    ours.sender(REQUESTER).send(ours.market.open(order))
    opened = ours.market.job(order)
    before = ours.draw(order)
    orphaned = ours.settlement(before)
    commits = {before.providers[s]: ours.commit(before, s) for s in before.active}

    # The seed block and all after it are replaced; the block that opened the job stays.
    head = ours.devnet.w3.eth.block_number
    _reorganise(ours, head - opened.since + 1, 0xC0)
    assert ours.market.job(order).phase is Phase.OPEN
    after = ours.draw(order)

    assert draw_of(after.seed, 0) != draw_of(before.seed, 0)
    wealth = ours.wealth()
    with pytest.raises(TransactionReverted, match="BadClaimSignature"):
        ours.sender(PUBLISHER).send(ours.market.settle([orphaned]))
    tried = 0
    for seat in after.active:
        old = commits.get(after.providers[seat])
        if old is None:
            continue
        tried += 1
        with pytest.raises(TransactionReverted, match="BadCommitSignature"):
            ours.sender(PUBLISHER).send(
                ours.market.punish_two_commits(order, seat, 0, old, ours.commit(after, seat, OTHER))
            )
    assert tried, "with three providers and two seats one is drawn both times"
    assert ours.wealth() == wealth
    ours.sender(PUBLISHER).send(ours.market.settle([ours.settlement(after)]))
    assert ours.market.job(order).phase is Phase.SETTLED


def test_an_order_whose_opening_was_orphaned_is_opened_once_and_paid_once(ours):
    order = ours.order()
    signature = ours.sign_order(order)
    purse = ours.token.balance_of(ours.requester.address)
    ours.sender(PUBLISHER).send(ours.market.open(order, signature))
    _reorganise(ours, 1, 0xC1)
    assert ours.token.balance_of(ours.requester.address) == purse
    assert ours.market.job(order).phase is Phase.NONE

    ours.sender(PUBLISHER).send(ours.market.open(order, signature))
    with pytest.raises(TransactionReverted, match="JobExists"):
        ours.sender(PUBLISHER).send(ours.market.open(order, signature))
    assert ours.token.balance_of(ours.requester.address) == purse - order.payment


def test_a_settlement_that_was_orphaned_settles_again_with_the_same_signatures(ours):
    """The draw stays, so its signatures do: nothing has to be signed twice."""
    job = ours.drawn()
    settlement = ours.settlement(job)
    ours.sender(PUBLISHER).send(ours.market.settle([settlement]))
    _reorganise(ours, 1, 0xC2)
    assert ours.market.job(job.order).phase is Phase.DRAWN

    ours.sender(PUBLISHER).send(ours.market.settle([settlement]))
    owed = {p: sum(ours.market.balance_of(job.providers[p])) for p in job.active}
    assert set(owed.values()) == {job.order.share}
