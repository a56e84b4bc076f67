"""Receipts of jobs that were audited, and what becomes of them when they are forged."""

import copy
import json

import pytest

from tests.explorer.world import ANSWER_SALT, PAYLOAD, PUBLISHER, REQUESTER, explorable_world
from tests.touchstone.receipts.test_receipts import at, changed, failed, leaves_of
from touchstone.disputes.game import FIRST_CHALLENGER
from touchstone.protocol.prices import RESERVATION_PARTS
from touchstone.receipts import build, check

KINDS = (
    "audit_due",
    "audit_drawn",
    "vouched",
    "not_drawn",
    "auditor_silent",
    "auditors_silent",
    "refuted",
    "requested",
    "audited_twice",
    "audit_starved",
    "audit_fed",
    "audit_unwound",
    "audit_challenged",
)


@pytest.fixture(scope="module")
def world():
    with explorable_world() as found:
        yield found


@pytest.fixture(scope="module")
def orders(world):
    """One job of each kind; the pending ones last, so that no time passes over them."""
    pending = ("audit_due", "audit_drawn")
    return {
        name: getattr(world, name)() for name in sorted(KINDS, key=lambda name: name in pending)
    }


@pytest.fixture(scope="module")
def receipts(world, orders):
    return {name: receipt_of(world, order) for name, order in orders.items()}


def receipt_of(world, order, **opened):
    return json.loads(json.dumps(build(world.devnet.w3, world.deployment, order, **opened)))


def problems(world, receipt):
    return failed(check(receipt, world.devnet.w3, world.deployment))


def is_of_audit(event):
    return event["event"].startswith(("Audit", "Vouch"))


@pytest.mark.parametrize("name", KINDS)
def test_an_audited_jobs_receipt_holds_and_its_money_adds_up(world, orders, receipts, name):
    receipt, order = receipts[name], orders[name]
    assert problems(world, receipt) == []

    verdict, audit = receipt["verdict"], receipt["audit"]
    paid = sum(int(payment["amount"]) for payment in verdict["payments"])
    whole = paid + int(verdict["refund"]) + int(audit["fee"]) + int(audit["waiting"])
    assert whole == order.payment + int(audit["requested"])


def test_what_receipts_say_of_audits(world, orders, receipts):
    share = orders["vouched"].share
    fee = share // RESERVATION_PARTS
    said = {
        name: tuple(receipt["audit"][field] for field in ("state", "odds", "ended", "failed"))
        for name, receipt in receipts.items()
    }
    assert said == {
        "audit_due": ("due", 1, None, None),
        "audit_drawn": ("drawn", 1, None, None),
        "vouched": ("vouched", 1, None, None),
        "not_drawn": ("over", 64, "NotDrawn", None),
        "auditor_silent": ("vouched", 1, None, None),
        "auditors_silent": ("over", 1, "NobodyFree", "NoShow"),
        "refuted": ("over", 1, None, "NotComputed"),
        "requested": ("vouched", 1, None, None),
        "audited_twice": ("vouched", 1, None, None),
        "audit_starved": ("over", 1, "InputWithheld", None),
        "audit_fed": ("vouched", 1, None, None),
        "audit_unwound": ("vouched", 1, None, None),
        "audit_challenged": ("vouched", 1, None, None),
    }
    money = {
        name: tuple(
            int(receipt["audit"][field]) for field in ("requested", "fee", "returned", "waiting")
        )
        for name, receipt in receipts.items()
    }
    assert money["audit_due"] == money["audit_drawn"] == (0, 0, 0, share)
    assert money["vouched"] == money["auditor_silent"] == money["refuted"] == (0, share, 0, 0)
    assert money["not_drawn"] == money["auditors_silent"] == (0, 0, share, 0)
    assert money["requested"] == (share, share, 0, 0)
    assert money["audited_twice"] == (share, share, share, 0)
    assert money["audit_starved"] == (0, fee, share - fee, 0)
    assert receipts["audit_unwound"]["verdict"]["refund"] == str(share)
    assert receipts["vouched"]["audit"]["auditor"] == next(
        event["args"]["auditor"]
        for event in receipts["vouched"]["events"]
        if event["event"] == "Vouched"
    )


def test_a_job_without_audits_has_none(world):
    receipt = receipt_of(world, world.settled())
    assert receipt["audit"] is None
    assert problems(world, receipt) == []


