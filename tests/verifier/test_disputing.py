"""A verifier's disputes on a real chain, without its processes: look by look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.chains import Chain
from tests.cheats.tampering import flip
from tests.disputes.arena import JOB_SALT, Arena
from tests.support.commands import Commands
from tests.support.world import PUBLISHER, TIER
from touchstone.chain.sender import Sender
from touchstone.disputes.game import FIRST_CHALLENGER
from touchstone.protocol.prices import BOUNTY, slot_ceiling
from verifier.audit import ExactModels, audit
from verifier.contest import Due
from verifier.disputing import Disputant
from verifier.duties import Watch
from verifier.store import SeenJob

VERIFIER = 9


@dataclass
class Verifier:
    """What a verifier's processes share, in one."""

    chain: Chain
    watch: Watch
    models: ExactModels

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        """As after a restart: it remembers what its file has."""
        sender = Sender(self.chain.devnet.w3, self.chain.devnet.account(VERIFIER), poll_s=0.01)
        self.disputant = Disputant(self.watch, self.chain.deployment, sender, self.models)

    @property
    def address(self) -> str:
        return self.chain.devnet.account(VERIFIER).address

    def give(self, tokens: int) -> None:
        self.chain.sender(PUBLISHER).send(self.chain.token.mint(self.address, tokens))

    def audits(self, arena: Arena, payload: bytes) -> SeenJob:
        """Sees the job, takes its input and audits it."""
        self.watch.reconcile()
        job = self.watch.store.job(arena.job.id)
        assert job is not None
        self.watch.store.keep_input(job.id, payload, JOB_SALT)
        assert audit(self.watch, job, self.models, 1, challenge=True) == "differs"
        return job

    def told(self, job: SeenJob) -> dict:
        found = self.watch.store.dispute(job.id)
        assert found is not None
        return found


@pytest.fixture
def verifier(chain: Chain, folder: Path, tmp_path: Path) -> Iterator[Verifier]:
    watch = Watch(chain.devnet.w3, chain.deployment, tmp_path / "verifier.sqlite")
    found = Verifier(chain, watch, ExactModels([folder]))
    yield found
    # Purses are compared: nothing is left for the next test.
    left = chain.token.balance_of(found.address)
    burn = chain.token.contract.functions.transfer(chain.requester.address, left)
    chain.sender(VERIFIER).send(burn)


def play_out(arena: Arena, verifier: Verifier, job: SeenJob, restarts: bool = False) -> None:
    """The verifier and all keepers take turns until the dispute is over for the verifier."""
    for _ in range(60):
        if verifier.disputant.look(job).due is Due.OVER:
            return
        if restarts:
            verifier.again()
        for keeper, dispute in arena.keepers.values():
            if arena.disputes.verdict(job.id)[0]:
                break
            keeper.tend(dispute)
        arena.hear_others()
    raise AssertionError("the dispute does not end")


@pytest.mark.parametrize("restarts", [False, True])
def test_a_settled_lie_is_challenged_won_and_paid(chain, lab, lie, verifier, tmp_path, restarts):
    arena = Arena.settled(chain, lab, [lie] * 3)
    disputes = arena.disputes
    verifier.give(disputes.bond)
    bounty = chain.vault.free_stake(verifier.address)
    job = verifier.audits(arena, lab.payload)
    assert verifier.watch.store.disputed() == [job.id]
    play_out(arena, verifier, job, restarts)

    _, guilty, winners = disputes.verdict(job.id)
    assert (guilty, winners) == (0b111, dict.fromkeys(range(3), verifier.address))
    assert not chain.market.challenged(job.id)
    assert chain.token.balance_of(verifier.address) == disputes.bond
    assert disputes.balance_of(verifier.address) == 0
    gained = chain.vault.free_stake(verifier.address) - bounty
    assert gained == 3 * BOUNTY * slot_ceiling(TIER)

    told = verifier.told(job)
    assert told["doing"] == "over"
    assert told["party"] == FIRST_CHALLENGER
    assert told["contest"]["of"] == "settled job"
    assert told["contest"]["guilty"] == [0, 1, 2]
    names = [move["what"] for move in told["moves"]]
    assert names[-2:] == ["settle bond", "conclude"]
    assert told["gas"] >= sum(move["gas"] for move in told["moves"]) > 500_000
    assert verifier.watch.store.disputed() == []
    assert verifier.watch.store.has_input(job.id)
    verifier.watch.forget()
    assert not verifier.watch.store.has_input(job.id)

    commands = Commands(tmp_path / "home", chain.devnet, chain.deployment)
    shown = commands.json("dispute", "show", "0x" + job.id.hex())
    assert (shown["of"], shown["ended"], shown["guilty"]) == ("settled job", True, [0, 1, 2])
    assert shown["winners"] == dict.fromkeys("012", verifier.address)
    assert [party["party"] for party in shown["parties"]] == [0, 1, 2, FIRST_CHALLENGER]
    assert [party["role"] for party in shown["parties"]] == [*["seat"] * 3, "challenger"]
    mine = shown["parties"][-1]["last_move"]
    assert mine["gas_of_all"] > mine["gas"] > 21_000
    assert {game["stage"] for game in shown["games"]} == {"over"}
    listed = commands.json("dispute", "list")
    assert ("0x" + job.id.hex(), True) in [(one["job"], one["ended"]) for one in listed]


