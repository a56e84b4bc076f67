"""Drafts: has the drawn providers of a model's shards write a text, before anything is claimed.

Each replica of the job is a chain of providers, one for each shard. One chain writes; others read
what it wrote in one pass, and where most of them would have written something else, one of those
goes on. So the text that is then fixed as the job's input is one that honest providers confirm.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from eth_utils.address import to_checksum_address

from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.coordination.messages import DraftAsked, DraftStage
from touchstone.coordination.peers import peer_of
from touchstone.errors import DraftError, PeerError, PeerRefusedError
from touchstone.protocol.claims import sign_draft
from touchstone.protocol.ids import JobId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eth_account.signers.local import LocalAccount
    from numpy.typing import NDArray

    from requester.store import StoredJob
    from touchstone.chain.stake import Vault
    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.generation import Prompt

    Int32 = NDArray[np.int32]

PIECE = 32
"""Rows that are read at once: an answer must come within a peer's patience, through all shards."""

_BUSY_S, _PAUSE_S = 20.0, 0.2
"""Seconds for which a chain may be busy, and between two requests then."""

_TRIES = 2
"""How often each chain may break before the text is given up."""


class Chain(Protocol):
    """The providers of one replica, first shard to last."""

    def read(self, start: int, rows: Int32) -> list[int]:
        """The token that follows each of these rows, int32 [n, ORDER_WIDTH], which stand behind the
        `start` that were read before. Raises PeerError."""
        ...


class PeerChain:
    """A chain of nodes: the first is asked, and asks the others."""

    def __init__(
        self,
        jobs: Sequence[StoredJob],
        providers: Sequence[str],
        vault: Vault,
        domain: Domain,
        account: LocalAccount,
    ) -> None:
        """Binds the chain.

        Args:
            jobs: one for each shard, first to last.
            providers: who of each job's is in this chain.
            vault: knows their endpoints.
            domain: the market's.
            account: the requester's.
        """
        first, *rest = [
            DraftStage(
                job=job.id,
                provider=provider,
                salt=job.salt,
                signature=sign_draft(
                    domain, account, job.id, to_checksum_address(provider), job.salt
                ),
            )
            for job, provider in zip(jobs, providers, strict=True)
        ]
        self._vault, self._first, self._rest = vault, first, rest

    def read(self, start: int, rows: Int32) -> list[int]:
        """See Chain.read."""
        first = self._first
        asked = DraftAsked(start=start, rows=rows.astype("<i4").tobytes(), then=self._rest)
        peer = peer_of(self._vault, to_checksum_address(first.provider))
        found = self._patiently(
            lambda: peer.draft(JobId(first.job), first.salt, first.signature, asked, 4 * len(rows))
        )
        if len(found) != 4 * len(rows):
            raise PeerError(f"{peer.endpoint} gives {len(found)} bytes for {len(rows)} tokens")
        tokens: list[int] = np.frombuffer(found, "<i4").tolist()
        if min(tokens) < NO_TOKEN:
            raise PeerError(f"{peer.endpoint} gives {min(tokens)} for a token")
        return tokens

    @staticmethod
    def _patiently(call: Callable[[], bytes]) -> bytes:
        """Jobs with deadlines come first, at the first node or at one behind it."""
        end = time.monotonic() + _BUSY_S
        while True:
            try:
                return call()
            except PeerRefusedError as error:
                if error.rule != "busy" or time.monotonic() > end:
                    raise
            time.sleep(_PAUSE_S)


@dataclass(slots=True)
class _Turn:
    """A chain, how far it has read, and how often it broke."""

    chain: Chain
    length: int = 0
    failures: int = 0

    def read(self, rows: Int32) -> list[int]:
        """The tokens behind all of `rows` that it has not read. Raises PeerError."""
        found: list[int] = []
        try:
            while self.length < len(rows):
                piece = rows[self.length : self.length + PIECE]
                found += self.chain.read(self.length, piece)
                self.length += len(piece)
        except PeerError:
            self.failures, self.length = self.failures + 1, 0
            raise
        return found


