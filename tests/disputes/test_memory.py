"""What a player remembers between two looks, and what it finds again on the chain."""

from __future__ import annotations

import pytest

from tests.cheats.tampering import flip
from tests.disputes.arena import Arena
from touchstone.chain.disputes import Disputes
from touchstone.players.finding import first_block_since
from touchstone.players.keeper import Keeper
from touchstone.players.log import Log

SEAT, LIAR = 0, 1
STATES_AND_STALLS = 1


def forgetful(arena: Arena, log: Log) -> None:
    """The honest seat plays with this log."""
    keeper, dispute = arena.keepers[SEAT]
    arena.keepers[SEAT] = (Keeper(arena.disputes, keeper._sender, log), dispute)


def test_nothing_is_left_of_contests_that_are_over(chain, lab, honest):
    arena = Arena.contested(chain, lab, [honest, lab.execute(flip(1, 30, 5, 20))])
    log = Log(arena.disputes, arena.disputes.first_block, most_openings=3)
    kept = Log(arena.disputes, arena.disputes.first_block, lambda job, _: job == arena.job.id)
    log.read()
    assert list(log.jobs) == [arena.job.id]
    forgetful(arena, log)
    assert arena.play_out() == {LIAR}
    assert len(log.opened) <= 3

    chain.devnet.increase_time(arena.disputes.window)
    log.read()
    kept.read()
    assert log.jobs == {}
    assert list(kept.jobs) == [arena.job.id]
    kept.forget(arena.job.id)
    assert kept.jobs == {}


def test_what_was_opened_long_ago_still_convicts(chain, lab, honest):
    """A liar opens its lie in a contest that it does not mind to lose. In a later one its nodes
    count as opened, so that its clock stands still: whoever did not know what is below them could
    not go on, and nobody would be guilty in the end."""
    lie = lab.execute(flip(0, 20, 3, 18))
    assert Arena.contested(chain, lab, [honest, lie]).play_out() == {LIAR}

    arena = Arena.contested(chain, lab, [honest, lie])
    forgetful(arena, Log.of_running(arena.disputes))
    chain.devnet.mine(40)
    assert arena.play_out({LIAR: STATES_AND_STALLS}) == {LIAR}


@pytest.mark.parametrize("value", [20, 0], ids=["an operator", "the input"])
def test_a_player_that_knows_nothing_at_each_look_wins_all_the_same(chain, lab, honest, value):
    """It reads no events: all that it needs it finds by what the engine keeps."""

    class Blind(Log):
        def read(self) -> None:
            self.jobs.clear()

    arena = Arena.contested(chain, lab, [honest, lab.execute(flip(1, value, 7, 19))])
    forgetful(arena, Blind(arena.disputes, arena.disputes.first_block, most_openings=0))
    assert arena.play_out() == {LIAR}


def test_partial_results_are_found_again(chain, lab, honest):
    """A lie in a long reduction, whose parts both sides post."""
    program = lab.model.program
    value = next(v for v, op in enumerate(program.operators, 1) if op.op == "column_mean")
    arena = Arena.contested(chain, lab, [honest, lab.execute(flip(1, value, 3, 18))])
    posted = []
    keeper, dispute = arena.keepers[SEAT]
    log = Log(arena.disputes, arena.disputes.first_block)
    arena.keepers[SEAT] = (
        Keeper(arena.disputes, keeper._sender, log, lambda _, made, __: posted.extend(made)),
        dispute,
    )
    read, log.read = log.read, lambda: (read(), log.jobs.clear())
    assert arena.play_out() == {LIAR}
    assert {"PostParts", "Narrow"} <= {type(move).__name__ for move in posted}


def test_blocks_are_found_by_their_time(chain):
    w3 = chain.devnet.w3
    engine = Disputes(w3, chain.deployment)
    chain.devnet.increase_time(100)
    head = w3.eth.get_block("latest")
    chain.devnet.mine(3)
    for number in (engine.first_block, head["number"]):
        time = w3.eth.get_block(number)["timestamp"]
        found = first_block_since(engine, time)
        assert w3.eth.get_block(found)["timestamp"] == time
        assert found == engine.first_block or w3.eth.get_block(found - 1)["timestamp"] < time
    late = w3.eth.get_block("latest")["timestamp"] + 1
    assert first_block_since(engine, late) == w3.eth.block_number + 1
