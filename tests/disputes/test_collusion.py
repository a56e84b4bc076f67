"""Whoever agrees on a lie is convicted as long as one honest party plays, whatever the liars do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.attacks.chains import Chain
from tests.cheats.tampering import flip
from tests.disputes.arena import Arena, Execution, Lab
from tests.support.world import TIER
from touchstone.chain.sender import Sender
from touchstone.disputes.moves import Convict, ConvictEnd, ConvictTwin, Move, SettleBond, Withdraw
from touchstone.protocol.prices import BOUNTY, REFUND, bond, slot_ceiling

CHALLENGER = 9
CEILING = slot_ceiling(TIER)
SILENT, STATES_AND_STALLS, PLAYS = 0, 1, 99
PROVIDERS = 5
PURSES = {CHALLENGER: 10}


@pytest.fixture(scope="module")
def other_lie(lab: Lab) -> Execution:
    return lab.execute(flip(0, 12, 3, 18))


@pytest.fixture(scope="module")
def disguised(lab: Lab, lie: Execution) -> Execution:
    """The output of the lie, claimed to come from an execution that gives another."""
    return lab.execute(flip(0, 7, 2, 19), lambda _: lie.output)


@pytest.fixture(scope="module")
def bare(lab: Lab, lie: Execution) -> Execution:
    """The output of the lie, claimed to come from the honest execution."""
    return lab.execute(edit=lambda _: lie.output)


def wealth(chain: Chain, arena: Arena) -> dict[str, int]:
    """Of everybody, the challenger's bond and what the engine owes included."""
    found = chain.wealth()
    address = chain.devnet.account(CHALLENGER).address
    owed = sum(chain.market.balance_of(address)) + arena.disputes.balance_of(address)
    found[address] = chain.token.balance_of(address) + owed + chain.vault.free_stake(address)
    return found


def moves_of(arena: Arena, number: int) -> list[Move]:
    return [move for made, _ in arena.gas[number] for move in made]


def proofs(moves: list[Move]) -> int:
    return sum(isinstance(move, Convict | ConvictEnd) for move in moves)


# --- all replicas lie ----------------------------------------------------------------------------


@dataclass
class Trial:
    """A job that settled on a lie, and a stranger who disputes it."""

    arena: Arena
    challenger: int
    before: dict[str, int]
    wealth: Callable[[], dict[str, int]]

    def end(self) -> tuple[int, int, list[int]]:
        """The bond returns by the challenger's player alone, and the verdict is carried out; what
        the requester, the challenger and each seat gained by it all since the job settled."""
        arena, chain = self.arena, self.arena.chain
        keeper, dispute = arena.keepers[self.challenger]
        assert keeper.tend(dispute) == [SettleBond(self.challenger), Withdraw()]
        assert keeper.tend(dispute) == []
        arena.conclude()
        after = self.wealth()
        gains = {account: after[account] - self.before[account] for account in after}
        requester = gains.pop(chain.requester.address)
        challenger = gains.pop(chain.devnet.account(CHALLENGER).address)
        seats = [gains.pop(arena.job.providers[seat]) for seat in arena.job.active]
        assert set(gains.values()) <= {0}
        assert arena.disputes.balance_of(chain.devnet.account(CHALLENGER).address) == 0
        assert chain.token.balance_of(arena.disputes.address) == 0
        return requester, challenger, seats


@pytest.fixture
def challenged(chain: Chain, lab: Lab, honest: Execution) -> Callable[[list[Execution]], Trial]:
    def of(lies: list[Execution]) -> Trial:
        arena = Arena.settled(chain, lab, lies)
        before = wealth(chain, arena)
        number = arena.challenge(CHALLENGER, lies[0], honest)
        return Trial(arena, number, before, lambda: wealth(chain, arena))

    return of


def test_one_who_lied_is_convicted_by_proof_and_the_others_as_its_twins(challenged, lie):
    trial = challenged([lie] * 3)
    assert trial.arena.play_out() == {0, 1, 2}

    assert proofs(moves_of(trial.arena, trial.challenger)) == 1
    # By anybody: liars may even convict each other so, and gain nothing.
    made = [move for number in trial.arena.gas for move in moves_of(trial.arena, number)]
    assert sum(isinstance(move, ConvictTwin) for move in made) == 2
    # A bond for each, of which the requester has its slice and the challenger the bounty.
    assert trial.end() == (3 * REFUND * CEILING, 3 * BOUNTY * CEILING, [-bond(TIER)] * 3)


@pytest.mark.parametrize("replicas", [2, 5])
def test_those_who_keep_silent_run_out_of_time(challenged, lie, replicas):
    trial = challenged([lie] * replicas)
    assert trial.arena.play_out(dict.fromkeys(range(replicas), SILENT)) == set(range(replicas))

    assert proofs(moves_of(trial.arena, trial.challenger)) == 0
    expected = replicas * REFUND * CEILING, replicas * BOUNTY * CEILING, [-bond(TIER)] * replicas
    assert trial.end() == expected


