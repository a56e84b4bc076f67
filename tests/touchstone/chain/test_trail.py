"""A few remembered blocks tell another chain, an older head and a branch apart."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web3 import HTTPProvider, Web3

from touchstone.chain.devnet import Devnet
from touchstone.chain.trail import Mark, Trail, hash_of, newest_standing, thinned
from touchstone.errors import WrongChainError


def block_hash(number: int, branch: int = 0) -> bytes:
    return bytes([branch]) + number.to_bytes(31, "big")


def marks(*numbers: int) -> list[Mark]:
    return [Mark(number, block_hash(number)) for number in numbers]


def test_the_newest_block_that_stands_is_found():
    def branched_after_20(number):
        return block_hash(number, branch=int(number > 20))

    assert newest_standing(marks(1, 10, 20, 30, 40), branched_after_20).number == 20


def test_another_chain_is_told_by_its_first_block():
    with pytest.raises(WrongChainError, match="another chain: block 1 "):
        newest_standing(marks(1, 10), lambda number: block_hash(number, branch=1))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=300))
def test_few_marks_reach_back_to_the_first_with_gaps_that_grow(steps):
    kept: list[Mark] = marks(0)
    head = 0
    for step in steps:
        head += step
        kept = thinned([*kept, *marks(head)], head)
    numbers = [mark.number for mark in kept]
    assert numbers[0] == 0
    assert numbers[-1] == head
    assert len(numbers) <= head.bit_length() + 3
    for older, newer in pairwise(numbers):
        # A branch that left the chain at any distance is found at four times the distance or less.
        assert head - older <= 4 * (head - newer) + 4 * max(steps)


@pytest.fixture
def devnet():
    with Devnet() as devnet:
        devnet.mine(30)
        yield devnet


def trail_of(devnet) -> Trail:
    # A plain connection: ours does not even show an older head.
    w3 = Web3(HTTPProvider(devnet.url))
    trail = Trail(w3, [Mark(1, hash_of(w3, 1))])
    for _ in range(3):
        devnet.mine(10)
        trail.saw(trail.look())
    return trail


def test_a_longer_chain_is_no_branch(devnet):
    trail = trail_of(devnet)
    devnet.mine()
    look = trail.look()
    assert (look.since, look.head.number) == (60, 61)
    assert not look.branched
    assert not look.behind


def test_a_reorganisation_is_noticed_although_the_chain_is_as_long_as_before(devnet):
    trail = trail_of(devnet)
    devnet.w3.provider.make_request("anvil_reorg", [15, []])
    look = trail.look()
    assert look.branched
    assert look.since == 40
    trail.saw(look)
    assert not trail.look().branched


def test_an_older_head_is_no_branch(devnet):
    trail = trail_of(devnet)
    before = list(trail.marks)
    devnet.w3.provider.make_request("anvil_rollback", [5])
    look = trail.look()
    assert look.behind
    assert not look.branched
    trail.saw(look)
    assert trail.marks == before


def test_another_chain_is_refused_be_it_longer_or_shorter(devnet):
    trail = trail_of(devnet)
    with Devnet() as other:
        for later_s, blocks in ((0, 0), (1000, 100)):
            if later_s:
                other.increase_time(later_s)
            other.mine(blocks)
            trail._w3 = other.w3
            with pytest.raises(WrongChainError):
                trail.look()
            with pytest.raises(WrongChainError):
                trail.require_same_chain()


def test_an_endpoint_that_showed_a_longer_chain_is_believed_again(devnet):
    trail = trail_of(devnet)
    trail._w3 = devnet.w3
    with Devnet() as other:
        other.increase_time(1000)
        other.mine(100)
        here, devnet.w3.provider.endpoint_uri = devnet.w3.provider.endpoint_uri, other.url
        with pytest.raises(WrongChainError):
            trail.look()
        devnet.w3.provider.endpoint_uri = here
        devnet.mine()
        assert trail.look().head.number == 61