class Drafter:
    """Has chains write one text.

    Attributes:
        written: the tokens so far; NO_TOKEN is the last where the model stopped.
    """

    def __init__(
        self,
        chains: Sequence[Chain],
        prompt: Prompt,
        on_token: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        """Binds what is to be written.

        Args:
            chains: one for each replica.
            prompt: what to go on from, and how.
            on_token: told of each token, with its number; again where it turns out to be another.
        """
        self._turns = [_Turn(chain) for chain in chains]
        self._prompt, self._on_token = prompt, on_token
        self.written: list[int] = []

    def write(self, deadline: float) -> list[int]:
        """Writes until the text is over and most chains agree with it, or as far as that is so at
        `deadline` (of `time.monotonic`). At least one token.

        Raises:
            DraftError: no chain is left that answers.
        """
        while True:
            writer = self._go_on(deadline)
            if self._confirm(writer):
                return self.written

    def _go_on(self, deadline: float) -> _Turn:
        """Has the first chain that answers write to the end; returns it."""
        turn = self._next()
        while not self._is_over():
            if self.written and time.monotonic() > deadline:
                break
            try:
                tokens = turn.read(self._prompt.rows(self.written))
            except PeerError as error:
                turn = self._next(error)
                continue
            self._take(turn, tokens)
        return turn

    def _take(self, turn: _Turn, tokens: Sequence[int]) -> None:
        """Appends the last of the tokens that a chain found behind the rows that it has read. Where
        others wrote what it read, and it would have written another token, that stands instead:
        the text is its own then, so that it counts for one opinion."""
        before = len(self._prompt.tokens) + len(self.written) - len(tokens)
        first = max(before - (len(self._prompt.tokens) - 1), 0)
        own = tokens[len(tokens) - 1 - (len(self.written) - first) :]
        for place, token in enumerate(own[:-1], start=first):
            if token != self.written[place]:
                del self.written[place:]
                self._append(token)
                turn.length = 0
                return
        self._append(own[-1])

    def _is_over(self) -> bool:
        ended = len(self.written) == self._prompt.sampling.max_new
        return ended or self.written[-1:] == [NO_TOKEN]

    def _append(self, token: int) -> None:
        self.written.append(token)
        if token != NO_TOKEN:
            self._on_token(len(self.written) - 1, token)

    def _next(self, error: PeerError | None = None) -> _Turn:
        """The chain to ask: the one that broke least often, in order."""
        turn = min(self._turns, key=lambda one: one.failures)
        if turn.failures >= _TRIES:
            raise DraftError(f"no chain of providers writes: {error}")
        return turn

    def _confirm(self, writer: _Turn) -> bool:
        """Whether the text can stay as it is now. Where most of those who answer would have written
        another token, it ends in that one and goes on from there without its writer; where no token
        has a majority, it ends before it."""
        enough = len(self._turns) // 2 + 1
        opinions = [self.written]
        others = [turn for turn in self._turns if turn is not writer]
        for turn in sorted(others, key=lambda one: one.failures):
            if len(opinions) >= enough and all(one == self.written for one in opinions):
                return True
            try:
                opinions.append(self._opinion(turn))
            except PeerError:
                continue
        for place, votes in enumerate(zip(*opinions, strict=True)):
            token, count = Counter(votes).most_common(1)[0]
            if 2 * count <= len(opinions):
                # Nobody knows better yet: the claims will tell what follows here.
                del self.written[max(place, 1) :]
                return True
            if token != self.written[place]:
                del self.written[place:]
                self._append(token)
                writer.failures = _TRIES
                for turn in self._turns:
                    turn.length = 0
                return False
        return True

    def _opinion(self, turn: _Turn) -> list[int]:
        """What a chain would have written, each token after those that stand there."""
        rows = self._prompt.rows(self.written[:-1])
        turn.length = 0
        return turn.read(rows)[len(self._prompt.tokens) - 1 :]
