"""A node that is killed at any point takes up all its promises, and makes no second ones."""

import signal

from tests.provider.process import Setup
from tests.provider.running import free_port, wait_until
from tests.provider.test_whole_job import own


def test_a_killed_node_gives_the_same_commitment_and_claim(world, peer, tmp_path):
    setup = Setup(world, world.devnet.account(2), tmp_path, free_port())
    job = world.open()
    with setup.node() as (process, node):
        world.draw(job)
        assert node.deliver(world, job).status_code == 202
        committed = node.committed(job)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    commits = {
        setup.account.address: own(committed),
        peer.account.address: peer.commit(world, job),
    }
    shown = world.commit_set(job, commits)
    with setup.node() as (process, node):
        assert node.status(job) == committed
        claim = node.client.post(f"{job.path}/set", json=shown)
        assert claim.status_code == 200, claim.text
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with setup.node() as (_, node):
        assert node.status(job)["state"] == "claimed"
        assert node.client.post(f"{job.path}/set", json=shown).text == claim.text


def test_a_node_killed_while_it_computes_computes_again(world, tmp_path):
    setup = Setup(world, world.devnet.account(2), tmp_path, free_port())
    quick = setup.config.read_text()
    setup.config.write_text(quick.replace(":doubling", ":gated"))
    job = world.open()
    with setup.node() as (process, node):
        world.draw(job)
        node.deliver(world, job)
        wait_until(lambda: node.status(job)["state"] == "running", what="the execution")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    setup.config.write_text(quick)
    with setup.node() as (_, node):
        assert node.committed(job)["state"] == "committed"


def test_a_node_that_was_away_posts_its_commitment_after_its_return(world, tmp_path):
    setup = Setup(world, world.devnet.account(2), tmp_path, free_port())
    job = world.open()
    with setup.node() as (_, node):
        world.draw(job)
        node.deliver(world, job)
        node.committed(job)
    state = world.market.job(job.order)
    seat = next(s for s, p in state.providers.items() if p == setup.account.address)
    world.devnet.increase_time(12)
    with setup.node():
        wait_until(lambda: seat in world.market.job(job.order).commitments, what="the commitment")


def test_two_nodes_cannot_share_a_data_folder(world, tmp_path):
    setup = Setup(world, world.devnet.account(2), tmp_path, free_port())
    with setup.node():
        second = setup.command("run")
    assert "node has stopped" in (tmp_path / "log").read_text()
    assert second.returncode == 1
    assert "another node runs on" in second.stderr
