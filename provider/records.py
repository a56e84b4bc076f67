"""What a node remembers of its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.protocol.orders import Order

if TYPE_CHECKING:
    from touchstone.protocol.ids import JobId


@dataclass(frozen=True, slots=True)
class Work:
    """How far the execution of a job is; payloads are kept apart.

    Attributes:
        job: which job.
        order: its order.
        stage: `waiting` for its input, `queued`, `running`, `done` or `failed`.
        reason: why it failed.
        ended_at: Unix time on chain when it was seen to have ended, or None.
        rows: rows of its input.
        salt: of its input, 32 bytes: a secret shared with the requester.
        output_root: 32 bytes, once done.
    """

    job: JobId
    order: Order
    stage: str
    reason: str | None
    ended_at: int | None
    rows: int
    salt: bytes | None
    output_root: bytes | None


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """The one commitment for a draw; `signature` is compact, 64 bytes, all others 32."""

    job: JobId
    draw: bytes
    round: int
    commitment: bytes
    salt: bytes
    output_root: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """The one claim for a draw; `signature` is compact, 64 bytes, all others 32."""

    job: JobId
    draw: bytes
    set: bytes
    output_root: bytes
    salt: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class ShownCommit:
    """Another seat's commitment that a set showed; `signature` is its provider's, 64 bytes."""

    job: JobId
    draw: bytes
    round: int
    seat: int
    commitment: bytes
    signature: bytes
