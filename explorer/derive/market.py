"""What the market's events bring about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.database.tables import JobRow, PhaseRow, SeatRow, SettlementRow
from explorer.derive.facts import JobFact
from explorer.derive.money import EARNINGS, OWED, Kind
from explorer.derive.records import NOBODY
from explorer.derive.rows import MARKET_TOTALS
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.demands import NO_SEAT
from touchstone.protocol.jobs import REFUND_REASONS, Phase, seats_in, seats_of
from touchstone.protocol.orders import AUDITED
from touchstone.protocol.prices import price, slot_ceiling

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.derive.records import Event
    from explorer.derive.transaction import Transaction


def opened(tx: Transaction, event: Event) -> None:
    """A job begins with its payment in escrow."""
    order, job = event.args["order"], event.text("job")
    units, tier = int(order["units"]), int(order["tier"])
    fact = JobFact(
        id=job,
        requester=event.text("requester"),
        pool=event.text("pool"),
        replicas=int(order["replicas"]),
        share=price(tier) * units,
        audited=bool(int(order["mode"]) & AUDITED),
        deferred=int(order["inputRoot"], 16) == 0,
        ceiling=slot_ceiling(tier),
    )
    tx.facts.jobs[job] = fact
    tx.rows.add(
        JobRow,
        event,
        id=job,
        requester=fact.requester,
        pool=fact.pool,
        model=order["model"],
        shard=int(order["shard"]),
        tier=tier,
        mode=int(order["mode"]),
        replicas=fact.replicas,
        units=units,
        input_root=order["inputRoot"],
        params=order["params"],
        nonce=int(order["nonce"]),
        open_by=int(order["openBy"]),
        seed_block=event.number("seedBlock"),
    )
    tx.rows.mention(event, "model", order["model"])
    tx.rows.count(event, fact.requester, "opened", 1)
    tx.rows.count(event, fact.pool, "jobs", 1)
    _enter(tx, event, Phase.OPEN)
    _move(tx, event, Kind.PAYMENT, fact.requester, fact.payment)


def drawn(tx: Transaction, event: Event) -> None:
    """Seats are named, in the order of the seed: first the active ones, then the reserves."""
    job = tx.facts.job(event.text("job"))
    for number, (seat, leaf) in enumerate(seats_of(event.number("seats")).items()):
        account = tx.facts.owner(job.pool, leaf)
        reserve = number >= job.replicas
        tx.facts.seats[job.id, seat] = (leaf, account)
        tx.rows.add(
            SeatRow, event, job=job.id, seat=seat, leaf=leaf, account=account, reserve=reserve
        )
        tx.rows.mention(event, "account", account)
        if not reserve:
            tx.rows.count(event, account, "seated", 1)
    _enter(tx, event, Phase.WAITING if job.deferred else Phase.DRAWN)


def input_fixed(tx: Transaction, event: Event) -> None:
    """The seats of a deferred order begin."""
    _enter(tx, event, Phase.DRAWN)


def seat_spoke(tx: Transaction, event: Event) -> None:
    """An event that names one seat, as `CommitPosted` does."""
    _mention_seat(tx, event)


def seat_replaced(tx: Transaction, event: Event) -> None:
    """A reserve takes part, where it has a slot free."""
    account = _mention_seat(tx, event)
    if event.flag("locked") and account is not None:
        tx.rows.count(event, account, "seated", 1)


def seat_failed(tx: Transaction, event: Event) -> None:
    """A seat's provider failed; the vault's next slash is its."""
    _mention_seat(tx, event)
    tx.failure = event


def settled(tx: Transaction, event: Event) -> None:
    """The paid seats earn their share; what they do not earn goes back to the requester."""
    job, paid, share = tx.facts.job(event.text("job")), event.number("paid"), event.number("share")
    tx.facts.paid[job.id] = paid
    tx.rows.add(
        SettlementRow, event, job=job.id, output_root=event.text("outputRoot"), paid=paid,
        share=share,
    )  # fmt: skip
    _enter(tx, event, Phase.SETTLED)
    _pay_seats(tx, event, Kind.EARNED, paid, share)
    rest = share * (job.replicas - paid.bit_count())
    _move(tx, event, Kind.REFUND, job.requester, rest)
    if job.audited:
        tx.audits_paid.add(job.id)


def contested(tx: Transaction, event: Event) -> None:
    """Results differ."""
    for seat in event.args["seats"]:
        tx.rows.mention(event, "account", tx.facts.seat(event.text("job"), int(seat))[1])
    _enter(tx, event, Phase.CONTESTED)


def challenged(tx: Transaction, event: Event) -> None:
    """The resolver looks at a result that all agreed on."""
    for seat in seats_in(event.number("seats")):
        tx.rows.mention(event, "account", tx.facts.seat(event.text("job"), seat)[1])


def concluded(tx: Transaction, event: Event) -> None:
    """The resolver has spoken; slashes of the guilty follow in the same transaction. A challenged
    job stays what it was."""
    tx.verdicts[event.text("job")] = event
    for winner in event.args["winners"]:
        if winner != NOBODY:
            tx.rows.mention(event, "account", winner)
    if tx.facts.phase(event.text("job")) == Phase.CONTESTED.name.lower():
        _enter(tx, event, Phase.CONCLUDED)


def refunded(tx: Transaction, event: Event) -> None:
    """The requester gets back what was still in escrow."""
    number = event.number("reason")
    reason = REFUND_REASONS[number] if number < len(REFUND_REASONS) else f"reason {number}"
    _enter(tx, event, Phase.REFUNDED, reason)
    requester = tx.facts.job(event.text("job")).requester
    _move(tx, event, Kind.REFUND, requester, event.number("amount"))


def withdrawn(tx: Transaction, event: Event) -> None:
    """An account was paid out what the market owed it."""
    account, amount = event.text("account"), event.number("amount")
    tx.rows.count(event, account, "owed", -amount)
    tx.rows.count(event, account, "withdrawn", amount)


def demanded(tx: Transaction, event: Event) -> None:
    """Bytes are demanded. While an output is awaited, those who earned with it are not paid."""
    job = tx.facts.job(event.text("job"))
    _move(tx, event, Kind.DEPOSIT, event.text("demander"), event.number("deposit"))
    if event.flag("output"):
        _pay_seats(tx, event, Kind.WAITING, tx.facts.paid_seats(job.id), job.share)
    elif event.number("seat") != NO_SEAT:
        _mention_seat(tx, event)


def answered(tx: Transaction, event: Event) -> None:
    """The bytes are on chain, and whoever brought them is paid for it."""
    _move(tx, event, Kind.ANSWER, event.text("by"), event.number("fee"))


def demand_closed(tx: Transaction, event: Event) -> None:
    """A demand is over. Where it was for the output and did not end the job, the providers are
    paid what waited for it."""
    job = tx.facts.job(event.text("job"))
    _move(tx, event, Kind.RETURNED, event.text("demander"), event.number("returned"))
    if event.flag("output") and job.id not in tx.unwound:
        _pay_seats(tx, event, Kind.DELIVERED, tx.facts.paid_seats(job.id), job.share)


def unwound(tx: Transaction, event: Event) -> None:
    """The output was withheld: what waited for it goes back to the requester, by `Refunded`."""
    tx.unwound.add(event.text("job"))
    for seat in seats_in(event.number("seats")):
        tx.rows.mention(event, "account", tx.facts.seat(event.text("job"), seat)[1])


def reserved(tx: Transaction, event: Event) -> None:
    """Seats that the requester kept waiting are paid for it."""
    _pay_seats(tx, event, Kind.RESERVATION, event.number("seats"), event.number("fee"))


def audit_due(tx: Transaction, event: Event) -> None:
    """An audit begins: the order has paid for it where its settlement brings it about, the
    requester pays now where it asks for one."""
    job = tx.facts.job(event.text("job"))
    if job.id in tx.audits_paid:
        tx.audits_paid.discard(job.id)
        return
    _move(tx, event, Kind.AUDIT_ORDERED, job.requester, job.share)


def auditor_drawn(tx: Transaction, event: Event) -> None:
    """A provider must look at a result that others were paid for."""
    auditor = event.text("auditor")
    tx.facts.seats[event.text("job"), AUDITOR_SEAT] = (event.number("leaf"), auditor)
    tx.rows.count(event, auditor, "audits", 1)


def vouched(tx: Transaction, event: Event) -> None:
    """The auditor computed the settled result, and is paid as a seat is."""
    _move(tx, event, Kind.AUDITED, event.text("auditor"), event.number("fee"), AUDITOR_SEAT)


def auditor_failed(tx: Transaction, event: Event) -> None:
    """An auditor failed; the vault's next slash is its."""
    tx.failure = event


