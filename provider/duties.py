"""What a node owes a job next. Pure: the chain's state and the node's memory in, a duty out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING

from touchstone.protocol.claims import draw_of
from touchstone.protocol.demands import DemandState
from touchstone.protocol.jobs import (
    Action,
    Clock,
    JobState,
    Parameters,
    Phase,
    commit_deadline,
    due_action,
    input_deadline,
    reveal_deadline,
)

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress


class Duty(Enum):
    """One thing to do for a job."""

    PUNISH = "punish"
    SIGN_COMMIT = "sign_commit"
    POST_COMMIT = "post_commit"
    REVEAL = "reveal"
    DEMAND_INPUT = "demand_input"
    TAKE_INPUT = "take_input"
    ANSWER_OUTPUT = "answer_output"
    CLOSE_DEMAND = "close_demand"
    DRAW = "draw"
    EXPIRE = "expire"
    ADVANCE = "advance"
    CONCLUDE = "conclude"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the node has for a job: its result, and its commitment for the current draw.

    Attributes:
        result: whether the job is done here.
        committed: whether a commitment for the current draw is signed.
        lied: whether a seat is known to have made two commitments, and can lose its bond.
        input: whether the input is here.
        offered: whether the requester has offered the input and this node was too busy for it: then
            nobody withholds it.
    """

    result: bool
    committed: bool
    lied: bool = False
    input: bool = True
    offered: bool = False


@dataclass(frozen=True, slots=True)
class Self:
    """The node: its address, and the chain's time at which its memory began."""

    address: ChecksumAddress
    born: int


_DRAW_GRACE_BLOCKS = 2
_EXPIRE_GRACE_BLOCKS = 8
_TURNS = 4


def seat_of(job: JobState, provider: str) -> int | None:
    """The provider's active seat, or None."""
    return next((seat for seat in job.active if job.providers.get(seat) == provider), None)


def may_sign(job: JobState, me: Self) -> bool:
    """Whether the node may sign a new commitment for the current draw.

    SAFETY: a commitment for an older draw may have been signed with a memory that is lost; a second
    one would cost the bond, silence costs a part of it.
    """
    return job.since >= me.born


def turn(job: JobState, me: Self) -> int:
    """Whose turn it is among equals, 0 to 3, so that not all send the same transaction at once."""
    return sha256(job.id + bytes.fromhex(me.address[2:])).digest()[0] % _TURNS


def duties_of(
    job: JobState, clock: Clock, parameters: Parameters, memory: Memory, me: Self
) -> list[Duty]:
    """What to do for the job, the most urgent first.

    A liar is punished before anything else; where that is refused, the node must not fail its own
    obligations over it, so the next duty stands behind.
    """
    duty = next_duty(job, clock, parameters, memory, me)
    punish = Duty.PUNISH if memory.lied else None
    return [d for d in (punish, duty) if d is not None]


def next_duty(
    job: JobState, clock: Clock, parameters: Parameters, memory: Memory, me: Self
) -> Duty | None:
    """The next thing to do for the job itself, or None to wait."""
    if job.phase is Phase.OPEN:
        return _of_open(job, clock, parameters, me)
    if job.phase is Phase.WAITING:
        return _of_waiting(job, clock, parameters, me)
    if job.phase is Phase.DRAWN:
        return _of_drawn(job, clock, parameters, memory, me)
    if job.phase is Phase.CONTESTED and seat_of(job, me.address) is not None:
        # The resolver may have spoken before the window is over: trying costs nothing.
        over = clock.time > job.since + parameters.contest_window // 2 + turn(job, me)
        if over:
            return Duty.CONCLUDE
    if _may_answer(job, clock, parameters, memory, me):
        return Duty.ANSWER_OUTPUT
    # The input came after all, or the job has ended otherwise: the deposit is ours.
    mine = job.input_demand.pending and job.input_demand.demander == me.address
    return Duty.CLOSE_DEMAND if mine else None


def owes(job: JobState, me: Self) -> bool:
    """Whether a job that has ended still needs the node: its output is demanded, or it has a
    deposit to collect."""
    if job.phase is Phase.SETTLED and job.output_demand.pending:
        return seat_of(job, me.address) is not None
    return job.input_demand.pending and job.input_demand.demander == me.address


def _of_open(job: JobState, clock: Clock, parameters: Parameters, me: Self) -> Duty | None:
    """Draws or expires what nobody else does: a market without a verifier must live."""
    waited = clock.block - job.since
    match due_action(job, clock, parameters):
        case Action.DRAW if waited >= _DRAW_GRACE_BLOCKS + turn(job, me):
            return Duty.DRAW
        case Action.EXPIRE if waited >= parameters.draw_blocks + _EXPIRE_GRACE_BLOCKS + turn(
            job, me
        ):
            return Duty.EXPIRE
    return None


