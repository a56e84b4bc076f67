"""What a coordinator has gathered for one round of a job, and what it does next. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from touchstone.chain.market import Reveal, Settlement, SignedClaim, SignedCommit
from touchstone.errors import SignatureError
from touchstone.protocol.claims import Claim, Commit, commitment_of, draw_of, set_of
from touchstone.protocol.jobs import (
    Action,
    Clock,
    JobState,
    Parameters,
    Phase,
    commit_deadline,
    due_action,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from touchstone.protocol.eip712 import Domain


@dataclass(slots=True)
class Round:
    """The evidence of one round: only what has been checked against its signature.

    Attributes:
        draw: the round's draw id, 32 bytes.
        commits: the first commitment seen of each seat.
        second_commits: another one that the same seat signed: proof of equivocation.
        claims: the claim of each seat that fits the set.
    """

    draw: bytes
    commits: dict[int, SignedCommit] = field(default_factory=dict)
    second_commits: dict[int, SignedCommit] = field(default_factory=dict)
    claims: dict[int, SignedClaim] = field(default_factory=dict)

    @classmethod
    def of(cls, job: JobState) -> Round:
        """An empty round for the job's current draw."""
        return cls(draw_of(job.seed, job.round))

    def add_commit(
        self,
        domain: Domain,
        job: JobState,
        seat: int,
        commit: SignedCommit,
    ) -> None:
        """Takes a seat's signed commitment.

        Raises:
            SignatureError: its provider did not sign it, or it is zero, which the market refuses.
        """
        if not any(commit.commitment):
            raise SignatureError(f"the commitment of seat {seat} is zero")
        Commit(job.id, self.draw, commit.commitment).require_signer(
            domain, commit.signature, job.providers[seat]
        )
        known = self.commits.setdefault(seat, commit)
        if known.commitment != commit.commitment:
            self.second_commits[seat] = commit

    def add_claim(self, domain: Domain, job: JobState, seat: int, claim: SignedClaim) -> None:
        """Takes a seat's signed claim.

        Raises:
            SignatureError: it is not its provider's, not for this set, does not open the
                provider's commitment, or claims a root of zero, which the market refuses.
        """
        provider = job.providers[seat]
        if not any(claim.output_root):
            raise SignatureError(f"the output root of seat {seat} is zero")
        if claim.set != self.set_hash(job):
            raise SignatureError(f"the claim of seat {seat} is for another set of commitments")
        opened = commitment_of(job.id, self.draw, provider, claim.output_root, claim.salt)
        if opened != self.commits[seat].commitment:
            raise SignatureError(f"the claim of seat {seat} does not open its commitment")
        Claim.of(job, self.draw, claim.output_root, claim.set, claim.salt).require_signer(
            domain, claim.signature, provider
        )
        self.claims[seat] = claim

    def second_commit(self, job: JobState, seat: int) -> SignedCommit | None:
        """Another commitment of the seat than the first one seen: signed, or posted on chain.

        What stands on chain needs no signature as evidence; the first one's fills its place.
        """
        first, posted = self.commits.get(seat), job.commitments.get(seat)
        if first is not None and posted is not None and posted != first.commitment:
            return SignedCommit(posted, first.signature)
        return self.second_commits.get(seat)

    def complete(self, job: JobState) -> bool:
        """Whether every active seat's commitment is known."""
        return all(seat in self.commits for seat in job.active)

    def set_hash(self, job: JobState) -> bytes:
        """The hash of all active seats' commitments; `complete` must hold."""
        return set_of([self.commits[seat].commitment for seat in job.active])


@dataclass(frozen=True, slots=True)
class Send:
    """Send the transaction of a deadline."""

    action: Action
    commits: Mapping[int, SignedCommit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settle:
    """Settle on agreeing claims."""

    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Contest:
    """Contest on differing claims, in seat order."""

    output_roots: tuple[bytes, ...]
    reveals: tuple[Reveal, ...]


@dataclass(frozen=True, slots=True)
class PostCommits:
    """Put commitments on chain, so that whoever withholds its claim runs out of time."""

    commits: Mapping[int, SignedCommit]


@dataclass(frozen=True, slots=True)
class Punish:
    """Slash a seat that signed two commitments."""

    seat: int
    first: SignedCommit
    second: SignedCommit


Step = Send | Settle | Contest | PostCommits | Punish


def next_step(
    job: JobState, clock: Clock, parameters: Parameters, gathered: Round | None
) -> Step | None:
    """What to do now, or None to wait and gather more.

    Args:
        job: the job as the chain has it.
        clock: the chain's time.
        parameters: the market's.
        gathered: what is known of the current round; None before the job is drawn.
    """
    if job.phase is not Phase.DRAWN or gathered is None:
        due = due_action(job, clock, parameters)
        return Send(due) if due else None

    if clock.time >= job.locked_until:
        # The bonds may back other jobs by now: all that is left is the refund.
        return Send(Action.ADVANCE)
    for seat in job.active:
        second = gathered.second_commit(job, seat)
        if second is not None:
            return Punish(seat, gathered.commits[seat], second)

    payable = clock.time + parameters.challenge_window < job.locked_until
    if payable and gathered.complete(job) and all(s in gathered.claims for s in job.active):
        return _finish(job, gathered)

    missing = {
        seat: gathered.commits[seat]
        for seat in job.active
        if seat in gathered.commits and seat not in job.commitments
    }
    demand = job.input_demand
    if demand.waits(clock) and not job.committed:
        # Nobody can be advanced. Who has committed is paid for waiting, and posts it by itself; a
        # complete set ends the waiting.
        urgent = clock.time > demand.deadline - parameters.answer_window // 2
        return PostCommits(missing) if missing and urgent else None

    postable = clock.time + parameters.challenge_window + parameters.reveal_window
    if postable >= job.locked_until:
        # Too late to post a commitment. Without them `advance` would slash those who have answered,
        # so it waits for the end of the lock.
        harmless = job.committed or demand.is_over(clock)
        return Send(Action.ADVANCE) if harmless and due_action(job, clock, parameters) else None

    due = due_action(job, clock, parameters)
    if due is not None:
        all_posted = len(missing) + len(job.commitments) == len(job.active)
        if missing and all_posted:
            # All have answered: posting completes the set and begins the time to reveal.
            return PostCommits(missing)
        return Send(due, missing)
    half_time = (job.since + commit_deadline(job, parameters)) / 2
    if missing and gathered.complete(job) and clock.time > half_time:
        # A claim is being withheld. With all commitments on chain that costs the whole bond.
        return PostCommits(missing)
    return None


def _finish(job: JobState, gathered: Round) -> Step:
    claims = [gathered.claims[seat] for seat in job.active]
    reveals = tuple(Reveal(c.salt, c.signature) for c in claims)
    roots = tuple(c.output_root for c in claims)
    if len(set(roots)) == 1:
        return Settle(Settlement(job.order, roots[0], reveals))
    return Contest(roots, reveals)
