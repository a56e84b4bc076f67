"""More jobs at once than can be done one after the other: as many as possible are, none is lost."""

from dataclasses import replace

import pytest

from tests.faults.harness import LONG, TOKENS, WINDOWS, market, waiting
from touchstone.protocol.jobs import Phase

pytestmark = pytest.mark.long

JOBS = 30
ROWS = sum(len(tokens) for tokens in TOKENS)


@pytest.fixture
def built(request, tmp_path_factory):
    seconds_a_job, commit_window = request.param
    parameters = replace(WINDOWS, market=replace(WINDOWS.market, commit_window=commit_window))
    with market(
        tmp_path_factory.mktemp("market"),
        executor="slow",
        parameters=parameters,
        SECONDS_A_JOB=str(seconds_a_job),
        ROWS_A_JOB=str(ROWS),
    ) as built:
        built.verifier = built.net.add_verifier()
        built.verifier.wait_ready()
        yield built


@pytest.mark.parametrize("built", [(0.3, 60)], indirect=True, ids=["0.3 s a job"])
def test_thirty_jobs_at_once_are_all_settled_and_nobody_is_slashed(built):
    before, client = built.books(), built.client(float("inf"))
    jobs = [built.submit(client) for _ in range(JOBS)]
    with waiting(client, *jobs, seconds=120) as outcomes:
        pass
    assert [outcome.phase for outcome in outcomes] == [Phase.SETTLED] * JOBS
    built.check_books(before, jobs)


@pytest.mark.skipif(not LONG, reason="takes minutes: set TOUCHSTONE_LONG=1")
@pytest.mark.parametrize("built", [(2.0, 30)], indirect=True, ids=["twice too much"])
def test_of_twice_too_many_jobs_those_that_fit_the_window_are_settled(built):
    """All providers choose the same jobs, so that the work on each of them counts."""
    client = built.client(float("inf"))
    jobs = [built.submit(client) for _ in range(JOBS)]
    with waiting(client, *jobs, seconds=500) as outcomes:
        pass
    settled = sum(outcome.phase is Phase.SETTLED for outcome in outcomes)
    assert settled >= JOBS // 4
    assert all(outcome.phase in (Phase.SETTLED, Phase.REFUNDED) for outcome in outcomes)
