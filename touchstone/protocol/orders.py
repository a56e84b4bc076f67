"""Orders: what a requester signs and pays for. Twin of `contracts/types/Order.sol`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from touchstone.errors import ProtocolError
from touchstone.protocol.ids import JobId, ModelId, PoolId, pool_id
from touchstone.protocol.prices import MAX_UNITS, price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_typing import ChecksumAddress

    from touchstone.protocol.eip712 import Domain


class Mode(IntEnum):
    """Verification modes: rungs of one ladder."""

    REDUNDANT = 0
    """Two to five providers, whose results must agree."""
    OPTIMISTIC = 1
    """One provider, whose result stands unless it is challenged while its bond is locked."""


STRONG = 0x80
"""With any rung: claims carry the transcript's root, see `touchstone.protocol.inputs`."""


ORDER_FIELDS = (
    ("requester", "address"),
    ("model", "bytes32"),
    ("shard", "uint16"),
    ("tier", "uint8"),
    ("mode", "uint8"),
    ("replicas", "uint8"),
    ("units", "uint16"),
    ("inputRoot", "bytes32"),
    ("params", "bytes32"),
    ("nonce", "uint64"),
    ("openBy", "uint40"),
)
_TYPES = [kind for _, kind in ORDER_FIELDS]
ORDER_TYPEHASH = keccak(
    text="Order(" + ",".join(f"{kind} {name}" for name, kind in ORDER_FIELDS) + ")"
)


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Its EIP-712 digest is the job's id.

    Attributes:
        requester: pays, and gets refunds.
        model: the model version.
        shard: which shard of it.
        tier: rung of the price ladder.
        mode: how the result is verified, plus `STRONG` where claims are strong.
        replicas: providers drawn: 2 to 5, or 1 in an optimistic order.
        units: units of work paid for, per replica, 1 to 16.
        input_root: blinded Merkle root of the input payload, 32 bytes.
        params: hash of the decoding parameters, 32 bytes; zero where the model takes none.
        nonce: makes equal orders differ, 64 bits.
        open_by: Unix time after which the order can no longer be opened.
    """

    requester: ChecksumAddress
    model: ModelId
    shard: int
    tier: int
    mode: int
    replicas: int
    units: int
    input_root: bytes
    params: bytes
    nonce: int
    open_by: int

    def __post_init__(self) -> None:
        if not 1 <= self.units <= MAX_UNITS:
            raise ProtocolError(f"an order asks for 1..{MAX_UNITS} units, not {self.units}")
        if self.rung == Mode.OPTIMISTIC:
            if self.replicas != 1:
                raise ProtocolError(f"an optimistic order asks for 1 replica, not {self.replicas}")
        elif not 2 <= self.replicas <= 5:
            raise ProtocolError(f"a redundant order asks for 2..5 replicas, not {self.replicas}")
        for name, value in (("model", self.model), ("input root", self.input_root)):
            if len(value) != 32:
                raise ProtocolError(f"the {name} has {len(value)} bytes instead of 32")
        price(self.tier)

    @property
    def pool(self) -> PoolId:
        """The pool that the order draws from."""
        return pool_id(self.model, self.shard, self.tier)

    @property
    def rung(self) -> int:
        """The rung of the ladder, whatever else the mode asks for."""
        return self.mode & ~STRONG

    @property
    def strong(self) -> bool:
        """Whether claims carry the transcript's root."""
        return bool(self.mode & STRONG)

    @property
    def share(self) -> int:
        """What one replica earns, in base units."""
        return price(self.tier) * self.units

    @property
    def payment(self) -> int:
        """What the requester puts in escrow, in base units."""
        return self.share * self.replicas

    def values(self) -> tuple[object, ...]:
        """The fields in the order of the Solidity struct, as contract calls take them."""
        return (
            self.requester,
            self.model,
            self.shard,
            self.tier,
            self.mode,
            self.replicas,
            self.units,
            self.input_root,
            self.params,
            self.nonce,
            self.open_by,
        )

    @classmethod
    def from_values(cls, values: Sequence[object]) -> Order:
        """The inverse of `values`, as a decoded event gives them."""
        if len(values) != len(ORDER_FIELDS):
            raise ProtocolError(f"an order has {len(ORDER_FIELDS)} fields, not {len(values)}")
        return cls(*values)  # type: ignore[arg-type]

    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct, 32 bytes."""
        return keccak(encode(["bytes32", *_TYPES], [ORDER_TYPEHASH, *self.values()]))

    def job_id(self, domain: Domain) -> JobId:
        """The id of the job that this order opens on that market."""
        return JobId(domain.digest(self.struct_hash()))
