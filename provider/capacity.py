"""How much a node can finish in time, and in which order. Pure.

A node cannot choose what it is drawn for, only how many slots it pledges and what it does first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provider.offers import Offer
    from touchstone.protocol.ids import JobId

RESERVE = 0.5
"""Share of a commit window that a node does not plan with: other processes, retries, the chain."""
SLACK = 1.25
"""An execution may take this much longer than the measured speed says."""


def units_in_window(rows_per_second: float, window_s: float, unit_rows: int) -> int:
    """Units of work that a node of this speed finishes within one commit window, reserve kept."""
    return int((1 - RESERVE) * window_s * rows_per_second / unit_rows)


def require_capacity(offer: Offer, units: int) -> None:
    """Requires that jobs of one unit in all slots of an offer, drawn at once, can be finished.

    Raises:
        NodeError: they cannot; with the number that can.
    """
    if offer.slots > units:
        raise NodeError(
            f"{offer.label}: {offer.slots} slots are offered, but this machine finishes {units} "
            f"units of work in a commit window with half of it kept in reserve: drawn for all at "
            f"once, it would be slashed for the rest. Offer {max(units, 1)} slots, or say "
            "--overload if other machines share the work"
        )


@dataclass(frozen=True, slots=True)
class Queued:
    """A job that waits for execution.

    Attributes:
        job: which job.
        rows: rows of its input.
        deadline: Unix time on chain until which its commitment counts; None where it is not known
            to be drawn.
    """

    job: JobId
    rows: int
    deadline: int | None


def schedule(
    queue: Sequence[Queued], now: int, rows_per_second: float
) -> tuple[list[Queued], list[Queued]]:
    """The jobs that can be finished in time, in the order of execution, and the others.

    The earliest deadline first; where not all can be finished, the longest jobs are set aside so
    that as many as possible are (Moore and Hodgson, 1968). Equal deadlines go by the job's id, by
    which all providers of a job agree. What is set aside is done when nothing else waits: nobody
    may have called the deadline yet.

    Args:
        queue: what waits, in any order.
        now: the chain's time, Unix seconds.
        rows_per_second: measured; 0 where it is unknown, and then nothing is set aside.
    """
    drawn = [one for one in queue if one.deadline is not None]
    in_time: list[Queued] = []
    late = [one for one in queue if one.deadline is None]
    seconds = 0.0
    for one in sorted(drawn, key=lambda q: (q.deadline, q.job)):
        in_time.append(one)
        seconds += _seconds(one, rows_per_second)
        assert one.deadline is not None
        if now + seconds > one.deadline:
            longest = max(in_time, key=lambda q: (q.rows, q.job))
            in_time.remove(longest)
            seconds -= _seconds(longest, rows_per_second)
            late.append(longest)
    return in_time, sorted(late, key=lambda q: (q.deadline is None, q.deadline or 0, q.job))


def next_job(queue: Sequence[Queued], now: int, rows_per_second: float) -> JobId | None:
    """The job to execute now, or None where nothing waits."""
    in_time, late = schedule(queue, now, rows_per_second)
    return next((one.job for one in (*in_time, *late)), None)


def _seconds(one: Queued, rows_per_second: float) -> float:
    return SLACK * one.rows / rows_per_second if rows_per_second else 0.0
