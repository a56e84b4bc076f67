"""How a job and its seats ended, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.derive.money import EARNINGS, Kind, balance
from explorer.story.audit_words import audit_reason
from explorer.story.job_words import reason_words
from explorer.story.known import FAILURE_WORDS
from explorer.story.pieces import counted, seat_list, tokens
from touchstone.protocol.audits import AUDITOR_SEAT, AuditState
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.database.tables import EntryRow, SeatRow
    from explorer.story.life import Auditor, Life


def job_outcome(life: Life, entries: Sequence[EntryRow]) -> str:
    """How the job ended, or where it stands."""
    found, order = life.replay, life.state.order
    moved = [(Kind(entry.kind), entry.amount) for entry in entries]
    back = balance(moved, {Kind.REFUND: 1, Kind.AUDIT_BACK: 1})
    # What an auditor got is told apart.
    own = [(Kind(entry.kind), entry.amount) for entry in entries if entry.seat != AUDITOR_SEAT]
    earned = balance(own, EARNINGS)
    match found.phase:
        case Phase.OPEN:
            return f"Open: {tokens(order.payment)} are in escrow, and no providers are drawn yet."
        case Phase.WAITING:
            return (
                f"Waiting: {counted(order.replicas, 'provider')} stand by until its input is fixed;"
                f" {tokens(order.payment)} are in escrow."
            )
        case Phase.DRAWN:
            return (
                f"Drawn: {counted(order.replicas, 'provider')} work on it (attempt "
                f"{found.round + 1}); {tokens(order.payment)} are in escrow."
            )
        case Phase.SETTLED if life.state.output_demand.pending:
            waits = balance(moved, {Kind.WAITING: 1, Kind.DELIVERED: -1})
            return f"Settled, but the output is demanded: {tokens(waits)} wait for it."
        case Phase.SETTLED:
            rest = f", {tokens(back)} went back" if back else ""
            paid = counted(len(found.spoke), "provider")
            said = _challenge(life) + _audit(life)
            were = "was" if len(found.spoke) == 1 else "were"
            return f"Settled: {paid} {were} paid {tokens(earned)}{rest}.{said}"
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


def _audit(life: Life) -> str:
    """How the second look at the result went, or stands."""
    audit = life.replay.audit
    if audit is None:
        return ""
    if audit.failed not in (None, "NoShow"):
        return f" Its auditor {FAILURE_WORDS.get(audit.failed or '', 'failed')}."
    match audit.state:
        case AuditState.DUE:
            of = "" if audit.odds == 1 else f", of one job in {audit.odds}"
            return f" An audit is due{of}."
        case AuditState.DRAWN:
            return " An auditor has to look at the result."
        case AuditState.VOUCHED:
            return " An auditor vouched for the result."
    return f" The audit is over: {audit_reason(audit.ended or '')}."


def auditor_entries(
    auditor: Auditor, life: Life, entries: Sequence[EntryRow]
) -> list[tuple[Kind, int]]:
    """Of a job's entries those of this auditor: until another is drawn, or the same one again."""
    later = [other.place for other in life.auditors if other.place > auditor.place]
    return [
        (Kind(entry.kind), entry.amount)
        for entry in entries
        if entry.seat == AUDITOR_SEAT
        and auditor.place < (entry.block, entry.log_index) < min(later, default=(1 << 62, 0))
    ]


def auditor_outcome(auditor: Auditor, life: Life, entries: Sequence[tuple[Kind, int]]) -> str:
    """What became of an auditor; `entries` are its own."""
    earned = balance(entries, EARNINGS)
    lost = balance(entries, {Kind.BOND: 1, Kind.BOND_BACK: -1})
    parts = ["vouched for the result"] if auditor.vouched else []
    if earned:
        parts.append(f"earned {tokens(earned)}")
    if lost:
        parts.append(f"lost {tokens(lost)} of its bond ({auditor.failed or 'failed'})")
    last = life.auditors[-1] is auditor
    if last and life.state.audit.held:
        parts.append("its bond is held")
    if parts:
        return ", ".join(parts)
    if last and life.state.audit.state is AuditState.DRAWN:
        return "has to look at the result"
    return "had nothing to do any more"


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
        return "stands by" if found.phase in (Phase.WAITING, Phase.DRAWN) else "not needed"
    if found.phase is Phase.WAITING:
        return "stands by"
    if found.phase is Phase.DRAWN:
        if seat.seat in life.state.reveals:
            return "has revealed its result"
        return "has committed" if seat.seat in life.state.commitments else "at work"
    if found.phase is Phase.CONTESTED and seat.seat in found.spoke:
        return "its bond is held"
    if seat.seat in life.state.output_demand.seats and life.state.output_demand.pending:
        return "its earnings wait for the output"
    return "not paid, not slashed"
