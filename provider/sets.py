"""Whether a set of commitments is the whole round's: only then does a node open its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provider.duties import draw_id
from touchstone.errors import RefusedError, SignatureError
from touchstone.protocol.claims import Commit, set_of
from touchstone.protocol.eip712 import Signature

if TYPE_CHECKING:
    from touchstone.coordination.messages import CommitSet
    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.jobs import JobState


def check_set(
    domain: Domain, job: JobState, commits: CommitSet, seat: int, own: bytes | None
) -> bytes:
    """The hash of the set, 32 bytes, once it is shown to be the current round's.

    Args:
        domain: of the market.
        job: as the chain has it now.
        commits: what a coordinator shows.
        seat: the node's own.
        own: its own commitment for the current draw.

    Raises:
        RefusedError: `wrong_draw`, `not_ready`, `incomplete_set` or `bad_set`.
    """
    draw = draw_id(job)
    if commits.draw != draw:
        raise RefusedError(
            "wrong_draw", f"round {job.round} has draw 0x{draw.hex()}, not 0x{commits.draw.hex()}"
        )
    if own is None:
        raise RefusedError("not_ready", "this node has not committed yet")
    shown = [c.seat for c in commits.commits]
    missing = [s for s in job.active if s not in shown]
    if missing:
        raise RefusedError("incomplete_set", f"the commitments of seats {missing} are missing")
    if shown != list(job.active):
        raise RefusedError(
            "bad_set", f"the set has seats {shown}; active are {list(job.active)}, in this order"
        )
    for one in commits.commits:
        provider = job.providers[one.seat]
        if one.provider.lower() != provider.lower():
            raise RefusedError("bad_set", f"seat {one.seat} is {provider}'s, not {one.provider}'s")
        if not any(one.commitment):
            raise RefusedError("bad_set", f"seat {one.seat} has a commitment of zeros")
        posted = job.commitments.get(one.seat)
        if posted is not None and posted != one.commitment:
            raise RefusedError("bad_set", f"seat {one.seat} has another commitment on chain")
        try:
            Commit(job.id, draw, one.commitment).require_signer(
                domain, Signature.from_bytes(one.signature), provider
            )
        except SignatureError as error:
            raise RefusedError("bad_set", f"seat {one.seat}: {error}") from None
    mine = next(one for one in commits.commits if one.seat == seat)
    if mine.commitment != own:
        raise RefusedError("bad_set", "the set has another commitment for this node's seat")
    return set_of([one.commitment for one in commits.commits])
