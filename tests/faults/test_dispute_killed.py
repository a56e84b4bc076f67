"""The processes that play a dispute end without a word in the middle of it, and come back."""

from dataclasses import replace

import pytest

from tests.faults.harness import PRICE, ROOT, WINDOWS, died, market, until, waiting
from touchstone.chain.disputes import Disputes
from touchstone.chain.parameters import DisputeParameters
from touchstone.localnet import Offer
from touchstone.protocol.jobs import Phase, seats_in

pytestmark = pytest.mark.long

PARAMETERS = replace(
    WINDOWS, dispute=DisputeParameters(window=230, clock=60, judge_time=30, bond=10**18)
)
"""A clock that outlasts the start of a process on a busy machine."""

POINTS = {
    "with a move in its hands": "touchstone.players.keeper:Keeper._call:after",
    "when its move was made": "touchstone.players.keeper:Keeper._tell:before",
    "before it carries the verdict out": "touchstone.chain.market:Market.conclude:before",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two honest nodes that really execute, and one that tampers."""
    with market(tmp_path_factory.mktemp("market"), 0, parameters=PARAMETERS) as built:
        offer = Offer(built.model, built.model_folder, PRICE, 16)
        for _ in range(2):
            built.nodes.append(built.net.add_provider([offer]))
        cheat = "tests.cheats.executors:early_tamperer"
        built.nodes.append(built.net.add_provider([offer], executor=cheat, python_path=ROOT))
        for node in built.nodes:
            node.wait_ready()
        built.net.next_epoch()
        yield built


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_the_liar_is_convicted_although_the_players_are_killed(built, point):
    disputes = Disputes(built.net.devnet.w3, built.net.deployment)
    honest, liar = built.nodes[:2], built.nodes[2]
    marks = [built.doom(node, point, ready=False) for node in honest]
    for node in honest:
        node.wait_ready()
    client = built.client()
    job = built.submit(client, replicas=3)
    with waiting(client, job, seconds=240):
        until(lambda: built.phase(job) in (Phase.CONTESTED, Phase.CONCLUDED), "the contest")
        for node, mark in zip(honest, marks, strict=True):
            # One of them may have nothing to do, since the other does it.
            until(lambda n=node, m=mark: died(n, m) or over(built, job), "a death", 200)
            if died(node, mark):
                built.restart(node)
        until(lambda: over(built, job), "the verdict", 200)
    assert any(mark.exists() for mark in marks)

    guilty = list(seats_in(disputes.verdict(job.id)[1]))
    (party,) = disputes.parties(job.id, guilty).values()
    assert party.account == built.address(liar)


def over(built, job) -> bool:
    return built.phase(job) is Phase.CONCLUDED
