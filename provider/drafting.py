"""Drafts: a text is written by the providers of a model's shards before its input can be fixed.

Each of them reads rows, goes on in its own KV cache, and passes what comes out to the next; the
last one's tokens go back the same way. Nothing here is claimed: what the drawn providers compute
once the input is fixed proves or refutes it. So jobs come first, and drafts take what is left.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

import numpy as np
from eth_utils.address import to_checksum_address

from provider.admission import require_requester
from touchstone.coordination.messages import DraftAsked, DraftGiven
from touchstone.coordination.peers import peer_of
from touchstone.errors import InputError, PeerError, PeerRefusedError, RefusedError
from touchstone.protocol.claims import draft_struct_hash
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from provider.book import JobBook
    from provider.signing import Signatory
    from provider.worker import Worker
    from touchstone.chain.stake import Vault
    from touchstone.engines.interface import Reader
    from touchstone.protocol.orders import Order

    Int32 = NDArray[np.int32]

ROWS_AT_ONCE = 64
"""Rows of a request at most: no job waits longer than these take."""

MOST_AT_ONCE = 4
"""Requests that are worked on at the same time, or wait for the nodes behind this one."""

MOST_DRAFTS = 8
"""KV caches that are kept."""

IDLE_S = 30.0
"""A cache that was not used for so long makes room for another."""

REMEMBERED = 4096
"""Drafts of which it is known how much was read for them."""

READINGS = 4
"""A draft may read so many times the rows that its order pays for: it begins again where a chain
broke, and other chains check it."""

HEX_AND_WORDS = 64 << 10
"""Bytes that a request may have besides its rows in hex."""


class _Draft:
    """One job's text: how far this node has read it, and how much it has read in all."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.reader: Reader | None = None
        self.rows = 0
        self.used = 0.0
        self.last: tuple[int, bytes, bytes] | None = None
        """The request before, and what came out: a node behind may have been busy."""


