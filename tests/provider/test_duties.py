"""What is due, as a pure function of the chain's state and the node's memory."""

from dataclasses import replace

import pytest

from provider.duties import Duty, Memory, Self, duties_of, next_duty, turn
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import Clock, JobState, Parameters, Phase
from touchstone.protocol.orders import Order

ME = Self("0x" + "11" * 20, born=900)
OTHER = "0x" + "22" * 20
P = Parameters(
    commit_window=100,
    reveal_window=100,
    challenge_window=200,
    delivery_window=50,
    contest_window=300,
    draw_blocks=32,
    answer_window=40,
    answer_price=10**12,
    seed_cap=10**24,
)
ORDER = Order("0x" + "33" * 20, b"m" * 32, 0, 45, 0, 2, 1, b"i" * 32, bytes(32), 1, 2**39)
DRAWN = JobState(
    order=ORDER,
    id=JobId(b"j" * 32),
    phase=Phase.DRAWN,
    since=1000,
    locked_until=2000,
    failed=frozenset(),
    round=0,
    seats={0: 5, 1: 6, 2: 7},
    seed=b"s" * 32,
    providers={0: ME.address, 1: OTHER},
)
NOTHING = Memory(result=False, committed=False)
RESULT = Memory(result=True, committed=False)
COMMITTED = Memory(result=True, committed=True)
C = b"c" * 32
T = turn(DRAWN, ME)


def due(job, time, memory, block=50, me=ME):
    return next_duty(job, Clock(block, time), P, memory, me)


def test_a_result_is_committed_to_at_once():
    assert due(DRAWN, 1001, RESULT) is Duty.SIGN_COMMIT


def test_nothing_is_due_without_a_result():
    assert due(DRAWN, 1099, NOTHING) is None


def test_a_commitment_stays_off_chain_for_half_of_the_window():
    assert due(DRAWN, 1049, COMMITTED) is None
    assert due(DRAWN, 1050, COMMITTED) is Duty.POST_COMMIT


def test_a_commitment_is_posted_even_after_the_window():
    assert due(DRAWN, 1150, COMMITTED) is Duty.POST_COMMIT


def test_a_posted_commitment_is_not_posted_again():
    assert due(replace(DRAWN, commitments={0: C}), 1060, COMMITTED) is None


def test_a_complete_set_is_revealed_to():
    complete = replace(DRAWN, commitments={0: C, 1: C})
    assert due(complete, 1001, COMMITTED) is Duty.REVEAL
    assert due(replace(complete, reveals={0: C}), 1001, COMMITTED) is None


def test_all_reveals_on_chain_are_settled_at_once():
    done = replace(DRAWN, commitments={0: C, 1: C}, reveals={0: C, 1: C})
    assert due(done, 1001, COMMITTED) is Duty.ADVANCE


def test_a_silent_partner_is_replaced_after_a_grace():
    job = replace(DRAWN, commitments={0: C})
    assert due(job, 1101, COMMITTED) is None
    assert due(job, 1106 + T, COMMITTED) is Duty.ADVANCE


def test_a_withheld_reveal_is_punished_after_a_grace():
    job = replace(DRAWN, commitments={0: C, 1: C}, reveals={0: C})
    assert due(job, 1201, COMMITTED) is None
    assert due(job, 1206 + T, COMMITTED) is Duty.ADVANCE


def test_a_node_does_not_slash_itself():
    assert due(replace(DRAWN, commitments={1: C}), 1500, NOTHING) is None


def test_a_job_without_input_is_refunded():
    assert due(DRAWN, 1106 + T, NOTHING) is Duty.ADVANCE


def test_a_job_whose_lock_has_ended_is_moved_on_by_anyone_seated():
    job = replace(DRAWN, commitments={1: C})
    assert due(job, 2006 + T, NOTHING) is Duty.ADVANCE


def test_a_job_whose_reveals_were_missed_is_refunded_when_its_lock_ends():
    complete = replace(DRAWN, commitments={0: C, 1: C})
    assert due(complete, 1200, COMMITTED) is Duty.REVEAL
    assert due(complete, 1201, COMMITTED) is None
    assert due(complete, 2005 + T, COMMITTED) is Duty.ADVANCE
    assert due(replace(DRAWN, commitments={1: C}), 2005 + T, COMMITTED) is Duty.ADVANCE


def test_others_jobs_are_left_alone():
    job = replace(DRAWN, providers={0: OTHER, 1: OTHER})
    assert due(job, 5000, NOTHING) is None


def test_nothing_new_is_signed_for_draws_older_than_the_memory():
    assert due(DRAWN, 1001, RESULT, me=replace(ME, born=1001)) is None
    assert due(DRAWN, 1060, COMMITTED, me=replace(ME, born=1001)) is Duty.POST_COMMIT


def test_an_open_job_is_drawn_after_a_grace_and_expired_when_too_late():
    job = replace(DRAWN, phase=Phase.OPEN, since=40, seats={}, providers={})
    blocks = {block: due(job, 1001, NOTHING, block) for block in range(38, 90)}
    assert {b for b, d in blocks.items() if d is Duty.DRAW} == set(range(42 + T, 73))
    assert {b for b, d in blocks.items() if d is Duty.EXPIRE} == set(range(80 + T, 90))


def test_a_contested_job_is_concluded_in_the_second_half_of_its_window():
    job = replace(DRAWN, phase=Phase.CONTESTED)
    assert due(job, 1150, COMMITTED) is None
    assert due(job, 1151 + T, COMMITTED) is Duty.CONCLUDE


@pytest.mark.parametrize("phase", [Phase.NONE, Phase.SETTLED, Phase.CONCLUDED, Phase.REFUNDED])
def test_an_ended_job_needs_nothing(phase):
    assert due(replace(DRAWN, phase=phase), 9999, COMMITTED) is None


def test_a_liar_is_punished_first_but_at_no_cost_to_the_nodes_own_duties():
    complete = replace(DRAWN, commitments={0: C, 1: C})
    lied = replace(COMMITTED, lied=True)
    assert duties_of(complete, Clock(50, 1001), P, lied, ME) == [Duty.PUNISH, Duty.REVEAL]
    settled = replace(complete, phase=Phase.SETTLED)
    assert duties_of(settled, Clock(50, 1001), P, lied, ME) == [Duty.PUNISH]
    assert duties_of(settled, Clock(50, 1001), P, COMMITTED, ME) == []
