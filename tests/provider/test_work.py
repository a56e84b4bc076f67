"""The queue takes what can be done in time, and one bad job does not stop the next."""

from types import SimpleNamespace

import pytest
from requests.exceptions import ConnectionError as RequestsConnectionError
from web3 import HTTPProvider, Web3

from provider.admission import DISK_RESERVE, Load, require_room
from provider.worker import Speed
from tests.provider import executors
from tests.provider.running import free_port, running_node, wait_until
from tests.provider.test_refusals import refusal
from tests.provider.world import config_for
from touchstone.errors import RefusedError


def test_a_full_queue_is_refused():
    require_room(Load(7, 8, 1 << 40))
    with pytest.raises(RefusedError, match="8 jobs are queued") as caught:
        require_room(Load(8, 8, 1 << 40))
    assert caught.value.rule == "busy"


def test_the_last_room_on_the_disk_is_for_what_was_promised():
    require_room(Load(0, 8, DISK_RESERVE))
    with pytest.raises(RefusedError, match="left on the node's disk") as caught:
        require_room(Load(0, 8, DISK_RESERVE - 1))
    assert caught.value.rule == "busy"


def test_speed_follows_what_is_measured():
    speed = Speed()
    assert speed.seconds_for(100) == 0
    speed.saw(100, 1.0)
    assert speed.seconds_for(50) == pytest.approx(0.5)
    for _ in range(30):
        speed.saw(100, 10.0)
    assert speed.rows_per_second == pytest.approx(10, rel=0.01)


def test_a_node_with_a_full_queue_is_busy_and_then_no_longer(world, tmp_path):
    executors.GATE.clear()
    config = config_for(tmp_path, executor="gated", port=free_port(), max_queued=1)
    with running_node(world, world.devnet.account(2), config) as node:
        first, second = world.drawn(), world.drawn()
        assert node.deliver(world, first).status_code == 202
        wait_until(lambda: node.status(first)["state"] == "running", what="the execution")
        assert refusal(node.deliver(world, second)) == (503, "busy")
        executors.GATE.set()
        node.committed(first)
        assert node.deliver(world, second).status_code == 202
        node.committed(second)


@pytest.mark.parametrize(
    ("executor", "reason"),
    [
        ("failing", "internal error RuntimeError"),
        ("short", "1 sequences gave 0 outputs"),
    ],
)
def test_a_job_that_breaks_fails_alone_and_tells_no_secrets(world, tmp_path, executor, reason):
    config = config_for(tmp_path, executor=executor, port=free_port())
    with running_node(world, world.devnet.account(2), config) as node:
        job = world.drawn()
        node.deliver(world, job)
        wait_until(lambda: node.status(job)["state"] == "failed", what="the failure")
        assert node.status(job)["reason"] == reason
        assert node.client.get("/health").json()["queued"] == 0


def test_a_lying_executor_is_bound_to_its_lie(world, tmp_path):
    config = config_for(tmp_path, executor="lying", port=free_port())
    with running_node(world, world.devnet.account(2), config) as node:
        job = world.drawn()
        node.deliver(world, job)
        commitment = node.committed(job)["commit"]
        assert node.deliver(world, job).status_code == 200
        assert node.status(job)["commit"] == commitment


class Flaky(HTTPProvider):
    """A connection that can be cut."""

    cut = False

    def make_request(self, method, params):
        if self.cut:
            raise RequestsConnectionError("nobody there")
        return super().make_request(method, params)


def test_a_node_outlives_a_chain_that_does_not_answer(world, tmp_path):
    connection = Flaky(world.devnet.url)
    cut_off = SimpleNamespace(w3=Web3(connection), deployment=world.deployment)
    config = config_for(tmp_path, port=free_port())
    with running_node(cut_off, world.devnet.account(2), config) as node:
        job = world.drawn()
        wait_until(lambda: node.status(job)["state"] == "waiting", what="the job")
        connection.cut = True
        assert refusal(node.deliver(world, job)) == (503, "busy")
        assert node.client.get("/health").status_code == 200
        connection.cut = False
        assert node.deliver(world, job).status_code == 202
        node.committed(job)
