"""What a job's events add up to. Pure: the same rules as the market's, applied to its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from touchstone.errors import ReceiptError
from touchstone.protocol.audits import AUDIT_ENDS, AuditState
from touchstone.protocol.claims import draw_of, seed_with
from touchstone.protocol.jobs import FAILURES, REFUND_REASONS, SEATS, Phase, seats_in, seats_of
from touchstone.protocol.orders import DEFERRED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchstone.protocol.orders import Order
    from touchstone.receipts.receipt import Event


@dataclass(slots=True)
class ReplayedAudit:
    """An audit, as its events tell it.

    Attributes:
        odds: one job in so many is audited.
        state: where it stands.
        auditor: who was drawn last, as the event writes the address; None before.
        leaf: its leaf of the pool.
        seal: what it sealed, once it has vouched.
        ended: why the audit is over without a report, or None.
        failed: why the auditor lost its bond or a part of it, or None.
    """

    odds: int
    state: AuditState = AuditState.DUE
    auditor: str | None = None
    leaf: int | None = None
    seal: bytes | None = None
    ended: str | None = None
    failed: str | None = None

    @property
    def pending(self) -> bool:
        """Whether the auditor's share still waits in escrow."""
        return self.state in (AuditState.DUE, AuditState.DRAWN)


@dataclass(slots=True)
class Replay:
    """A job's state, as its events tell it.

    Attributes:
        phase: where it stands.
        pool: of the order.
        requester: of the order.
        input_root: of the order, or as it was fixed after the draw; 32 bytes, zero until then.
        seed: 32 bytes, once drawn; another one once a deferred input is fixed.
        leaves: leaf of each drawn seat.
        round: round of the draw.
        failed: seats that were slashed or passed over.
        posted: commitments on chain, by draw and seat.
        revealed: output root and salt revealed on chain, by draw and seat.
        spoke: seats whose claims ended the job, in order.
        outputs: their output roots, as the contest names them.
        output_root: the settled result.
        share: what each seat that settled it earned.
        payments: what each paid seat has of the payment, by seat.
        refund: what went back to the requester when the job ended without a result.
        reason: why, or None.
        end: transaction that settled or contested it.
        audits: all its audits, in order; the last may go on.
        audit_fees: what went to auditors.
        audit_returned: what went back to the requester of what auditors could have earned.
    """

    phase: Phase = Phase.NONE
    pool: bytes = b""
    requester: str = ""
    input_root: bytes = DEFERRED
    seed: bytes = bytes(32)
    leaves: dict[int, int] = field(default_factory=dict)
    round: int = 0
    failed: set[int] = field(default_factory=set)
    posted: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    revealed: dict[tuple[bytes, int], tuple[bytes, bytes]] = field(default_factory=dict)
    spoke: tuple[int, ...] = ()
    outputs: tuple[bytes, ...] = ()
    output_root: bytes | None = None
    share: int = 0
    payments: dict[int, int] = field(default_factory=dict)
    refund: int = 0
    reason: str | None = None
    end: bytes | None = None
    audits: list[ReplayedAudit] = field(default_factory=list)
    audit_fees: int = 0
    audit_returned: int = 0

    @property
    def audit(self) -> ReplayedAudit | None:
        """The last audit, or None."""
        return self.audits[-1] if self.audits else None

    @property
    def audit_waits(self) -> int:
        """What waits in escrow for an auditor."""
        return self.share if self.audit is not None and self.audit.pending else 0

    @property
    def draw(self) -> bytes:
        """The draw that claims of the last round name."""
        return draw_of(self.seed, self.round)


def replay(order: Order, events: Sequence[Event]) -> Replay:
    """Applies the events of an order's job in order. Raises ReceiptError for events that make no
    sense."""
    state = Replay(input_root=order.input_root)
    for event in events:
        try:
            _apply(state, event)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ReceiptError(f"the event {event.event} is malformed ({error!r})") from None
    if state.phase is Phase.NONE:
        raise ReceiptError("the job was never opened")
    return state


