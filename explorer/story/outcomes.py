"""How a job and its seats ended, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.derive.money import EARNINGS, Kind, balance
from explorer.story.job_words import reason_words
from explorer.story.pieces import counted, seat_list, tokens
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.database.tables import EntryRow, SeatRow
    from explorer.story.life import Life


def job_outcome(life: Life, entries: Sequence[EntryRow]) -> str:
    """How the job ended, or where it stands."""
    found, order = life.replay, life.state.order
    moved = [(Kind(entry.kind), entry.amount) for entry in entries]
    earned, back = balance(moved, EARNINGS), balance(moved, {Kind.REFUND: 1})
    match found.phase:
        case Phase.OPEN:
            return f"Open: {tokens(order.payment)} are in escrow, and no providers are drawn yet."
        case Phase.DRAWN:
            return (
                f"Drawn: {counted(order.replicas, 'provider')} work on it (attempt "
                f"{found.round + 1}); {tokens(order.payment)} are in escrow."
            )
        case Phase.SETTLED if life.state.output_demand.pending:
            return (
                f"Settled, but the output is demanded: {tokens(order.payment - back)} wait for it."
            )
        case Phase.SETTLED:
            rest = f", {tokens(back)} went back" if back else ""
            paid = counted(len(found.spoke), "provider")
            return f"Settled: {paid} were paid {tokens(earned)}{rest}.{_challenge(life)}"
        case Phase.CONTESTED:
            return f"Contested: {tokens(back)} went back; the bonds are held."
        case Phase.CONCLUDED:
            return f"Concluded after a contest: {tokens(back)} went back to the requester."
    fees = f"; {tokens(earned)} were paid as reservation fees" if earned else ""
    return f"Refunded: {tokens(back)} went back, since {reason_words(found.reason)}{fees}."


def _challenge(life: Life) -> str:
    """How it went with those who disputed what all agreed on."""
    if life.challenge is None:
        return ""
    if life.challenge.guilty is None:
        return " The result is disputed, and the bonds are held."
    if not life.challenge.guilty:
        return " The result was disputed, and nobody was shown to have lied."
    return f" The result was disputed: {seat_list(life.challenge.guilty)} guilty."


def seat_role(seat: SeatRow, life: Life) -> str:
    """What the seat was: active, a reserve, or one that took a place or lost its own."""
    failed = seat.seat in life.replay.failed
    if not seat.reserve:
        return "replaced" if failed and life.called else "active"
    if seat.seat in life.called:
        return "took a failed seat's place"
    return "passed over" if failed else "reserve"


def seat_outcome(seat: SeatRow, life: Life, entries: Sequence[tuple[Kind, int]]) -> str:
    """What became of the seat."""
    found = life.replay
    earned = balance(entries, EARNINGS)
    lost = balance(entries, {Kind.BOND: 1, Kind.BOND_BACK: -1})
    parts = []
    if earned:
        parts.append(f"earned {tokens(earned)}")
    if lost:
        reason = life.failures.get(seat.seat, "failed")
        parts.append(f"lost {tokens(lost)} of its bond ({reason})")
    if seat.seat in life.held:
        parts.append("its bond is held")
    if parts:
        return ", ".join(parts)
    if seat.reserve and seat.seat not in life.called:
        if seat.seat in found.failed:
            return "had no slot free"
        return "stands by" if found.phase is Phase.DRAWN else "not needed"
    if found.phase is Phase.DRAWN:
        if seat.seat in life.state.reveals:
            return "has revealed its result"
        return "has committed" if seat.seat in life.state.commitments else "at work"
    if found.phase is Phase.CONTESTED and seat.seat in found.spoke:
        return "its bond is held"
    if seat.seat in life.state.output_demand.seats and life.state.output_demand.pending:
        return "its earnings wait for the output"
    return "not paid, not slashed"
