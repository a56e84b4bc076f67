"""The verifier's processes and its broker end without a word; tasks come twice, late, never."""

import json
import math
import os
import signal
import subprocess
import sys

import pytest

from tests.faults.harness import ROOT, market, until, waiting
from tests.verifier.running import children_of, command_of
from touchstone.protocol.jobs import Phase

pytestmark = pytest.mark.long

LAZY = math.inf
"""Patience of a requester that leaves everything to the verifier."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with market(tmp_path_factory.mktemp("market")) as built:
        built.verifier = built.net.add_verifier()
        built.verifier.wait_ready()
        yield built


STAGES = {
    "before it draws": "touchstone.chain.market:Market.draw:before",
    "between gathering and settling": "touchstone.chain.market:Market.settle:before",
    "while it settles": "verifier.duties:Driver._sent:before",
}


@pytest.mark.parametrize("point", STAGES.values(), ids=STAGES)
def test_a_job_settles_although_the_verifiers_worker_is_killed(built, point):
    before, client = built.books(), built.client(LAZY)
    mark = built.doom(built.verifier, point)
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        until(mark.exists, "the worker's death")
        # Nobody starts it again but the service itself.
    assert outcomes[0].settled
    built.check_books(before, [job])
    built.signed_once(job)


def test_a_job_settles_although_the_whole_verifier_is_killed_and_comes_back(built):
    before, client = built.books(), built.client(LAZY)
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        until(lambda: built.phase(job) is Phase.DRAWN, "the draw")
        built.restart(built.verifier)
    assert outcomes[0].settled
    built.check_books(before, [job])


def test_a_job_settles_although_the_broker_is_killed_and_forgets_everything(built):
    """The embedded Redis keeps nothing on disk: all queued tasks and locks are lost with it."""
    before, client = built.books(), built.client(LAZY)
    built.verifier.wait_ready()
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        until(lambda: built.phase(job) in (Phase.DRAWN, Phase.SETTLED), "the draw")
        (redis,) = redis_of(built)
        os.kill(redis, signal.SIGKILL)
        until(lambda: redis_of(built) not in ([], [redis]), "a new broker")
        second = built.submit(client)
        with waiting(client, second) as later:
            pass
    assert outcomes[0].settled
    assert later[0].settled
    built.check_books(before, [job, second])


def test_tasks_delivered_twice_and_in_any_order_move_each_job_once(built):
    """Another worker runs the same tasks at the same time, again and again."""
    before, client = built.books(), built.client(LAZY)
    built.verifier.wait_ready()
    jobs = [built.submit(client) for _ in range(3)]
    with waiting(client, *jobs) as outcomes:
        said = unruly_worker(built, jobs)
    assert [o.settled for o in outcomes] == [True] * 3
    assert said.returncode == 0, said.stderr
    built.check_books(before, jobs)
    for job in jobs:
        built.signed_once(job)


def unruly_worker(built, jobs):
    """A process with the verifier's settings that calls its tasks by hand, duplicated, shuffled."""
    worker = next(
        pid for pid in children_of(built.verifier.pid) if "verifier.worker" in command_of(pid)
    )
    with open(f"/proc/{worker}/environ", encoding="utf-8") as file:  # noqa: PTH123
        environment = dict(one.split("=", 1) for one in file.read().split("\0") if one)
    code = f"""
import random
from verifier.tasks import audit_task, drive_task, reconcile_task
random.seed(7)
ids = {json.dumps([job.id.hex() for job in jobs])}
for _ in range(8):
    calls = [lambda: reconcile_task(), *(lambda i=i: drive_task(i) for i in ids * 2),
             *(lambda i=i: audit_task(i) for i in ids)]
    random.shuffle(calls)
    for call in calls:
        call()
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def redis_of(built) -> list[int]:
    """The broker itself, without the shell that watches it."""
    return [
        pid
        for pid in children_of(built.verifier.pid)
        if command_of(pid)[:1] != ["/bin/sh"] and "redis-server" in "".join(command_of(pid)[:1])
    ]
