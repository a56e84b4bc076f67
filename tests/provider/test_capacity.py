"""A node plans with what it has measured, and does first what can still be done in time."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.capacity import SLACK, Queued, next_job, require_capacity, schedule, units_in_window
from provider.offers import Offer
from touchstone.errors import NodeError


def job(number: int, rows: int = 10, deadline: int | None = 100) -> Queued:
    return Queued(number.to_bytes(32, "big"), rows, deadline)


def names(queue) -> list[int]:
    return [int.from_bytes(one.job, "big") for one in queue]


def test_half_of_the_window_is_planned_with():
    assert units_in_window(rows_per_second=1000, window_s=20, unit_rows=256) == 39
    assert units_in_window(rows_per_second=10, window_s=20, unit_rows=256) == 0


def test_more_slots_than_can_be_finished_are_refused_with_the_number_that_can():
    offer = Offer.of("m@1", 0, 45, 40, Path())
    require_capacity(offer, 40)
    with pytest.raises(NodeError, match="Offer 39 slots"):
        require_capacity(offer, 39)


def test_the_earliest_deadline_goes_first_whatever_came_first():
    queue = [job(1, deadline=300), job(2, deadline=100), job(3, deadline=200)]
    assert names(schedule(queue, 0, 1000)[0]) == [2, 3, 1]
    assert next_job(queue, 0, 1000) == queue[1].job


def test_all_providers_of_equal_deadlines_take_the_same_order():
    queue = [job(number) for number in (3, 1, 2)]
    assert names(schedule(queue, 0, 1000)[0]) == names(schedule(queue[::-1], 0, 1000)[0])


def test_a_job_too_long_for_its_deadline_does_not_make_the_others_late():
    queue = [job(1, rows=900, deadline=90), job(2, rows=10, deadline=95), job(3, deadline=100)]
    in_time, late = schedule(queue, now=0, rows_per_second=10)
    assert names(in_time) == [2, 3]
    assert names(late) == [1]


def test_what_is_late_is_still_done_when_nothing_else_waits():
    assert next_job([job(1, deadline=5)], now=50, rows_per_second=10) == job(1).job


def test_nothing_is_set_aside_before_anything_was_measured():
    queue = [job(number, rows=10**9) for number in range(5)]
    assert len(schedule(queue, 0, 0.0)[0]) == 5


def test_a_job_that_is_not_known_to_be_drawn_waits_for_those_that_are():
    assert next_job([job(1, deadline=None), job(2, deadline=9)], 0, 1000) == job(2).job


jobs_st = st.lists(
    st.builds(job, st.integers(0, 10**6), st.integers(1, 60), st.integers(0, 40)),
    max_size=7,
    unique_by=lambda one: one.job,
)


@given(jobs_st)
def test_what_is_planned_is_in_time_and_no_other_plan_finishes_more(queue):
    in_time, late = schedule(queue, now=0, rows_per_second=SLACK)
    assert sorted(names(queue)) == sorted(names(in_time) + names(late))
    assert is_feasible(in_time)
    assert len(in_time) == most_in_time(queue)


def is_feasible(order) -> bool:
    at = 0
    for one in order:
        at += one.rows
        if at > one.deadline:
            return False
    return True


def most_in_time(queue) -> int:
    """By trying every subset in the order of its deadlines, which is optimal for a fixed subset."""
    best = 0
    for chosen in range(1 << len(queue)):
        subset = sorted(
            (one for n, one in enumerate(queue) if chosen >> n & 1), key=lambda q: q.deadline
        )
        if len(subset) > best and is_feasible(subset):
            best = len(subset)
    return best
