"""The coordinator's decisions, without a chain: evidence in, step out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from touchstone.chain.market import SignedClaim, SignedCommit
from touchstone.coordination.round import (
    Contest,
    PostCommits,
    Punish,
    Round,
    Send,
    Settle,
    next_step,
)
from touchstone.errors import SignatureError
from touchstone.protocol.claims import Claim, Commit, commitment_of
from touchstone.protocol.demands import Demand, DemandState
from touchstone.protocol.eip712 import Domain
from touchstone.protocol.ids import ModelId
from touchstone.protocol.jobs import Action, Clock, JobState, Parameters, Phase
from touchstone.protocol.orders import Order

PARAMETERS = Parameters(20, 10, 60, 30, 120, 32, 15, 10**12, 10**24)
KEYS = [Account.from_key(bytes([n]) * 32) for n in range(1, 6)]
DOMAIN = Domain(31337, KEYS[4].address)
ORDER = Order(
    KEYS[4].address, ModelId(bytes(32)), 0, 48, 0, 3, 1, b"i" * 32, bytes(32), 0, 2**40 - 1
)
JOB = JobState(
    order=ORDER,
    id=ORDER.job_id(DOMAIN),
    phase=Phase.DRAWN,
    since=1000,
    locked_until=2000,
    failed=frozenset(),
    round=0,
    seats={s: s for s in range(4)},
    seed=b"s" * 32,
    providers={s: KEYS[s].address for s in range(3)},
)
NOW = Clock(10, 1001)
STARVED = replace(
    JOB,
    input_demand=Demand(DemandState.PENDING, KEYS[1].address, deadline=1030, seats=frozenset({1})),
)


def signed_commit(seat: int, output: bytes, salt: bytes = b"x" * 32) -> SignedCommit:
    draw = Round.of(JOB).draw
    commitment = commitment_of(JOB.id, draw, KEYS[seat].address, output, salt)
    return SignedCommit(commitment, Commit(JOB.id, draw, commitment).sign(DOMAIN, KEYS[seat]))


def signed_claim(gathered: Round, seat: int, output: bytes, salt: bytes = b"x" * 32) -> SignedClaim:
    set_ = gathered.set_hash(JOB)
    claim = Claim.of(JOB, gathered.draw, output, set_, salt)
    return SignedClaim(output, set_, salt, claim.sign(DOMAIN, KEYS[seat]))


def gathered_of(outputs: dict[int, bytes], claims: bool = True) -> Round:
    gathered = Round.of(JOB)
    for seat, output in outputs.items():
        gathered.add_commit(DOMAIN, JOB, seat, signed_commit(seat, output))
    if claims and gathered.complete(JOB):
        for seat, output in outputs.items():
            gathered.add_claim(DOMAIN, JOB, seat, signed_claim(gathered, seat, output))
    return gathered


SAME = dict.fromkeys(range(3), b"o" * 32)
ONE_DIFFERS = {**SAME, 2: b"p" * 32}


def test_agreeing_claims_settle_with_reveals_in_seat_order() -> None:
    step = next_step(JOB, NOW, PARAMETERS, gathered_of(SAME))
    assert isinstance(step, Settle)
    assert step.settlement.output_root == b"o" * 32
    assert len(step.settlement.reveals) == 3


def test_differing_claims_are_contested_and_nobody_is_outvoted() -> None:
    step = next_step(JOB, NOW, PARAMETERS, gathered_of(ONE_DIFFERS))
    assert isinstance(step, Contest)
    assert step.output_roots == (b"o" * 32, b"o" * 32, b"p" * 32)


def test_an_incomplete_set_waits_until_the_window_closes_then_spares_who_answered() -> None:
    gathered = gathered_of({0: b"o" * 32, 2: b"o" * 32})
    assert next_step(JOB, Clock(10, 1020), PARAMETERS, gathered) is None
    step = next_step(JOB, Clock(10, 1021), PARAMETERS, gathered)
    assert step == Send(Action.ADVANCE, {s: gathered.commits[s] for s in (0, 2)})


def test_a_withheld_claim_sends_all_commitments_on_chain_at_half_time() -> None:
    gathered = gathered_of(SAME, claims=False)
    assert next_step(JOB, Clock(10, 1010), PARAMETERS, gathered) is None
    step = next_step(JOB, Clock(10, 1011), PARAMETERS, gathered)
    assert step == PostCommits(gathered.commits)


def test_a_complete_set_is_posted_and_not_advanced_after_the_window() -> None:
    gathered = gathered_of(SAME, claims=False)
    assert isinstance(next_step(JOB, Clock(10, 1021), PARAMETERS, gathered), PostCommits)


def test_two_commitments_of_one_seat_are_punished_first() -> None:
    gathered = gathered_of(SAME)
    gathered.add_commit(DOMAIN, JOB, 1, signed_commit(1, b"q" * 32))
    step = next_step(JOB, NOW, PARAMETERS, gathered)
    assert isinstance(step, Punish)
    assert step.seat == 1
    assert step.first.commitment != step.second.commitment


def test_the_same_commitment_twice_is_no_equivocation() -> None:
    gathered = gathered_of(SAME)
    gathered.add_commit(DOMAIN, JOB, 1, signed_commit(1, b"o" * 32))
    assert isinstance(next_step(JOB, NOW, PARAMETERS, gathered), Settle)


def test_a_commitment_on_chain_that_differs_from_the_signed_one_is_punished() -> None:
    gathered = gathered_of(SAME, claims=False)
    posted = replace(JOB, commitments={2: b"z" * 32})
    step = next_step(posted, NOW, PARAMETERS, gathered)
    assert isinstance(step, Punish)
    assert (step.seat, step.second.commitment) == (2, b"z" * 32)


def test_zero_commitments_and_zero_results_are_not_taken() -> None:
    """The market refuses both: taken, they would hold the job up."""
    gathered = Round.of(JOB)
    draw, zero = gathered.draw, bytes(32)
    commit = SignedCommit(zero, Commit(JOB.id, draw, zero).sign(DOMAIN, KEYS[0]))
    with pytest.raises(SignatureError, match="zero"):
        gathered.add_commit(DOMAIN, JOB, 0, commit)
    gathered = gathered_of({**SAME, 1: zero}, claims=False)
    with pytest.raises(SignatureError, match="zero"):
        gathered.add_claim(DOMAIN, JOB, 1, signed_claim(gathered, 1, zero))


def test_once_the_bonds_are_unlocked_only_the_refund_is_left() -> None:
    late = Clock(10, JOB.locked_until)
    gathered = gathered_of({0: b"o" * 32})
    gathered.add_commit(DOMAIN, JOB, 0, signed_commit(0, b"q" * 32))
    assert next_step(JOB, late, PARAMETERS, gathered) == Send(Action.ADVANCE)
    assert next_step(JOB, late, PARAMETERS, gathered_of(SAME)) == Send(Action.ADVANCE)


def test_too_late_to_post_a_commitment_nobody_who_answered_is_slashed() -> None:
    late = Clock(10, JOB.locked_until - PARAMETERS.challenge_window - PARAMETERS.reveal_window)
    assert next_step(JOB, late, PARAMETERS, gathered_of(SAME, claims=False)) is None
    complete = replace(
        JOB, commitments={s: c.commitment for s, c in gathered_of(SAME).commits.items()}
    )
    step = next_step(complete, late, PARAMETERS, gathered_of(SAME, claims=False))
    assert step == Send(Action.ADVANCE)


def test_nothing_settles_when_no_whole_challenge_window_is_left() -> None:
    late = Clock(10, JOB.locked_until - PARAMETERS.challenge_window)
    assert not isinstance(next_step(JOB, late, PARAMETERS, gathered_of(SAME)), Settle)


def test_a_commitment_signed_by_another_is_refused() -> None:
    with pytest.raises(SignatureError, match="not by"):
        Round.of(JOB).add_commit(DOMAIN, JOB, 0, signed_commit(1, b"o" * 32))


def test_a_copied_commitment_opens_nothing() -> None:
    """Seat 1 signs seat 0's commitment as its own and later shows seat 0's result and salt."""
    gathered = gathered_of(SAME, claims=False)
    stolen = gathered.commits[0].commitment
    gathered.commits[1] = SignedCommit(
        stolen, Commit(JOB.id, gathered.draw, stolen).sign(DOMAIN, KEYS[1])
    )
    with pytest.raises(SignatureError, match="does not open"):
        gathered.add_claim(DOMAIN, JOB, 1, signed_claim(gathered, 1, b"o" * 32))


def test_a_claim_for_another_set_is_refused() -> None:
    gathered = gathered_of(SAME, claims=False)
    claim = replace(signed_claim(gathered, 0, b"o" * 32), set=b"z" * 32)
    with pytest.raises(SignatureError, match="another set"):
        gathered.add_claim(DOMAIN, JOB, 0, claim)


def test_a_pending_demand_is_not_advanced_but_commitments_are_posted_before_it_ends() -> None:
    gathered = gathered_of({0: b"o" * 32, 2: b"o" * 32})
    assert next_step(STARVED, Clock(10, 1023), PARAMETERS, gathered) is None
    step = next_step(STARVED, Clock(10, 1024), PARAMETERS, gathered)
    assert step == PostCommits({s: gathered.commits[s] for s in (0, 2)})
    posted = replace(STARVED, commitments={s: c.commitment for s, c in step.commits.items()})
    assert next_step(posted, Clock(10, 1030), PARAMETERS, gathered) is None


def test_an_unanswered_demand_ends_the_job_and_counts_who_has_committed() -> None:
    gathered = gathered_of({0: b"o" * 32})
    step = next_step(STARVED, Clock(10, 1031), PARAMETERS, gathered)
    assert step == Send(Action.ADVANCE, gathered.commits)


def test_claims_settle_although_somebody_has_demanded_the_input() -> None:
    assert isinstance(next_step(STARVED, Clock(10, 1031), PARAMETERS, gathered_of(SAME)), Settle)


def test_a_demand_that_outlived_its_job_is_closed() -> None:
    settled = replace(STARVED, phase=Phase.SETTLED)
    assert next_step(settled, NOW, PARAMETERS, None) == Send(Action.CLOSE_DEMAND)
