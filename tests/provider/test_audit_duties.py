"""What a node owes to an audit, as a pure function of the chain's state."""

from dataclasses import replace

import pytest

from provider.audit_duties import AuditDuty, AuditSight, next_audit_duty
from provider.duties import turn
from tests.provider.test_duties import DRAWN, ME, OTHER, P
from touchstone.protocol.audits import AUDITOR_SEAT, Audit, AuditState
from touchstone.protocol.demands import Demand, DemandState
from touchstone.protocol.jobs import Clock, Phase

SINCE = 1200
SETTLED = replace(DRAWN, phase=Phase.SETTLED, since=1100)
LOOKED_AT = replace(SETTLED, audit=Audit(AuditState.DRAWN, since=SINCE, odds=8, leaf=3))
T = turn(DRAWN, ME)
PENDING = Demand(DemandState.PENDING, ME.address, SINCE + 70, frozenset({AUDITOR_SEAT}))
THIRD, END = P.commit_window // 3, P.commit_window


def due(job, time=SINCE, block=50, **known):
    sight = {"mine": False, "paid": False, "challenged": False, "agrees": None} | known
    return next_audit_duty(AuditSight(job, Clock(block, time), **sight), P, ME)


def test_the_seed_is_asked_for_once_its_block_has_come():
    job = replace(SETTLED, audit=Audit(AuditState.DUE, since=60, odds=8))
    assert due(job, block=60 + T - 1) is AuditDuty.WAIT
    assert due(job, block=60 + T) is AuditDuty.ADVANCE


def test_an_auditor_fetches_the_input_then_demands_it_then_ends_in_vain():
    assert due(LOOKED_AT, mine=True) is AuditDuty.FETCH
    assert due(LOOKED_AT, SINCE + THIRD, mine=True) is AuditDuty.DEMAND
    asked = replace(LOOKED_AT, input_demand=PENDING)
    assert due(asked, SINCE + THIRD + 1, mine=True) is AuditDuty.FETCH
    assert due(asked, PENDING.deadline, mine=True) is AuditDuty.FETCH
    assert due(asked, PENDING.deadline + 1, mine=True) is AuditDuty.ADVANCE
    answered = replace(LOOKED_AT, input_demand=replace(PENDING, state=DemandState.ANSWERED))
    assert due(answered, SINCE + THIRD, mine=True) is AuditDuty.TAKE


def test_a_demand_comes_in_the_window_or_not_at_all():
    assert due(LOOKED_AT, SINCE + END, mine=True) is AuditDuty.DEMAND
    assert due(LOOKED_AT, SINCE + END + 1, mine=True) is AuditDuty.FETCH


@pytest.mark.parametrize(
    ("agrees", "duty"), [(True, AuditDuty.VOUCH), (False, AuditDuty.CHALLENGE)]
)
def test_who_has_computed_vouches_or_disputes(agrees, duty):
    assert due(LOOKED_AT, mine=True, agrees=agrees) is duty
    # Late as well: until somebody has moved on, it is not too late.
    assert due(LOOKED_AT, SINCE + END + 50, mine=True, agrees=agrees) is duty


def test_in_a_dispute_of_others_an_auditor_takes_part_or_waits():
    assert due(LOOKED_AT, mine=True, agrees=True, challenged=True) is AuditDuty.WAIT
    # A friend of the liar could dispute it to no end but that time passes.
    assert due(LOOKED_AT, mine=True, agrees=False, challenged=True) is AuditDuty.JOIN
    playing = {"mine": True, "agrees": False, "challenged": True, "plays": True}
    assert due(LOOKED_AT, **playing) is AuditDuty.WAIT


@pytest.mark.parametrize("agrees", [None, True, False])
def test_an_audit_of_a_refunded_job_is_over(agrees):
    job = replace(LOOKED_AT, phase=Phase.REFUNDED)
    assert due(job, mine=True, agrees=agrees) is AuditDuty.ADVANCE


def test_others_move_a_silent_auditor_on_after_a_while():
    grace = T + P.commit_window // 20
    assert due(LOOKED_AT, SINCE + END + grace) is AuditDuty.WAIT
    assert due(LOOKED_AT, SINCE + END + grace + 1) is AuditDuty.ADVANCE
    assert due(LOOKED_AT, SINCE + END + grace + 1, challenged=True) is AuditDuty.WAIT


def test_whoever_was_paid_publishes_the_input_in_time():
    job = replace(LOOKED_AT, input_demand=replace(PENDING, demander=OTHER))
    half = PENDING.deadline - P.answer_window // 2
    assert due(job, half - 1, paid=True) is AuditDuty.WAIT
    assert due(job, half, paid=True) is AuditDuty.SERVE
    assert due(job, PENDING.deadline, paid=True) is AuditDuty.SERVE
    assert due(job, half) is AuditDuty.WAIT
    # Too late: nothing is gained by it any more.
    assert due(job, PENDING.deadline + 1, paid=True) is not AuditDuty.SERVE


def test_a_seal_is_checked_by_whoever_was_paid():
    job = replace(SETTLED, audit=Audit(AuditState.VOUCHED, since=SINCE, odds=8, leaf=3))
    assert due(job, paid=True) is AuditDuty.CHECK
    assert due(job) is AuditDuty.FORGET


@pytest.mark.parametrize("state", [AuditState.NONE, AuditState.OVER])
def test_an_audit_that_is_over_is_forgotten(state):
    assert due(replace(SETTLED, audit=Audit(state)), paid=True) is AuditDuty.FORGET