def test_without_the_bond_it_says_so_and_plays_once_it_has_it(chain, lab, lie, verifier):
    arena = Arena.settled(chain, lab, [lie] * 2)
    job = verifier.audits(arena, lab.payload)
    decision = verifier.disputant.look(job)
    assert decision.due is Due.WATCH
    assert "lacks the tokens" in verifier.told(job)["why"]
    assert verifier.told(job)["bond"] == str(arena.disputes.bond)
    assert verifier.watch.store.has_input(job.id)

    verifier.give(arena.disputes.bond)
    assert verifier.disputant.look(job).due is Due.PLAY
    assert verifier.told(job)["doing"] == "play"
    play_out(arena, verifier, job)


def test_too_late_it_lets_the_job_go(chain, lab, lie, verifier):
    arena = Arena.settled(chain, lab, [lie] * 2)
    job = verifier.audits(arena, lab.payload)
    verifier.give(arena.disputes.bond)
    left = arena.job.locked_until - chain.market.clock().time
    chain.devnet.increase_time(left)
    chain.devnet.mine()
    assert verifier.disputant.look(job).due is Due.OVER
    assert "too late" in verifier.told(job)["why"]
    assert verifier.watch.store.disputed() == []


def test_a_contest_in_which_all_seats_lie_is_joined_although_nobody_entered(
    chain, lab, lie, verifier
):
    other = lab.execute(flip(0, 12, 3, 18))
    arena = Arena.contested(chain, lab, [lie, other])
    # The liars keep quiet: the contest would end with nobody guilty.
    arena.keepers.clear()
    job = verifier.audits(arena, lab.payload)
    verifier.give(arena.disputes.bond)
    assert verifier.disputant.look(job).due is Due.PLAY
    chain.devnet.increase_time(arena.disputes.clock + 1)
    chain.devnet.mine()
    play_out(arena, verifier, job)
    assert arena.disputes.verdict(job.id)[1] == 0b11
    assert chain.token.balance_of(verifier.address) == arena.disputes.bond
    assert verifier.told(job)["contest"]["of"] == "contested job"


def test_a_contest_that_an_honest_seat_plays_is_only_watched(chain, lab, lie, verifier):
    arena = Arena.contested(chain, lab, [lab.execute(), lie])
    job = verifier.audits(arena, lab.payload)
    verifier.give(arena.disputes.bond)
    play_out(arena, verifier, job)
    assert arena.disputes.verdict(job.id)[1] == 0b10
    assert chain.token.balance_of(verifier.address) == arena.disputes.bond
    assert [move["what"] for move in verifier.told(job)["moves"]] == ["conclude"]


def test_an_honest_seat_that_is_dead_is_stood_in_for(chain, lab, lie, verifier):
    arena = Arena.contested(chain, lab, [lab.execute(), lie])
    arena.keepers.clear()
    job = verifier.audits(arena, lab.payload)
    verifier.give(arena.disputes.bond)
    disputes = arena.disputes
    assert verifier.disputant.look(job).due is Due.WATCH
    chain.devnet.increase_time((disputes.window - disputes.longest_game) // 2 + 1)
    chain.devnet.mine()
    assert verifier.disputant.look(job).due is Due.PLAY
    chain.devnet.increase_time(disputes.clock + 1)
    chain.devnet.mine()
    play_out(arena, verifier, job)
    assert disputes.verdict(job.id)[1] == 0b10