def _apply(state: Replay, event: Event) -> None:
    args = event.args
    match event.event:
        case "Opened":
            state.phase = Phase.OPEN
            state.pool, state.requester = _bytes(args["pool"]), str(args["requester"])
        case "Drawn":
            state.phase = Phase.WAITING if state.input_root == DEFERRED else Phase.DRAWN
            state.seed, state.leaves = _bytes(args["seed"]), seats_of(_int(args["seats"]))
        case "InputFixed":
            _fix(state, _bytes(args["inputRoot"]), _bytes(args["seed"]))
        case "CommitPosted":
            state.posted[_bytes(args["draw"]), _int(args["seat"])] = _bytes(args["commitment"])
        case "Revealed":
            opened = (_bytes(args["outputRoot"]), _bytes(args["salt"]))
            state.revealed[_bytes(args["draw"]), _int(args["seat"])] = opened
        case "SeatFailed":
            state.failed.add(_int(args["seat"]))
        case "SeatReplaced":
            if args["locked"] is not True:
                state.failed.add(_int(args["seat"]))
        case "RoundStarted":
            state.round = _int(args["round"])
        case "Settled":
            state.phase, state.end = Phase.SETTLED, event.transaction
            state.spoke = _seats(args["paid"])
            state.output_root, state.share = _bytes(args["outputRoot"]), _int(args["share"])
            state.payments = dict.fromkeys(state.spoke, state.share)
        case "Contested":
            state.phase, state.end = Phase.CONTESTED, event.transaction
            state.spoke = tuple(int(seat) for seat in _list(args["seats"]))
            state.outputs = tuple(_bytes(root) for root in _list(args["outputRoots"]))
        case "Refunded":
            state.phase, state.refund = Phase.REFUNDED, _int(args["amount"])
            state.reason = REFUND_REASONS[_int(args["reason"])]
        case "Concluded":
            # A challenge leaves its job as it was.
            if state.phase is Phase.CONTESTED:
                state.phase = Phase.CONCLUDED
        case "Reserved":
            waited = _seats(args["seats"])
            state.payments = dict.fromkeys(waited, _int(args["fee"]))
        case "Unwound":
            state.payments = {}
        case "Acknowledged" | "Demanded" | "DemandJoined" | "Answered" | "DemandClosed":
            pass
        case "Challenged":
            pass
        case "AuditDue" | "AuditorDrawn" | "Vouched" | "AuditorFailed" | "AuditEnded":
            _audit(state, event)
        case _:
            raise ReceiptError(f"there is no event {event.event!r} of a job")


def _fix(state: Replay, input_root: bytes, seed: bytes) -> None:
    if state.phase is not Phase.WAITING:
        raise ReceiptError("an input was fixed where none was open")
    if seed != seed_with(state.seed, input_root):
        raise ReceiptError("the seed does not follow from the drawn one and the fixed input")
    state.phase, state.input_root, state.seed = Phase.DRAWN, input_root, seed


def _audit(state: Replay, event: Event) -> None:
    args, audit = event.args, state.audit
    if event.event == "AuditDue":
        if state.phase is not Phase.SETTLED or (audit is not None and audit.state in _UNFINISHED):
            raise ReceiptError("an audit began where none could")
        state.audits.append(ReplayedAudit(_int(args["odds"])))
        return
    if audit is None or audit.state not in _FOLLOWS[event.event]:
        raise ReceiptError(f"there is {event.event} where no audit was due for it")
    match event.event:
        case "AuditorDrawn":
            # While another can take its place, who is silent is still bonded, and is slashed.
            if audit.state is AuditState.DRAWN and audit.failed is None:
                raise ReceiptError("an auditor was replaced that had not failed")
            audit.state, audit.failed = AuditState.DRAWN, None
            audit.auditor, audit.leaf = str(args["auditor"]), _int(args["leaf"])
        case "Vouched":
            _require_auditor(audit, args["auditor"])
            audit.state, audit.seal = AuditState.VOUCHED, _bytes(args["seal"])
            state.audit_fees += _int(args["fee"])
        case "AuditorFailed":
            _require_auditor(audit, args["auditor"])
            audit.failed = FAILURES[_int(args["reason"])]
            if audit.state is AuditState.VOUCHED:
                audit.state = AuditState.OVER
        case "AuditEnded":
            returned = _int(args["returned"])
            audit.state, audit.ended = AuditState.OVER, AUDIT_ENDS[_int(args["reason"])]
            state.audit_returned += returned
            # What is not returned is the auditor's reservation fee.
            state.audit_fees += state.share - returned


_UNFINISHED = (AuditState.DUE, AuditState.DRAWN, AuditState.VOUCHED)
_FOLLOWS = {
    "AuditorDrawn": (AuditState.DUE, AuditState.DRAWN),
    "Vouched": (AuditState.DRAWN,),
    "AuditorFailed": (AuditState.DRAWN, AuditState.VOUCHED),
    "AuditEnded": (AuditState.DUE, AuditState.DRAWN),
}
"""States of an audit in which an event about it can come."""


def _require_auditor(audit: ReplayedAudit, account: object) -> None:
    if account != audit.auditor:
        raise ReceiptError(f"the auditor is {audit.auditor}, not {account}")


def _bytes(value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise TypeError("hex expected")
    return bytes.fromhex(value[2:])


def _int(value: object) -> int:
    if not isinstance(value, str):
        raise TypeError("decimal text expected")
    return int(value)


def _seats(value: object) -> tuple[int, ...]:
    bits = _int(value)
    if not 0 <= bits < 1 << SEATS:
        raise ValueError(f"bits of {SEATS} seats expected, not {bits:#x}")
    return seats_in(bits)


def _list(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError("a list expected")
    return value
