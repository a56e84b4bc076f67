"""Commitments and claims. Twin of `contracts/types/Claim.sol`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from touchstone.errors import SignatureError
from touchstone.protocol.eip712 import Signature, recover, sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress

    from touchstone.protocol.eip712 import Domain
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import JobState

COMMITMENT_TAG = keccak(text="touchstone.commitment.v1")
SET_TAG = keccak(text="touchstone.set.v1")
DRAW_TAG = keccak(text="touchstone.draw.v1")
INPUT_TAG = keccak(text="touchstone.input.v1")
COMMIT_TYPEHASH = keccak(text="Commit(bytes32 job,bytes32 draw,bytes32 commitment)")
CLAIM_TYPEHASH = keccak(
    text="Claim(bytes32 job,bytes32 draw,uint16 shard,bytes32 inputRoot,bytes32 outputRoot,"
    "bytes32 set,bytes32 salt)"
)
INPUT_TYPEHASH = keccak(text="Input(bytes32 job,bytes32 inputRoot)")
DELIVERY_TYPEHASH = keccak(text="Delivery(bytes32 job,bytes32 salt)")
DRAFT_TYPEHASH = keccak(text="Draft(bytes32 job,address provider,bytes32 salt)")
RECEIPT_TYPEHASH = keccak(text="Receipt(bytes32 job,bytes32 outputRoot)")


def seed_with(seed: bytes, input_root: bytes) -> bytes:
    """The seed of a deferred order's draws once its input is fixed, 32 bytes: what was signed for
    one input says nothing about another."""
    return keccak(encode(["bytes32", "bytes32", "bytes32"], [INPUT_TAG, seed, input_root]))


def draw_of(seed: bytes, round_: int) -> bytes:
    """The draw that commitments and claims of a round name, 32 bytes."""
    return keccak(encode(["bytes32", "bytes32", "uint8"], [DRAW_TAG, seed, round_]))


def commitment_of(
    job: JobId, draw: bytes, provider: ChecksumAddress, output_root: bytes, salt: bytes
) -> bytes:
    """A provider's commitment to its result, 32 bytes: worth nothing to anyone else."""
    return keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "address", "bytes32", "bytes32"],
            [COMMITMENT_TAG, job, draw, provider, output_root, salt],
        )
    )


def set_of(commitments: Sequence[bytes]) -> bytes:
    """The hash of all commitments of a round, in seat order, 32 bytes."""
    return keccak(SET_TAG + b"".join(commitments))


def input_struct_hash(job: JobId, input_root: bytes) -> bytes:
    """EIP-712 hashStruct of a requester's word on which input a deferred order has."""
    return keccak(encode(["bytes32", "bytes32", "bytes32"], [INPUT_TYPEHASH, job, input_root]))


def sign_input(domain: Domain, account: LocalAccount, job: JobId, input_root: bytes) -> bytes:
    """The requester's signature on that, 65 bytes: with it, anyone can fix the input."""
    return sign(account, domain.digest(input_struct_hash(job, input_root))).expanded()


def delivery_struct_hash(job: JobId, salt: bytes) -> bytes:
    """EIP-712 hashStruct of a requester's word that it delivers the input itself."""
    return keccak(encode(["bytes32", "bytes32", "bytes32"], [DELIVERY_TYPEHASH, job, salt]))


def sign_delivery(domain: Domain, account: LocalAccount, job: JobId, salt: bytes) -> bytes:
    """The requester's signature on that, 65 bytes: with it, it is known as the requester."""
    return sign(account, domain.digest(delivery_struct_hash(job, salt))).expanded()


def draft_struct_hash(job: JobId, provider: ChecksumAddress, salt: bytes) -> bytes:
    """EIP-712 hashStruct of a requester's word that this provider shall draft for it: of no use at
    another's node."""
    types = ["bytes32", "bytes32", "address", "bytes32"]
    return keccak(encode(types, [DRAFT_TYPEHASH, job, provider, salt]))


def sign_draft(
    domain: Domain, account: LocalAccount, job: JobId, provider: ChecksumAddress, salt: bytes
) -> bytes:
    """The requester's signature on that, 65 bytes."""
    return sign(account, domain.digest(draft_struct_hash(job, provider, salt))).expanded()


def receipt_struct_hash(job: JobId, output_root: bytes) -> bytes:
    """EIP-712 hashStruct of the requester's word that it has the result."""
    return keccak(encode(["bytes32", "bytes32", "bytes32"], [RECEIPT_TYPEHASH, job, output_root]))


@dataclass(frozen=True, slots=True)
class Commit:
    """A commitment for one draw of one job, to be signed by its provider."""

    job: JobId
    draw: bytes
    commitment: bytes

    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct, 32 bytes."""
        return keccak(
            encode(
                ["bytes32", "bytes32", "bytes32", "bytes32"],
                [COMMIT_TYPEHASH, self.job, self.draw, self.commitment],
            )
        )

    def sign(self, domain: Domain, account: LocalAccount) -> Signature:
        """The provider's signature."""
        return sign(account, domain.digest(self.struct_hash()))

    def require_signer(
        self, domain: Domain, signature: Signature, provider: ChecksumAddress
    ) -> None:
        """Raises SignatureError unless `provider` signed."""
        _require(recover(domain.digest(self.struct_hash()), signature), provider, "commitment")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a provider states about a job; in a redundant job also the reveal of its commitment.

    All fields but `shard` are 32 bytes.
    """

    job: JobId
    draw: bytes
    shard: int
    input_root: bytes
    output_root: bytes
    set: bytes
    salt: bytes

    @classmethod
    def of(cls, job: JobState, draw: bytes, output_root: bytes, set_: bytes, salt: bytes) -> Claim:
        """The claim on a job, whose input is fixed, with this result."""
        return cls(job.id, draw, job.order.shard, job.input_root, output_root, set_, salt)

    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct, 32 bytes."""
        return keccak(
            encode(
                ["bytes32", "bytes32", "bytes32", "uint16", *["bytes32"] * 4],
                [
                    CLAIM_TYPEHASH,
                    self.job,
                    self.draw,
                    self.shard,
                    self.input_root,
                    self.output_root,
                    self.set,
                    self.salt,
                ],
            )
        )

    def sign(self, domain: Domain, account: LocalAccount) -> Signature:
        """The provider's signature."""
        return sign(account, domain.digest(self.struct_hash()))

    def require_signer(
        self, domain: Domain, signature: Signature, provider: ChecksumAddress
    ) -> None:
        """Raises SignatureError unless `provider` signed."""
        _require(recover(domain.digest(self.struct_hash()), signature), provider, "claim")


def _require(signer: ChecksumAddress, provider: ChecksumAddress, what: str) -> None:
    if signer != provider:
        raise SignatureError(f"the {what} is signed by {signer}, not by {provider}")