class Drafting:
    """Reads on in drafts, for a node. Safe to use from threads."""

    def __init__(self, book: JobBook, worker: Worker, signatory: Signatory, vault: Vault) -> None:
        """Binds the node's parts."""
        self._book, self._worker = book, worker
        self._signatory, self._vault = signatory, vault
        self._drafts: OrderedDict[JobId, _Draft] = OrderedDict()
        self._lock = Lock()
        self._turns = BoundedSemaphore(MOST_AT_ONCE)

    def admit(self, order: Order, job: JobId, salt: bytes, signature: bytes) -> int:
        """Requires that the requester asks for a job that is drawn here and waits for its input;
        returns the most bytes that the request may have.

        Raises:
            RefusedError: `unsigned`, `unfunded` or `not_drawn_here`.
        """
        me = self._signatory.address
        signed = draft_struct_hash(job, me, salt)
        require_requester(self._book.market.w3, self._signatory.domain, order, signed, signature)
        # A text asks once for each token: what was seen at the last look is new enough.
        state = self._book.state(job)
        if state is None or state.phase is not Phase.WAITING:
            state = self._book.refresh(job, order)
        if state.phase is not Phase.WAITING:
            raise RefusedError("unfunded", "the job is not drawn, or its input is fixed already")
        if self._book.seat(state) is None:
            raise RefusedError("not_drawn_here", f"{me} holds no active seat of this job")
        return HEX_AND_WORDS + 2 * 4 * ROWS_AT_ONCE * self._worker.reads(order).width

    def read(self, order: Order, job: JobId, asked: DraftAsked) -> DraftGiven:
        """Reads the next rows of an admitted draft and has the others go on. Harmless if the last
        request is repeated.

        Raises:
            RefusedError: `malformed`; `oversized`; `busy`, here or at a node behind this one;
                `not_ready` where this node has not read what stands before, or a node behind it
                does not answer.
        """
        width = self._worker.reads(order).width
        if not asked.rows or len(asked.rows) % (4 * width):
            raise RefusedError("malformed", f"{len(asked.rows)} bytes are no rows of {width} int32")
        rows = np.frombuffer(asked.rows, "<i4").astype(np.int32).reshape(-1, width)
        if len(rows) > ROWS_AT_ONCE:
            raise RefusedError("oversized", f"{len(rows)} rows at once, {ROWS_AT_ONCE} are allowed")
        with _held(self._turns, "the node is drafting for others"):
            with self._drafted(job) as draft:
                if draft.last is None or draft.last[:2] != (asked.start, asked.rows):
                    found = self._read(draft, order, asked.start, rows)
                    out = np.ascontiguousarray(found.reshape(len(found), -1), "<i4").tobytes()
                    draft.last = (asked.start, asked.rows, out)
                out = draft.last[2]
            return DraftGiven(rows=self._pass_on(out, asked, len(rows)) if asked.then else out)

    def _read(self, draft: _Draft, order: Order, start: int, rows: Int32) -> Int32:
        most = READINGS * order.units * self._book.served[order.pool].published.unit_rows
        if draft.rows + len(rows) > most:
            raise RefusedError(
                "oversized",
                f"drafts of this job may read {most} rows, {READINGS} times what is paid for",
            )
        try:
            reader = draft.reader if start else self._worker.reader(order)
            if reader is None or reader.length != start:
                length = 0 if reader is None else reader.length
                raise RefusedError(
                    "not_ready",
                    f"this node has read {length} rows of the draft, not {start}: begin again",
                )
            found = self._worker.read(reader, rows)
        except InputError as error:
            raise RefusedError("malformed", str(error)) from None
        draft.reader, draft.rows = reader, draft.rows + len(rows)
        return found

    def _pass_on(self, out: bytes, asked: DraftAsked, count: int) -> bytes:
        """What comes back from those behind this node: one token for each row."""
        then = asked.then[0]
        try:
            return peer_of(self._vault, to_checksum_address(then.provider)).draft(
                JobId(then.job),
                then.salt,
                then.signature,
                DraftAsked(start=asked.start, rows=out, then=asked.then[1:]),
                4 * count,
            )
        except PeerRefusedError as error:
            rule = "busy" if error.rule == "busy" else "not_ready"
            raise RefusedError(rule, f"{then.provider} refuses: {error}") from None
        except PeerError as error:
            raise RefusedError("not_ready", str(error)) from None

    @contextmanager
    def _drafted(self, job: JobId) -> Iterator[_Draft]:
        """A job's draft, which nobody else uses meanwhile."""
        with self._lock:
            draft = self._drafts.setdefault(job, _Draft())
            self._drafts.move_to_end(job)
            self._make_room(draft)
            # How much was read for a job is remembered longer than its cache.
            while len(self._drafts) > REMEMBERED:
                self._drafts.popitem(last=False)
        with _held(draft.lock, "this draft is being read on"):
            draft.used = time.monotonic()
            yield draft

    def _make_room(self, wanted: _Draft) -> None:
        """Drops caches that are of no use any more. Raises RefusedError: `busy`."""
        kept = [(job, one) for job, one in self._drafts.items() if one.reader is not None]
        room = MOST_DRAFTS - len(kept)
        for job, one in kept:
            state = self._book.state(job)
            over = state is None or state.phase is not Phase.WAITING
            idle = room < 1 and time.monotonic() - one.used > IDLE_S
            if one is not wanted and (over or idle) and one.lock.acquire(blocking=False):
                one.reader = one.last = None
                one.lock.release()
                room += 1
        if room < 1 and wanted.reader is None:
            raise RefusedError("busy", f"the node keeps {MOST_DRAFTS} drafts: try again")


@contextmanager
def _held(lock: Lock | BoundedSemaphore, why: str) -> Iterator[None]:
    """Holds a lock that is free. Raises RefusedError: `busy`."""
    if not lock.acquire(blocking=False):
        raise RefusedError("busy", f"{why}: try again")
    try:
        yield
    finally:
        lock.release()