def test_other_transcripts_for_the_same_output_are_each_found_out(challenged, lie, disguised, bare):
    trial = challenged([lie, disguised, bare])
    assert trial.arena.play_out() == {0, 1, 2}

    assert proofs(moves_of(trial.arena, trial.challenger)) == 3
    assert trial.end() == (3 * REFUND * CEILING, 3 * BOUNTY * CEILING, [-bond(TIER)] * 3)


def test_every_liar_chooses_for_itself(challenged, lab, lie):
    # One that nobody has played yet: what was once opened counts in every job.
    unseen = lab.execute(flip(0, 9, 4, 19), lambda _: lie.output)
    trial = challenged([lie, lie, unseen, lie, lie])
    turns = {0: PLAYS, 1: STATES_AND_STALLS, 2: STATES_AND_STALLS, 3: SILENT, 4: 2}
    assert trial.arena.play_out(turns) == set(range(5))

    made = moves_of(trial.arena, trial.challenger)
    assert proofs(made) == 1
    assert trial.end() == (5 * REFUND * CEILING, 5 * BOUNTY * CEILING, [-bond(TIER)] * 5)


def test_a_challenger_that_lies_loses_its_bond_and_convicts_nobody(chain, lab, honest, lie):
    arena = Arena.settled(chain, lab, [honest] * 2)
    before = wealth(chain, arena)
    number = arena.challenge(CHALLENGER, honest, lie)
    assert arena.play_out() == set()
    arena.conclude()

    after = wealth(chain, arena)
    gains = {account: after[account] - before[account] for account in after}
    assert gains.pop(chain.devnet.account(CHALLENGER).address) == -arena.disputes.bond
    # Half of it is burned, half is the opponent's who won.
    assert set(gains.values()) == {0}
    seats = [arena.job.providers[seat] for seat in arena.job.active]
    assert sorted(map(arena.disputes.balance_of, seats)) == [0, arena.disputes.bond // 2]
    assert arena.disputes.parties(arena.job.id, [number])[number].proven
    winner = next(chain.account_of(s) for s in seats if arena.disputes.balance_of(s))
    Sender(chain.devnet.w3, winner, poll_s=0.02).send(arena.disputes.withdraw())


# --- one is honest -------------------------------------------------------------------------------

LONG = pytest.mark.long

ALONE = [
    # Those against the honest seat, by what they tell, and how often each moves.
    pytest.param(["lie"], [PLAYS], id="one"),
    pytest.param(["lie", "lie"], [PLAYS, PLAYS], id="two who agree", marks=LONG),
    pytest.param(["lie", "other_lie"], [PLAYS, PLAYS], id="two who differ"),
    pytest.param(["lie", "lie"], [SILENT, SILENT], id="two silent", marks=LONG),
    pytest.param(
        ["lie", "disguised"], [STATES_AND_STALLS, PLAYS], id="one stalls, one pretends", marks=LONG
    ),
    pytest.param(["lie"] * 4, [PLAYS] * 4, id="four who agree", marks=LONG),
    pytest.param(
        ["lie", "other_lie", "lie", "other_lie"],
        [PLAYS, PLAYS, SILENT, 2],
        id="four, two lies",
        marks=LONG,
    ),
    pytest.param(
        ["disguised", "lie", "bare", "other_lie"],
        [PLAYS, STATES_AND_STALLS, PLAYS, SILENT],
        id="four, anything goes",
    ),
]


@pytest.mark.parametrize(("against", "turns"), ALONE)
def test_an_honest_seat_never_loses(chain, lab, honest, against, turns, request):
    lies = [request.getfixturevalue(name) for name in against]
    # It sits in the middle: whoever has the lower number is a game's first side.
    place = len(lies) // 2
    executions = [*lies[:place], honest, *lies[place:]]
    numbers = [n for n in range(len(executions)) if n != place]
    before = chain.wealth()
    arena = Arena.contested(chain, lab, executions)
    guilty = arena.play_out(dict(zip(numbers, turns, strict=True)))
    assert guilty == set(numbers)

    job, (_, _, winners) = arena.job, arena.disputes.verdict(arena.job.id)
    if len({execution.root for execution in lies}) == 1:
        assert winners == dict.fromkeys(numbers, job.providers[place])
    arena.conclude()
    after = chain.wealth()
    gains = {account: after[account] - before[account] for account in after}
    # The bounty of each, for whom it lost to: liars who disagree may convict one another.
    for winner in winners.values():
        gains[winner] -= BOUNTY * CEILING
    assert gains[chain.requester.address] == len(lies) * REFUND * CEILING
    assert [gains[job.providers[n]] for n in numbers] == [-bond(TIER)] * len(lies)
    # Its share once, as compensation.
    assert gains[job.providers[place]] == job.order.share
