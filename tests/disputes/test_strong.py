"""Strong claims: one transaction convicts whoever serves what contradicts itself."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest

from tests.attacks.chains import Chain
from tests.cheats.tampering import flip
from tests.disputes.arena import Arena, Execution, Lab
from touchstone.disputes.moves import ConvictCopy, ConvictStrong
from touchstone.errors import PeerError
from touchstone.players import keeper
from touchstone.players.served import find_conviction

CHALLENGER = 9
PURSES = {CHALLENGER: 10}


class Shelf:
    """A party's openings without the way over HTTP, which tests/e2e takes."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def output(self, job, salt):
        return self._execution.output

    def children(self, job, salt, node):
        return self._execution.case.opening(node)[0]

    def chunk(self, job, salt, node):
        return self._execution.case.opening(node)[1]


class Silent(Shelf):
    def output(self, job, salt):
        raise PeerError("no answer")


class Forging(Shelf):
    """Serves another transcript than the one that it has signed."""

    def __init__(self, execution: Execution, other: Execution) -> None:
        super().__init__(execution)
        self._other = other

    def children(self, job, salt, node):
        return self._other.case.opening(node)[0]


class Shelves:
    """Everybody's, by seat."""

    def __init__(self, shelves) -> None:
        self._shelves = shelves

    def conviction(self, job, salt, brief, accused, case, me):
        number, party = accused
        shelf = self._shelves[number]
        return find_conviction(shelf, job, salt, brief, number, party.output, case, me)


def played(chain: Chain, lab: Lab, shelf) -> tuple[Arena, bool, set[int]]:
    right, wrong = lab.execute(strong=True), lab.execute(flip(1, 30, 5, 20), strong=True)
    served = Shelves({0: Shelf(right), 1: shelf(right, wrong)})
    arena = Arena.contested(chain, lab, [right, wrong], strong=True, served=served)
    ended, guilty = arena.play()
    return arena, ended, guilty


def test_one_transaction_convicts(chain: Chain, lab: Lab) -> None:
    arena, ended, guilty = played(chain, lab, lambda right, wrong: Shelf(wrong))
    assert ended
    assert guilty == {1}
    ((moves, gas),) = arena.gas[0][1:]
    assert [type(move) for move in moves] == [ConvictStrong]
    assert gas < 700_000


def test_a_wrong_copy_of_the_input_convicts_as_well(chain: Chain, lab: Lab) -> None:
    right, wrong = lab.execute(strong=True), lab.execute(flip(1, 0, 5, 3), strong=True)
    served = Shelves({0: Shelf(right), 1: Shelf(wrong)})
    arena = Arena.contested(chain, lab, [right, wrong], strong=True, served=served)
    assert arena.play() == (True, {1})
    ((moves, _),) = arena.gas[0][1:]
    assert [type(move) for move in moves] == [ConvictCopy]


@pytest.mark.parametrize(
    "shelf",
    [lambda right, wrong: Silent(wrong), lambda right, wrong: Forging(wrong, right)],
    ids=["silent", "forging"],
)
def test_without_openings_there_is_the_game(chain: Chain, lab: Lab, shelf) -> None:
    arena, ended, guilty = played(chain, lab, shelf)
    assert ended
    assert guilty == {1}
    assert not any(isinstance(m, ConvictStrong) for moves, _ in arena.gas[0] for m in moves)


def test_whoever_serves_at_a_crawl_is_played_meanwhile(chain: Chain, lab: Lab, monkeypatch) -> None:
    monkeypatch.setattr(keeper, "_MOST_PATIENCE_S", 0.1)
    enough, asked = Event(), []

    class Slow(Shelf):
        def output(self, job, salt):
            asked.append(job)
            enough.wait(60)
            return super().output(job, salt)

    arena, ended, guilty = played(chain, lab, lambda right, wrong: Slow(wrong))
    enough.set()
    assert ended
    assert guilty == {1}
    assert asked == [arena.job.id]


def test_a_challenger_convicts_for_a_dead_seat_with_the_same_claim(chain: Chain, lab: Lab) -> None:
    """Seats go before challengers: a conviction that named the challenger would be refused."""
    right, wrong = lab.execute(strong=True), lab.execute(flip(1, 30, 5, 20), strong=True)
    served = Shelves({0: Silent(right), 1: Shelf(wrong)})
    arena = Arena.contested(chain, lab, [right, wrong], strong=True, served=served)
    player, dispute = arena.keepers[0]
    player.tend(dispute)
    number = arena.join(CHALLENGER, right)
    assert arena.play_out({0: 0, 1: 0}) == {1}
    made = [move for moves, _ in arena.gas[number] for move in moves]
    assert any(isinstance(move, ConvictStrong) for move in made)
    assert arena.disputes.verdict(arena.job.id)[2] == {1: arena.job.providers[0]}


def test_a_conviction_that_the_engine_refuses_is_played_instead(chain: Chain, lab: Lab) -> None:
    right, wrong = lab.execute(strong=True), lab.execute(flip(1, 30, 5, 20), strong=True)

    class Mistaken(Shelves):
        def conviction(self, *asked):
            found = super().conviction(*asked)
            if found is None:
                return None
            return replace(found, element=replace(found.element, index=found.element.index ^ 1))

    served = Mistaken({0: Shelf(right), 1: Shelf(wrong)})
    arena = Arena.contested(chain, lab, [right, wrong], strong=True, served=served)
    assert arena.play_out() == {1}
