"""Shows what a language model writes while it writes: before it is claimed, and so unproven.

Only what settles binds anybody: whoever shows these tokens compares them with the result later.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from eth_utils.address import to_checksum_address

from requester.patience import TRANSIENT
from touchstone.coordination.peers import peer_of
from touchstone.errors import PeerError, TouchstoneError
from touchstone.protocol.claims import sign_delivery
from touchstone.protocol.generation import decode_prompts
from touchstone.protocol.jobs import Phase
from touchstone.protocol.payload import decode_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eth_account.signers.local import LocalAccount

    from requester.store import StoredJob
    from touchstone.chain.market import Market
    from touchstone.chain.stake import Vault

    Tokens = Callable[[int, Sequence[int]], None]

_LOOK_S = 0.2


class Watching:
    """Reads a job's tokens from the providers that were drawn, in a thread of its own.

    One provider is read at a time; where it stops answering, the next goes on from the same token,
    since all honest ones write the same.

    Attributes:
        seen: the tokens of each prompt so far.
        source: the provider that told the last of them, or None.
    """

    def __init__(
        self,
        job: StoredJob,
        market: Market,
        vault: Vault,
        account: LocalAccount,
        on_tokens: Tokens,
    ) -> None:
        """Binds the job.

        Args:
            job: a job for a language model.
            market: where it is.
            vault: knows the providers' endpoints.
            account: the requester's.
            on_tokens: told of a prompt's number and the tokens that follow the last ones.
        """
        self._job, self._market, self._vault = job, market, vault
        self._signature = sign_delivery(market.domain, account, job.id, job.salt)
        self._on_tokens = on_tokens
        self._prompts = decode_prompts(decode_payload(job.payload))
        self._stopping = Event()
        self._thread = Thread(target=self._loop, name="watching", daemon=True)
        self.seen: list[list[int]] = [[] for _ in self._prompts]
        self.source: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _loop(self) -> None:
        turn = 0
        while not self._stopping.is_set():
            try:
                state = self._market.job(self._job.order)
                providers = [state.providers[s] for s in state.active if s in state.providers]
                if state.phase is Phase.DRAWN and providers:
                    if self._read(providers[turn % len(providers)]):
                        return
                    continue
                if state.phase.ended:
                    return
            except (TouchstoneError, *TRANSIENT):
                turn += 1
            self._stopping.wait(_LOOK_S)

    def _read(self, provider: str) -> bool:
        """Reads on from where one stands; whether that was all. Raises PeerError."""
        peer = peer_of(self._vault, to_checksum_address(provider))
        have = [len(tokens) for tokens in self.seen]
        news, over = peer.tokens(self._job.id, self._job.salt, self._signature, have)
        for index, (prompt, tokens) in enumerate(zip(self._prompts, news, strict=True)):
            if have[index] + len(tokens) > prompt.sampling.max_new:
                raise PeerError(f"{peer.endpoint} tells of more tokens than were asked for")
            if tokens:
                self.source = provider
                self.seen[index] += tokens
                self._on_tokens(index, tokens)
        if not over and not any(news):
            self._stopping.wait(_LOOK_S)
        return over
