"""Audits of settled jobs by a provider that the chain draws. As `contracts/types/Audit.sol`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from eth_abi.abi import encode
from eth_utils.crypto import keccak

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress

    from touchstone.protocol.ids import JobId

SEAL_TAG = keccak(text="touchstone.seal.v1")
AUDIT_TAG = keccak(text="touchstone.audit.v1")
REQUEST_TYPEHASH = keccak(text="AuditRequest(bytes32 job)")
AUDITOR_SEAT = 7
"""Stands for the auditor where bits and events name seats."""
ODDS = (1, 2, 4, 8, 16, 32, 64)
"""One settled job in so many is audited: what an order can ask for."""
AUDIT_ENDS = ("NotDrawn", "NobodyFree", "TooLate", "InputWithheld", "Answered")
"""Why an audit ended without a report, in the order of `IMarketTypes.AuditEnd`."""


class AuditState(IntEnum):
    """Life of an audit."""

    NONE = 0
    DUE = 1
    """Waits for the block whose hash says whether there is one, and who makes it."""
    DRAWN = 2
    """An auditor must vouch for the result, or dispute it."""
    VOUCHED = 3
    OVER = 4


@dataclass(frozen=True, slots=True)
class Audit:
    """A job's audit, as the chain has it.

    Attributes:
        state: where it stands.
        since: the seed's block while due; then Unix time at which the auditor's window began, or of
            its report.
        odds: one job in so many is audited.
        leaf: the auditor's leaf of the pool; None while there is none.
        held: whether a challenge of the job holds the auditor's bond.
        seal: what the auditor sealed, 32 bytes; zero before.
    """

    state: AuditState = AuditState.NONE
    since: int = 0
    odds: int = 0
    leaf: int | None = None
    held: bool = False
    seal: bytes = bytes(32)

    @property
    def pending(self) -> bool:
        """Whether somebody still has to look at the result."""
        return self.state in (AuditState.DUE, AuditState.DRAWN)


NO_AUDIT = Audit()
"""Nothing was audited."""


def seal_of(job: JobId, auditor: ChecksumAddress, output_seal: bytes, salt: bytes) -> bytes:
    """What an auditor posts of the output that it computed, 32 bytes.

    Args:
        job: the job.
        auditor: whose seal it is: a copy is worth nothing to anyone else.
        output_seal: `merkle_root` of the output, which only those know that know the output.
        salt: the job's, 32 bytes.
    """
    return keccak(
        encode(
            ["bytes32", "bytes32", "address", "bytes32", "bytes32"],
            [SEAL_TAG, job, auditor, output_seal, salt],
        )
    )


def audit_request_hash(job: JobId) -> bytes:
    """EIP-712 hashStruct of an auditor's request for a job's input."""
    return keccak(encode(["bytes32", "bytes32"], [REQUEST_TYPEHASH, job]))


def audit_seed(job: JobId, beacon: bytes) -> bytes:
    """The seed of an audit, from the hash of a block that came after the claim, 32 bytes."""
    return keccak(encode(["bytes32", "bytes32", "bytes32"], [AUDIT_TAG, job, beacon]))
