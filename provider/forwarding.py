"""Fetches an input that is another job's output, from the nodes that were paid for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from touchstone.coordination.peers import peer_of
from touchstone.errors import PeerError, RefusedError
from touchstone.protocol.ids import JobId

if TYPE_CHECKING:
    from provider.service import Service
    from touchstone.chain.stake import Vault
    from touchstone.coordination.messages import InputSource, JobStatus


class Forwarding:
    """Takes inputs from other nodes, for a service that checks them. Safe to use from threads."""

    def __init__(self, service: Service, vault: Vault) -> None:
        self._service, self._vault = service, vault

    def take(
        self, job: JobId, salt: bytes, signature: bytes, source: InputSource
    ) -> tuple[JobStatus, bool]:
        """Fetches and queues a job's input; see `Service.accept`.

        Bytes are believed only where they have the order's input root, so it does not matter who
        gives them. Raises RefusedError as a delivery does, and `not_ready` where nobody has them.
        """
        limit = self._service.admit(job, salt, signature)
        problems = []
        for provider in source.providers:
            try:
                peer = peer_of(self._vault, to_checksum_address(provider))
                payload = peer.output(JobId(source.job), salt)
                if len(payload) > limit:
                    raise PeerError(f"{peer.endpoint} gives {len(payload)} bytes, {limit} are due")
                return self._service.accept(job, payload, salt)
            except (PeerError, RefusedError) as error:
                if isinstance(error, RefusedError) and error.rule != "wrong_input":
                    raise
                problems.append(str(error))
        raise RefusedError("not_ready", "nobody gave the input: " + "; ".join(problems))
