"""What a stranger can do to an honest player on the chain, for little money."""

from __future__ import annotations

from tests.cheats.tampering import flip
from tests.disputes.arena import JOB_SALT, Arena
from touchstone.chain.sender import Sender
from touchstone.disputes.moves import Convict
from touchstone.errors import GasLimitError
from touchstone.players.standing import standing

THIEF = 9
PURSES = {THIEF: 100}


class Narrow(Sender):
    """On a chain whose transactions have room for one move."""

    def send(self, call, value=0, *, key=None):
        if call.fn_name == "multicall":
            raise GasLimitError("too much gas")
        return super().send(call, value, key=key)


def test_a_challenger_that_is_there_before_the_seats_does_not_keep_them_out(
    chain, lab, honest, lie
):
    """Were the seats not entered, the contest would end with nobody guilty; the bond returns."""
    arena = Arena.contested(chain, lab, [honest, lie])
    number = arena.join(THIEF, lie)
    assert arena.play_out({1: 0, number: 0}) == {1}


def test_liars_that_beat_a_friend_at_once_are_still_found_out(chain, lab, honest, lie):
    arena = Arena.contested(chain, lab, [lie, lie, lab.execute(flip(0, 12, 3, 18))])
    while not arena.verdict()[1]:
        for keeper, dispute in arena.keepers.values():
            keeper.tend(dispute)
    found = standing(arena.disputes, arena.job.id, 0)
    assert found is not None
    assert (found["guilty"], found["ended"]) == ([2], False)
    assert 0 < found["open_for"] <= arena.disputes.clock

    arena.join(THIEF, honest)
    assert arena.play_out() == {0, 1, 2}


def test_a_brief_that_a_stranger_gave_before_the_seats_is_as_good(chain, lab, honest, lie):
    arena = Arena.contested(chain, lab, [honest, lie])
    briefing = honest.case.briefing(JOB_SALT)
    chain.sender(THIEF).send(arena.disputes.describe(arena.job.order, briefing))
    assert arena.play_out() == {1}


def test_more_moves_than_a_transaction_holds_are_made_one_by_one(chain, lab, honest, lie):
    """Whoever plays many games at once against a seat must not silence it."""
    arena = Arena.contested(chain, lab, [lie, honest, lab.execute(flip(0, 12, 3, 18))])
    keeper, _ = arena.keepers[1]
    account = keeper._sender.account
    keeper._sender = Narrow(chain.devnet.w3, account, poll_s=0.005)
    assert arena.play_out() == {0, 2}
    assert any(isinstance(move, Convict) for made, _ in arena.gas[1] for move in made)
