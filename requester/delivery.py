"""Brings a job's input to the nodes that need it, again and again until they have it."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from requester.patience import TRANSIENT, backoff
from touchstone.coordination.peers import Peer, peer_of
from touchstone.coordination.together import Together
from touchstone.errors import PeerError
from touchstone.protocol.claims import sign_delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount

    from requester.store import StoredJob
    from touchstone.chain.stake import Vault
    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import JobState

    Source = tuple[JobId, Sequence[str]]
    """A job whose output is the input of another, and the providers that were paid for it."""


class Courier:
    """Delivers one job's input: to each active seat's provider, and to verifiers that may audit it.

    Attributes:
        job: the job, with its input where that is here.
        delivered: the providers' addresses and verifiers' URLs that have the input.
        problems: why others do not have it yet.
    """

    def __init__(
        self,
        job: StoredJob,
        vault: Vault,
        domain: Domain,
        account: LocalAccount,
        verifiers: Sequence[str],
        source: Source | None = None,
    ) -> None:
        """Binds the job. Where its input has a source, providers are to fetch it there."""
        self.job = job
        self._source = source
        self._vault = vault
        self._verifiers = tuple(verifiers)
        self._signature = sign_delivery(domain, account, job.id, job.salt)
        self._failures: dict[str, tuple[int, float]] = {}
        self._together = Together()
        self.delivered: set[str] = set()
        self.problems: dict[str, str] = {}

    def deliver(self, state: JobState) -> None:
        """Tries everyone who needs the input, lacks it, and whose turn has come again."""
        providers = [state.providers[seat] for seat in state.active if seat in state.providers]
        now = time.monotonic()
        due = [
            name
            for name in (*providers, *self._verifiers)
            if name not in self.delivered and self._failures.get(name, (0, now))[1] <= now
        ]
        if due:
            self._together.ask({name: partial(self._try, name) for name in due})

    def _try(self, name: str) -> None:
        try:
            if not self._is_fetched(name):
                if not self.job.payload:
                    raise PeerError("this requester does not have the input itself")
                self._peer(name).deliver(
                    self.job.id, self.job.payload, self.job.salt, self._signature
                )
        except (PeerError, *TRANSIENT) as error:
            attempt = self._failures.get(name, (0, 0.0))[0]
            self._failures[name] = (attempt + 1, time.monotonic() + backoff(attempt, most=5))
            self.problems[name] = str(error)
        else:
            self.problems.pop(name, None)
            self.delivered.add(name)

    def _is_fetched(self, name: str) -> bool:
        """Whether a provider has the input from where it is."""
        if self._source is None or name in self._verifiers:
            return False
        job, providers = self._source
        others = [to_checksum_address(one) for one in providers]
        try:
            self._peer(name).deliver_from(self.job.id, self.job.salt, self._signature, job, others)
        except PeerError:
            return False
        return True

    def _peer(self, name: str) -> Peer:
        if name in self._verifiers:
            return Peer(name, private=True)  # The user has typed it.
        return peer_of(self._vault, to_checksum_address(name))