def audit_ended(tx: Transaction, event: Event) -> None:
    """Nobody vouched. What the requester does not get back, the auditor that waited for the input
    does."""
    job, returned = tx.facts.job(event.text("job")), event.number("returned")
    _move(tx, event, Kind.AUDIT_BACK, job.requester, returned)
    if returned < job.share:
        auditor = tx.facts.seat(job.id, AUDITOR_SEAT)[1]
        _move(tx, event, Kind.RESERVATION, auditor, job.share - returned, AUDITOR_SEAT)


HANDLERS: dict[str, Callable[[Transaction, Event], None]] = {
    "Opened": opened,
    "Drawn": drawn,
    "InputFixed": input_fixed,
    "CommitPosted": seat_spoke,
    "Revealed": seat_spoke,
    "SeatFailed": seat_failed,
    "SeatReplaced": seat_replaced,
    "Settled": settled,
    "Contested": contested,
    "Challenged": challenged,
    "Concluded": concluded,
    "Refunded": refunded,
    "Withdrawn": withdrawn,
    "Demanded": demanded,
    "DemandJoined": seat_spoke,
    "Answered": answered,
    "DemandClosed": demand_closed,
    "Unwound": unwound,
    "Reserved": reserved,
    "AuditDue": audit_due,
    "AuditorDrawn": auditor_drawn,
    "Vouched": vouched,
    "AuditorFailed": auditor_failed,
    "AuditEnded": audit_ended,
}
"""By the event's name. Earned, Credited and Acknowledged say nothing that these do not."""


