"""What was signed for one market is worth nothing to another, on the same chain or on its twin."""

from dataclasses import replace

import pytest

from tests.attacks.chains import OTHER, chain, equip
from tests.support.world import PUBLISHER
from touchstone.errors import TransactionReverted
from touchstone.protocol.claims import receipt_struct_hash

THIEF = PUBLISHER


@pytest.fixture(scope="module")
def ours():
    with chain() as made:
        yield made


@pytest.fixture(scope="module")
def sibling(ours):
    """A second market on the same chain, with the same accounts and an equal model."""
    return equip(ours.devnet)


@pytest.fixture(scope="module")
def twin():
    """The same market at the same address on another chain."""
    with chain(chain_id=31338) as made:
        yield made


@pytest.mark.parametrize("name", ["sibling", "twin"])
def test_an_order_signed_for_one_market_opens_nothing_in_another(ours, name, request):
    other = request.getfixturevalue(name)
    before = other.wealth()
    order = ours.order()
    with pytest.raises(TransactionReverted, match="BadOrderSignature"):
        other.sender(THIEF).send(other.market.open(order, ours.sign_order(order)))

    assert other.wealth() == before
    ours.sender(THIEF).send(ours.market.open(order, ours.sign_order(order)))


@pytest.mark.parametrize("name", ["sibling", "twin"])
def test_claims_for_one_market_settle_nothing_in_another(ours, name, request):
    """The order is the same to the last byte; only the domain differs."""
    other = request.getfixturevalue(name)
    here = ours.drawn()
    other.sender(1).send(other.market.open(here.order))
    there = other.draw(here.order)
    before = other.wealth()
    stolen = ours.settlement(there)  # made for the other's draw, signed for our market
    with pytest.raises(TransactionReverted, match="BadClaimSignature"):
        other.sender(THIEF).send(other.market.settle([stolen]))
    with pytest.raises(TransactionReverted, match="BadClaimSignature"):
        other.sender(THIEF).send(other.market.settle([ours.settlement(here)]))

    assert other.wealth() == before
    other.sender(THIEF).send(other.market.settle([other.settlement(there)]))
    ours.sender(THIEF).send(ours.market.settle([ours.settlement(here)]))


@pytest.mark.parametrize("name", ["sibling", "twin"])
def test_commitments_to_different_results_in_two_markets_are_no_equivocation(ours, name, request):
    other = request.getfixturevalue(name)
    here = ours.drawn()
    other.sender(1).send(other.market.open(here.order))
    there = other.draw(here.order)
    seat = there.active[0]
    before = other.wealth()
    shared = replace(here, providers={seat: there.providers[seat]}, seats=there.seats)
    with pytest.raises(TransactionReverted, match="BadCommitSignature"):
        other.sender(THIEF).send(
            other.market.punish_two_commits(
                here.order, seat, 0, ours.commit(shared, seat), other.commit(there, seat, OTHER)
            )
        )

    assert other.wealth() == before


@pytest.mark.parametrize("name", ["sibling", "twin"])
def test_a_receipt_for_one_market_releases_nothing_in_another(ours, name, request):
    other = request.getfixturevalue(name)
    there = other.drawn()
    other.sender(THIEF).send(other.market.settle([other.settlement(there)]))
    digest = ours.market.domain.digest(receipt_struct_hash(there.id, b"r" * 32))
    receipt = bytes(ours.requester.unsafe_sign_hash(digest).signature)
    with pytest.raises(TransactionReverted, match="BadOrderSignature"):
        other.sender(THIEF).send(other.market.acknowledge(there.order, b"r" * 32, receipt))