def _of_waiting(job: JobState, clock: Clock, parameters: Parameters, me: Self) -> Duty | None:
    """Ends a job whose input was not fixed, for the fee that is due to its seats."""
    over = clock.time > input_deadline(job, parameters) + _grace(job, parameters, me)
    return Duty.EXPIRE if over and seat_of(job, me.address) is not None else None


def _of_drawn(
    job: JobState, clock: Clock, parameters: Parameters, memory: Memory, me: Self
) -> Duty | None:
    seat = seat_of(job, me.address)
    if seat is None:
        return None
    if clock.time >= job.locked_until:
        over = clock.time >= job.locked_until + _grace(job, parameters, me)
        return Duty.ADVANCE if over else None
    if job.committed and memory.committed and seat not in job.reveals:
        return Duty.REVEAL if clock.time <= reveal_deadline(job, parameters) else None
    if memory.result and not memory.committed and may_sign(job, me):
        return Duty.SIGN_COMMIT
    demand = job.input_demand
    if not job.committed and demand.is_over(clock):
        return _end_starved(job, clock, parameters, memory, seat, me)
    if not memory.input and seat not in job.commitments and may_sign(job, me):
        return _of_missing_input(job, clock, parameters, memory, seat)
    # While somebody waits for the input, only what is on chain shows that this node does not.
    half = job.since + parameters.commit_window // 2
    urgent = clock.time >= half or demand.pending
    if memory.committed and seat not in job.commitments and urgent:
        return Duty.POST_COMMIT
    return Duty.ADVANCE if _may_advance(job, clock, parameters, seat, me) else None


def _of_missing_input(
    job: JobState, clock: Clock, parameters: Parameters, memory: Memory, seat: int
) -> Duty | None:
    """What a node does that is seated and was not given the input."""
    demand = job.input_demand
    if demand.state is DemandState.ANSWERED:
        return Duty.TAKE_INPUT
    if memory.offered or seat in demand.seats:
        return None
    third = job.since + parameters.commit_window // 3
    if demand.pending:
        # To join another's demand costs next to nothing; unanswered, it ends the job.
        middle = demand.deadline - parameters.answer_window // 2
        return Duty.DEMAND_INPUT if clock.time >= min(third, middle) else None
    in_time = third <= clock.time <= commit_deadline(job, parameters)
    fresh = demand.state is DemandState.NONE
    return Duty.DEMAND_INPUT if fresh and in_time else None


def _end_starved(
    job: JobState, clock: Clock, parameters: Parameters, memory: Memory, seat: int, me: Self
) -> Duty | None:
    """Ends a job whose input was withheld, for the fee that is due to whoever has waited."""
    if memory.committed and seat not in job.commitments:
        return Duty.POST_COMMIT
    waited = seat in job.commitments or seat in job.input_demand.seats
    over = clock.time > job.input_demand.deadline + _grace(job, parameters, me)
    return Duty.CLOSE_DEMAND if waited and over else None


def _may_answer(
    job: JobState, clock: Clock, parameters: Parameters, memory: Memory, me: Self
) -> bool:
    """Whether it is the node's turn to publish a demanded output: one answer serves all, so in the
    first half of the window they come one after the other, in the order of their seats."""
    seat = seat_of(job, me.address)
    demand = job.output_demand
    if job.phase is not Phase.SETTLED or not demand.waits(clock) or not memory.result:
        return False
    if seat is None or seat not in demand.seats:
        return False
    place = sorted(demand.seats).index(seat)
    wait = place * parameters.answer_window // (2 * len(demand.seats))
    return clock.time >= demand.deadline - parameters.answer_window + wait


def _may_advance(job: JobState, clock: Clock, parameters: Parameters, seat: int, me: Self) -> bool:
    """Whether the job is overdue, others had time to move it, and it is not us who would suffer."""
    if due_action(job, clock, parameters) is not Action.ADVANCE:
        return False
    grace = _grace(job, parameters, me)
    complete = job.committed
    if complete and all(s in job.reveals for s in job.active):
        return True
    if complete:
        return seat in job.reveals and clock.time > reveal_deadline(job, parameters) + grace
    return seat in job.commitments and clock.time > commit_deadline(job, parameters) + grace


def _grace(job: JobState, parameters: Parameters, me: Self) -> int:
    """Seconds that others have to move an overdue job before the node does."""
    return turn(job, me) + parameters.commit_window // 20


def draw_id(job: JobState) -> bytes:
    """The current draw, 32 bytes."""
    return draw_of(job.seed, job.round)