def _enter(tx: Transaction, event: Event, phase: Phase, reason: str | None = None) -> None:
    job, name = event.text("job"), phase.name.lower()
    before = tx.facts.phase(job)
    if before is not None:
        tx.rows.count(event, MARKET_TOTALS, before, -1)
    tx.facts.phases[job] = name
    tx.rows.count(event, MARKET_TOTALS, name, 1)
    tx.rows.add(PhaseRow, event, job=job, phase=name, reason=reason)


def _move(
    tx: Transaction, event: Event, kind: Kind, account: str, amount: int, seat: int | None = None
) -> None:
    """Books an entry, and what it means for the account and for the whole market."""
    if amount == 0:
        return
    tx.rows.entry(event, event.text("job"), kind, account, amount, seat)
    if kind in OWED:
        tx.rows.count(event, account, "owed", OWED[kind] * amount)
    for measure, signs in _MEASURES.items():
        if kind in signs:
            tx.rows.count(event, account, measure, signs[kind] * amount)
            tx.rows.count(event, MARKET_TOTALS, measure, signs[kind] * amount)


_MEASURES = {
    "escrowed": {Kind.PAYMENT: 1, Kind.AUDIT_ORDERED: 1},
    "earned": EARNINGS,
    "repaid": {Kind.REFUND: 1, Kind.AUDIT_BACK: 1},
    "answers": {Kind.ANSWER: 1},
}


def _pay_seats(tx: Transaction, event: Event, kind: Kind, seats: int, each: int) -> None:
    for seat in seats_in(seats):
        account = tx.facts.seat(event.text("job"), seat)[1]
        _move(tx, event, kind, account, each, seat)
        tx.rows.mention(event, "account", account)


def _mention_seat(tx: Transaction, event: Event) -> str | None:
    """Mentions the provider of the seat that the event names, and returns it."""
    found = tx.facts.seat(event.text("job"), event.number("seat"))
    tx.rows.mention(event, "account", found[1])
    return found[1]
