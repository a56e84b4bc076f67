"""What a node owes a job next. Pure: the chain's state and the node's memory in, a duty out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING

from touchstone.protocol.claims import draw_of
from touchstone.protocol.jobs import (
    Action,
    Clock,
    JobState,
    Parameters,
    Phase,
    commit_deadline,
    due_action,
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
    """

    result: bool
    committed: bool
    lied: bool = False


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
    if job.phase is Phase.CONTESTED and seat_of(job, me.address) is not None:
        # The resolver may have spoken before the window is over: trying costs nothing.
        over = clock.time > job.since + parameters.contest_window // 2 + turn(job, me)
        return Duty.CONCLUDE if over else None
    if job.phase is Phase.DRAWN:
        return _of_drawn(job, clock, parameters, memory, me)
    return None


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


def _of_drawn(
    job: JobState, clock: Clock, parameters: Parameters, memory: Memory, me: Self
) -> Duty | None:
    seat = seat_of(job, me.address)
    if seat is None:
        return None
    if clock.time >= job.locked_until:
        over = clock.time >= job.locked_until + _grace(job, parameters, me)
        return Duty.ADVANCE if over else None
    complete = all(s in job.commitments for s in job.active)
    if complete and memory.committed and seat not in job.reveals:
        return Duty.REVEAL if clock.time <= reveal_deadline(job, parameters) else None
    if memory.result and not memory.committed and may_sign(job, me):
        return Duty.SIGN_COMMIT
    half = job.since + parameters.commit_window // 2
    if memory.committed and seat not in job.commitments and clock.time >= half:
        return Duty.POST_COMMIT
    return Duty.ADVANCE if _may_advance(job, clock, parameters, seat, me) else None


def _may_advance(job: JobState, clock: Clock, parameters: Parameters, seat: int, me: Self) -> bool:
    """Whether the job is overdue, others had time to move it, and it is not us who would suffer."""
    if due_action(job, clock, parameters) is not Action.ADVANCE:
        return False
    grace = _grace(job, parameters, me)
    complete = all(s in job.commitments for s in job.active)
    if complete and all(s in job.reveals for s in job.active):
        return True
    if complete:
        return seat in job.reveals and clock.time > reveal_deadline(job, parameters) + grace
    silent_too = seat not in job.commitments and bool(job.commitments)
    return not silent_too and clock.time > commit_deadline(job, parameters) + grace


def _grace(job: JobState, parameters: Parameters, me: Self) -> int:
    """Seconds that others have to move an overdue job before the node does."""
    return turn(job, me) + parameters.commit_window // 20


def draw_id(job: JobState) -> bytes:
    """The current draw, 32 bytes."""
    return draw_of(job.seed, job.round)
