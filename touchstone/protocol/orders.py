"""Orders: what a requester signs and pays for. Twin of `contracts/types/Order.sol`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from touchstone.errors import ProtocolError
from touchstone.protocol.audits import ODDS
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
AUDITED = 0x70
"""With the optimistic rung: three bits n, zero for no audits, else one settled job in 2^(n-1) is
audited by a provider that the chain draws after the claim."""


DEFERRED = bytes(32)
"""The input root of an order whose input is fixed after the draw. No input has it."""


def audit_bits(odds: int) -> int:
    """The bits of the mode that ask for an audit of one settled job in `odds`; 0 for none.

    Raises:
        ProtocolError: no order can ask for these odds.
    """
    if odds == 0:
        return 0
    if odds not in ODDS:
        raise ProtocolError(f"audits are for one job in {ODDS}, not in {odds}")
    return odds.bit_length() << 4


def audit_odds(mode: int) -> int:
    """One settled job in so many is audited; 0 where none is. The inverse of `audit_bits`."""
    return (1 << ((mode & AUDITED) >> 4)) >> 1


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
        mode: how the result is verified, plus `STRONG` where claims are strong and the bits of
            `audit_bits` where it is to be audited.
        replicas: providers drawn: 2 to 5, or 1 in an optimistic order.
        units: units of work paid for, per replica, 1 to 16.
        input_root: blinded Merkle root of the input payload, 32 bytes; `DEFERRED` where the input
            is fixed after the draw.
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
        elif self.audit_odds:
            raise ProtocolError("only an optimistic order asks for audits")
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
    def deferred(self) -> bool:
        """Whether the input is fixed after the draw: then the order does not say which it is."""
        return self.input_root == DEFERRED

    @property
    def rung(self) -> int:
        """The rung of the ladder, whatever else the mode asks for."""
        return self.mode & ~(STRONG | AUDITED)

    @property
    def strong(self) -> bool:
        """Whether claims carry the transcript's root."""
        return bool(self.mode & STRONG)

    @property
    def audit_odds(self) -> int:
        """One settled job in so many is audited; 0 where none is."""
        return audit_odds(self.mode)

    @property
    def audit_fee(self) -> int:
        """What waits in escrow for an auditor, in base units; returned where none is drawn."""
        return self.share if self.audit_odds else 0

    @property
    def share(self) -> int:
        """What one replica earns, in base units."""
        return price(self.tier) * self.units

    @property
    def payment(self) -> int:
        """What the requester puts in escrow, in base units."""
        return self.share * self.replicas + self.audit_fee

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
