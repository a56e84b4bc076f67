"""What language models are writing just now, for the requesters who wait for it.

Kept in memory and nowhere else: whoever missed something reads it in the output.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.protocol.inputs import sequences_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchstone.protocol.generation import Seen
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.orders import Order

_MOST_JOBS = 64


@dataclass(slots=True)
class _Stream:
    tokens: dict[int, list[int]] = field(default_factory=dict)


class Streams:
    """The tokens of the jobs executed last. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._streams: OrderedDict[JobId, _Stream] = OrderedDict()

    def begin(self, job: JobId) -> Seen:
        """Starts a job's stream anew; what it returns is told of each token."""
        stream = _Stream()
        with self._lock:
            self._streams[job] = stream
            self._streams.move_to_end(job)
            while len(self._streams) > _MOST_JOBS:
                self._streams.popitem(last=False)

        def seen(prompt: int, token: int) -> None:
            with self._lock:
                stream.tokens.setdefault(prompt, []).append(token)

        return seen

    def news(self, job: JobId, have: Sequence[int]) -> list[list[int]]:
        """The tokens that follow the first `have[i]` of each prompt i."""
        with self._lock:
            stream = self._streams.get(job)
            if stream is None:
                return [[] for _ in have]
            return [stream.tokens.get(prompt, [])[count:] for prompt, count in enumerate(have)]


def tokens_in(order: Order, output: bytes) -> list[list[int]]:
    """The tokens that an output holds, without what stands behind a stop; none in a refusal."""
    sequences = sequences_in(order, output)
    return [[token for token in one.tolist() if token != NO_TOKEN] for one in sequences]
