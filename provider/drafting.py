"""Drafts: a text is written by the providers of a model's shards before its input can be fixed.

Each of them reads rows, goes on in its own KV cache, and passes what comes out to the next; the
last one's tokens go back the same way. Nothing here is claimed: what the drawn providers compute
once the input is fixed proves or refutes it.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from eth_utils.address import to_checksum_address

from provider.admission import require_requester
from touchstone.coordination.messages import DraftAsked, DraftGiven
from touchstone.coordination.peers import peer_of
from touchstone.errors import InputError, PeerError, PeerRefusedError, RefusedError
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from provider.book import JobBook
    from provider.signing import Signatory
    from provider.worker import Worker
    from touchstone.chain.stake import Vault
    from touchstone.engines.interface import Reader
    from touchstone.protocol.orders import Order

    Int32 = NDArray[np.int32]

MOST_DRAFTS = 8
"""KV caches that are kept; the one that was used longest ago makes room for another."""

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


class Drafting:
    """Reads on in drafts, for a node. Safe to use from threads."""

    def __init__(self, book: JobBook, worker: Worker, signatory: Signatory, vault: Vault) -> None:
        """Binds the node's parts."""
        self._book, self._worker = book, worker
        self._signatory, self._vault = signatory, vault
        self._drafts: OrderedDict[JobId, _Draft] = OrderedDict()
        self._lock = Lock()

    def admit(self, order: Order, job: JobId, salt: bytes, signature: bytes) -> int:
        """Requires that the requester asks for a job that is drawn here and waits for its input;
        returns the most bytes that the request may have.

        Raises:
            RefusedError: `unsigned`, `unfunded` or `not_drawn_here`.
        """
        require_requester(self._book.market.w3, self._signatory.domain, order, job, salt, signature)
        # A text asks once for each token: what was seen at the last look is new enough.
        state = self._book.state(job)
        if state is None or state.phase is not Phase.WAITING:
            state = self._book.refresh(job, order)
        if state.phase is not Phase.WAITING:
            raise RefusedError("unfunded", "the job is not drawn, or its input is fixed already")
        if self._book.seat(state) is None:
            me = self._signatory.address
            raise RefusedError("not_drawn_here", f"{me} holds no active seat of this job")
        return HEX_AND_WORDS + 2 * 4 * self._most_rows(order) * self._worker.reads(order).width

    def read(self, order: Order, job: JobId, asked: DraftAsked) -> DraftGiven:
        """Reads the next rows of an admitted draft and has the others go on.

        Raises:
            RefusedError: `malformed`, `oversized`, `not_ready` where this node has not read what
                stands before, or where a node behind it does not answer.
        """
        width = self._worker.reads(order).width
        if not asked.rows or len(asked.rows) % (4 * width):
            raise RefusedError("malformed", f"{len(asked.rows)} bytes are no rows of {width} int32")
        rows = np.frombuffer(asked.rows, "<i4").astype(np.int32).reshape(-1, width)
        draft = self._draft(job)
        with draft.lock:
            found = self._read(draft, order, asked.start, rows)
        out = np.ascontiguousarray(found.reshape(len(found), -1), "<i4").tobytes()
        return DraftGiven(rows=self._pass_on(out, asked, len(rows)) if asked.then else out)

    def _read(self, draft: _Draft, order: Order, start: int, rows: Int32) -> Int32:
        if draft.rows + len(rows) > READINGS * self._most_rows(order):
            raise RefusedError(
                "oversized",
                f"drafts of this job may read {READINGS} times the {self._most_rows(order)} rows "
                "that are paid for",
            )
        try:
            if draft.reader is None or start == 0:
                draft.reader = self._worker.reader(order)
            if draft.reader.length != start:
                raise RefusedError(
                    "not_ready",
                    f"this node has read {draft.reader.length} rows of the draft, not {start}: "
                    "begin again",
                )
            found = self._worker.read(draft.reader, rows)
            draft.rows += len(rows)
            return found
        except InputError as error:
            raise RefusedError("malformed", str(error)) from None

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
            raise RefusedError("not_ready", f"{then.provider} refuses: {error}") from None
        except PeerError as error:
            raise RefusedError("not_ready", str(error)) from None

    def _draft(self, job: JobId) -> _Draft:
        """A job's draft, now the one used last."""
        with self._lock:
            draft = self._drafts.setdefault(job, _Draft())
            self._drafts.move_to_end(job)
            # How much was read for a job is remembered longer than its cache.
            for old in list(self._drafts.values())[:-MOST_DRAFTS]:
                old.reader = None
            while len(self._drafts) > REMEMBERED:
                self._drafts.popitem(last=False)
        return draft

    def _most_rows(self, order: Order) -> int:
        return order.units * self._book.served[order.pool].published.unit_rows
