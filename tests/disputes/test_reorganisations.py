"""Blocks are replaced in the middle of a game: the players look again, and the liar loses."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.attacks.chains import Chain
from tests.cheats.tampering import flip
from tests.disputes.arena import Arena
from touchstone.errors import TransactionReverted

LIAR, CHALLENGER = 1, 9
PURSES = {CHALLENGER: 10}


def reorganise(chain: Chain, depth: int) -> None:
    """Replaces the newest blocks by empty ones with other hashes."""
    w3 = chain.devnet.w3
    before = w3.eth.get_block(w3.eth.block_number - depth + 1)
    fees = int.from_bytes(before["hash"][:20], "big")
    w3.provider.make_request("anvil_setCoinbase", [f"0x{fees:040x}"])
    answer = w3.provider.make_request("anvil_reorg", [depth, []])
    assert "error" not in answer, answer
    assert w3.eth.get_block(before["number"])["hash"] != before["hash"]


def take_turns(arena: Arena, moves: int) -> None:
    """The parties move so often, one after the other."""
    made = 0
    while made < moves:
        for keeper, dispute in arena.keepers.values():
            made += bool(keeper.tend(dispute))
            if made == moves:
                return


def look_again(arena: Arena) -> None:
    """At the first look what was undone is sent again, and may make new moves superfluous."""
    for keeper, dispute in arena.keepers.values():
        with suppress(TransactionReverted):
            keeper.tend(dispute)


@pytest.mark.parametrize("whole", [False, True], ids=["the last block", "all moves"])
@pytest.mark.parametrize("moves", [1, 2, 4, 5])
def test_a_game_whose_moves_are_undone_is_played_again(chain, lab, honest, moves, whole):
    # A lie that nobody has told yet: what was once opened counts in every job.
    lie = lab.execute(flip(1, 30 + moves, 5 + whole, 20))
    arena = Arena.contested(chain, lab, [honest, lie])
    began = chain.devnet.w3.eth.block_number
    take_turns(arena, moves)
    reorganise(chain, chain.devnet.w3.eth.block_number - began if whole else 1)
    look_again(arena)
    assert arena.play_out() == {LIAR}


def test_a_challenge_that_is_undone_is_played_once_it_is_there_again(chain, lab, honest):
    lie = lab.execute(flip(0, 25, 4, 18))
    arena = Arena.settled(chain, lab, [lie] * 2)
    began = chain.devnet.w3.eth.block_number
    number = arena.challenge(CHALLENGER, lie, honest)
    take_turns(arena, 4)
    reorganise(chain, chain.devnet.w3.eth.block_number - began)
    assert arena.disputes.contest(arena.job.id).ends_at == 0
    assert [keeper.tend(dispute) for keeper, dispute in arena.keepers.values()] == [[], [], []]

    del arena.keepers[number]
    again = arena.challenge(CHALLENGER, lie, honest)
    assert again == number
    assert arena.play_out() == {0, 1}


def test_a_conviction_that_is_undone_is_made_again(chain, lab, honest):
    arena = Arena.contested(chain, lab, [honest, lab.execute(flip(1, 44, 2, 17))])
    while not arena.verdict()[1]:
        take_turns(arena, 1)
    reorganise(chain, 1)
    assert arena.verdict()[1] == set()
    look_again(arena)
    assert arena.play_out() == {LIAR}
