"""What is due, as a pure function of the chain's state and the node's memory."""

from dataclasses import replace

import pytest

from provider.duties import Duty, Memory, Self, duties_of, next_duty, owes, turn
from touchstone.protocol.demands import Demand, DemandState
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import Clock, JobState, Parameters, Phase
from touchstone.protocol.orders import DEFERRED, Order

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
STARVED = Memory(result=False, committed=False, input=False)
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
    assert due(DRAWN, 1500, NOTHING) is None


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


# --- bytes that are withheld ----------------------------------------------------------------------


def demanded(by, deadline, *seats, state=DemandState.PENDING):
    return Demand(state, by, deadline, frozenset(seats))


def test_an_input_that_has_not_come_is_demanded_within_the_last_two_thirds_of_the_window():
    assert due(DRAWN, 1032, STARVED) is None
    assert due(DRAWN, 1033, STARVED) is Duty.DEMAND_INPUT
    assert due(DRAWN, 1100, STARVED) is Duty.DEMAND_INPUT
    assert due(DRAWN, 1101, STARVED) is None


def test_nothing_is_demanded_of_a_requester_whose_offer_was_refused():
    assert due(DRAWN, 1050, replace(STARVED, offered=True)) is None


def test_nothing_is_demanded_where_nothing_may_be_signed():
    assert due(DRAWN, 1050, STARVED, me=replace(ME, born=1001)) is None


def test_a_demand_of_another_seat_is_joined_and_ones_own_awaited():
    others = replace(DRAWN, input_demand=demanded(OTHER, 1080, 1))
    assert due(others, 1032, STARVED) is None
    assert due(others, 1033, STARVED) is Duty.DEMAND_INPUT
    joined = replace(DRAWN, input_demand=demanded(OTHER, 1080, 0, 1))
    assert due(joined, 1080, STARVED) is None


def test_a_hasty_demand_is_joined_before_it_ends():
    hasty = replace(DRAWN, input_demand=demanded(OTHER, 1045, 1))
    assert due(hasty, 1024, STARVED) is None
    assert due(hasty, 1025, STARVED) is Duty.DEMAND_INPUT


def test_a_commitment_is_posted_at_once_while_somebody_waits_for_the_input():
    job = replace(DRAWN, input_demand=demanded(OTHER, 1080, 1))
    assert due(job, 1001, COMMITTED) is Duty.POST_COMMIT
    assert due(job, 1081, COMMITTED) is Duty.POST_COMMIT


def test_a_published_input_is_taken():
    job = replace(DRAWN, input_demand=demanded(OTHER, 1080, 1, state=DemandState.ANSWERED))
    assert due(job, 1001, STARVED) is Duty.TAKE_INPUT
    assert due(job, 1001, replace(STARVED, offered=True)) is Duty.TAKE_INPUT
    assert due(job, 1001, NOTHING) is None


def test_who_has_waited_in_vain_ends_the_job_after_a_grace():
    job = replace(DRAWN, input_demand=demanded(OTHER, 1080, 0, 1))
    assert due(job, 1085 + T, STARVED) is None
    assert due(job, 1086 + T, STARVED) is Duty.CLOSE_DEMAND
    posted = replace(DRAWN, input_demand=demanded(OTHER, 1080, 1), commitments={0: C})
    assert due(posted, 1086 + T, COMMITTED) is Duty.CLOSE_DEMAND
    neither = replace(DRAWN, input_demand=demanded(OTHER, 1080, 1))
    assert due(neither, 1500, NOTHING) is None


def test_a_seat_waits_for_its_input_and_ends_the_job_when_that_is_never_fixed():
    waiting = replace(DRAWN, order=replace(ORDER, input_root=DEFERRED), phase=Phase.WAITING)
    until = waiting.since + 3 * (P.commit_window + P.reveal_window)
    for time in (1001, 1099, 1101, until, until + T + 5):
        assert due(waiting, time, NOTHING) is None
        assert due(waiting, time, COMMITTED) is None, "of an input that a reorganisation undid"
    assert due(waiting, until + T + 6, NOTHING) is Duty.EXPIRE
    reserve = replace(waiting, providers={0: OTHER, 1: OTHER})
    assert due(reserve, until + T + 6, NOTHING) is None


@pytest.mark.parametrize("phase", [Phase.SETTLED, Phase.CONCLUDED, Phase.REFUNDED])
def test_a_deposit_is_collected_from_a_job_that_ended_otherwise(phase):
    mine = replace(DRAWN, phase=phase, input_demand=demanded(ME.address, 1080, 0))
    assert due(mine, 1001, COMMITTED) is Duty.CLOSE_DEMAND
    assert owes(mine, ME)
    theirs = replace(mine, input_demand=demanded(OTHER, 1080, 0))
    assert due(theirs, 1001, COMMITTED) is None
    assert not owes(theirs, ME)


def test_a_demanded_output_is_answered_in_the_order_of_the_seats():
    demand = demanded(ORDER.requester, 1140, 0, 1)
    first = replace(DRAWN, phase=Phase.SETTLED, output_demand=demand)
    second = replace(first, providers={0: OTHER, 1: ME.address})
    assert due(first, 1100, COMMITTED) is Duty.ANSWER_OUTPUT
    assert due(second, 1109, COMMITTED) is None
    assert due(second, 1110, COMMITTED) is Duty.ANSWER_OUTPUT
    assert due(second, 1140, COMMITTED) is Duty.ANSWER_OUTPUT
    assert due(second, 1141, COMMITTED) is None
    assert owes(second, ME)


def test_an_output_is_answered_by_those_who_were_paid_for_it_and_have_it():
    demand = demanded(ORDER.requester, 1140, 1)
    settled = replace(DRAWN, phase=Phase.SETTLED, output_demand=demand)
    assert due(settled, 1135, COMMITTED) is None
    mine = replace(settled, output_demand=demanded(ORDER.requester, 1140, 0))
    assert due(mine, 1135, NOTHING) is None