@pytest.mark.parametrize("name", ["vouched", "not_drawn", "refuted", "audit_starved"])
def test_any_changed_field_of_an_audit_fails_a_check(world, receipts, name):
    receipt = receipts[name]
    mine = [
        path
        for path in leaves_of(receipt)
        if path[0] == "audit" or (path[0] == "events" and is_of_audit(at(receipt, path[:2])))
    ]
    assert len(mine) > 20
    unnoticed = []
    for path in mine:
        forged = copy.deepcopy(receipt)
        at(forged, path[:-1])[path[-1]] = changed(at(receipt, path))
        if not problems(world, forged):
            unnoticed.append(path)
    assert unnoticed == []


@pytest.mark.parametrize(
    "name",
    ["vouched", "not_drawn", "auditor_silent", "refuted", "audit_starved", "requested"],
)
def test_an_audit_left_out_in_whole_or_in_part_is_noticed(world, receipts, name):
    receipt = receipts[name]
    for index, event in enumerate(receipt["events"]):
        if is_of_audit(event):
            forged = copy.deepcopy(receipt)
            del forged["events"][index]
            assert problems(world, forged), event["event"]
    forged = copy.deepcopy(receipt)
    forged["audit"] = None
    assert "audit" in [found for found, _ in failed(check(forged, None))]
    forged["events"] = [event for event in forged["events"] if not is_of_audit(event)]
    assert problems(world, forged)


def test_a_forger_who_changes_section_and_event_alike_is_found_on_chain(world, receipts):
    """Another auditor, another seal: what the receipt says fits together, and not the chain."""
    others = {"auditor": world.provider(0), "seal": "0x" + "77" * 32}
    if receipts["vouched"]["audit"]["auditor"] == others["auditor"]:
        others["auditor"] = world.provider(1)
    for field, value in others.items():
        forged = copy.deepcopy(receipts["vouched"])
        forged["audit"][field] = value
        for event in forged["events"]:
            if field in event["args"]:
                event["args"][field] = value
        assert failed(check(forged, None)) == []
        assert {"events on chain", "audit on chain"} <= {
            name for name, _ in problems(world, forged)
        }


def test_another_fee_breaks_the_sum_without_a_chain(receipts):
    forged = copy.deepcopy(receipts["vouched"])
    forged["audit"]["fee"] = "1"
    for event in forged["events"]:
        if event["event"] == "Vouched":
            event["args"]["fee"] = "1"
    assert {"verdict", "audit"} <= {name for name, _ in failed(check(forged, None))}


def test_an_old_receipt_is_found_out_once_the_audit_goes_on(world):
    order = world.audit_due()
    due = receipt_of(world, order)
    world.draw_auditor(order)
    assert [name for name, _ in problems(world, due)] == ["audit on chain"]
    drawn = receipt_of(world, order)
    assert problems(world, drawn) == []
    world.vouch(order)
    assert [name for name, _ in problems(world, drawn)] == ["audit on chain"]


@pytest.mark.parametrize(("name", "words"), [("vouched", "is of"), ("falsely", "is not of")])
def test_whoever_can_open_the_output_sees_whether_the_seal_is_of_it(world, orders, name, words):
    order = orders.get(name)
    if order is None:
        order = world.audit_drawn()
        world.vouch(order, output=b"another output")
    receipt = receipt_of(
        world, order, salt=ANSWER_SALT, input_payload=PAYLOAD, output_payload=PAYLOAD
    )
    results = {result.name: result for result in check(receipt, world.devnet.w3)}
    assert failed(results.values()) == []
    assert f"the seal {words} the settled output" in results["audit"].detail


def test_a_conclusion_names_a_winner_for_each_seat(world, receipts):
    receipt = receipts["audit_challenged"]
    (event,) = [event for event in receipt["events"] if event["event"] == "Concluded"]
    assert event["args"]["winners"] == ["0x" + "00" * 20] * FIRST_CHALLENGER
    forged = copy.deepcopy(receipt)
    index = receipt["events"].index(event)
    forged["events"][index]["args"]["winners"][7] = world.devnet.account(PUBLISHER).address
    assert [name for name, _ in problems(world, forged)] == ["events on chain"]


def test_audits_are_of_the_requester_and_the_pool(world, orders):
    """What the other tests rely on: an auditor is none of the paid, and the requester pays."""
    for name in ("vouched", "requested"):
        job = world.market.job(orders[name])
        assert job.audit.leaf not in job.seats.values()
        assert job.order.requester == world.devnet.account(REQUESTER).address
