"""What happened to a job, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.derive.money import Kind
from explorer.derive.records import NOBODY
from explorer.story import audit_words
from explorer.story.known import failure_name
from explorer.story.moments import utc
from explorer.story.pieces import (
    Piece,
    Sentence,
    account,
    counted,
    job,
    join,
    pool,
    root,
    say,
    seat_list,
    tokens,
)
from explorer.story.places import party_name
from touchstone.protocol.demands import NO_SEAT
from touchstone.protocol.jobs import REFUND_REASONS, seats_in, seats_of
from touchstone.protocol.orders import audit_odds
from touchstone.protocol.prices import BOND_CEILINGS, price, slot_ceiling

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.derive.records import Event
    from explorer.story.known import Known, Slash

REASONS = {
    "NeverDrawn": "it was not drawn in time",
    "NoReplacement": "too few reserves were left to take the place of those that failed",
    "TooLate": "it could no longer be paid in time",
    "TooFewReveals": "fewer than two results were revealed",
    "Contested": "the results differ",
    "InputWithheld": "the input did not come",
    "OutputWithheld": "the output was demanded on chain and did not come",
}
"""Why a job was refunded."""

_FAILED = {
    "NoShow": "was silent",
    "Withheld": "committed and then withheld its result",
    "Equivocated": "signed two different statements about one draw",
    "Guilty": "was found guilty",
    "OutputWithheld": "did not hand out the output that it was paid for",
    "InputWithheld": "was paid for a result whose input nobody gave the auditor",
    "NotComputed": "vouched for a result that it had not computed",
}
_GIVEN = {
    Kind.REFUND_SLICE: "to the requester",
    Kind.COMPENSATION: "as compensation",
    Kind.BOUNTY: "as bounty",
}


def reason_words(reason: str | None) -> str:
    """Why a job was refunded; an unknown reason is shown as it is named."""
    return REASONS.get(reason or "", reason or "no reason is known")


def opened(event: Event, known: Known) -> Sentence:
    """`Opened`."""
    order = event.args["order"]
    share = price(int(order["tier"])) * int(order["units"])
    replicas = int(order["replicas"])
    odds = audit_odds(int(order["mode"]))
    whole = share * (replicas + (1 if odds else 0))
    each = f"{counted(replicas, 'provider')}, {tokens(share)} each"
    audits = ", and as much for an auditor" if odds else ""
    audits += f" of one job in {odds}" if odds > 1 else ""
    return say(
        "Opened by ",
        account(event.text("requester")),
        f" for {tokens(whole)} ({each}{audits}) in pool ",
        pool(event.text("pool")),
        f"; the seed is the hash of block {event.text('seedBlock')}.",
    )


def drawn(event: Event, known: Known) -> Sentence:
    """`Drawn`."""
    row = known.jobs.get(event.text("job"))
    named = list(seats_of(event.number("seats")))
    count = row.replicas if row else len(named)
    until = (event.number("lockBucket") + 1) * known.bucket_seconds
    parts = [
        Piece(f"Drawn: {seat_list(named[:count])} ("),
        *_providers(event, known, named[:count]),
    ]
    if named[count:]:
        parts += [Piece(f") and {'reserve' if len(named) == count + 1 else 'reserves'} ")]
        parts += [Piece(seat_list(named[count:]).partition(" ")[2]), Piece(" (")]
        parts += _providers(event, known, named[count:])
    return say(*parts, f"). Bonds are locked until {utc(until)}.")


def input_fixed(event: Event, known: Known) -> Sentence:
    """`InputFixed`."""
    return say("The input is fixed: its root is ", root(event.text("inputRoot")), ".")


def commit_posted(event: Event, known: Known) -> Sentence:
    """`CommitPosted`."""
    return say(
        *_seat(event, known), " put its commitment ", root(event.text("commitment")), " on chain."
    )


def revealed(event: Event, known: Known) -> Sentence:
    """`Revealed`."""
    return say(
        *_seat(event, known), " revealed the output root ", root(event.text("outputRoot")), "."
    )


def seat_failed(event: Event, known: Known) -> Sentence:
    """`SeatFailed`, with what it cost."""
    return _failed(event, known, _seat(event, known))


def auditor_failed(event: Event, known: Known) -> Sentence:
    """`AuditorFailed`, with what it cost."""
    return _failed(event, known, say("The auditor (", account(event.text("auditor")), ")"))


def _failed(event: Event, known: Known, who: Sentence) -> Sentence:
    name = failure_name(event.number("reason"))
    did = _FAILED.get(name, f"failed ({name})")
    slash, row = known.slashes.get(event.place), known.jobs.get(event.text("job"))
    if slash is None or row is None:
        note = "; it counts as guilty once the resolver has spoken" if name == "Equivocated" else ""
        return say(*who, f" {did}{note}.")
    return say(*who, f" {did} and lost ", *_cost(slash, slot_ceiling(row.tier)), ".")


def seat_replaced(event: Event, known: Known) -> Sentence:
    """`SeatReplaced`."""
    if event.flag("locked"):
        return say(*_seat(event, known), ", a reserve, takes part from the next round on.")
    return say(
        *_seat(event, known), ", a reserve, had no slot free and was passed over, unpunished."
    )


def round_started(event: Event, known: Known) -> Sentence:
    """`RoundStarted`."""
    return say(f"Attempt {event.number('round') + 1} began: the active seats commit anew.")


def settled(event: Event, known: Known) -> Sentence:
    """`Settled`."""
    paid, share = seats_in(event.number("paid")), event.number("share")
    row = known.jobs.get(event.text("job"))
    rest = (row.replicas - len(paid)) * share if row else 0
    parts: list[str | Piece] = [
        f"Settled: {counted(len(paid), 'provider')} agree on output root ",
        root(event.text("outputRoot")),
        f"; each earned {tokens(share)}",
    ]
    if rest:
        parts.append(f", and {tokens(rest)} for seats without a result went back to the requester")
    return say(*parts, ".")


def contested(event: Event, known: Known) -> Sentence:
    """`Contested`."""
    parts: list[str | Piece] = ["Contested, since results differ: "]
    pairs = list(zip(event.args["seats"], event.args["outputRoots"], strict=True))
    for index, (seat, output) in enumerate(pairs):
        parts += [", " if index else "", f"seat {seat} claims ", root(output)]
    return say(*parts, ". Their bonds are held until the resolver has spoken; nobody is outvoted.")


def challenged(event: Event, known: Known) -> Sentence:
    """`Challenged`."""
    held = seats_in(event.number("seats"))
    return say(
        "The output root ", root(event.text("outputRoot")), " that all agreed on is disputed: "
        f"the bonds of {seat_list(held)} (",
        *_providers(event, known, list(held)),
        ") are held until the resolver has spoken.",
    )  # fmt: skip


def concluded(event: Event, known: Known) -> Sentence:
    """`Concluded`."""
    guilty, winners = seats_in(event.number("guilty")), event.args["winners"]
    if not guilty:
        return say("Concluded: nobody was shown to have lied, and the bonds are held no longer.")
    parts: list[str | Piece] = [f"Concluded: {seat_list(guilty)} guilty"]
    paid = {seat: winners[seat] for seat in guilty if winners[seat] != NOBODY}
    if len(guilty) > 1 and len(set(paid.values())) == 1 and len(paid) == len(guilty):
        parts += ["; the bounties go to ", account(winners[guilty[0]])]
    elif len(guilty) == 1 and paid:
        parts += ["; the bounty goes to ", account(winners[guilty[0]])]
    else:
        for seat, winner in paid.items():
            parts += [f"; the bounty of {seat_list([seat])} goes to ", account(winner)]
    return say(*parts, ".")


def refunded(event: Event, known: Known) -> Sentence:
    """`Refunded`."""
    number, row = event.number("reason"), known.jobs.get(event.text("job"))
    reason = REFUND_REASONS[number] if number < len(REFUND_REASONS) else f"reason {number}"
    whom: str | Piece = account(row.requester) if row else "the requester"
    amount = tokens(event.number("amount"))
    return say(f"Refunded: {amount} went back to ", whom, f", since {reason_words(reason)}.")


def acknowledged(event: Event, known: Known) -> Sentence:
    """`Acknowledged`."""
    return say("The requester confirmed the result: what was earned can be withdrawn at once.")


def demanded(event: Event, known: Known) -> Sentence:
    """`Demanded`."""
    who = [*_seat(event, known)] if event.number("seat") < NO_SEAT else [Piece("The requester")]
    note = ". What the providers earned waits for it" if event.flag("output") else ""
    return say(
        *who,
        f" demanded the {_what(event)} on chain, with a deposit of "
        f"{tokens(event.number('deposit'))}; the answer is due by "
        f"{utc(event.number('deadline'))}{note}.",
    )


def demand_joined(event: Event, known: Known) -> Sentence:
    """`DemandJoined`."""
    return say(*_seat(event, known), " lacks the input as well.")


def answered(event: Event, known: Known) -> Sentence:
    """`Answered`."""
    size, fee = (len(event.text("payload")) - 2) // 2, event.number("fee")
    paid = f"was paid {tokens(fee)} for it" if fee else "was paid nothing, since nobody had asked"
    what = f" answered on chain with the {_what(event)} ({counted(size, 'byte')}) and {paid}."
    return say(account(event.text("by")), what)


def demand_closed(event: Event, known: Known) -> Sentence:
    """`DemandClosed`."""
    back = tokens(event.number("returned"))
    return say(
        f"The demand for the {_what(event)} is over; {back} of its deposit went back to ",
        account(event.text("demander")),
        ".",
    )


def reserved(event: Event, known: Known) -> Sentence:
    """`Reserved`."""
    seats, fee = seats_in(event.number("seats")), tokens(event.number("fee"))
    if not seats:
        return say("The input was withheld; no seat had shown that it waited for it.")
    return say(
        f"The input was withheld: {seat_list(seats)} (",
        *_providers(event, known, list(seats)),
        f") got a reservation fee of {fee} each.",
    )


def unwound(event: Event, known: Known) -> Sentence:
    """`Unwound`."""
    seats, share = seats_in(event.number("seats")), tokens(event.number("share"))
    return say(
        f"The output was withheld: the {share} that {seat_list(seats)} earned each are taken back."
    )


WORDS: dict[str, Callable[[Event, Known], Sentence]] = {
    "Opened": opened,
    "Drawn": drawn,
    "InputFixed": input_fixed,
    "CommitPosted": commit_posted,
    "Revealed": revealed,
    "SeatFailed": seat_failed,
    "SeatReplaced": seat_replaced,
    "RoundStarted": round_started,
    "Settled": settled,
    "Contested": contested,
    "Challenged": challenged,
    "Concluded": concluded,
    "Refunded": refunded,
    "Acknowledged": acknowledged,
    "Demanded": demanded,
    "DemandJoined": demand_joined,
    "Answered": answered,
    "DemandClosed": demand_closed,
    "Reserved": reserved,
    "Unwound": unwound,
    "AuditorFailed": auditor_failed,
    **audit_words.WORDS,
}
"""By the event's name."""


