"""Fetches a settled result from whoever was paid for it; believes only the bytes that settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from eth_utils.address import to_checksum_address

from requester.patience import TRANSIENT
from touchstone.coordination.peers import peer_of
from touchstone.errors import PeerError, ResultUnavailableError
from touchstone.protocol.payload import payload_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from requester.follow import Outcome
    from requester.store import StoredJob
    from touchstone.chain.stake import Vault


def fetch_output(job: StoredJob, outcome: Outcome, vault: Vault, signature: bytes) -> bytes:
    """The output payload that has the settled root, from the first paid provider that gives it to
    whoever signed the delivery.

    Raises:
        ResultUnavailableError: none of them does; says why for each.
    """
    problems = []
    for seat, provider in outcome.providers.items():
        try:
            peer = peer_of(vault, to_checksum_address(provider))
            output = peer.output(job.id, job.salt, signature)
            if payload_root(output, job.salt) == outcome.output_root:
                return output
            problems.append(
                f"seat {seat}: {peer.endpoint} gives bytes that are not the settled result"
            )
        except (PeerError, *TRANSIENT) as error:
            problems.append(f"seat {seat}: {error}")
    raise ResultUnavailableError(
        f"no paid provider hands out the result of job 0x{job.id.hex()}: " + "; ".join(problems)
    )


def to_real(
    rows: Sequence[NDArray[np.int32]], fraction_bits: int, width: int
) -> list[NDArray[np.float64]]:
    """Fixed-point output as real numbers: [width], or [rows, width] where there are more rows."""
    scale = 2.0**-fraction_bits
    real = [row.astype(np.float64) * scale for row in rows]
    return [row if len(row) == width else row.reshape(-1, width) for row in real]
