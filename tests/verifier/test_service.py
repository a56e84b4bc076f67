"""The verifier as real processes: its command, its Redis, its Celery workers."""

import math
import os
import signal
import threading
import time

import httpx
import numpy as np
import pytest

from requester.client import Client
from tests.support.minimal_node import doubled, wrong
from tests.support.world import SHORT, small_world
from tests.verifier.running import children_of, command_of, verifier_process
from touchstone.protocol.audits import AuditState
from touchstone.protocol.jobs import Phase

TOKENS = [np.array([1, 2, 3], np.int32)]
LAZY = math.inf
"""Patience of a requester that leaves everything to the verifier."""


def client_of(world, home, **settings):
    return Client(
        world.devnet.w3,
        world.deployment,
        world.requester,
        home,
        **{"patience_s": LAZY, "poll_s": 0.1, **settings},
    )


def wait_until(condition, timeout_s=30):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def workers_of(process):
    return [
        pid
        for pid in children_of(process.pid)
        if "verifier.worker" in command_of(pid) and command_of(pid)[0] != "/bin/sh"
    ]


@pytest.fixture(scope="module")
def world():
    with small_world() as built:
        yield built


@pytest.fixture(scope="module")
def verifier(world, tmp_path_factory):
    process = verifier_process(world, tmp_path_factory.mktemp("verifier"))
    process.start()
    process.wait_ready()
    yield process
    process.stop()


def test_a_requester_that_leaves_everything_to_the_verifier_gets_its_result(
    world, verifier, tmp_path
):
    client = client_of(world, tmp_path, verifiers=[verifier.url])
    job = client.submit(TOKENS, "doubler@1")

    assert client.wait(job, timeout=60).settled
    assert client.result(job)[0].tolist() == [2, 4, 6]
    told = {}

    def settled_by_the_verifier():
        told.update(httpx.get(f"{verifier.url}/jobs/0x{job.id.hex()}").json())
        return "settle" in [deed["what"] for deed in told["deeds"]]

    # The chain shows it a moment before the verifier has its transaction's receipt.
    wait_until(settled_by_the_verifier)
    assert told["input"] is False


@pytest.mark.long
def test_the_verifier_moves_audits_on_that_nobody_else_does(world, verifier, tmp_path):
    client = client_of(world, tmp_path)
    job = client.submit(TOKENS, "doubler@1", replicas=1, audit_odds=1)
    assert client.wait(job, timeout=60).settled
    # The nodes of this world know no audits: two are drawn one after the other, and slashed.
    wait_until(lambda: client.state(job).audit.state is AuditState.OVER, timeout_s=90)
    found = world.market.events(job.first_block, world.devnet.w3.eth.block_number, job.id)
    names = [event["event"] for event in found]
    assert (names.count("AuditorDrawn"), names.count("AuditorFailed")) == (2, 2)
    assert client.outcome(job).phase is Phase.SETTLED


def test_several_jobs_are_drawn_and_settled(world, verifier, tmp_path):
    client = client_of(world, tmp_path)
    jobs = [client.submit(TOKENS, "doubler@1") for _ in range(4)]

    waiting = [threading.Thread(target=client.wait, args=(job, 90)) for job in jobs]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    assert [client.outcome(job).phase for job in jobs] == [Phase.SETTLED] * 4


def test_a_job_settles_although_workers_are_killed_in_the_middle(world, verifier, tmp_path):
    client = client_of(world, tmp_path)
    job = client.submit(TOKENS, "doubler@1")
    wait_until(lambda: client.state(job).phase is Phase.DRAWN)
    (worker,) = workers_of(verifier)
    os.kill(worker, signal.SIGKILL)

    assert client.wait(job, timeout=90).settled
    assert worker not in workers_of(verifier)


def test_a_verifier_without_models_takes_no_inputs(world, verifier, tmp_path):
    client = client_of(world, tmp_path)
    job = client.submit(TOKENS, "doubler@1")
    headers = {
        "X-Touchstone-Salt": "0x" + job.salt.hex(),
        "X-Touchstone-Signature": "0x" + "11" * 65,
    }
    url = f"{verifier.url}/jobs/0x{job.id.hex()}/input"

    def rule(answer):
        return answer.status_code, answer.json()["error"]["rule"]

    assert rule(httpx.put(url, content=job.payload, headers=headers)) == (409, "not_audited")
    assert rule(httpx.put(url, content=job.payload)) == (422, "malformed")
    client.wait(job, timeout=60)


def test_stopping_it_leaves_no_process_behind(world, tmp_path):
    process = verifier_process(world, tmp_path / "v")
    process.start()
    process.wait_ready()
    wait_until(lambda: workers_of(process))
    children = children_of(process.pid)
    assert any("redis-server" in " ".join(command_of(pid)) for pid in children)
    process.stop()

    wait_until(lambda: not any(command_of(pid) for pid in children), 15)


def test_killing_it_leaves_no_process_behind(world, tmp_path):
    process = verifier_process(world, tmp_path / "v")
    process.start()
    process.wait_ready()
    children = children_of(process.pid)
    os.kill(process.pid, signal.SIGKILL)

    wait_until(lambda: not any(command_of(pid) for pid in children), 20)
    process.stop()


def test_a_verifier_that_was_away_finds_all_due_work_again(tmp_path):
    with small_world((doubled, doubled, wrong)) as world:
        client = client_of(world, tmp_path / "requester")
        job = client.submit(TOKENS, "doubler@1")
        process = verifier_process(world, tmp_path / "verifier")
        process.start()
        try:
            assert client.wait(job, timeout=90).phase is Phase.CONTESTED
            # Nobody plays.
            world.devnet.increase_time(SHORT.dispute.window)
            wait_until(lambda: client.state(job).phase is Phase.CONCLUDED)
        finally:
            process.stop()