def about(key: str) -> Sentence:
    """Which job an event is about, where that is not clear from the page."""
    return say("Job ", job(key), ": ")


def _what(event: Event) -> str:
    return "output" if event.flag("output") else "input"


def _seat(event: Event, known: Known) -> Sentence:
    """`Seat 1 (0x..)`, from the event's seat."""
    seat = event.number("seat")
    who, name = known.account_of(event, seat), party_name(seat).capitalize()
    return say(name) if who is None else say(f"{name} (", account(who), ")")


def _providers(event: Event, known: Known, seats: list[int]) -> Sentence:
    found = [known.account_of(event, seat) for seat in seats]
    return join([account(who) for who in found if who is not None])


def _cost(slash: Slash, ceiling: int) -> Sentence:
    lost, whole = slash.bond - slash.back, f"of {BOND_CEILINGS} slices of its bond: "
    parts: list[str | Piece] = [
        f"{_slices(lost, ceiling)} {whole}{tokens(slash.burned)} burned",
    ]
    for kind, who, amount in slash.paid:
        parts += [f", {tokens(amount)} {_GIVEN[kind]} (", account(who), ")"]
    return say(*parts)


def _slices(amount: int, ceiling: int) -> str:
    """How many slices an amount is: a whole number but for compensations."""
    whole, rest = divmod(amount, ceiling)
    return str(whole) if not rest else f"{amount / ceiling:.3g}"
