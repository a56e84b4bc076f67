from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.protocol.demands import Demand, DemandState
from touchstone.protocol.ids import JobId, ModelId
from touchstone.protocol.jobs import (
    Action,
    Clock,
    JobState,
    Parameters,
    Phase,
    due_action,
    seats_of,
)
from touchstone.protocol.orders import Order

PARAMETERS = Parameters(20, 10, 60, 30, 120, 32, 15, 10**12, 10**24)
ORDER = Order(
    "0x" + "11" * 20,  # type: ignore[arg-type]
    ModelId(bytes(32)), 0, 48, 0, 3, 1, bytes(32), bytes(32), 0, 2**40 - 1,
)  # fmt: skip
OPEN = JobState(ORDER, JobId(bytes(32)), Phase.OPEN, 100, 0, frozenset(), 0, {}, bytes(32))
DRAWN = replace(
    OPEN, phase=Phase.DRAWN, since=1000, locked_until=2000, seats={s: s for s in range(5)}
)
PENDING = Demand(DemandState.PENDING, "0x" + "22" * 20, deadline=1035, seats=frozenset({1}))  # type: ignore[arg-type]
ALL = dict.fromkeys(range(3), b"c" * 32)


def at(time: int = 0, block: int = 0) -> Clock:
    return Clock(block, time)


def test_an_open_job_is_drawn_once_its_seed_block_exists() -> None:
    assert due_action(OPEN, at(block=99), PARAMETERS) is None
    assert due_action(OPEN, at(block=100), PARAMETERS) is Action.DRAW
    assert due_action(OPEN, at(block=132), PARAMETERS) is Action.DRAW
    assert due_action(OPEN, at(block=133), PARAMETERS) is Action.EXPIRE


def test_a_silent_seat_is_due_after_the_commit_window() -> None:
    assert due_action(DRAWN, at(1020), PARAMETERS) is None
    assert due_action(DRAWN, at(1021), PARAMETERS) is Action.ADVANCE


def test_a_complete_set_waits_for_the_reveal_window() -> None:
    complete = replace(DRAWN, commitments=ALL)
    assert due_action(complete, at(1030), PARAMETERS) is None
    assert due_action(complete, at(1031), PARAMETERS) is Action.ADVANCE
    assert due_action(replace(complete, reveals=ALL), at(1001), PARAMETERS) is Action.ADVANCE


def test_a_failed_seat_makes_room_for_a_reserve() -> None:
    assert DRAWN.active == (0, 1, 2)
    assert replace(DRAWN, failed=frozenset({1})).active == (0, 2, 3)
    assert replace(DRAWN, failed=frozenset({0, 1, 2, 3})).active == (4,)


def test_seats_unpack_to_leaves() -> None:
    assert seats_of((7 + 1) | (0 + 1) << 24 | 0 << 48 | (2**24 - 2) << 72) == {
        0: 7, 1: 0, 3: 2**24 - 3,
    }  # fmt: skip


@pytest.mark.parametrize("phase", [p for p in Phase if p.ended and p is not Phase.CONTESTED])
@given(time=st.integers(0, 2**32), block=st.integers(0, 2**32))
def test_nothing_is_due_once_a_job_has_ended(phase: Phase, time: int, block: int) -> None:
    assert due_action(replace(DRAWN, phase=phase), Clock(block, time), PARAMETERS) is None


@given(
    phase=st.sampled_from([Phase.OPEN, Phase.DRAWN, Phase.CONTESTED]),
    commitments=st.sets(st.integers(0, 2)),
    reveals=st.sets(st.integers(0, 2)),
    demand=st.sampled_from(DemandState),
)
def test_every_state_has_an_exit_by_time_alone(
    phase: Phase, commitments: set[int], reveals: set[int], demand: DemandState
) -> None:
    job = replace(
        DRAWN,
        phase=phase,
        commitments=dict.fromkeys(commitments, b"c"),
        reveals=dict.fromkeys(reveals, b"r"),
        input_demand=replace(PENDING, state=demand),
    )
    assert due_action(job, Clock(10**6, 10**6), PARAMETERS) is not None


def test_who_waits_for_the_input_is_not_silent_until_the_answer_is_late() -> None:
    starved = replace(DRAWN, input_demand=PENDING)
    assert due_action(starved, at(1035), PARAMETERS) is None
    assert due_action(starved, at(1036), PARAMETERS) is Action.ADVANCE


def test_a_demand_holds_up_nobody_once_all_have_committed() -> None:
    complete = replace(DRAWN, input_demand=PENDING, commitments=ALL)
    assert due_action(complete, at(1031), PARAMETERS) is Action.ADVANCE


@pytest.mark.parametrize("state", [DemandState.ANSWERED, DemandState.CLOSED])
def test_an_answered_demand_leaves_the_commit_window_as_it_is(state: DemandState) -> None:
    answered = replace(DRAWN, input_demand=replace(PENDING, state=state))
    assert due_action(answered, at(1020), PARAMETERS) is None
    assert due_action(answered, at(1021), PARAMETERS) is Action.ADVANCE


@pytest.mark.parametrize("phase", [p for p in Phase if p.ended])
def test_a_demand_for_the_input_that_outlives_its_job_is_closed_at_once(phase: Phase) -> None:
    ended = replace(DRAWN, phase=phase, input_demand=PENDING)
    assert due_action(ended, at(1001), PARAMETERS) is Action.CLOSE_DEMAND


def test_a_demand_for_the_output_is_closed_after_its_deadline() -> None:
    withheld = replace(DRAWN, phase=Phase.SETTLED, output_demand=PENDING)
    assert due_action(withheld, at(1035), PARAMETERS) is None
    assert due_action(withheld, at(1036), PARAMETERS) is Action.CLOSE_DEMAND
