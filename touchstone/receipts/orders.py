"""An order as JSON: in receipts and in the roles' own stores."""

from __future__ import annotations

from typing import Annotated

from eth_utils.address import to_checksum_address
from pydantic import Field

from touchstone.coordination.messages import Address, Bytes32, Message
from touchstone.protocol.ids import ModelId
from touchstone.protocol.orders import Order


class OrderFields(Message):
    """Every field of an order; bytes as 0x-prefixed hex."""

    requester: Address
    model: Bytes32
    shard: Annotated[int, Field(ge=0, lt=1 << 16)]
    tier: Annotated[int, Field(ge=0, lt=1 << 8)]
    mode: Annotated[int, Field(ge=0, lt=1 << 8)]
    replicas: Annotated[int, Field(ge=0, lt=1 << 8)]
    units: Annotated[int, Field(ge=0, lt=1 << 16)]
    input_root: Bytes32
    params: Bytes32
    nonce: Annotated[int, Field(ge=0, lt=1 << 64)]
    open_by: Annotated[int, Field(ge=0, lt=1 << 40)]

    @classmethod
    def of(cls, order: Order) -> OrderFields:
        """The JSON form of `order`."""
        return cls.model_validate(
            {
                name: getattr(order, name)
                for name in cls.model_fields  # the names are the same on purpose
            }
        )

    def order(self) -> Order:
        """The order. Raises ProtocolError if it breaks a rule."""
        return Order(
            requester=to_checksum_address(self.requester),
            model=ModelId(self.model),
            shard=self.shard,
            tier=self.tier,
            mode=self.mode,
            replicas=self.replicas,
            units=self.units,
            input_root=self.input_root,
            params=self.params,
            nonce=self.nonce,
            open_by=self.open_by,
        )
