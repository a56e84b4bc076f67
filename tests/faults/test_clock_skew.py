"""Every role's own clock is wrong, by hours and in both directions: only the chain's counts."""

import json

import pytest

from tests.faults.harness import market, waiting

pytestmark = pytest.mark.long

HOUR_S = 3600


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with market(tmp_path_factory.mktemp("market")) as built:
        yield built


def test_a_job_settles_between_nodes_whose_clocks_are_hours_apart(built):
    built.verifier = built.net.add_verifier()
    processes = [*built.nodes, built.verifier]
    for node, hours in zip(processes, (-9, 5, 26, 13), strict=True):
        built.restart(node, CLOCK_SKEW_S=str(hours * HOUR_S))
    for node in processes:
        node.wait_ready()
    before, client = built.books(), built.client(float("inf"))
    job = built.submit(client)
    with waiting(client, job) as outcomes:
        pass
    assert outcomes[0].settled
    built.check_books(before, [job])
    built.signed_once(job)
    assert logged_hour(built.nodes[0]) != logged_hour(built.nodes[1]), "the clocks were not moved"


def test_a_requester_whose_clock_is_a_day_late_orders_and_is_served(built):
    done = built.command(
        "job", "submit", "--model", built.model, "--folder", str(built.model_folder), "the model",
        home=built.folder / "late", CLOCK_SKEW_S=str(-24 * HOUR_S),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def logged_hour(node) -> str:
    """The hour that a node's own clock gave to its last words."""
    lines = [line for line in node.log.read_text().splitlines() if line.startswith('{"time"')]
    return json.loads(lines[-1])["time"][:13]
