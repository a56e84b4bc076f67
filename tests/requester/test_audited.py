"""What a requester is told of jobs that were audited: who looked, and where the money is."""

import pytest

from requester.cli_common import audit_words, outcome_data
from requester.client import Client
from requester.follow import Audited, read_outcome
from requester.store import StoredJob
from tests.explorer.world import ANSWER_SALT, PAYLOAD, REQUESTER, explorable_world
from touchstone.amounts import format_tokens
from touchstone.protocol.audits import AuditState
from touchstone.protocol.prices import RESERVATION_PARTS

KINDS = (
    "vouched",
    "not_drawn",
    "auditor_silent",
    "auditors_silent",
    "refuted",
    "requested",
    "audited_twice",
    "audit_starved",
    "audit_unwound",
    "audit_due",
    "audit_drawn",
)
ADDRESS = "0x" + "12" * 20


@pytest.fixture(scope="module")
def world():
    with explorable_world() as found:
        yield found


@pytest.fixture(scope="module")
def orders(world):
    return {name: getattr(world, name)() for name in KINDS}


def stored(world, order) -> StoredJob:
    return StoredJob(world.id_of(order), order, ANSWER_SALT, PAYLOAD, "doubler@1", None, None, 0)


def outcome_of(world, order):
    return read_outcome(world.market, stored(world, order), world.market.job(order))


def test_an_audited_jobs_money_is_spent_refunded_or_waits(world, orders):
    share = orders["vouched"].share
    fee = share // RESERVATION_PARTS
    found = {}
    for name, order in orders.items():
        outcome = outcome_of(world, order)
        found[name] = (outcome.spent, outcome.refunded)
        pending = outcome.audit.state in (AuditState.DUE, AuditState.DRAWN)
        asked = share if name in ("requested", "audited_twice") else 0
        waits = share if pending else 0
        assert outcome.spent + outcome.refunded + waits == order.payment + asked, name
    assert found == {
        "vouched": (2 * share, 0),
        "not_drawn": (share, share),
        "auditor_silent": (2 * share, 0),
        "auditors_silent": (share, share),
        "refuted": (2 * share, 0),
        "requested": (2 * share, 0),
        "audited_twice": (2 * share, share),
        "audit_starved": (share + fee, share - fee),
        # The seat's share came back, the auditor's did not.
        "audit_unwound": (share, share),
        "audit_due": (share, 0),
        "audit_drawn": (share, 0),
    }


def test_an_outcome_says_who_audited_and_how_it_went(world, orders):
    found = {name: outcome_of(world, order).audit for name, order in orders.items()}
    events = world.market.events(0, world.head, world.id_of(orders["vouched"]), ["Vouched"])
    (event,) = list(events)

    assert found["vouched"] == Audited(1, AuditState.VOUCHED, event["args"]["auditor"])
    assert found["not_drawn"] == Audited(64, AuditState.OVER, None, "NotDrawn")
    assert found["auditors_silent"].failed == "NoShow"
    assert found["auditors_silent"].ended == "NobodyFree"
    assert found["auditor_silent"].failed is None
    assert (found["refuted"].state, found["refuted"].failed) == (AuditState.OVER, "NotComputed")
    assert found["audited_twice"].odds == 1
    assert found["audit_due"] == Audited(1)
    drawn = found["audit_drawn"]
    assert (drawn.state, drawn.auditor) == (AuditState.DRAWN, world.auditor(orders["audit_drawn"]))


def test_a_job_without_audits_has_none(world):
    order = world.settled()
    outcome = outcome_of(world, order)

    assert outcome.audit is None
    assert (outcome.spent, outcome.refunded) == (order.payment, 0)
    assert outcome_data(stored(world, order), outcome)["audit"] is None


@pytest.mark.parametrize(
    ("audit", "words"),
    [
        (Audited(8), "one in 8: waits"),
        (Audited(8, AuditState.DRAWN, ADDRESS), f"one in 8: auditor {ADDRESS} has to look"),
        (Audited(8, AuditState.VOUCHED, ADDRESS), f"one in 8: auditor {ADDRESS} vouched"),
        (Audited(8, AuditState.OVER, None, "NotDrawn"), "one in 8: not drawn"),
        (
            Audited(1, AuditState.OVER, ADDRESS, "NobodyFree", "NoShow"),
            f"one in 1: auditor {ADDRESS} was silent and lost a part of its bond; drawn, but no "
            "provider had a bond free",
        ),
        (
            Audited(2, AuditState.OVER, ADDRESS, None, "NotComputed"),
            f"one in 2: auditor {ADDRESS} vouched for what it had not computed and lost its bond",
        ),
        (
            Audited(2, AuditState.OVER, ADDRESS, "InputWithheld"),
            f"one in 2: auditor {ADDRESS} was drawn; the auditor was refused the input: it was "
            "paid a reservation fee",
        ),
        (None, None),
    ],
)
def test_an_audit_in_words(audit, words):
    assert audit_words(audit) == words


def test_a_job_as_json_has_its_audit(world, orders):
    order = orders["not_drawn"]
    data = outcome_data(stored(world, order), outcome_of(world, order))

    assert data["audit"] == "one in 64: not drawn"
    assert data["payment"] == format_tokens(2 * order.share)
    assert data["refunded"] == data["spent"] == format_tokens(order.share)


def test_a_requester_moves_its_audits_on_and_withdraws_what_returns(world, tmp_path):
    account = world.devnet.account(REQUESTER)
    client = Client(world.devnet.w3, world.deployment, account, tmp_path, poll_s=0.1)
    job = stored(world, world.audit_due())
    client.store.add(job)
    world.devnet.mine(2)
    assert client.reclaim(job).audit.state is AuditState.DRAWN
    assert client.outcome(job).refunded == 0
    while client.outcome(job).audit.state is AuditState.DRAWN:
        world.wait(world.market.parameters.commit_window + 1)
        world.devnet.mine()
        client.reclaim(job)
    assert client.outcome(job).refunded == job.order.share
    assert client.withdraw() >= job.order.share
