"""A job's state on chain, and what is due. Twin of `contracts/types/Job.sol`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from touchstone.protocol.audits import AUDITOR_SEAT, NO_AUDIT, Audit, AuditState
from touchstone.protocol.demands import NO_DEMAND, Demand
from touchstone.protocol.orders import DEFERRED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eth_typing import ChecksumAddress

    from touchstone.protocol.ids import JobId
    from touchstone.protocol.orders import Order

SEATS = 7
RESERVES = 2
REFUND_REASONS = (
    "NeverDrawn",
    "NoReplacement",
    "TooLate",
    "TooFewReveals",
    "Contested",
    "InputWithheld",
    "OutputWithheld",
)
"""Why a job was refunded, in the order of `IMarketTypes.RefundReason`."""
FAILURES = (
    "NoShow",
    "Withheld",
    "Equivocated",
    "Guilty",
    "OutputWithheld",
    "InputWithheld",
    "NotComputed",
)
"""Why a seat's provider or an auditor lost its bond or a part of it, in the order of
`IMarketTypes.Failure`."""


class Phase(IntEnum):
    """Life of a job on chain."""

    NONE = 0
    OPEN = 1
    WAITING = 2
    """Drawn, and the input of its deferred order is not fixed yet."""
    DRAWN = 3
    SETTLED = 4
    CONTESTED = 5
    CONCLUDED = 6
    REFUNDED = 7

    @property
    def ended(self) -> bool:
        """Whether no party has anything more to do for the requester's money."""
        return self in (Phase.SETTLED, Phase.CONTESTED, Phase.CONCLUDED, Phase.REFUNDED)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The market's parameters: seconds; blocks for `draw_blocks`; base units of the token per byte
    for `answer_price`, and in all for `seed_cap`."""

    commit_window: int
    reveal_window: int
    challenge_window: int
    delivery_window: int
    contest_window: int
    draw_blocks: int
    answer_window: int
    answer_price: int
    seed_cap: int

    @property
    def lock_time(self) -> int:
        """Seconds for which a draw locks a bond: as `MarketBase.LOCK_TIME`."""
        rounds = (RESERVES + 2) * (self.commit_window + self.reveal_window)
        return rounds + self.answer_window + self.challenge_window

    @property
    def input_window(self) -> int:
        """Seconds after its draw within which a deferred order's input must be fixed, and for which
        that draw locks bonds longer: as `MarketBase.INPUT_WINDOW`."""
        return (RESERVES + 1) * (self.commit_window + self.reveal_window)

    @property
    def longest_lock(self) -> int:
        """Seconds for which any draw locks a bond at most."""
        return self.lock_time + self.input_window


@dataclass(frozen=True, slots=True)
class Clock:
    """The chain's time: number and Unix time of the newest block. Roles know no other time."""

    block: int
    time: int


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as the chain has it.

    Attributes:
        order: the order that opened it.
        id: the order's digest.
        phase: where it stands.
        since: seed block while open; time of the draw while waiting; start of the commit window
            while drawn; then Unix time of its end.
        locked_until: Unix time at which its bonds unlock by themselves.
        failed: seats that were slashed or passed over.
        round: round of the draw.
        seats: leaf of each seat in the pool, by seat.
        seed: 32 bytes, zero until drawn.
        providers: address of each active seat's provider, by seat.
        commitments: posted on chain in this round, by seat.
        reveals: output roots revealed on chain in this round, by seat.
        input_demand: the demand for its input.
        output_demand: the demand for its output.
        audit: its audit.
        fixed_input: the input root of a deferred order, 32 bytes, zero until it is fixed.
    """

    order: Order
    id: JobId
    phase: Phase
    since: int
    locked_until: int
    failed: frozenset[int]
    round: int
    seats: Mapping[int, int]
    seed: bytes
    providers: Mapping[int, ChecksumAddress] = field(default_factory=dict)
    commitments: Mapping[int, bytes] = field(default_factory=dict)
    reveals: Mapping[int, bytes] = field(default_factory=dict)
    input_demand: Demand = NO_DEMAND
    output_demand: Demand = NO_DEMAND
    audit: Audit = NO_AUDIT
    fixed_input: bytes = DEFERRED

    @property
    def input_root(self) -> bytes:
        """Blinded root of its input, 32 bytes; zero while a deferred order waits for it."""
        return self.fixed_input if self.order.deferred else self.order.input_root

    @property
    def active(self) -> tuple[int, ...]:
        """Active seats: the first `replicas` that have not failed."""
        alive = [s for s in range(SEATS) if s in self.seats and s not in self.failed]
        return tuple(alive[: self.order.replicas])

    @property
    def committed(self) -> bool:
        """Whether every active seat's commitment is on chain."""
        return all(seat in self.commitments for seat in self.active)


