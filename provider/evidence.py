"""Finds providers that made two commitments for one draw. Pure.

A copier shows others a commitment to nothing, so that they open theirs, and is paid by another one:
what was shown is kept, and held against everything that comes after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provider.duties import draw_id
from provider.records import ShownCommit
from touchstone.errors import SignatureError
from touchstone.protocol.claims import Commit
from touchstone.protocol.eip712 import Signature
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchstone.coordination.messages import CommitSet
    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.jobs import Clock, JobState


@dataclass(frozen=True, slots=True)
class Equivocation:
    """A shown commitment, and another one of the same seat for the same draw.

    Attributes:
        first: signed by the seat's provider.
        commitment: the other one, 32 bytes.
        signature: on it, 64 bytes; that of `first` where it is posted on chain, which is proof.
    """

    first: ShownCommit
    commitment: bytes
    signature: bytes


def signed_commits(
    domain: Domain, job: JobState, commits: CommitSet, me: str
) -> tuple[ShownCommit, ...]:
    """What other active seats' providers have signed for the current draw among `commits`."""
    draw = draw_id(job)
    if commits.draw != draw:
        return ()
    found = []
    for one in commits.commits:
        provider = job.providers.get(one.seat)
        if provider is None or provider == me or not any(one.commitment):
            continue
        try:
            Commit(job.id, draw, one.commitment).require_signer(
                domain, Signature.from_bytes(one.signature), provider
            )
        except SignatureError:
            continue
        found.append(ShownCommit(job.id, draw, job.round, one.seat, one.commitment, one.signature))
    return tuple(found)


def contradicting(
    job: JobState, known: Sequence[ShownCommit], new: Sequence[ShownCommit]
) -> tuple[ShownCommit, ...]:
    """Those of `new` that differ from what is known, or is on chain, of their seat and draw."""
    return tuple(one for one in new if _other(one, known) is not None or _is_not_posted(job, one))


def equivocation(job: JobState, clock: Clock, shown: Sequence[ShownCommit]) -> Equivocation | None:
    """An active seat of the job that made two commitments and can still lose its bond."""
    if job.phase not in (Phase.DRAWN, Phase.CONTESTED, Phase.SETTLED):
        return None
    if job.phase is not Phase.CONTESTED and clock.time >= job.locked_until:
        return None
    for first in shown:
        if first.seat not in job.active:
            continue
        if _is_not_posted(job, first):
            return Equivocation(first, job.commitments[first.seat], first.signature)
        second = _other(first, shown)
        if second is not None:
            return Equivocation(first, second.commitment, second.signature)
    return None


def _other(one: ShownCommit, among: Sequence[ShownCommit]) -> ShownCommit | None:
    return next(
        (
            other
            for other in among
            if (other.draw, other.seat) == (one.draw, one.seat)
            and other.commitment != one.commitment
        ),
        None,
    )


def _is_not_posted(job: JobState, one: ShownCommit) -> bool:
    """Whether its seat has posted another commitment for the draw."""
    posted = job.commitments.get(one.seat)
    return one.draw == draw_id(job) and posted is not None and posted != one.commitment