def seats_of(packed: int) -> dict[int, int]:
    """The leaves of a packed word of seats, by seat; empty seats are left out."""
    lanes = {seat: (packed >> (24 * seat)) & 0xFFFFFF for seat in range(SEATS)}
    return {seat: lane - 1 for seat, lane in lanes.items() if lane}


def seats_in(bits: int) -> tuple[int, ...]:
    """The seats whose bits are set, lowest first."""
    return tuple(seat for seat in range(bits.bit_length()) if bits >> seat & 1)


class Action(Enum):
    """A transaction that anyone may send to move a job on."""

    DRAW = "draw"
    EXPIRE = "expire"
    ADVANCE = "advance"
    CONCLUDE = "conclude"
    CLOSE_DEMAND = "close_demand"
    ADVANCE_AUDIT = "advance_audit"


def due_action(job: JobState, clock: Clock, parameters: Parameters) -> Action | None:
    """What can be sent in the next block to move the job on by deadline alone, or None.

    `Action.CONCLUDE` is due where the contest window has passed; a resolver may allow it sooner.
    Settling is not a deadline: it is due as soon as all claims are at hand.
    """
    match job.phase:
        case Phase.OPEN:
            if clock.block > job.since + parameters.draw_blocks:
                return Action.EXPIRE
            return Action.DRAW if clock.block >= job.since else None
        case Phase.WAITING:
            return Action.EXPIRE if clock.time > input_deadline(job, parameters) else None
        case Phase.DRAWN:
            return _of_drawn(job, clock, parameters)
        case Phase.CONTESTED if clock.time > job.since + parameters.contest_window:
            return Action.CONCLUDE
    if _is_audit_due(job, clock, parameters):
        return Action.ADVANCE_AUDIT
    # A demand for the input outlives a job that got the input otherwise; its deposit does not wait.
    left_over = job.input_demand.pending and AUDITOR_SEAT not in job.input_demand.seats
    return Action.CLOSE_DEMAND if left_over or job.output_demand.is_over(clock) else None


def _is_audit_due(job: JobState, clock: Clock, parameters: Parameters) -> bool:
    """Whether its audit can go on, as far as the job itself says: a challenge may still hold it."""
    audit = job.audit
    if audit.state is AuditState.DUE:
        return clock.block >= audit.since
    if audit.state is not AuditState.DRAWN:
        return False
    if job.phase is not Phase.SETTLED:
        return True
    if AUDITOR_SEAT in job.input_demand.seats and job.input_demand.pending:
        return job.input_demand.is_over(clock)
    return clock.time > audit.since + parameters.commit_window


def _of_drawn(job: JobState, clock: Clock, parameters: Parameters) -> Action | None:
    if clock.time >= job.locked_until:
        return Action.ADVANCE
    if not job.committed:
        if job.input_demand.pending:
            # Who waits for the input is not silent; unanswered, the demand ends the job.
            return Action.ADVANCE if job.input_demand.is_over(clock) else None
        return Action.ADVANCE if clock.time > commit_deadline(job, parameters) else None
    revealed = all(seat in job.reveals for seat in job.active)
    late = clock.time > reveal_deadline(job, parameters)
    return Action.ADVANCE if revealed or late else None


def input_deadline(job: JobState, parameters: Parameters) -> int:
    """Unix time until which a waiting job's input can be fixed."""
    return job.since + parameters.input_window


def commit_deadline(job: JobState, parameters: Parameters) -> int:
    """Unix time until which a drawn job's round waits for commitments."""
    return job.since + parameters.commit_window


def reveal_deadline(job: JobState, parameters: Parameters) -> int:
    """Unix time until which a round with all commitments on chain waits for reveals."""
    return commit_deadline(job, parameters) + parameters.reveal_window


def last_output_demand(job: JobState, parameters: Parameters) -> int:
    """Unix time until which a settled job's output can be demanded."""
    return job.since + parameters.delivery_window - parameters.answer_window
